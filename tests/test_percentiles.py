"""Percentiles by the same steps on every engine, and what of DuckDB's SQL is not run on Spark."""

from fractions import Fraction
from math import floor, inf, isnan, nan
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelake import DataError
from cinelake.engine.percentiles import spell_out_for_duckdb

pytest.importorskip("pyspark")
from cinelake.engine.spark import translate

SELECT = "SELECT PERCENTILE_CONT({share}) WITHIN GROUP (ORDER BY x) AS p FROM (SELECT UNNEST($values::DOUBLE[]) AS x)"


def percentile(values: list[float | None], share: str) -> float | None:
    with duckdb.connect() as connection:
        select = spell_out_for_duckdb(SELECT.format(share=share))
        [[found]] = connection.execute(select, {"values": values}).fetchall()
    return None if found is None else float(found)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=30), st.sampled_from(["0", "0.25", "0.5", "0.75", "1"]))
def test_a_percentile_lies_between_its_neighbours_by_the_share(values: list[int], share: str) -> None:
    place = (len(values) - 1) * Fraction(share)
    low, high = sorted(values)[floor(place)], sorted(values)[min(floor(place) + 1, len(values) - 1)]
    assert percentile([float(value) for value in values], share) == float(low + (high - low) * (place - floor(place)))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], "0.5", None),
        ([None, None], "0.5", None),
        ([None, 3.0], "0.25", 3.0),
        ([1.0, 2.0, inf], "0.5", 2.0),
        ([inf, inf], "0.5", inf),
        ([1.0, inf], "0.5", inf),
        ([1.0, nan], "0", 1.0),
    ],
)
def test_odd_values_have_their_percentile(values: list[float | None], share: str, expected: float | None) -> None:
    assert percentile(values, share) == expected


def test_a_percentile_of_nothing_but_nan_is_none_of_the_numbers() -> None:
    assert isnan(percentile([nan, nan], "0.5") or 0.0)


@pytest.mark.parametrize(
    "select",
    [
        "SELECT MEDIAN(x) FILTER (WHERE x > 1) AS m FROM t",
        "SELECT MEDIAN(DISTINCT x) AS m FROM t",
        "SELECT QUANTILE_CONT(x, [0.25, 0.75]) AS m FROM t",
        "SELECT MEDIAN(d) AS m FROM t",
        "SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY x DESC) AS m FROM t",
        "SELECT QUANTILE_CONT(x, 0.5) OVER () AS m FROM t",
        "SELECT 'PERCENTILE_CONT' AS m FROM t",
    ],
)
def test_what_cannot_be_spelled_out_runs_as_it_is_on_duckdb(select: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT i::DOUBLE AS x, DATE '2022-05-02' + i::INT AS d FROM range(5) r(i)"
        )
        assert connection.execute(spell_out_for_duckdb(select)).fetchall() == connection.execute(select).fetchall()


def test_a_percentile_without_a_name_keeps_the_one_it_had() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1.0::DOUBLE AS x")
        told = connection.execute(spell_out_for_duckdb("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) FROM t"))
        assert [column[0] for column in told.description or ()] == ["QUANTILE_CONT(x, 0.5 ORDER BY x)"]


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("SELECT java_method('java.lang.System', 'getenv', 'HOME') AS h", "no function that both engines have"),
        ("SELECT reflect('java.lang.Runtime', 'getRuntime') AS h", "no function that both engines have"),
        ("SELECT * FROM read_files('/etc/passwd')", "no function that both engines have"),
        ("SELECT * FROM read_csv('/etc/passwd')", "a query reads tables alone"),
        ("SELECT LIST(x ORDER BY y DESC) AS l FROM refined.fact_title", "its lists have no order"),
        ("SELECT MEDIAN(x) AS m FROM refined.fact_title", "other digits"),
        ("SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY x) AS m FROM refined.fact_title", "other digits"),
        ("SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) OVER () AS m FROM refined.fact_title", "other digits"),
    ],
)
def test_what_spark_would_answer_otherwise_is_refused(select: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        translate(select)


@pytest.mark.parametrize(
    ("select", "spark"),
    [
        ("SELECT a FROM trusted.titles", "SELECT a FROM trusted__titles AS titles"),
        ("SELECT t.a FROM trusted.titles AS t", "SELECT t.a FROM trusted__titles AS t"),
        ("SELECT trusted.titles.a FROM trusted.titles", "SELECT titles.a FROM trusted__titles AS titles"),
        (
            "SELECT UNNEST(genres) AS g FROM trusted.titles",
            "SELECT EXPLODE(genres) AS g FROM trusted__titles AS titles",
        ),
        (
            "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1",
            "SELECT a FROM (SELECT a, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b NULLS LAST) AS _w FROM t) AS _t "
            "WHERE _w = 1",
        ),
        ("SELECT a FROM t ORDER BY a DESC", "SELECT a FROM t ORDER BY a DESC"),
        ("SELECT ARG_MIN(a, b) AS c FROM t", "SELECT MIN_BY(a, b) AS c FROM t"),
    ],
)
def test_a_select_in_spark_s_words(select: str, spark: str) -> None:
    assert translate(select) == spark


def test_a_pivot_is_not_lost_on_the_way_to_spark() -> None:
    assert "PIVOT" in translate("SELECT * FROM trusted.titles PIVOT (COUNT(*) FOR kind IN ('film', 'series'))")


def test_every_shipped_model_and_question_can_be_translated() -> None:
    root = Path(__file__).parents[1] / "src/cinelake"
    texts = [*root.glob("sql/*/*.sql"), *root.glob("questions/*/*.sql")]
    assert len(texts) > 10
    for path in texts:
        bound = path.read_text(encoding="utf-8").replace("$low", "0.25").replace("$high", "0.75")
        assert "PERCENTILE_APPROX" not in translate(bound)
