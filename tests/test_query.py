"""Any query over the tables of the newest build: what is refused, and in which words; what comes out, whole."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelake import (
    AccessError,
    ConfigurationError,
    DataError,
    QueryOptions,
    QueryResult,
    TellingOptions,
    query_tables,
    tell_tables,
)
from cinelake.query.values import plain_value, readable_type
from projects import DATE, SMALL_MOVIES, Place, ProjectFolder
from tables import files_of, key_of, land_and_build, make_all

LATER = "2022-05-03"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectFolder]:
    """One build for all the tests here that only read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        folder = ProjectFolder(tmp_path_factory.mktemp("query") / "project")
        folder.write_small()
        make_all(folder)
        yield folder


def query(folder: ProjectFolder, sql: str, **options: Any) -> QueryResult:
    return query_tables(*folder.open(), QueryOptions(sql, **options))


def refused(folder: ProjectFolder, sql: str) -> ConfigurationError:
    """The error of a query that is refused; the lake is as it was."""
    before = files_of(folder)
    with pytest.raises(ConfigurationError) as caught:
        query(folder, sql)
    assert files_of(folder) == before
    assert caught.value.hint
    return caught.value


# What is not there


def test_without_a_lake_a_query_is_refused_as_a_question_is(folder: ProjectFolder) -> None:
    with pytest.raises(ConfigurationError, match="there is no lake at file:lake"):
        query(folder, "SELECT 1")


def test_without_a_build_a_query_is_refused_as_a_question_is(folder: ProjectFolder) -> None:
    folder.document("land", "--date", DATE)
    with pytest.raises(ConfigurationError, match="nothing was built in file:lake"):
        query(folder, "SELECT 1")
    with pytest.raises(ConfigurationError, match="nothing was built in file:lake"):
        tell_tables(*folder.open())


def test_before_the_first_build_there_is_nothing_to_query(built: ProjectFolder) -> None:
    with pytest.raises(ConfigurationError, match="nothing was built in file:lake up to 2022-05-01"):
        query(built, "SELECT 1", until=date(2022, 5, 1))


def test_a_table_that_is_not_the_one_that_was_built_is_not_read(folder: ProjectFolder) -> None:
    path = folder.path / "lake" / key_of(folder, make_all(folder), "trusted.titles")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert query(folder, "SELECT COUNT(*) FROM refined.dim_title").rows == ((5,),)
    with pytest.raises(DataError, match="is not the object that was recorded"):
        query(folder, "SELECT COUNT(*) FROM trusted.titles")


# What is no query


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("", "the query is empty"),
        ("-- nothing yet\n", "the query is empty"),
        ("SELEC 1", 'the query, line 1: syntax error at or near "SELEC"'),
        ("SELECT title\nFROM titles\nWHER x", 'the query, line 3: syntax error at or near "x"'),
        ("SELECT 'ação',\n 'open", "the query, line 2: unterminated string literal"),
        ("SELECT 1; SELECT 2", "the query holds 2 statements; one is run at a time"),
        ("SELECT \0", "the query holds a NUL character"),
        ("SELECT '\udcff'", "the query is not UTF-8 text"),
        (f"SELECT {'1+' * 600}1", "the query is nested too deeply to be read"),
        (f"SELECT {'(' * 9000}1{')' * 9000}", "the query, line 1: Max expression depth limit of 1000 exceeded."),
        ("SELECT $1", "the query: Invalid Input Error: Values were not provided for the following parameters: 1"),
    ],
)
def test_what_is_no_query_is_told_with_its_line(built: ProjectFolder, sql: str, what: str) -> None:
    assert refused(built, sql).what == what


# What writes, or reads more than tables


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{lake}/Trusted/x.csv'",
        "SELECT 1; COPY (SELECT 1) TO '{titles}' (FORMAT parquet)",
        "ATTACH '{lake}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET threads = 1",
        "SET VARIABLE x = 1",
        "RESET threads",
        "CREATE TABLE x AS SELECT 1",
        "CREATE OR REPLACE VIEW trusted.titles AS SELECT 1",
        "INSERT INTO trusted.titles DEFAULT VALUES",
        "UPDATE trusted.titles SET votes = 0",
        "DELETE FROM trusted.titles",
        "DROP VIEW trusted.titles",
        "EXPORT DATABASE '{lake}/x'",
        "CALL pragma_version()",
        "EXPLAIN ANALYZE SELECT 1",
        "CHECKPOINT",
        "USE trusted",
        "BEGIN",
    ],
)
def test_what_is_no_select_is_refused(built: ProjectFolder, sql: str) -> None:
    told = refused(built, _with_paths(built, sql))
    assert told.what == "only a SELECT is run here: nothing may be written, attached, installed or set"


@pytest.mark.parametrize(
    "sql",
    [
        "WITH new AS (INSERT INTO trusted.titles DEFAULT VALUES RETURNING *) SELECT * FROM new",
        "WITH gone AS (DELETE FROM trusted.titles RETURNING *) SELECT 1",
        "SELECT * FROM (WITH new AS (UPDATE trusted.titles SET votes = 0 RETURNING *) SELECT * FROM new)",
    ],
)
def test_a_select_around_what_writes_is_refused(built: ProjectFolder, sql: str) -> None:
    assert refused(built, sql).what == "the query writes: a part of it is no SELECT"


@pytest.mark.parametrize(
    ("sql", "function"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("SELECT * FROM read_text('{settings}')", "read_text"),
        ("SELECT * FROM system.main.read_text('{settings}')", "read_text"),
        ("SELECT (SELECT content FROM read_blob('{settings}')) AS x", "read_blob"),
        ("SELECT 1 WHERE EXISTS (FROM glob('/*'))", "glob"),
        ("SELECT * FROM read_parquet('{titles}')", "read_parquet"),
        ("SELECT * FROM parquet_metadata('{titles}')", "parquet_metadata"),
        ("FROM trusted.titles, LATERAL (FROM read_csv(source_key))", "read_csv"),
        ("SELECT * FROM query('SELECT 1')", "query"),
        ("SELECT * FROM query_table('titles')", "query_table"),
        ("SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", "json_execute_serialized_sql"),
        ("SELECT * FROM duckdb_settings()", "duckdb_settings"),
        ("SELECT * FROM checkpoint()", "checkpoint"),
        ("WITH x AS (SELECT * FROM READ_CSV('/etc/passwd')) SELECT * FROM x", "read_csv"),
        ("SELECT 1 UNION ALL SELECT 2 FROM sniff_csv('/etc/passwd')", "sniff_csv"),
        ("SUMMARIZE SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
    ],
)
def test_a_function_that_reads_more_than_tables_is_refused(built: ProjectFolder, sql: str, function: str) -> None:
    assert refused(built, _with_paths(built, sql)).what.startswith(f"the query calls {function}(), and")


@pytest.mark.parametrize("table", ["'/etc/passwd'", "'{titles}'", '"{settings}"', "'https://127.0.0.1:1/x.csv'"])
def test_a_file_is_no_table(built: ProjectFolder, table: str) -> None:
    told = refused(built, _with_paths(built, f"SELECT * FROM {table}"))
    assert told.what.startswith("there is no table ")
    assert told.hint.startswith("tables are: trusted.")


def test_a_name_of_a_with_lets_no_file_be_read_elsewhere(built: ProjectFolder) -> None:
    """The name is let through, since it is the query's own somewhere: the engine is confined all the same."""
    path = built.path / "names.csv"
    path.write_text("a,b\n1,2\n")
    told = refused(built, f'SELECT * FROM (WITH "{path}" AS (SELECT 1) SELECT 1) AS t, "{path}"')
    assert told.what.startswith(f'the query: Permission Error: Cannot access file "{path}"')


def test_a_pivot_names_its_values(built: ProjectFolder) -> None:
    assert "let a PIVOT name its values" in refused(built, "PIVOT titles ON kind USING COUNT(*)").hint
    select = "SELECT film FROM (FROM (SELECT kind FROM titles) PIVOT (COUNT(*) FOR kind IN ('film', 'series')))"
    assert query(built, select).rows == ((3,),)


def test_show_is_refused_and_what_tells_the_tables_is_named(built: ProjectFolder) -> None:
    for sql in ("SHOW TABLES", "SHOW ALL TABLES", "SHOW DATABASES"):
        assert "cinelake sql without a query lists the tables" in refused(built, sql).hint


def _with_paths(folder: ProjectFolder, sql: str) -> str:
    [titles] = (folder.path / "lake/Trusted").rglob("titles.parquet")
    return sql.format(lake=folder.path / "lake", titles=titles, settings=folder.path / "lake.toml")


# Names


@pytest.mark.parametrize(
    ("sql", "what", "hint"),
    [
        ("FROM trusted.tittles", "there is no table trusted.tittles", "did you mean trusted.titles?"),
        ("FROM fact_titel", "there is no table fact_titel", "did you mean refined.fact_title?"),
        ("FROM refined.titles", "there is no table refined.titles", "did you mean refined.dim_title?"),
        ("FROM memory.trusted.titles", "there is no table memory.trusted.titles", "did you mean trusted.titles?"),
        ("FROM raw.movies", "there is no table raw.movies", "tables are: trusted.titles, "),
        ("FROM information_schema.tables", "there is no table information_schema.tables", "tables are: "),
        ("SELECT titel FROM titles", 'Referenced column "titel" not found in FROM clause', 'did you mean "title"'),
        ("SELECT lenght(title) FROM titles", "Function with name lenght does not exist", 'did you mean "length"?'),
        ("SELECT title\nFROM titles\nWHERE title = 1", "the query, line 3: Conversion Error: ", "mend the SQL there"),
    ],
)
def test_a_wrong_name_is_told_with_the_one_that_was_meant(built: ProjectFolder, sql: str, what: str, hint: str) -> None:
    told = refused(built, sql)
    assert what in told.what
    assert told.hint.startswith(hint)


def test_a_table_goes_by_its_full_name_and_by_its_bare_one(built: ProjectFolder) -> None:
    for name in ("refined.fact_title", "fact_title", "FACT_TITLE", '"fact_title"', "Refined.Fact_Title"):
        assert query(built, f"SELECT COUNT(*) FROM {name}").rows == ((5,),), name
    both = "SELECT COUNT(*) FROM trusted.titles JOIN titles USING (kind, imdb_id)"
    assert query(built, both).rows == ((5,),)


def test_a_name_of_the_query_s_own_comes_before_a_table_s(built: ProjectFolder) -> None:
    assert query(built, "WITH titles AS (SELECT 1 AS one) FROM titles").rows == ((1,),)
    assert query(built, "WITH query_rows AS (SELECT 2 AS two) FROM query_rows").rows == ((2,),)
    rows = query(built, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) FROM n").rows
    assert rows == ((1,), (2,), (3,))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "SELECT 1 -- the end",
        "/* first */ SELECT 1",
        "VALUES (1)",
        "FROM range(1, 2)",
        "SELECT UNNEST([1])",
        "(SELECT 1 UNION SELECT 1)",
        "SELECT COUNT(*) FROM dim_title WHERE title = 'One; DROP TABLE x'  OR title = 'One'",
    ],
)
def test_a_query_may_be_written_in_many_ways(built: ProjectFolder, sql: str) -> None:
    assert query(built, sql).rows == ((1,),)


def test_a_table_can_be_described(built: ProjectFolder) -> None:
    described = query(built, "DESCRIBE refined.dim_genre")
    assert described.rows[0][:2] == ("genre", "VARCHAR")
    assert query(built, "SUMMARIZE dim_genre").row_count == 1


# What comes out


def test_rows_come_in_the_order_that_was_asked_for(built: ProjectFolder) -> None:
    assert query(built, "SELECT i FROM range(100000) AS t(i) ORDER BY i DESC", limit=2).rows == ((99999,), (99998,))


def test_a_limit_cuts_what_is_returned_and_the_number_of_rows_is_told(built: ProjectFolder) -> None:
    result = query(built, "FROM titles", limit=2)
    assert (len(result.rows), result.row_count) == (2, 5)
    assert query(built, "FROM titles", limit=0).rows == ()
    assert len(query(built, "FROM titles").rows) == 5


def test_columns_of_one_name_are_told_apart(built: ProjectFolder) -> None:
    result = query(built, 'SELECT 1 AS a, 2 AS a, 3 AS "b""c"')
    assert result.to_json()["rows"] == [{"a": 1, "a_1": 2, 'b"c': 3}]


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("NULL", None),
        ("''", ""),
        ("6.4::DECIMAL(3, 1)", 6.4),
        ("12345678901234567890.123456789::DECIMAL(38, 9)", "12345678901234567890.123456789"),
        ("0.1::DECIMAL(38, 18)", 0.1),
        ("170141183460469231731687303715884105727", 170141183460469231731687303715884105727),
        ("'NaN'::DOUBLE", "NaN"),
        ("'-Infinity'::FLOAT", "-Infinity"),
        ("['Infinity'::DOUBLE, NULL]", ["Infinity", None]),
        ("DATE '2022-05-02'", "2022-05-02"),
        ("'infinity'::DATE", "infinity"),
        ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
        ("TIMESTAMP '2022-05-02 10:20:30.5'", "2022-05-02 10:20:30.5"),
        ("TIMESTAMP_NS '2022-05-02 10:20:30.123456789'", "2022-05-02 10:20:30.123456789"),
        ("TIME '10:20:30'", "10:20:30"),
        ("{'a DATE, b': DATE '2022-05-02'}", {"a DATE, b": "2022-05-02"}),
        ("INTERVAL 14 MONTH", "1 year 2 months"),
        ("'\\xAA'::BLOB", "\\xAA"),
        ("[DATE '2022-05-02', NULL]", ["2022-05-02", None]),
        ("{'date': INTERVAL 1 MONTH, 'time': [1.50::DECIMAL(3, 2)]}", {"date": "1 month", "time": [1.5]}),
        ("MAP {DATE '2022-05-02': 1}", {"2022-05-02": 1}),
        ("[1, 2]::INTEGER[2]", [1, 2]),
        ("'b'::ENUM ('a', 'b', 'DATE')", "b"),
        ("'00000000-0000-0000-0000-000000000001'::UUID", "00000000-0000-0000-0000-000000000001"),
        ("'{\"a\": 1}'::JSON", '{"a": 1}'),
        ("TRUE", True),
    ],
)
def test_each_type_comes_out_as_json_can_hold_it(built: ProjectFolder, sql: str, value: Any) -> None:
    session = "WITH v AS (SELECT {} AS value) SELECT value FROM v"
    told = query(built, session.format(sql)).to_json()
    assert json.loads(json.dumps(told, allow_nan=False))["rows"] == [{"value": value}]


def test_a_moment_comes_out_with_its_offset_from_utc(built: ProjectFolder) -> None:
    [[moment]] = query(built, "SELECT TIMESTAMPTZ '2022-05-02 10:20:30-03'").rows
    assert datetime.fromisoformat(moment) == datetime(2022, 5, 2, 13, 20, 30, tzinfo=UTC)


def test_decimals_stay_decimals_in_python(built: ProjectFolder) -> None:
    assert query(built, "SELECT rating FROM titles WHERE imdb_id = 'tt99000001'").rows == ((Decimal("6.4"),),)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("DATE", "VARCHAR"),
        ('STRUCT("a DATE, b" INTEGER, "a""DATE" DATE[])', 'STRUCT("a DATE, b" INTEGER, "a""DATE" VARCHAR[])'),
        ("STRUCT(date DATE, time TIME[], x INTEGER)", "STRUCT(date VARCHAR, time VARCHAR[], x INTEGER)"),
        ("MAP(VARCHAR, TIMESTAMP WITH TIME ZONE)", "MAP(VARCHAR, VARCHAR)"),
        ("ENUM('DATE', 'a, DATE, b')", "ENUM('DATE', 'a, DATE, b')"),
        ("DECIMAL(3,1)", "DECIMAL(3,1)"),
    ],
)
def test_only_the_types_that_python_cannot_hold_are_read_as_text(told: str, read: str) -> None:
    assert readable_type(told) == read


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(VALUES)
def test_whatever_a_value_is_its_json_is_valid_and_loses_nothing(value: Any) -> None:
    read = json.loads(json.dumps(plain_value(value), allow_nan=False))
    assert _same(value, read)


def _same(value: Any, read: Any) -> bool:
    match value:
        case Decimal():
            return Decimal(read if isinstance(read, str) else repr(read)) == value
        case float() if not isfinite(value):
            return isnan(float(read)) if isnan(value) else float(read) == value
        case list():
            return len(value) == len(read) and all(map(_same, value, read))
        case dict():
            return value.keys() == read.keys() and all(_same(value[name], read[name]) for name in value)
        case _:
            return type(value) is type(read) and bool(value == read)


TABLES = st.lists(
    st.tuples(
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
        st.none() | st.decimals(-(10**18), 10**18, places=6).map(lambda number: number + 0),  # SQL has no -0
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(),
        st.none() | st.lists(st.none() | st.booleans(), max_size=3),
        st.none() | st.datetimes().map(lambda moment: moment.replace(fold=0)),
    ),
    min_size=1,
    max_size=4,
)
TYPES = ("VARCHAR", "DECIMAL(25, 6)", "BIGINT", "DOUBLE", "BOOLEAN[]", "TIMESTAMP")


@settings(deadline=None, max_examples=25)
@given(rows=TABLES)
def test_what_goes_through_parquet_comes_back_the_same(
    built: ProjectFolder, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "rows.parquet"
    listed = ", ".join(f"({', '.join(map(_literal, row, TYPES))})" for row in rows)
    result = query(built, f"SELECT * FROM (VALUES {listed}) AS t(a, b, c, d, e, f)", parquet=path)
    assert (result.rows, result.row_count, result.path) == ((), len(rows), path)
    with duckdb.connect() as connection:
        read = connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    assert repr(read) == repr(rows)


def _literal(value: Any, sql_type: str) -> str:
    if value is None:
        return f"NULL::{sql_type}"
    if isinstance(value, list):
        return f"[{', '.join(_literal(each, 'BOOLEAN') for each in value)}]::{sql_type}"
    quoted = str(value).replace("'", "''")
    return f"'{quoted}'::{sql_type}"


# Files


def test_a_parquet_file_that_is_there_is_replaced_and_nothing_else_is_left(
    built: ProjectFolder, tmp_path: Path
) -> None:
    path = tmp_path / "é 'x'.parquet"
    path.write_bytes(b"old")
    query(built, "FROM titles", parquet=path)
    assert path.read_bytes()[:4] == b"PAR1"
    assert list(tmp_path.iterdir()) == [path]
    assert list((built.path / ".cinelake").glob("query-*")) == []


def test_a_query_that_fails_leaves_the_file_as_it_was(built: ProjectFolder, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"old")
    with pytest.raises(ConfigurationError):
        query(built, "SELECT titel FROM titles", parquet=path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_not_written_where_it_would_be_lost_or_do_harm(built: ProjectFolder, tmp_path: Path) -> None:
    for path, what in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "x.parquet", "there is no folder"),
        (built.path / "lake" / "Raw" / "x.parquet", "lies within the lake"),
        (built.path / "lake" / ".." / "lake" / "x.parquet", "lies within the lake"),
    ):
        with pytest.raises(ConfigurationError, match=what):
            query(built, "SELECT 1", parquet=path)


def test_a_file_that_may_not_be_written_is_an_access_error(built: ProjectFolder) -> None:
    folder = Path("/proc/self")
    if not folder.is_dir():
        pytest.skip("only Linux has a folder in which nobody can write")
    with pytest.raises(AccessError, match=r"cannot write /proc/self/x\.parquet: "):
        query(built, "SELECT 1", parquet=folder / "x.parquet")


# Builds


def test_an_earlier_date_gives_the_tables_of_its_build(folder: ProjectFolder) -> None:
    first = land_and_build(folder)
    folder.write_csv("movies.csv", SMALL_MOVIES[:2])
    second = land_and_build(folder, LATER)
    count = "SELECT COUNT(*) FROM titles WHERE kind = 'film'"
    newest = query(folder, count)
    assert (newest.rows, newest.build) == (((1,),), second.run.run_id)
    earlier = query(folder, count, until=date(2022, 5, 2))
    assert (earlier.rows, earlier.build) == (((3,),), first.run.run_id)
    assert (earlier.run.processing_date, newest.run.processing_date) == (date(2022, 5, 2), date(2022, 5, 3))
    assert tell_tables(*folder.open(), TellingOptions(date(2022, 5, 2))).build == first.run.run_id


def test_the_tables_are_told_with_their_rows_and_columns(built: ProjectFolder) -> None:
    tables = {table.name: table for table in tell_tables(*built.open()).tables}
    assert tables["trusted.credits"].rows == 6
    assert [vars(column) for column in tables["refined.dim_genre"].columns] == [{"name": "genre", "type": "VARCHAR"}]
    assert [table.rows for table in tables.values()] == [
        query(built, f"SELECT COUNT(*) FROM {name}").rows[0][0] for name in tables
    ]


def test_a_query_fetches_no_table_that_it_does_not_read(folder: ProjectFolder, bucket_place: Place) -> None:
    place = bucket_place
    assert folder.cinelake("run", "--date", DATE, "-q", place=place).returncode == 0
    copies = folder.path / ".cinelake/copies"
    for copy in copies.rglob("*"):
        if copy.is_file():
            copy.unlink()
    lake_before = place.objects()
    result = query_tables(*folder.open(place), QueryOptions("FROM dim_genre ORDER BY genre"))
    assert result.rows == (("Comedy",), ("Drama",), ("Romance",))
    fetched = [copy for copy in copies.rglob("*") if copy.is_file() and copy.read_bytes()[:4] == b"PAR1"]
    assert len(fetched) == 1
    assert place.objects() == lake_before
