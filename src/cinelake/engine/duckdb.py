"""DuckDB: the engine for one machine, embedded."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb

from cinelake.engine.contract import Column, check_header
from cinelake.engine.interface import CsvFile, JsonFile, Table
from cinelake.engine.rejects import TEXT_CHARACTERS, Place, locate_records, read_header
from cinelake.errors import AccessError, DataError

SCHEMAS = ("raw", "trusted", "refined")
SWALLOWING = ("UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM")
"""Errors of DuckDB's reader after which it has taken more than a record: the rows in it are no longer told apart."""
INTERRUPT_EVERY_S = 0.1
"""How often an interruption is repeated until the statement has ended: one that comes before its start is not heard."""
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    # Nothing is fetched at run time: what is needed is in the wheel.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # Row numbers are those of the file.
    "preserve_insertion_order": True,
}

REJECTS = """
CREATE TABLE raw.rejects (
    dataset VARCHAR, source_key VARCHAR, line BIGINT, "column" VARCHAR, reason VARCHAR, text VARCHAR
)
"""
TMDB = """
CREATE TABLE raw.tmdb_read AS
WITH all_read AS (
    SELECT filename, json AS record, ROW_NUMBER() OVER () AS position
    FROM read_json_objects($paths, format = 'array', filename = true)
),
read AS (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY filename ORDER BY position) AS number
    FROM all_read
)
SELECT
    files.kind,
    COALESCE(record ->> '$.imdb_id', record ->> '$.external_ids.imdb_id') AS imdb_id,
    record ->> '$.id' AS id,
    record ->> '$.popularity' AS popularity,
    record ->> '$.budget' AS budget,
    record ->> '$.revenue' AS revenue,
    files.asked_at,
    files.source_key,
    titles.asked_for,
    -- A record a line after the opening bracket, but for those that were landed with newlines of their own.
    1 + COUNT(*) OVER before + COALESCE(SUM(LENGTH(record) - LENGTH(REPLACE(record, CHR(10), ''))) OVER before, 0)
    + 1 AS line,
    CASE
        WHEN NOT COALESCE(REGEXP_FULL_MATCH(imdb_id, 'tt[0-9]+'), FALSE) THEN 'imdb_id'
        WHEN imdb_id <> asked_for THEN 'imdb_id'
        WHEN TRY_CAST(record ->> '$.id' AS BIGINT) IS NULL THEN 'id'
        WHEN popularity IS NOT NULL AND NOT COALESCE(TRY_CAST(popularity AS DECIMAL(24, 16)) >= 0, FALSE)
            THEN 'popularity'
        WHEN budget IS NOT NULL
            AND NOT COALESCE(
                TRY_CAST(budget AS BIGINT) >= 0 AND TRY_CAST(budget AS BIGINT) = TRY_CAST(budget AS DOUBLE), FALSE
            )
            THEN 'budget'
        WHEN revenue IS NOT NULL
            AND NOT COALESCE(
                TRY_CAST(revenue AS BIGINT) >= 0 AND TRY_CAST(revenue AS BIGINT) = TRY_CAST(revenue AS DOUBLE), FALSE
            )
            THEN 'revenue'
    END AS fault,
    record AS text
FROM read
JOIN raw.tmdb_files AS files ON files.path = read.filename
LEFT JOIN raw.tmdb_titles AS titles ON titles.path = read.filename AND titles.number = read.number
WINDOW before AS (
    PARTITION BY filename ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
)
"""
TMDB_REJECTS = f"""
INSERT INTO raw.rejects
SELECT
    'TMDB', source_key, line, fault,
    CASE
        WHEN fault = 'imdb_id' AND imdb_id <> asked_for
            THEN 'TMDB was asked for ' || asked_for || ' and answered with ' || imdb_id
        ELSE fault || ' is missing or is not what TMDB promises'
    END,
    LEFT(text, {TEXT_CHARACTERS})
FROM raw.tmdb_read
WHERE fault IS NOT NULL
"""


class DuckDB:
    """An in-memory database that spills below the project's work directory."""

    def __init__(self, work_directory: Path) -> None:
        """Opens it.

        Raises:
            AccessError: the work directory cannot be made.
        """
        spill = work_directory / "spill"
        try:
            spill.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AccessError(
                f"no work folder can be made at {work_directory}: {error.strerror}", "make the project folder writable"
            ) from error
        self._connection = duckdb.connect(":memory:", config={**SETTINGS, "temp_directory": str(spill)})
        self._attached: list[Path] = []
        for schema in SCHEMAS:
            self._execute(f"CREATE SCHEMA {schema}")
        self._execute(REJECTS)

    def read_csv(self, dataset: str, columns: Sequence[Column], files: Sequence[CsvFile]) -> int:
        """See `Engine.read_csv`."""
        table = f"raw.{dataset.lower()}"
        fields = ", ".join(f"{_identifier(column.name)} VARCHAR" for column in columns)
        self._execute(f"CREATE TABLE {table}_read ({fields}, source_key VARCHAR, row_number BIGINT, fault VARCHAR)")
        unread = sum(self._read_one_csv(dataset, columns, file) for file in files)
        self._execute(f"CREATE VIEW {table} AS SELECT * EXCLUDE (fault) FROM {table}_read WHERE fault IS NULL")
        return self._count(f"{table}_read") + unread

    def _read_one_csv(self, dataset: str, columns: Sequence[Column], file: CsvFile) -> int:
        """Adds a file's rows to `raw.<dataset>_read`; returns how many lines could not be split into fields."""
        header = read_header(file.path, delimiter=file.delimiter, encoding=file.encoding)
        check_header(header, columns, key=file.key)
        names = ", ".join(_identifier(column.name) for column in columns)
        with self._in_words(file.key):
            self._execute(
                f"""
                INSERT INTO raw.{dataset.lower()}_read
                SELECT {names}, $key, ROW_NUMBER() OVER (), {_fault_of(columns)}
                FROM read_csv(
                    $path, columns = $columns, header = true, auto_detect = false, encoding = $encoding,
                    delim = $delimiter, quote = '"', escape = '"', nullstr = $null, strict_mode = true,
                    store_rejects = true, rejects_limit = 0, rejects_table = 'unread', rejects_scan = 'unread_scans'
                )
                """,
                {
                    "key": file.key,
                    "path": _pattern(file.path),
                    "columns": dict.fromkeys(header, "VARCHAR"),
                    "encoding": file.encoding,
                    "delimiter": file.delimiter,
                    "null": file.null,
                },
            )
        return self._reject_rows(dataset, columns, file)

    def _reject_rows(self, dataset: str, columns: Sequence[Column], file: CsvFile) -> int:
        """Copies what the reader could not split, and the rows that broke the contract, to `raw.rejects`.

        Returns how many could not be split; however many faults a record has, it is rejected once.
        """
        # DuckDB's `line` counts records: a quoted newline does not add to it, a blank line does.
        unread = self._execute(
            "SELECT line, ANY_VALUE(csv_line), ARG_MIN(error_type::VARCHAR, byte_position) FROM unread GROUP BY line"
        ).rows
        self._execute("DROP TABLE unread; DROP TABLE unread_scans")
        faulty = self._execute(
            f"SELECT row_number, fault FROM raw.{dataset.lower()}_read WHERE fault IS NOT NULL AND source_key = ?",
            [file.key],
        ).rows
        if not unread and not faulty:
            return 0
        located = locate_records(
            file.path,
            delimiter=file.delimiter,
            encoding=file.encoding,
            unread=[record for record, _, _ in unread],
            rows=[row for row, _ in faulty],
        )
        rejects: list[tuple[Any, ...]] = []
        for record, text, reason in unread:
            if reason in SWALLOWING and "\n" in text.strip("\r\n"):
                line = located.unread[record].line if record in located.unread else record
                raise DataError(
                    f"{file.key}, line {line}: a quote opens there, does not close, and swallows what is below it",
                    "close that quote, or double it where it is part of the text (RFC 4180), and land the file again",
                )
            place = located.unread.get(record) or Place(record, text.strip("\r\n"))
            told = f"cannot be split into fields: {reason.lower()}"
            rejects.append((dataset, file.key, place.line, None, told, place.text))
        expectations = {column.name: column.expectation for column in columns}
        for row, fault in faulty:
            found = located.rows.get(row)
            line, text = (found.line, found.text) if found else (None, f"row {row}")
            rejects.append((dataset, file.key, line, fault, f"{fault} {expectations[fault]}", text))
        self._execute(
            f"""
            INSERT INTO raw.rejects
            SELECT dataset, source_key, line, "column", reason, LEFT(text, {TEXT_CHARACTERS}) FROM (
                SELECT
                    UNNEST($1::VARCHAR[]) AS dataset, UNNEST($2::VARCHAR[]) AS source_key, UNNEST($3::BIGINT[]) AS line,
                    UNNEST($4::VARCHAR[]) AS "column", UNNEST($5::VARCHAR[]) AS reason, UNNEST($6::VARCHAR[]) AS text
            )
            """,
            [list(column) for column in zip(*rejects, strict=True)],
        )
        return len(unread)

    def read_tmdb(self, files: Sequence[JsonFile]) -> int:
        """See `Engine.read_tmdb`."""
        self._execute(
            "CREATE TABLE raw.tmdb_files (path VARCHAR, source_key VARCHAR, kind VARCHAR, asked_at TIMESTAMP)"
        )
        self._execute("CREATE TABLE raw.tmdb_titles (path VARCHAR, number BIGINT, asked_for VARCHAR)")
        if files:
            self._connection.executemany(
                "INSERT INTO raw.tmdb_files VALUES (?, ?, ?, ?)",
                [(str(file.path), file.key, file.kind, file.asked_at.replace(tzinfo=None)) for file in files],
            )
            asked = [(str(file.path), *each) for file in files for each in enumerate(file.titles, start=1)]
            paths, numbers, titles = (list(column) for column in zip(*asked, strict=True)) if asked else ([], [], [])
            self._execute(
                """
                INSERT INTO raw.tmdb_titles
                SELECT UNNEST($paths::VARCHAR[]), UNNEST($numbers::BIGINT[]), UNNEST($titles::VARCHAR[])
                """,
                {"paths": paths, "numbers": numbers, "titles": titles},
            )
            with self._in_words("the TMDB records"):
                self._execute(TMDB, {"paths": [_pattern(file.path) for file in files]})
        else:
            self._execute(
                """
                CREATE TABLE raw.tmdb_read (
                    kind VARCHAR, imdb_id VARCHAR, id VARCHAR, popularity VARCHAR, budget VARCHAR, revenue VARCHAR,
                    asked_at TIMESTAMP, source_key VARCHAR, asked_for VARCHAR, line BIGINT, fault VARCHAR, text VARCHAR
                )
                """
            )
        self._execute(TMDB_REJECTS)
        self._execute(
            "CREATE VIEW raw.tmdb AS SELECT * EXCLUDE (asked_for, fault, text) FROM raw.tmdb_read WHERE fault IS NULL"
        )
        return self._count("raw.tmdb_read")

    def make_table(self, name: str, select: str, path: Path) -> int:
        """See `Engine.make_table`."""
        with self._in_words(name):
            self._execute(f"COPY ({select}) TO {_text(path)} (FORMAT parquet, COMPRESSION zstd)")
        self.attach(name, path)
        return self._count(name)

    def attach(self, name: str, path: Path) -> None:
        """See `Engine.attach`."""
        with self._in_words(name):
            # A file that is there is read as it is named, whatever pattern its name might be; and only the plain name
            # passes once the engine is confined.
            self._execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({_text(path)})")
        self._attached.append(path)

    def confine(self) -> None:
        """See `Engine.confine`."""
        paths = ", ".join(_text(path) for path in self._attached)
        self._execute(f"SET allowed_paths = [{paths}]")
        self._execute("SET enable_external_access = false")
        self._execute("SET lock_configuration = true")

    def hold(self, name: str, select: str) -> None:
        """See `Engine.hold`."""
        with self._in_words(name):
            self._execute(f"CREATE OR REPLACE TEMP TABLE {_identifier(name)} AS {select}")

    def query(self, select: str) -> Table:
        """See `Engine.query`."""
        with self._in_words("the query"):
            return self._execute(select)

    def close(self) -> None:
        """See `Engine.close`."""
        self._connection.close()

    def _count(self, table: str) -> int:
        return int(self._execute(f"SELECT COUNT(*) FROM {table}").rows[0][0])

    def _execute(self, statement: str, parameters: object = None) -> Table:
        """Runs a statement in a thread of its own, so that this one hears Ctrl-C, which DuckDB may not hear at all."""

        told: Future[Table] = Future()

        def run() -> None:
            try:
                cursor = self._connection.execute(statement, parameters)
                told.set_result(
                    Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))
                )
            except BaseException as error:  # noqa: BLE001 raised again where the result is awaited
                told.set_exception(error)

        thread = Thread(target=run, daemon=True)
        try:
            thread.start()
            return told.result()
        finally:
            while thread.ident is not None and not told.done():
                self._connection.interrupt()
                wait([told], timeout=INTERRUPT_EVERY_S)

    def _in_words(self, what: str) -> "_Failures":
        return _Failures(what)


class _Failures:
    """Turns DuckDB's errors inside a `with` into ours."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, duckdb.InvalidInputException) and "state machine" in str(error):
            raise DataError(
                f"{self._what} has mixed line ends, or ends within a quoted field",
                "save it with one kind of line end (LF or CRLF) and land it again",
            ) from error
        if isinstance(error, duckdb.Error):
            first, *_ = str(error).splitlines()
            raise DataError(f"{self._what} cannot be read: {first}", "mend it, then run again") from error


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _pattern(path: Path) -> str:
    """A path for a reader that takes glob patterns: what would be one stands for itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _fault_of(columns: Sequence[Column]) -> str:
    """An expression that names the first column of a row that breaks the contract, or is NULL."""
    cases = [f"WHEN {broken} THEN {_text(column.name)}" for column in columns if (broken := _broken(column))]
    return f"CASE {' '.join(cases)} END"


def _broken(column: Column) -> str | None:
    name = _identifier(column.name)
    bounds = f"BETWEEN {column.minimum} AND {column.maximum}"
    match column.type:
        case "text":
            return f"COALESCE({name}, '') = ''" if column.required else None
        case "integer":
            # A cast alone would round 12.7; the comparison lets only whole numbers through.
            value = f"TRY_CAST({name} AS BIGINT)"
            whole = f"{value} {bounds} AND {value} = TRY_CAST({name} AS DOUBLE)"
            return f"{name} IS NOT NULL AND NOT COALESCE({whole}, FALSE)"
        case "decimal":
            return f"{name} IS NOT NULL AND NOT COALESCE(TRY_CAST({name} AS DECIMAL(18, 9)) {bounds}, FALSE)"
