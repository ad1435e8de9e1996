"""Films against series: intervals, effect sizes and verdicts, held against SciPy's."""

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from cinelake import AskOptions, ask_questions
from cinelake.ask.comparison import compare, mean_of, student_quantile
from cinelake.sample import write_sample
from figures import Work, read_works
from projects import SERIES_HEADER, ProjectFolder
from tables import film, land_and_build, make_all, one_series

SIDES = ("film", "series")
METRICS = ("rating", "votes", "popularity")
VALUES = st.lists(st.decimals(0, 10_000, places=1), min_size=2, max_size=40)


def sums(values: Sequence[Decimal], prefix: str = "") -> dict[str, Any]:
    """What the SQL gives of a group."""
    return {
        f"{prefix}n": len(values),
        f"{prefix}sum": sum(values, Decimal()) if values else None,
        f"{prefix}squares": sum((value * value for value in values), Decimal()) if values else None,
    }


def compared(films: Sequence[Any], series: Sequence[Any]) -> dict[str, Any]:
    one, other = ([Decimal(value) for value in values] for values in (films, series))
    return compare(sums(one, "film_") | sums(other, "series_"), SIDES)


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-12)


# Where there is little to compare


@pytest.mark.parametrize(("films", "series"), [([], [1, 2]), ([1, 2], []), ([], [])])
def test_a_side_without_values_leaves_nothing_to_say(films: list[int], series: list[int]) -> None:
    told = compared(films, series)
    assert [told[name] for name in ("difference", "ci_low", "ci_high", "verdict")] == [None, None, None, "no_data"]


def test_of_a_single_value_no_interval_can_be_told() -> None:
    told = compared([9], [1, 2, 3])
    assert (told["difference"], told["ci_low"], told["verdict"]) == (7.0, None, "too_close")


def test_values_without_any_spread_differ_for_certain_or_not_at_all() -> None:
    assert compared(["7.1"] * 3, ["7.1"] * 5)["verdict"] == "too_close"
    told = compared(["7.1"] * 3, ["7.2"] * 5)
    assert (told["ci_low"], told["ci_high"], told["verdict"]) == (told["difference"], told["difference"], "series")


def test_sums_make_way_for_what_they_tell() -> None:
    row = {"genre": "any", **sums([Decimal(1), Decimal(3)], "film_"), **sums([Decimal(1)], "series_"), "other": 5}
    assert list(compare(row, SIDES)) == [
        "genre", "film_n", "series_n", "other", "film_mean", "series_mean", "difference", "ci_low", "ci_high", "verdict"
    ]  # fmt: skip


# Against SciPy


@given(share=st.floats(0.51, 0.9999), freedom=st.floats(1, 1e7))
@example(share=0.975, freedom=1.0)
@example(share=0.975, freedom=57_671.0)
@example(share=0.975, freedom=1e12)
def test_students_quantiles_are_scipys(share: float, freedom: float) -> None:
    assert student_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-7)


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # SciPy's own, of a side without spread
@given(films=VALUES, series=VALUES)
def test_intervals_are_scipys(films: list[Decimal], series: list[Decimal]) -> None:
    told = compared(films, series)
    one, other = ([float(value) for value in values] for values in (films, series))
    assert told["difference"] == near(float(np.mean(one) - np.mean(other)))
    if len(set(films)) == len(set(series)) == 1:
        return
    wanted = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    scale = max(abs(wanted.low), abs(wanted.high))
    assert told["ci_low"] == pytest.approx(wanted.low, rel=1e-6, abs=1e-9 * scale)
    assert told["ci_high"] == pytest.approx(wanted.high, rel=1e-6, abs=1e-9 * scale)
    assert told["verdict"] in (*SIDES, "too_close")


@given(VALUES)
def test_the_interval_of_a_mean_is_scipys(values: list[Decimal]) -> None:
    told = mean_of(sums(values))
    floats = [float(value) for value in values]
    if len(set(values)) > 1:
        low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(floats), scale=stats.sem(floats))
        assert (told["low"], told["high"]) == (pytest.approx(low, rel=1e-6), pytest.approx(high, rel=1e-6))
    assert told["mean"] == near(float(np.mean(floats)))


def differences(folder: ProjectFolder, table: str = "differences") -> list[dict[str, Any]]:
    [answer] = ask_questions(*folder.open(), AskOptions(("films-vs-series",), record=False)).answers
    return [dict(row) for row in answer.tables[table]]


def values_of(works: Sequence[Work], genre: str, chosen: Sequence[str], metric: str, least: int) -> list[float]:
    """A group's known values, worked out from the files."""
    needed = {"any": frozenset[str](), "all": frozenset(chosen)}.get(genre, frozenset([genre]))
    found = [
        getattr(work, metric)
        for work in works
        if work.genres & {*chosen} and work.genres >= needed and (not least or (work.votes or 0) >= least)
    ]
    return [float(value) for value in found if value is not None]


def assert_as_scipy_has_it(folder: ProjectFolder, chosen: Sequence[str]) -> None:
    works = read_works(folder.path)
    rows = [(0, row) for row in differences(folder)]
    rows += [(row["min_votes"], row) for row in differences(folder, "sensitivity")]
    assert len(rows) == 4 * 3 * (2 + len(chosen))
    for least, row in rows:
        films, series = (
            values_of(each, row["genre"], chosen, row["metric"], least) for each in (works.film, works.series)
        )
        assert (row["film_n"], row["series_n"]) == (len(films), len(series)), row
        if not films or not series:
            assert (row["verdict"], row["prob_series_higher"]) == ("no_data", None)
            continue
        assert row["difference"] == near(float(np.mean(films) - np.mean(series))), row
        higher = stats.mannwhitneyu(series, films).statistic / len(films) / len(series)
        assert row["prob_series_higher"] == near(float(higher)), row
        if min(len(films), len(series)) > 1:
            wanted = stats.ttest_ind(films, series, equal_var=False).confidence_interval(0.95)
            assert (row["ci_low"], row["ci_high"]) == (near(float(wanted.low)), near(float(wanted.high))), row
            verdict = "film" if wanted.low > 0 else "series" if wanted.high < 0 else "too_close"
            assert row["verdict"] == verdict, row


def test_the_differences_of_a_sample_are_scipys(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path)
    write_sample(folder.path, films=1200, series=200, seed=11)
    for chosen in (["Drama", "Romance"], ["Comedy"]):
        folder.write_settings(analysis=f"genres = {json.dumps(chosen)}")
        make_all(folder)
        assert_as_scipy_has_it(folder, chosen)


def test_the_differences_of_the_real_files_are_scipys(real: ProjectFolder) -> None:
    real.write_settings()
    make_all(real)
    assert_as_scipy_has_it(real, ["Drama", "Romance"])


def test_a_least_number_of_votes_counts_for_differences_too(folder: ProjectFolder) -> None:
    folder.write_csv(
        "movies.csv", [film("tt1", genero="Drama", numeroVotos="5"), film("tt2", genero="Drama", numeroVotos="6")]
    )
    folder.write_settings(analysis='genres = ["Drama"]\nmin_votes = 6')
    land_and_build(folder)
    [_, votes, *_] = differences(folder)
    assert (votes["metric"], votes["film_n"], votes["film_mean"]) == ("votes", 1, 6.0)


def test_ties_count_half(folder: ProjectFolder) -> None:
    films = [film(f"tt{number}", genero="Drama", notaMedia=rating) for number, rating in enumerate(("5", "6", "7"))]
    folder.write_csv("movies.csv", films)
    folder.write_csv("series.csv", [one_series("tt9", genero="Drama", notaMedia="6.0")], header=SERIES_HEADER)
    folder.write_settings(analysis='genres = ["Drama"]')
    land_and_build(folder)
    assert differences(folder)[0]["prob_series_higher"] == float(Fraction(1 * 2 + 1, 2 * 3))


# How often a verdict is false

DRAWS = 1000
TITLES = {"film": 60, "series": 30}


def test_groups_drawn_alike_are_told_apart_in_five_of_a_hundred_draws(folder: ProjectFolder) -> None:
    """Each draw is a genre of its own, all of them asked for at once."""
    draw = np.random.default_rng(20220502)
    lines: dict[str, list[str]] = {kind: [] for kind in TITLES}
    for number in range(DRAWS):
        for kind, size in TITLES.items():
            ratings = np.clip(draw.normal(6.4, 1.2, size), 0, 10).round(1)
            votes = np.exp(draw.normal(6, 0.5, size)).astype(int) + 5
            write = film if kind == "film" else one_series
            lines[kind] += [
                write(
                    f"tt{number:04}{at:03}{len(kind)}", genero=f"Draw{number:04}", notaMedia=f"{r}", numeroVotos=f"{v}"
                )
                for at, (r, v) in enumerate(zip(ratings, votes, strict=True))
            ]
    folder.write_csv("movies.csv", lines["film"])
    folder.write_csv("series.csv", lines["series"], header=SERIES_HEADER)
    genres = json.dumps([f"Draw{number:04}" for number in range(DRAWS)])
    folder.write_settings(more=f"[questions.films-vs-series]\ngenres = {genres}")
    land_and_build(folder)
    rows = [row for row in differences(folder) if row["genre"].startswith("Draw")]
    assert len(rows) == DRAWS * len(METRICS)
    for metric in ("rating", "votes"):
        verdicts = [row["verdict"] for row in rows if row["metric"] == metric]
        false = sum(verdict != "too_close" for verdict in verdicts) / DRAWS
        assert math.isclose(false, 0.05, abs_tol=0.02), (metric, false)
        assert {"film", "series", "too_close"} == set(verdicts)
