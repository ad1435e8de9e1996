"""Budget and return beyond its summary: decades, what falls out and why, parameters, what is drawn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cinelake import Answer, AskOptions, ask_questions
from cinelake.errors import ConfigurationError
from cinelake.report.charts import draw_charts
from cinelake.report.page import render_page
from cinelake.sample import write_sample
from figures import Work, Works, read_works
from projects import SMALL_TMDB, ProjectFolder
from tables import film, make_all
from test_answers import differences, settings

GENRES = ["Drama", "Romance"]
QUESTION = "budget-and-return"
REASONS = ["no_record", "implausible", "no_money", "no_budget", "no_revenue", "no_popularity", "counted"]
LARGEST_SVG = 300_000


def ask(folder: ProjectFolder) -> Answer:
    """The answer of the project as it stands, from its newest build."""
    [answer] = ask_questions(*folder.open(), AskOptions((QUESTION,), record=False)).answers
    return answer


def parameters(**values: Any) -> str:
    """The table of lake.toml that sets the question's parameters."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join([f"[questions.{QUESTION}]", *lines])


def write_films(folder: ProjectFolder, money: Sequence[Mapping[str, Any]]) -> None:
    """A drama for each: its year, and what TMDB knows of it; None leaves it unknown there."""
    known = [(f"tt{number:07}", each) for number, each in enumerate(money)]
    folder.write_csv("movies.csv", [film(i, genero="Drama", anoLancamento=f"{each['year']}") for i, each in known])
    folder.write_records("tmdb.jsonl", [{"id": 1, "imdb_id": i, "title": "x", **each} for i, each in known])


def reason_of(work: Work, min_money: int) -> str:
    """Worked out once more, from the end: what is left when the money is looked at is judged by it."""
    if work.is_counted(min_money):
        return "counted"
    if not work.in_tmdb:
        return "no_record"
    if work.is_implausible(min_money):
        return "implausible"
    missing = {(True, True): "no_money", (True, False): "no_budget", (False, True): "no_revenue"}
    return missing.get((work.budget is None, work.revenue is None), "no_popularity")


def assert_tables(
    answer: Answer,
    works: Works,
    *,
    min_votes: int = 0,
    min_money: int = 1000,
    least: int = 20,
    low: Fraction = Fraction(1, 4),
    high: Fraction = Fraction(3, 4),
) -> None:
    """Each further table holds what the files give in exact fractions."""
    rows, titles = works.decades(GENRES, least=least, min_votes=min_votes, min_money=min_money, low=low, high=high)
    assert [row["decade"] for row in answer.tables["decades"]] == [row["decade"] for row in rows]
    for row, wanted in zip(answer.tables["decades"], rows, strict=True):
        assert differences(row, wanted) == {}, row
    titles.sort(key=lambda each: (each["group"], each["decade_place"], each["decade"]))
    assert [row["imdb_id"] for row in answer.tables["decade_titles"]] == [each["imdb_id"] for each in titles]
    for row, wanted in zip(answer.tables["decade_titles"], titles, strict=True):
        assert differences(row, wanted) == {}, row

    films = works.films_of(GENRES, min_votes)
    reasons = [reason_of(work, min_money) for work in films]
    told = {row["reason"]: row["titles"] for row in answer.tables["unknown"] if row["kind"] == "film"}
    assert told == {reason: reasons.count(reason) for reason in REASONS}
    assert sum(told.values()) == len(films) == answer.counts["films"]
    assert told["counted"] == answer.summary["population"]

    wanted_ids = {work.imdb_id for work in films if work.is_implausible(min_money)}
    found = answer.tables["implausible"]
    assert {row["imdb_id"] for row in found} == wanted_ids
    assert len(found) == len(wanted_ids) == answer.summary["implausible"] == told["implausible"]
    by_id = {work.imdb_id: work for work in films}
    for row in found:
        assert differences(row, {name: asdict(by_id[row["imdb_id"]])[name] for name in row}) == {}
    least_figures = [(min(filter(None, (row["budget"], row["revenue"]))), row["imdb_id"]) for row in found]
    assert least_figures == sorted(least_figures)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = ProjectFolder(tmp_path_factory.mktemp("money"))
    write_sample(folder.path, films=1500, series=150, seed=11)
    folder.write_settings()
    make_all(folder)
    return folder


@pytest.fixture(scope="module")
def sample_works(sample: ProjectFolder) -> Works:
    return read_works(sample.path)


@pytest.fixture(scope="module")
def sample_rows(sample: ProjectFolder) -> list[dict[str, Any]]:
    """The answer's rows where nothing is set."""
    sample.write_settings()
    return [dict(row) for row in ask(sample).rows]


# Figures


@pytest.mark.parametrize("least", [1, 5, 20, 10_000])
@pytest.mark.parametrize("more", [{}, {"min_votes": 200}, {"min_money": 3_000_000}])
def test_decades_and_what_falls_out_are_those_of_exact_fractions(
    sample: ProjectFolder, sample_works: Works, least: int, more: dict[str, Any]
) -> None:
    sample.write_settings(analysis=settings(GENRES, **more), more=parameters(decade_films=least))
    assert_tables(ask(sample), sample_works, least=least, **more)


@pytest.mark.parametrize("films", range(1, 9))
def test_decades_of_a_handful_with_ties_are_those_of_exact_fractions(folder: ProjectFolder, films: int) -> None:
    write_films(
        folder,
        [
            {"year": year, "budget": 10_000, "revenue": 10_000 + n // 2 * 3, "popularity": 0.1}
            for year in (1969, 1970, 1979)
            for n in range(films)
        ],
    )
    folder.write_settings(more=parameters(decade_films=1))
    make_all(folder)
    assert_tables(ask(folder), read_works(folder.path), least=1)


def test_each_film_falls_out_for_one_reason_and_series_are_told_beside(folder: ProjectFolder) -> None:
    money: list[dict[str, Any]] = [
        {"budget": 5_000, "revenue": 5_000, "popularity": 1},
        {"budget": 5_000, "revenue": 5_000, "popularity": None},
        {"budget": 5_000, "revenue": 0, "popularity": 1},
        {"budget": 0, "revenue": 5_000, "popularity": 1},
        {"budget": 0, "revenue": 0, "popularity": None},
        {"budget": 999, "revenue": 0, "popularity": None},
        {"budget": 5_000, "revenue": 1, "popularity": 1},
    ]
    write_films(folder, [{"year": 2000, **each} for each in money])
    make_all(folder)
    answer = ask(folder)
    told = {(row["kind"], row["reason"]): row["titles"] for row in answer.tables["unknown"]}
    assert told == {
        **{("film", reason): 1 for reason in REASONS},
        ("film", "no_record"): 0,
        ("film", "implausible"): 2,
        ("series", "series"): 2,
    }
    assert [(row["budget"], row["revenue"]) for row in answer.tables["implausible"]] == [(5_000, 1), (999, None)]


def test_a_film_of_an_unknown_year_is_counted_in_no_decade(folder: ProjectFolder) -> None:
    write_films(folder, [{"year": y, "budget": 5_000, "revenue": 9_000, "popularity": 1} for y in (r"\N", 1999, 2000)])
    make_all(folder)
    answer = ask(folder)
    assert answer.summary["population"] == 3
    assert [(row["decade"], row["films"]) for row in answer.tables["decades"]] == [(1990, 1), (2000, 1)]


def test_a_decade_of_few_films_has_no_thresholds_and_is_not_drawn(folder: ProjectFolder) -> None:
    years = [1990] * 19 + [2000] * 20
    write_films(folder, [{"year": year, "budget": 5_000, "revenue": 9_000, "popularity": 1} for year in years])
    make_all(folder)
    answer = ask(folder)
    few, enough = answer.tables["decades"]
    assert {value for name, value in few.items() if name not in ("decade", "films")} == {None}
    assert (enough["median_roi"], enough["big_low_low"], enough["small_high_high"]) == (0.8, 20, 20)
    assert [row["decade"] for row in answer.tables["decade_figures"]] == [2000]
    assert "at least 20 of its films" in " ".join(answer.notes("en"))


@pytest.mark.parametrize(
    ("films", "english", "portuguese"),
    [
        (
            1,
            "1 had a big budget (from $5,000) with low return and low popularity: ? (1999) with an ROI of 0.80; "
            "1 had a small budget (up to $5,000) with high return and high popularity: ? (1999) with an ROI of 0.80.",
            "Do total, 1 teve orçamento grande (a partir de US$ 5.000) com pouco retorno e pouca popularidade: ? "
            "(1999), com ROI de 0,80; 1 teve orçamento pequeno (até US$ 5.000) com muito retorno e muita popularidade: "
            "? (1999), com ROI de 0,80.",
        ),
        (
            2,
            "2 had a big budget (from $5,000) with low return and low popularity, the worst of them ? (1999) with an "
            "ROI of 0.80; 2 had a small budget (up to $5,000) with high return and high popularity, the best of them "
            "? (1999) with an ROI of 0.80.",
            "Do total, 2 tiveram orçamento grande (a partir de US$ 5.000) com pouco retorno e pouca popularidade, o "
            "pior deles ? (1999), com ROI de 0,80; 2 tiveram orçamento pequeno (até US$ 5.000) com muito retorno e "
            "muita popularidade, o melhor deles ? (1999), com ROI de 0,80.",
        ),
    ],
)
def test_one_film_is_named_as_it_is_and_of_several_the_extreme_one(
    folder: ProjectFolder, films: int, english: str, portuguese: str
) -> None:
    """Films that are all alike are the biggest and the smallest at once; these have no known title."""
    write_films(folder, [{"year": 1999, "budget": 5_000, "revenue": 9_000, "popularity": 1}] * films)
    make_all(folder)
    answer = ask(folder)
    assert answer.in_words(answer.words.sentence, "en").endswith(english)
    assert answer.in_words(answer.words.sentence, "pt").replace("\xa0", " ").endswith(portuguese)


@pytest.mark.parametrize("language", ["en", "pt"])
def test_a_lake_without_any_money_says_so(folder: ProjectFolder, language: Any) -> None:
    folder.write_records("tmdb.jsonl", [{**record, "budget": 0, "revenue": 0} for record in SMALL_TMDB])
    make_all(folder)
    project, lake, run = folder.open()
    asked = ask_questions(project, lake, run, AskOptions((QUESTION,), record=False))
    [answer] = asked.answers
    assert_tables(answer, read_works(folder.path))
    assert [len(answer.tables[name]) for name in ("decades", "decade_titles", "implausible", "context")] == [0] * 4
    assert list(draw_charts(answer, language)) == []
    page = render_page(asked.answers, asked.build, lake="lake", keys=lake.keys, language=language)
    assert {"en": "there is no return to compare", "pt": "não há retorno a comparar"}[language] in page
    assert "None" not in " ".join(answer.notes(language))


def test_real_files_give_what_exact_fractions_give(real_data: Path, folder: ProjectFolder) -> None:
    for name, source in (("movies.csv",) * 2, ("series.csv",) * 2, ("tmdb.jsonl", "tmdb_movies.jsonl")):
        folder.path.joinpath(name).unlink()
        folder.path.joinpath(name).symlink_to(real_data / source)
    make_all(folder)
    answer = ask(folder)
    assert_tables(answer, read_works(folder.path))
    assert sum(row["films"] for row in answer.tables["decades"]) == answer.summary["population"]
    scatter, decades = draw_charts(answer, "pt")
    assert len(scatter.svg()) < LARGEST_SVG
    assert "n = 707" in decades.svg()


# Parameters


def test_other_shares_in_lake_toml_give_other_thresholds_and_words(sample: ProjectFolder, sample_works: Works) -> None:
    low, high = Fraction(1, 10), Fraction(3, 5)
    sample.write_settings(more=parameters(low=0.1, high=0.6, decade_films=5))
    answer = ask(sample)
    summary, rows = sample_works.money(GENRES, low=low, high=high)
    assert differences(answer.summary, summary) == {}
    assert [row["imdb_id"] for row in answer.rows] == [row["imdb_id"] for row in rows]
    assert_tables(answer, sample_works, least=5, low=low, high=high)
    assert "among the lowest 10%" in " ".join(answer.notes("en"))
    assert "entre os 40% mais altos" in " ".join(answer.notes("pt"))


def test_the_number_of_titles_shown_is_a_parameter_and_json_has_all(
    sample: ProjectFolder, sample_rows: list[dict[str, Any]]
) -> None:
    sample.write_settings(more=parameters(titles_shown=1))
    groups = len({row["group"] for row in sample_rows})
    assert len(sample_rows) > groups > 0
    sample.document("report")
    page = sample.path.joinpath("report", "report.html").read_text(encoding="utf-8")
    _, _, section = page.partition(f'<section id="question-{QUESTION}"')
    tables = [part.partition("</table>")[0] for part in section.split('data-table="answer"')[1:]]
    assert [table.count("<tr>") - 1 for table in tables] == [1] * groups
    told = sample.cinelake("ask", QUESTION).stdout
    hidden = [row["title"] for row in sample_rows[1:] if row["group"] == sample_rows[0]["group"]]
    assert sample_rows[0]["title"] in told
    assert not [title for title in hidden if title in told.partition("Of ")[0]]
    assert sample.document("ask", QUESTION)["rows"] == sample_rows


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "many"])
def test_a_number_of_titles_that_is_none_is_refused(sample: ProjectFolder, value: Any) -> None:
    sample.write_settings(more=parameters(titles_shown=value))
    with pytest.raises(ConfigurationError, match=r"lake.toml: questions.budget-and-return.titles_shown is .*number"):
        ask(sample)


@pytest.mark.parametrize(
    ("line", "refused"),
    [('shown = "most"', "shown names 'most', which is no parameter"), ("shown = -1", "shown")],
)
def test_a_question_that_shows_what_is_no_number_is_refused(folder: ProjectFolder, line: str, refused: str) -> None:
    path = folder.path / "questions" / "mine"
    path.mkdir(parents=True)
    words = "\n".join(f'{name} = {{ en = "a", pt = "b" }}' for name in ("title", "prose", "sentence"))
    path.joinpath("question.toml").write_text(f"{line}\n{words}\n")
    path.joinpath("answer.sql").write_text("SELECT 1 AS one")
    make_all(folder)
    with pytest.raises(ConfigurationError, match=refused):
        ask_questions(*folder.open(), AskOptions(("mine",), record=False))


# What is drawn


def test_the_films_behind_the_groups_are_thinned_and_the_drawing_stays_small(folder: ProjectFolder) -> None:
    money = [
        {
            "year": 1960 + n % 60,
            "budget": 1_000 + (n * 7919) ** 2 % 300_000_000,
            "revenue": 1_000 + (n * 104_729) ** 2 % 900_000_000,
            "popularity": n % 97 / 10,
        }
        for n in range(5_000)
    ]
    write_films(folder, money)
    make_all(folder)
    answer = ask(folder)
    assert answer.summary["population"] == 5_000
    behind = answer.tables["context"]
    counted = {(each["budget"], (each["revenue"] - each["budget"]) / each["budget"]) for each in money}
    assert 500 < len(behind) < 2_500
    assert all((row["budget"], row["roi"]) in counted for row in behind)
    for language in ("en", "pt"):
        scatter, decades = draw_charts(answer, language)
        assert len(scatter.svg()) < LARGEST_SVG
        assert len(decades.svg()) < LARGEST_SVG


def test_the_lines_are_drawn_at_the_thresholds(sample: ProjectFolder) -> None:
    sample.write_settings()
    answer = ask(sample)
    scatter = next(draw_charts(answer, "en"))
    for threshold in (f"${answer.summary['budget_q1']:,.0f}", f"{answer.summary['roi_q3']:.2f}"):
        assert f">{threshold}</text>" in scatter.svg()


@pytest.mark.parametrize("language", ["en", "pt"])
def test_each_column_and_figure_has_words(sample: ProjectFolder, language: Any) -> None:
    sample.write_settings()
    answer = ask(sample)
    assert set(answer.words.figures) == set(answer.summary)
    for name in ("answer", *answer.words.shown_tables()):
        words, rows = answer.words.words_of(name), answer.rows_of(name)
        assert set(words.columns) <= set(answer.table_columns[name])
        told = {
            words.word(column, row[column], language)
            for row in rows
            for column in ("reason", "group", "kind")
            if column in row
        }
        assert not told & {*REASONS, "series", "film", "big_low_low", "small_high_high"} - {"counted"}
