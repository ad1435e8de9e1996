"""A query → rows, and what tables there are to query: those of the newest build."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from cinelake.config import Project
from cinelake.engine import open_embedded
from cinelake.engine.interface import EmbeddedEngine, Engine
from cinelake.engine.published import attach_newest, demand_build, read_newest, tables_of
from cinelake.errors import ConfigurationError, DataError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.manifests import Manifest
from cinelake.query.keeping import check_target, put_in_place, reserved_file, write_rows
from cinelake.query.statement import TABLES, Statement, find_tables, read_statement
from cinelake.query.values import plain_value, readable_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

STAGE = "sql"
HELD = "query_rows"
"""The table that holds what a query gave, until it is read or written."""


@dataclass(frozen=True)
class QueryOptions:
    """What is queried."""

    sql: str
    """One SELECT over `trusted.titles`, `refined.fact_title`…; a bare name will do where it stands for one table."""
    until: date | None = None
    """The tables of the newest build of this date or earlier."""
    limit: int | None = None
    """Rows that are returned at most; None returns all."""
    parquet: Path | None = None
    """Writes all rows to this file, and returns none of them. A file that is there is replaced."""


@dataclass(frozen=True)
class RelationOptions:
    """What is queried, for a relation."""

    sql: str
    """As that of `QueryOptions`."""
    until: date | None = None
    """The tables of the newest build of this date or earlier."""


@dataclass(frozen=True)
class TellingOptions:
    """Which tables are told of."""

    until: date | None = None
    """Those of the newest build of this date or earlier."""


@dataclass(frozen=True)
class QueryColumn:
    """A column of a table, or of what a query gave."""

    name: str
    type: str
    """In the engine's SQL, as in `DECIMAL(3,1)`."""


@dataclass(frozen=True)
class QueryResult:
    """What a query gave."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    build: str
    """The run id of the build whose tables were read."""
    columns: tuple[QueryColumn, ...]
    """Their names are unique: the second of two that are called `a` is `a_1`."""
    rows: tuple[tuple[Any, ...], ...]
    """Decimals are Decimal; dates, times, intervals and BLOBs are text as SQL writes it, at any depth."""
    row_count: int
    """Rows that the query gave, whatever the limit."""
    path: Path | None = None
    """The file that holds the rows, where one was asked for."""

    @property
    def status(self) -> Status:
        """`done`: it can be nothing else."""
        return "done"

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: one object a row, its values as `plain_value` gives them; or the file's path."""
        names = [column.name for column in self.columns]
        told: dict[str, Any] = {
            "build": self.build,
            "columns": names,
            "types": [column.type for column in self.columns],
            "row_count": self.row_count,
        }
        if self.path is not None:
            return {**told, "path": str(self.path)}
        return {**told, "rows": [dict(zip(names, map(plain_value, row), strict=True)) for row in self.rows]}


@dataclass(frozen=True)
class QueryRelation:
    """What a query gave, held by the engine and not copied into Python."""

    run: Run
    build: str
    """The run id of the build whose tables were read."""
    relation: "DuckDBPyRelation"


@dataclass(frozen=True)
class LakeTable:
    """A table that can be queried."""

    name: str
    """As in `refined.fact_title`."""
    rows: int
    columns: tuple[QueryColumn, ...]


@dataclass(frozen=True)
class TablesResult:
    """What tables there are to query."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    build: str
    """The run id of the build that made them."""
    tables: tuple[LakeTable, ...]

    @property
    def status(self) -> Status:
        """`done`: it can be nothing else."""
        return "done"

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "build": self.build,
            "tables": [
                {"name": table.name, "rows": table.rows, "columns": [vars(column) for column in table.columns]}
                for table in self.tables
            ],
        }


def query_tables(
    project: Project, lake: Lake, run: Run, options: QueryOptions, on_event: OnEvent = silent
) -> QueryResult:
    """Runs a query over the tables of the newest build; only those that it names are fetched.

    Raises:
        ConfigurationError: it is not one query that only reads tables, the engine refuses it, or nothing was built.
        DataError: a table in the lake is not the one that was built.
        AccessError: the file that was asked for cannot be written.
    """
    if options.parquet is not None:
        check_target(project, options.parquet)
    demand_build(lake, options.until)
    with ExitStack() as held:
        engine = held.enter_context(open_embedded(project))
        build, statement = _fetch(engine, lake, options, on_event)
        path = held.enter_context(reserved_file(engine, project)) if options.parquet is not None else None
        engine.confine()
        on_event(Event(STAGE, "running the query"))
        columns = _hold(engine, statement.text)
        [[row_count]] = engine.query(f"SELECT COUNT(*) FROM {HELD}").rows
        limit = f" LIMIT {options.limit}" if options.limit is not None else ""
        rows: tuple[tuple[Any, ...], ...] = ()
        if options.parquet is not None and path is not None:
            write_rows(engine, f"SELECT * FROM {HELD}", path)
            put_in_place(path, options.parquet)
        else:
            rows = engine.query(f"SELECT {readable_columns(columns)} FROM {HELD}{limit}").rows
    # As with an answer, what was read belongs to the date of its build.
    run = run.on(build.processing_date)
    return QueryResult(run, str(lake), build.run_id, columns, rows, int(row_count), options.parquet)


@contextmanager
def relate_query(
    project: Project, lake: Lake, run: Run, options: RelationOptions, on_event: OnEvent = silent
) -> Iterator[QueryRelation]:
    """Runs a query as `query_tables` does, and gives a relation over its rows for the length of a `with`.

    What is made of the relation reads those rows alone: the tables that they came from are not there any more.

    Raises:
        ConfigurationError: see `query_tables`.
        DataError: a table in the lake is not the one that was built.
    """
    demand_build(lake, options.until)
    with open_embedded(project) as engine:
        build, statement = _fetch(engine, lake, options, on_event)
        engine.confine()
        on_event(Event(STAGE, "running the query"))
        yield QueryRelation(run.on(build.processing_date), build.run_id, _relate(engine, statement.text))


def _relate(engine: EmbeddedEngine, text: str) -> "DuckDBPyRelation":
    """A relation over a query's rows, which whoever gets it is alone to hold.

    Raises:
        ConfigurationError: the engine refuses it; with the engine's words and the line.
    """
    try:
        relation = engine.relate(HELD, text)
    except DataError as error:
        raise _in_words(error) from error
    # SQL of the relation's may write where it may read, and these may be links to what lies in the lake.
    for pin in engine.folder.glob("*.parquet"):
        pin.unlink()
    return relation


def tell_tables(
    project: Project, lake: Lake, run: Run, options: TellingOptions | None = None, on_event: OnEvent = silent
) -> TablesResult:
    """Tells which tables the newest build has, and their columns.

    Raises:
        ConfigurationError: nothing was built.
        DataError: a table in the lake is not the one that was built.
    """
    options = options or TellingOptions()
    demand_build(lake, options.until)
    on_event(Event(STAGE, "fetching the tables"))
    with open_embedded(project) as engine:
        build, names = attach_newest(engine, lake, options.until)
        columns = {name: _columns_of(engine, name) for name in names}
    tables = tuple(LakeTable(table.name, table.rows, columns[table.name]) for table in tables_of(build))
    return TablesResult(run.on(build.processing_date), str(lake), build.run_id, tables)


def _fetch(
    engine: Engine, lake: Lake, options: QueryOptions | RelationOptions, on_event: OnEvent
) -> tuple[Manifest, Statement]:
    """Lets the engine read the tables that a query names, once it is known to do nothing but read."""
    statement = read_statement(engine, options.sql)
    on_event(Event(STAGE, "fetching the tables"))
    return read_newest(lake, options.until, lambda build: _attach(engine, lake, build, statement)), statement


def _attach(engine: Engine, lake: Lake, build: Manifest, statement: Statement) -> Manifest:
    """Lets the engine read the tables of a build that a query names, by the very names that it uses."""
    tables = {table.name: table for table in tables_of(build)}
    found = find_tables(statement, list(tables))
    paths = {name: lake.pin_all(tables[name].records, engine.folder) for name in set(found.values())}
    for written, name in found.items():
        engine.attach(written, paths[name])
    return build


def _hold(engine: Engine, text: str) -> tuple[QueryColumn, ...]:
    """Runs the user's query, keeps its rows as a table in the engine, and tells their columns.

    Raises:
        ConfigurationError: the engine refuses it; with the engine's words and the line.
    """
    try:
        engine.hold(HELD, text)
    except DataError as error:
        raise _in_words(error) from error
    return _columns_of(engine, HELD)


def _columns_of(engine: Engine, table: str) -> tuple[QueryColumn, ...]:
    return tuple(QueryColumn(name, type_) for name, type_ in engine.columns_of(table).items())


def readable_columns(columns: Sequence[QueryColumn]) -> str:
    """The columns, each as `values.readable_type` has it."""
    return ", ".join(_as_read(column) for column in columns)


def _as_read(column: QueryColumn) -> str:
    name = '"' + column.name.replace('"', '""') + '"'
    readable = readable_type(column.type)
    return name if readable == column.type else f"CAST({name} AS {readable}) AS {name}"


def _in_words(error: DataError) -> ConfigurationError:
    """What the engine says of a query: its sentence, the line, and for a wrong name those that are nearly the same."""
    told = str(error.__cause__ or error.what)
    first = told.partition("\n")[0].removesuffix("!")
    line = re.search(r"^LINE (\d+):", told, re.MULTILINE)
    near = re.search(r"^(?:Candidate bindings|Candidate functions|Did you mean):? (.+?)\??$", told, re.MULTILINE)
    place = f", line {line[1]}" if line else ""
    # Of tables the engine knows its own as well; those that are not of the lake were told before it was asked.
    hint = TABLES if "Table with name" in first else f"did you mean {near[1]}?" if near else "mend the SQL there"
    return ConfigurationError(f"the query{place}: {first}", hint)
