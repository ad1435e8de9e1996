"""The figures of both questions, held against the same figures worked out by hand in exact fractions."""

import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cinelake import Answer, AskOptions, ask_questions
from cinelake.sample import write_sample
from figures import Works, read_works
from projects import SERIES_HEADER, SMALL_MOVIES, SMALL_TMDB, ProjectFolder
from tables import film, make_all, one_series, rows_of

MEASURES = [
    *("titles", "mean_rating", "median_rating", "vote_weighted_rating", "mean_votes", "median_votes"),
    *("with_popularity", "mean_popularity", "median_popularity"),
]
SUMMARY = [
    *("population", "budget_q1", "budget_q3", "roi_q1", "roi_q3", "popularity_q1", "popularity_q3", "median_roi"),
    *("aggregate_roi", "profitable_share", "matched_in_tmdb", "budget_known", "revenue_known", "implausible"),
]
MONEY = ["group", "imdb_id", "title", "year", "budget", "revenue", "roi", "popularity"]


def answers(folder: ProjectFolder, *, land_first: bool = True) -> dict[str, Answer]:
    """Both answers of the project as it stands."""
    if land_first:
        make_all(folder)
    names = ("films-vs-series", "budget-and-return")
    return {answer.question: answer for answer in ask_questions(*folder.open(), AskOptions(names)).answers}


def settings(genres: Sequence[str], **more: int) -> str:
    return "\n".join([f"genres = {json.dumps(list(genres))}", *(f"{name} = {value}" for name, value in more.items())])


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any], *, rel: float = 1e-12) -> dict[str, Any]:
    """The figures that are not those that are wanted; a fraction is wanted as its nearest double."""
    return {name: (found[name], value) for name, value in wanted.items() if not _same(found[name], value, rel)}


def _same(found: Any, wanted: Any, rel: float) -> bool:
    if isinstance(wanted, float | Fraction):
        return isinstance(found, float) and math.isclose(found, float(wanted), rel_tol=rel, abs_tol=1e-12)
    return type(found) is type(wanted) and bool(found == wanted)


def assert_as_worked_out(
    told: Mapping[str, Answer], works: Works, genres: Sequence[str], *, min_votes: int = 0, min_money: int = 1000
) -> None:
    rows = works.comparison(genres, min_votes)
    found = told["films-vs-series"].rows
    assert [(row["kind"], row["genre"]) for row in found] == [(row["kind"], row["genre"]) for row in rows]
    for row, wanted in zip(found, rows, strict=True):
        assert differences(row, wanted) == {}, row
    summary, films = works.money(genres, min_votes, min_money)
    assert differences(told["budget-and-return"].summary, summary) == {}
    assert [row["imdb_id"] for row in told["budget-and-return"].rows] == [row["imdb_id"] for row in films]
    for row, wanted in zip(told["budget-and-return"].rows, films, strict=True):
        assert differences(row, wanted) == {}, row


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = ProjectFolder(tmp_path_factory.mktemp("sample"))
    write_sample(folder.path, films=1200, series=200, seed=7)
    return folder


@pytest.fixture(scope="module")
def sample_works(sample: ProjectFolder) -> Works:
    return read_works(sample.path)


# Unknowns


def test_a_genre_that_nobody_has_gives_unknowns_and_no_zeros(sample: ProjectFolder, sample_works: Works) -> None:
    sample.write_settings(analysis=settings(["Polka"]))
    told = answers(sample)
    assert_as_worked_out(told, sample_works, ["Polka"])
    counts = {"titles", "with_popularity"}
    for row in told["films-vs-series"].rows:
        assert {name: row[name] for name in MEASURES} == {name: 0 if name in counts else None for name in MEASURES}
    summary = told["budget-and-return"].summary
    counts = {"population", "matched_in_tmdb", "budget_known", "revenue_known", "implausible"}
    assert {name: summary[name] for name in SUMMARY} == {name: 0 if name in counts else None for name in SUMMARY}
    assert told["budget-and-return"].rows == ()


def test_without_a_popularity_of_any_series_its_mean_is_unknown(folder: ProjectFolder) -> None:
    folder.write_records("tmdb.jsonl", [{"id": 1, "imdb_id": "tt99000001", "title": "One", "popularity": 1.5}])
    rows = {(row["kind"], row["genre"]): row for row in answers(folder)["films-vs-series"].rows}
    assert (rows["film", "any"]["with_popularity"], rows["film", "any"]["mean_popularity"]) == (1, 1.5)
    series = rows["series", "any"]
    assert (series["titles"], series["with_popularity"], series["mean_popularity"]) == (2, 0, None)
    assert series["median_popularity"] is None


def test_unknown_ratings_and_votes_are_left_out_of_means_not_counted_as_zero(folder: ProjectFolder) -> None:
    lines = [
        film("tt1", genero="Drama", notaMedia="8.0", numeroVotos="10"),
        film("tt2", genero="Drama", notaMedia="6.0"),
        film("tt3", genero="Drama", numeroVotos="30"),
        film("tt4", genero="Drama"),
    ]
    folder.write_csv("movies.csv", lines)
    row = answers(folder)["films-vs-series"].rows[0]
    assert (row["titles"], row["mean_rating"], row["mean_votes"]) == (4, 7.0, 20.0)
    assert (row["vote_weighted_rating"], row["median_votes"]) == (8.0, 20.0)


def test_titles_without_votes_are_counted_until_a_least_number_is_asked_for(folder: ProjectFolder) -> None:
    folder.write_csv("series.csv", [one_series("tt1", genero="Drama", notaMedia="8.0")], header=SERIES_HEADER)
    assert answers(folder)["films-vs-series"].rows[4]["titles"] == 1
    folder.write_settings(analysis=settings(["Drama", "Romance"], min_votes=1))
    assert answers(folder)["films-vs-series"].rows[4]["titles"] == 0


def test_an_artist_row_more_changes_no_figure(folder: ProjectFolder) -> None:
    before = answers(folder)
    folder.write_csv("movies.csv", [SMALL_MOVIES[0], *SMALL_MOVIES])
    after = answers(folder)
    assert {name: answer.checksum for name, answer in after.items()} == {
        name: answer.checksum for name, answer in before.items()
    }


# Figures


@pytest.mark.parametrize(
    ("genres", "more"),
    [
        (["Drama", "Romance"], {}),
        (["Comedy", "Animation"], {}),
        (["Drama"], {}),
        (["Drama", "Comedy", "Thriller"], {}),
        (["Drama", "Polka"], {}),
        (["Drama", "Romance"], {"min_votes": 100}),
        (["Drama", "Romance"], {"min_money": 1_000_000}),
        (["Comedy", "Drama"], {"min_votes": 1000, "min_money": 5_000_000}),
        (["Drama", "Romance"], {"min_votes": 10_000_000}),
    ],
)
def test_figures_are_those_of_exact_fractions(
    sample: ProjectFolder, sample_works: Works, genres: list[str], more: dict[str, int]
) -> None:
    sample.write_settings(analysis=settings(genres, **more))
    assert_as_worked_out(answers(sample), sample_works, genres, **more)


@pytest.mark.parametrize("films", range(1, 9))
def test_figures_of_a_handful_with_ties_are_those_of_exact_fractions(folder: ProjectFolder, films: int) -> None:
    ids = [f"tt{number}" for number in range(films)]
    lines = [
        film(imdb_id, genero="Drama", notaMedia=f"{6 + n % 3}.3", numeroVotos="7") for n, imdb_id in enumerate(ids)
    ]
    folder.write_csv("movies.csv", reversed(lines))
    records = [
        {"id": 1, "imdb_id": imdb_id, "title": "x", "popularity": 0.1, "budget": 10_000, "revenue": 10_000 + n // 2 * 3}
        for n, imdb_id in enumerate(ids)
    ]
    folder.write_records("tmdb.jsonl", records)
    assert_as_worked_out(answers(folder), read_works(folder.path), ["Drama", "Romance"])


def test_the_same_files_give_the_same_answers_to_the_last_digit(sample: ProjectFolder, tmp_path: Path) -> None:
    other = ProjectFolder(tmp_path / "other")
    for name in ("movies.csv", "series.csv", "tmdb.jsonl"):
        other.path.joinpath(name).symlink_to(sample.path / name)
    for folder in (sample, other):
        folder.write_settings()
    assert [answer.checksum for answer in answers(sample).values()] == [
        answer.checksum for answer in answers(other).values()
    ]


def test_json_has_the_fields_of_the_contract_and_no_others(sample: ProjectFolder) -> None:
    sample.write_settings()
    told = {name: answer.to_json() for name, answer in answers(sample).items()}
    assert [list(row) for row in told["films-vs-series"]["rows"]] == [["kind", "genre", *MEASURES]] * 8
    assert "summary" not in told["films-vs-series"]
    assert {tuple(row) for row in told["budget-and-return"]["rows"]} == {tuple(MONEY)}
    assert {row["group"] for row in told["budget-and-return"]["rows"]} == {"big_low_low", "small_high_high"}
    assert list(told["budget-and-return"]["summary"]) == SUMMARY
    json.dumps(told, allow_nan=False)


# The user's own files


def test_real_files_give_the_reference_answers(real: ProjectFolder, real_data: Path) -> None:
    wanted = json.loads(real_data.joinpath("expected.json").read_text())
    real.write_settings(analysis=settings(wanted["genres"], min_money=wanted["floor_usd"]))
    told = answers(real)
    for row in told["films-vs-series"].rows:
        assert differences(row, wanted[row["kind"]][row["genre"]], rel=1e-9) == {}, row
    assert [(row["kind"], row["genre"]) for row in told["films-vs-series"].rows] == [
        (kind, genre) for kind in ("film", "series") for genre in ("any", "all", "Drama", "Romance")
    ]
    money, found = wanted["money"], told["budget-and-return"]
    for group in ("big_low_low", "small_high_high"):
        assert [row["imdb_id"] for row in found.rows if row["group"] == group] == money.pop(group)
    assert set(money) == set(SUMMARY) - {"implausible"}
    assert differences(found.summary, money, rel=1e-9) == {}


def test_real_files_give_what_exact_fractions_give_for_other_genres(real: ProjectFolder) -> None:
    genres = ["Comedy", "Animation"]
    real.write_settings(analysis=settings(genres))
    assert_as_worked_out(answers(real), read_works(real.path), genres)


@pytest.mark.parametrize("form", ["", "--md", "--json"])
def test_what_an_answer_cannot_tell_stands_below_it(folder: ProjectFolder, form: str) -> None:
    make_all(folder)
    told = folder.cinelake("ask", "budget-and-return", *filter(None, [form])).stdout
    told = " ".join(told.split())
    assert "Series have no budget and no revenue on TMDB, so this question is about films alone." in told
    assert "Budget is known for 1 of 2 films" in told


def test_series_have_no_money_which_is_not_zero(folder: ProjectFolder) -> None:
    folder.write_records("tmdb.jsonl", [{**SMALL_TMDB[2], "budget": 0, "revenue": 0}])
    result = make_all(folder)
    [row] = [row for row in rows_of(folder, result, "refined.fact_title") if row["in_tmdb"]]
    assert (row["kind"], row["budget"], row["revenue"], row["roi"]) == ("series", None, None, None)
    assert row["popularity"] is not None
