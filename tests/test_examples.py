"""The questions that are shipped as examples: asked where they are named, with figures worked out by hand."""

import pytest

from cinelake import Answer, AskOptions, ask_questions
from cinelake.ask.questions import load_questions
from projects import SERIES_HEADER, ProjectFolder
from tables import film, make_all, one_series

EXAMPLES = ("genres-over-decades", "best-artists")


def rated(
    genres: str, rating: str, votes: str, year: str = "1999", artist: str = r"\N", born: str = r"\N"
) -> dict[str, str]:
    return {
        "genero": genres,
        "notaMedia": rating,
        "numeroVotos": votes,
        "anoLancamento": year,
        "nomeArtista": artist,
        "anoNascimento": born,
    }


def ask(folder: ProjectFolder, name: str, films: list[str], series: list[str] | None = None, more: str = "") -> Answer:
    folder.write_csv("movies.csv", films)
    folder.write_csv("series.csv", series or [], header=SERIES_HEADER)
    folder.write_settings(tmdb='source = "off"', more=more)
    make_all(folder)
    [answer] = ask_questions(*folder.open(), AskOptions((name,))).answers
    return answer


def test_examples_are_asked_only_where_they_are_named(folder: ProjectFolder) -> None:
    project = folder.load()
    assert [question.name for question in load_questions(project)] == ["films-vs-series", "budget-and-return"]
    assert [question.name for question in load_questions(project, EXAMPLES)] == list(EXAMPLES)


# Genres over decades


def test_a_title_counts_once_in_its_decade_with_the_chosen_genres_or_the_others(folder: ProjectFolder) -> None:
    films = [
        film("tt1", **rated("Drama,Romance", "8.0", "5", "1990")),
        film("tt2", **rated("Comedy,Drama", "7.0", "5", "1999")),
        film("tt3", **rated("Comedy", "6.5", "5", "1999")),
        film("tt4", **rated("Comedy", r"\N", r"\N", "1999")),
        film("tt5", **rated("Comedy", "5.0", "5", "2000")),
        film("tt6", **rated("Drama", "5.0", "5", r"\N")),
        film("tt7", **rated(r"\N", "5.0", "5", "2000")),
    ]
    answer = ask(folder, "genres-over-decades", films, [one_series("tt8", **rated("Drama", "9.0", "5", "2000"))])
    names = ("kind", "decade", "titles", "mean_rating", "other_titles", "other_mean_rating", "share")
    assert [tuple(row[name] for name in names) for row in answer.rows] == [
        ("film", 1990, 2, 7.5, 2, 6.5, 0.5),
        ("film", 2000, 0, None, 1, 5.0, 0.0),
        ("series", 2000, 1, 9.0, 0, None, 1.0),
    ]


def test_a_decade_is_compared_and_drawn_where_it_has_titles_enough(folder: ProjectFolder) -> None:
    films = [film(f"tt{n}", **rated("Drama", "7.0", "5")) for n in range(1, 6)]
    films += [film(f"tt{n}", **rated("Crime", "6.0", "5")) for n in range(11, 16)]
    films += [film(f"tt{n}", **rated("Crime", "9.0", "5", "2005")) for n in range(21, 25)]
    answer = ask(folder, "genres-over-decades", films)
    assert [(row["genre"], row["decade"], row["titles"]) for row in answer.tables["panels"]] == [
        ("Drama", 1990, 5),
        ("Crime", 1990, 5),
    ]
    assert answer.in_words(answer.words.sentence, "en") == (
        "Films of Drama or Romance are rated higher than films of other genres in 1 of 1 decade. "
        "Their highest mean rating was in the 1990s: 7.00 (5 films) against 6.00 of the other genres (5 films)."
    )


# The best artists


def test_an_artist_of_one_lucky_film_or_of_films_that_few_rated_does_not_win(folder: ProjectFolder) -> None:
    films = [
        film("tt1", **rated("Drama", "9.9", "1000", artist="Lucky")),
        film("tt2", **rated("Drama", "9.9", "99", artist="Lucky")),
        film("tt3", **rated("Drama", "7.0", "100", artist="Steady"), tituloPincipal="Third"),
        film("tt4", **rated("Romance", "8.0", "300", artist="Steady"), tituloPincipal="Fourth"),
        film("tt5", **rated("Comedy", "1.0", "300", artist="Steady")),
        film("tt6", **rated("Drama", "6.0", "300")),
        film("tt7", **rated("Drama", "6.0", "300")),
    ]
    answer = ask(folder, "best-artists", films)
    [row] = answer.rows
    assert (row["artist"], row["titles"], row["mean_rating"], row["votes"]) == ("Steady", 2, 7.5, 400)
    assert (row["best_title"], row["best_year"], row["best_rating"]) == ("Fourth", 1999, 8.0)
    assert answer.in_words(answer.words.sentence, "en") == (
        "The best rated is Steady: 7.50 on average over 2 titles of Drama or Romance, the best of them Fourth (1999) "
        "with 8.00. 1 artist has at least 2 such titles with 100 votes or more."
    )


def test_an_artist_counts_once_a_title_and_another_of_the_name_is_another(folder: ProjectFolder) -> None:
    twice = film("tt1", **rated("Drama", "8.0", "100", artist="One Name", born="1950"))
    films = [twice, twice, film("tt2", **rated("Drama", "6.0", "100", artist="One Name", born="1980"))]
    series = [one_series("tt1", **rated("Drama", "6.0", "100", artist="One Name", born="1950"))]
    answer = ask(folder, "best-artists", films, series)
    assert [(row["birth_year"], row["titles"], row["mean_rating"]) for row in answer.rows] == [(1950, 2, 7.0)]
    assert [(row["artist"], row["rating"]) for row in answer.tables["drawn"]] == [
        ("One Name (1950)", 8.0),
        ("One Name (1950)", 6.0),
    ]


def test_lake_toml_sets_how_many_titles_and_votes_are_wanted(folder: ProjectFolder) -> None:
    films = [film("tt1", **rated("Drama", "9.9", "3", artist="Lucky"))]
    more = "[questions.best-artists]\nleast_titles = 1\nleast_votes = 3"
    assert [row["artist"] for row in ask(folder, "best-artists", films, more=more).rows] == ["Lucky"]


# Both


@pytest.mark.parametrize("name", EXAMPLES)
def test_without_a_title_of_the_genres_the_sentence_says_so(folder: ProjectFolder, name: str) -> None:
    answer = ask(folder, name, [film("tt1", **rated("Comedy", "9.9", "1000", artist="A"))])
    assert answer.in_words(answer.words.sentence, "en").startswith("No ")
    assert answer.in_words(answer.words.sentence, "pt").startswith("Nenhum")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_report_of_an_example_has_its_chart_in_either_language(folder: ProjectFolder, name: str) -> None:
    films = [film(f"tt{n}", **rated("Drama", "7.0", "500", artist="A")) for n in range(1, 8)]
    ask(folder, name, films)
    for language, told in (("en", "ating"), ("pt", "Nota")):
        ended = folder.cinelake("report", name, "--format", "svg", "--lang", language)
        assert (ended.returncode, told in (folder.path / f"report/{name}-1.svg").read_text()) == (0, True), ended.stderr
