"""What the shipped questions say of odd lakes: it is true, and it reads well, in both languages."""

import json
from collections.abc import Sequence
from decimal import Decimal

import pytest

from cinelake import AskOptions, ask_questions
from cinelake.ask.comparison import compare
from cinelake.ask.sentences import LOCALES, Language
from projects import SERIES_HEADER, ProjectFolder
from refusals import refusal
from tables import build, film, land, land_and_build, make_all, one_series

ARTISTS = "questions.best-artists."
COMPARED, MONEY = "films-vs-series", "budget-and-return"


def sentence(folder: ProjectFolder, question: str, language: Language = "en") -> str:
    [answer] = ask_questions(*folder.open(), AskOptions((question,), record=False)).answers
    return answer.in_words(answer.words.sentence, language).replace("\xa0", " ")


def write(folder: ProjectFolder, films: Sequence[str], series: Sequence[str], analysis: str = "") -> None:
    """Dramas, of which TMDB knows nothing."""
    folder.write_csv("movies.csv", films)
    folder.write_csv("series.csv", series, header=SERIES_HEADER)
    folder.write_settings(tmdb='source = "off"', analysis=f'genres = ["Drama"]\n{analysis}')
    land_and_build(folder)


def drama(number: int, rating: str, votes: str = "10") -> str:
    return film(f"tt{number}", genero="Drama", notaMedia=rating, numeroVotos=votes)


def drama_series(number: int, rating: str, votes: str = "10") -> str:
    return one_series(f"tt{number}", genero="Drama", notaMedia=rating, numeroVotos=votes)


def test_a_mean_is_told_with_the_number_of_titles_that_it_is_of(folder: ProjectFolder) -> None:
    unrated = [drama(number, "\\N") for number in range(10, 16)]
    write(folder, [drama(1, "5.0"), drama(2, "6.0"), *unrated], [drama_series(8, "8.0"), drama_series(9, "9.0")])
    told = sentence(folder, COMPARED)
    assert "5.50 on average" in told
    assert "2 films" in told
    assert "8 films" not in told


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Too few titles of Drama have a rating to compare films and series: the means are 7.10 (1 film) and "),
        ("pt", "Poucos títulos de Drama têm nota para comparar filmes e séries: as médias são 7,10 (1 filme) e 8,10 "),
    ],
)
def test_of_one_title_each_nothing_is_too_close(folder: ProjectFolder, language: Language, words: str) -> None:
    write(folder, [drama(1, "7.1", "500")], [drama_series(2, "8.1", "1")])
    told = sentence(folder, COMPARED, language)
    assert told.startswith(words)
    assert "too close" not in told
    assert "sem diferença" not in told


def test_a_least_number_of_votes_is_part_of_what_is_told(folder: ProjectFolder) -> None:
    write(
        folder,
        [drama(1, "5.0"), drama(2, "6.0"), drama(3, "1.0", "4")],
        [drama_series(8, "8.0"), drama_series(9, "8.4")],
        "min_votes = 5",
    )
    assert "of Drama with at least 5 votes" in sentence(folder, COMPARED)
    assert "de Drama com pelo menos 5 votos" in sentence(folder, COMPARED, "pt")
    assert "2 films of Drama with at least 5 votes are here, none of them" in sentence(folder, MONEY)
    assert "Há 2 filmes de Drama com pelo menos 5 votos aqui, nenhum" in sentence(folder, MONEY, "pt")


def test_without_films_nothing_is_said_of_any(folder: ProjectFolder) -> None:
    write(folder, [film("tt1", genero="Comedy")], [drama_series(8, "8.0")])
    assert sentence(folder, COMPARED) == "There are 0 films and 1 series of Drama here, so the two cannot be compared."
    assert sentence(folder, COMPARED, "pt") == "Há 0 filmes e 1 série de Drama aqui; não dá para comparar."
    assert sentence(folder, MONEY) == "No film of Drama is here, so there is no return to compare."
    assert sentence(folder, MONEY, "pt") == "Não há filmes de Drama aqui; não há retorno a comparar."
    [answer] = ask_questions(*folder.open(), AskOptions((MONEY,), record=False)).answers
    assert "listed" not in " ".join(answer.notes("en"))


def test_who_shares_the_first_place_is_not_told_as_a_winner(folder: ProjectFolder) -> None:
    rows = [
        film(f"tt{number}", genero="Drama", notaMedia="5.0", numeroVotos="200", nomeArtista=artist)
        for number, artist in enumerate(("Ana", "Ana", "Bia", "Bia", "Caio", "Caio"))
    ]
    write(folder, rows, [])
    assert "The best rated is Ana, with 2 others alike: 5.00" in sentence(folder, "best-artists")
    [answer] = ask_questions(*folder.open(), AskOptions(("best-artists",), record=False)).answers
    assert [row["place"] for row in answer.rows] == [1, 1, 1]


@pytest.mark.parametrize(("title", "told"), [("Solo", "Solo"), ("\\N", "?")])
def test_an_artist_of_one_title_has_no_best_of_them(folder: ProjectFolder, title: str, told: str) -> None:
    row = film("tt1", tituloPincipal=title, genero="Drama", notaMedia="5.0", numeroVotos="200", nomeArtista="Ana")
    write(folder, [row], [])
    folder.write_settings(
        tmdb='source = "off"', analysis='genres = ["Drama"]', more="[questions.best-artists]\nleast_titles = 1"
    )
    english, portuguese = (sentence(folder, "best-artists", language) for language in LOCALES)
    assert f"5.00 on average over 1 title of Drama: {told} with 5.00. 1 artist has at least 1 such title " in english
    assert f"média de 5,00 em 1 título de Drama: {told}, com 5,00. Ao todo, 1 artista tem " in portuguese


def test_values_that_differ_in_the_seventh_decimal_are_told_apart_by_no_rounding() -> None:
    """As the SQL gives them: sums to the last digit, squares of six decimals with the sum of what was squared."""

    def side(name: str, values: Sequence[str]) -> dict[str, object]:
        exact = [Decimal(value) for value in values]
        rounded = [value.quantize(Decimal("1e-6")) for value in exact]
        return {
            f"{name}_n": len(values),
            f"{name}_sum": sum(exact),
            f"{name}_rounded": sum(rounded),
            f"{name}_squares": sum(value * value for value in rounded),
        }

    row = side("film", ["0.6000004", "0.60000041", "0.6000012"]) | side(
        "series", ["0.6000001", "0.6000003", "0.6000009"]
    )
    told = compare(row, ("film", "series"))
    assert told["ci_low"] < 0 < told["ci_high"]
    assert not [name for name in told if name.endswith(("_rounded", "_sum", "_squares"))]


# Parameters


@pytest.mark.parametrize(
    ("question", "given", "what"),
    [
        (COMPARED, "sensitivity = 100", "questions.films-vs-series.sensitivity is 100, and must be a list"),
        (COMPARED, 'sensitivity = [0, "a"]', "questions.films-vs-series.sensitivity holds 'a'"),
        (COMPARED, "sensitivity = [100, 100]", "questions.films-vs-series.sensitivity holds a value twice"),
        (COMPARED, 'genres = "Drama"', "questions.films-vs-series.genres is 'Drama', and must be a list"),
        (MONEY, 'low = "a"', "questions.budget-and-return.low is 'a', and must be a number"),
        (MONEY, "low = 0.9", "questions.budget-and-return.low is 0.9, and must lie from 0 to 0.5"),
        (MONEY, "high = 25", "questions.budget-and-return.high is 25, and must lie from 0.5 to 1"),
        (
            "best-artists",
            "least_titles = 2.5",
            ARTISTS + "least_titles is 2.5, and must be a whole number",
        ),
        (
            "best-artists",
            "least_titles = true",
            ARTISTS + "least_titles is True, and must be a whole number",
        ),
        ("best-artists", "least_titles = 0", ARTISTS + "least_titles is 0, and must lie from 1 to 1,000,000"),
    ],
)
def test_a_parameter_of_the_wrong_kind_is_told_by_the_setting(
    folder: ProjectFolder, question: str, given: str, what: str
) -> None:
    make_all(folder)
    folder.write_settings(more=f"[questions.{question}]\n{given}")
    assert refusal(folder, "ask", question, code=2).what == f"lake.toml: {what}"


def test_a_whole_number_does_for_any_number(folder: ProjectFolder) -> None:
    make_all(folder)
    folder.write_settings(more=f"[questions.{MONEY}]\nlow = 0")
    [answer] = ask_questions(*folder.open(), AskOptions((MONEY,), record=False)).answers
    assert json.dumps(answer.parameters["low"]) == "0"


# What feeds no table


@pytest.mark.parametrize(("name", "meant"), [("Filmes", ""), ("Movie", "; did you mean Movies?")])
def test_a_dataset_that_feeds_no_table_is_told(folder: ProjectFolder, name: str, meant: str) -> None:
    settings = folder.path.joinpath("lake.toml")
    settings.write_text(settings.read_text(encoding="utf-8").replace('"Movies"', f'"{name}"'), encoding="utf-8")
    land(folder)
    build(folder)
    ended = folder.cinelake("build", "--date", "2022-05-02")
    told = f"warning: build: {name} feeds no table: those of films and series are datasets Movies and Series{meant}\n"
    assert told in ended.stderr
