"""Models and a question's queries run in the order of their own table references."""

from collections.abc import Mapping

import pytest

from cinelake import ConfigurationError
from cinelake.build.models import RAW_TABLES, shipped_models
from cinelake.engine.queries import Query, in_order, parse_query


def queries(texts: Mapping[str, str]) -> list[Query]:
    return [parse_query(name, text, said_in=f"sql/{name}.sql") for name, text in texts.items()]


def names_in_order(texts: Mapping[str, str], *available: str) -> list[str]:
    return [query.name for query in in_order(queries(texts), available=available)]


def test_a_table_that_nobody_makes_is_named_with_its_file_and_the_tables_there_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        names_in_order({"t.a": "SELECT * FROM t.b", "t.b": "SELECT * FROM raw.moveis"}, "raw.movies")
    assert caught.value.what == "sql/t.b.sql, line 1 reads raw.moveis, which is no table"
    assert caught.value.hint == "did you mean raw.movies? tables are: raw.movies, t.a"


@pytest.mark.parametrize(
    "texts",
    [
        {"t.a": "SELECT * FROM t.b", "t.b": "SELECT * FROM t.a"},
        {"t.a": "SELECT * FROM t.a", "t.b": "SELECT * FROM t.b"},
        {"t.a": "SELECT * FROM t.b", "t.b": "SELECT * FROM t.c", "t.c": "SELECT (SELECT MAX(x) FROM t.a) AS x"},
    ],
)
def test_tables_that_read_each_other_are_named(texts: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"these read each other: t\.\w → .*t\.\w"):
        names_in_order(texts)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("SELECT 1 AS a,\n  FROM WHERE", "sql/t.a.sql, line 2"),
        ("SELECT 1; SELECT 2", "sql/t.a.sql must hold one SELECT"),
        ("DROP TABLE t.a", "sql/t.a.sql must hold one SELECT"),
        ("-- nothing", "sql/t.a.sql must hold one SELECT"),
        ("", "sql/t.a.sql must hold one SELECT"),
    ],
)
def test_what_is_no_single_select_is_refused_with_its_file(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        queries({"t.a": text})
    assert what in caught.value.what


def test_a_query_comes_after_all_that_it_reads() -> None:
    texts = {
        "t.a": "SELECT * FROM t.z JOIN t.m USING (id)",
        "t.m": "SELECT * FROM raw.x WHERE id IN (SELECT id FROM t.z)",
        "t.z": "WITH t AS (SELECT * FROM raw.x) SELECT * FROM t",
    }
    assert names_in_order(texts, "raw.x") == ["t.z", "t.m", "t.a"]


def test_those_that_could_go_in_any_order_go_by_name() -> None:
    texts = dict.fromkeys(("t.c", "t.a", "t.b"), "SELECT 1 AS one")
    assert names_in_order(texts) == names_in_order(dict(sorted(texts.items()))) == ["t.a", "t.b", "t.c"]


def test_a_name_of_a_with_clause_is_no_table_to_wait_for() -> None:
    assert names_in_order({"a": "WITH b AS (SELECT 1 AS x) SELECT * FROM b", "c": "SELECT * FROM a"}) == ["a", "c"]


def test_the_shipped_models_come_after_what_they_read() -> None:
    done = set(RAW_TABLES)
    for model in shipped_models():
        assert model.query.references <= done, model.query.name
        done.add(model.query.name)


def test_every_shipped_model_says_what_a_row_is() -> None:
    for model in shipped_models():
        assert model.title.startswith("One row"), model.query.name
        assert (model.layer == "Trusted") is (model.origin in ("Local", "TMDB")), model.query.name
