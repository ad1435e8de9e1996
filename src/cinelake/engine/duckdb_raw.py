"""CSV files and TMDB records into `raw.*` by DuckDB's own readers, each row held against its contract."""

from collections.abc import Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Protocol

import duckdb

from cinelake.engine.contract import Column, check_header
from cinelake.engine.encodings import copy_as_utf8
from cinelake.engine.interface import CsvFile, CsvRead, JsonFile, Table
from cinelake.engine.quoting import identifier, text
from cinelake.engine.rejects import TEXT_CHARACTERS, Unread, count_lines_before_header, read_header, tell_rejects
from cinelake.errors import DataError

SCHEMA = "raw"
HELD_BYTES = 400_000_000
"""Files of a dataset up to this size in all are held in memory; larger ones are kept as Parquet below the work folder,
which takes a third longer and no memory."""
REJECTS_AT_ONCE = 20_000
"""Kept at a time: where a column is written wrongly throughout, every row is one."""
SMALL = 2**15 - 1
WHOLE_NUMBER = r"\s*[+-]?[0-9]+(\.0*)?\s*"
NUMBER = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*"
"""What is a number, as text: blanks around it do no harm."""
FILE_ROWS = 2**40
"""More rows than a file has: the distance of the positions of two files' first rows."""

REJECTS = """
CREATE TABLE raw.rejects (
    dataset VARCHAR, source_key VARCHAR, line BIGINT, "column" VARCHAR, reason VARCHAR, text VARCHAR
)
"""
TMDB = f"""
CREATE TABLE raw.tmdb_read AS
WITH all_read AS (
    SELECT filename, json AS record, ROW_NUMBER() OVER () AS position
    FROM read_json_objects($paths, format = 'array', filename = true)
),
read AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY filename ORDER BY position) AS number,
        -- All at once: each extraction by itself would parse the whole record.
        json_extract_string(
            record, ['$.imdb_id', '$.external_ids.imdb_id', '$.id', '$.popularity', '$.budget', '$.revenue']
        ) AS fields
    FROM all_read
)
SELECT
    files.kind,
    COALESCE(fields[1], fields[2]) AS imdb_id,
    TRY_CAST(fields[3] AS BIGINT) AS id,
    TRY_CAST(fields[4] AS DECIMAL(24, 16)) AS popularity,
    TRY_CAST(fields[5] AS BIGINT) AS budget,
    TRY_CAST(fields[6] AS BIGINT) AS revenue,
    files.asked_at,
    files.source_key,
    titles.asked_for,
    read.number,
    CASE
        WHEN NOT COALESCE(REGEXP_FULL_MATCH(imdb_id, 'tt[0-9]+'), FALSE) THEN 'imdb_id'
        WHEN imdb_id <> asked_for THEN 'imdb_id'
        WHEN NOT COALESCE(id = TRY_CAST(fields[3] AS DOUBLE), FALSE) THEN 'id'
        WHEN fields[4] IS NOT NULL AND NOT COALESCE(popularity >= 0, FALSE) THEN 'popularity'
        WHEN fields[5] IS NOT NULL AND NOT COALESCE(budget >= 0 AND budget = TRY_CAST(fields[5] AS DOUBLE), FALSE)
            THEN 'budget'
        WHEN fields[6] IS NOT NULL AND NOT COALESCE(revenue >= 0 AND revenue = TRY_CAST(fields[6] AS DOUBLE), FALSE)
            THEN 'revenue'
    END AS fault,
    CASE WHEN fault IS NOT NULL THEN LEFT(record, {TEXT_CHARACTERS}) END AS text
FROM read
JOIN raw.tmdb_files AS files ON files.path = read.filename
LEFT JOIN raw.tmdb_titles AS titles ON titles.path = read.filename AND titles.number = read.number
"""
TMDB_FAULTY = """
SELECT DISTINCT path FROM raw.tmdb_read AS read JOIN raw.tmdb_files AS files USING (source_key) WHERE fault IS NOT NULL
"""
TMDB_REJECTS = """
INSERT INTO raw.rejects
WITH all_read AS (
    SELECT filename, json AS record, ROW_NUMBER() OVER () AS position
    FROM read_json_objects($paths, format = 'array', filename = true)
),
placed AS (
    SELECT
        filename,
        ROW_NUMBER() OVER (PARTITION BY filename ORDER BY position) AS number,
        -- A record a line after the opening bracket, but for those that were landed with newlines of their own.
        1 + COUNT(*) OVER before + COALESCE(SUM(LENGTH(record) - LENGTH(REPLACE(record, CHR(10), ''))) OVER before, 0)
        + 1 AS line
    FROM all_read
    WINDOW before AS (
        PARTITION BY filename ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
SELECT
    'TMDB', read.source_key, placed.line, read.fault,
    CASE
        WHEN read.fault = 'imdb_id' AND read.imdb_id <> read.asked_for
            THEN 'TMDB was asked for ' || read.asked_for || ' and answered with ' || read.imdb_id
        ELSE read.fault || ' is missing or is not what TMDB promises'
    END,
    read.text
FROM raw.tmdb_read AS read
JOIN raw.tmdb_files AS files USING (source_key)
JOIN placed ON placed.filename = files.path AND placed.number = read.number
WHERE read.fault IS NOT NULL
"""


class Execute(Protocol):
    """Runs a statement."""

    def __call__(self, statement: str, parameters: object = None, /) -> Table: ...


class RawReader:
    """Fills the schema `raw` of a DuckDB connection."""

    def __init__(self, execute: Execute, folder: Path) -> None:
        """Makes the schema, and its table of rejects.

        Args:
            execute: runs a statement on the connection.
            folder: for what is too large to be held in memory; there already.
        """
        self._execute = execute
        self._folder = folder
        execute(f"CREATE SCHEMA {SCHEMA}")
        execute(REJECTS)

    def read_csv(self, dataset: str, columns: Sequence[Column], files: Sequence[CsvFile]) -> CsvRead:
        """See `Engine.read_csv`."""
        copies = [self._folder / f"{SCHEMA}.{dataset.lower()}-{number:06}.csv" for number in range(len(files))]
        files = [copy_as_utf8(file, copy) for file, copy in zip(files, copies, strict=True)]
        headers = [read_header(file.path, delimiter=file.delimiter, encoding=file.encoding) for file in files]
        for file, header in zip(files, headers, strict=True):
            check_header(header, columns, key=file.key)
        table = f"{SCHEMA}.{dataset.lower()}"
        if sum(file.path.stat().st_size for file in files) <= HELD_BYTES:
            rows = self._hold(table, columns, files, headers)
        else:
            rows = self._store(table, columns, files, headers)
        unread = sum(self._reject_rows(dataset, columns, file, number) for number, file in enumerate(files))
        for copy in copies:
            copy.unlink(missing_ok=True)
        names = ", ".join(f"read.{identifier(column.name)}" for column in columns)
        self._execute(
            f"CREATE VIEW {table} AS SELECT {names}, files.source_key, read.row_number, "
            f"files.file_number * {FILE_ROWS} + read.row_number AS position "
            f"FROM {table}_read AS read JOIN {table}_files AS files USING (file_number) WHERE read.fault IS NULL"
        )
        known = {column.name for column in columns}
        ignored = {
            file.key: tuple(name for name in header if name not in known)
            for file, header in zip(files, headers, strict=True)
        }
        return CsvRead(sum(rows) + unread, {key: names for key, names in ignored.items() if names})

    def _hold(
        self, table: str, columns: Sequence[Column], files: Sequence[CsvFile], headers: Sequence[Sequence[str]]
    ) -> list[int]:
        """Reads into memory. A table's rows keep the order of the file, and are numbered by `rowid`."""
        fields = ", ".join(f"{identifier(column.name)} {type_of(column)}" for column in columns)
        self._execute(f"CREATE TABLE {table}_held ({fields}, fault VARCHAR, file_number INTEGER)")
        rows = [
            self._read(f"INSERT INTO {table}_held", columns, file, header, number)
            for number, (file, header) in enumerate(zip(files, headers, strict=True))
        ]
        self._name_files(table, files, [0, *accumulate(rows)][: len(rows)])
        self._execute(
            f"CREATE VIEW {table}_read AS SELECT held.*, held.rowid + 1 - files.rows_before AS row_number "
            f"FROM {table}_held AS held JOIN {table}_files AS files USING (file_number)"
        )
        return rows

    def _store(
        self, table: str, columns: Sequence[Column], files: Sequence[CsvFile], headers: Sequence[Sequence[str]]
    ) -> list[int]:
        """Reads into Parquet files, which keep the order of the rows, too."""
        paths = [self._folder / f"{table}-{number:06}.parquet" for number in range(len(files))]
        rows = [
            self._read("COPY", columns, file, header, number, f"TO {text(path)} (FORMAT parquet, COMPRESSION lz4_raw)")
            for number, (file, header, path) in enumerate(zip(files, headers, paths, strict=True))
        ]
        self._name_files(table, files, [0] * len(files))
        told = ", ".join(text(pattern(path)) for path in paths)
        self._execute(
            f"CREATE VIEW {table}_read AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS row_number "
            f"FROM read_parquet([{told}], file_row_number = true)"
        )
        return rows

    def _name_files(self, table: str, files: Sequence[CsvFile], rows_before: Sequence[int]) -> None:
        self._execute(f"CREATE TABLE {table}_files (file_number INTEGER, source_key VARCHAR, rows_before BIGINT)")
        self._insert(
            f"{table}_files",
            ("INTEGER", "VARCHAR", "BIGINT"),
            [(number, file.key, rows_before[number]) for number, file in enumerate(files)],
        )

    def _read(
        self, begin: str, columns: Sequence[Column], file: CsvFile, header: Sequence[str], number: int, end: str = ""
    ) -> int:
        """Runs a statement around the SELECT of a file's rows; returns how many they are."""
        values = ", ".join(f"{_value_of(column)} AS {identifier(column.name)}" for column in columns)
        select = f"""
            SELECT {values}, {_fault_of(columns)} AS fault, {number}::INTEGER AS file_number
            FROM read_csv(
                $path, columns = $columns, header = true, auto_detect = false, skip = $skip,
                delim = $delimiter, quote = '"', escape = '"', nullstr = $null, strict_mode = true,
                store_rejects = true, rejects_limit = 0,
                rejects_table = 'unread_{number}', rejects_scan = 'scan_{number}'
            )
        """
        # What no table keeps may have no name, or one that DuckDB does not take.
        known = {column.name for column in columns}
        names = [name if name in known else f"ignored {number}" for number, name in enumerate(header)]
        parameters = {
            "path": pattern(file.path),
            "columns": dict.fromkeys(names, "VARCHAR"),
            "skip": count_lines_before_header(file.path, delimiter=file.delimiter, encoding=file.encoding),
            "delimiter": file.delimiter,
            "null": file.null,
        }
        with in_words(file.key):
            made = self._execute(f"{begin} ({select}) {end}" if end else f"{begin} {select}", parameters)
        return int(made.rows[0][0])

    def _reject_rows(self, dataset: str, columns: Sequence[Column], file: CsvFile, number: int) -> int:
        """Copies what the reader could not split, and the rows that broke the contract, to `raw.rejects`.

        Returns how many could not be split; however many faults a record has, it is rejected once.
        """
        # DuckDB's `line` counts records: a quoted newline does not add to it, a blank line does.
        unread = {
            record: Unread(*told)
            for record, *told in self._execute(
                f"""
                SELECT
                    line, LEFT(TRIM(ANY_VALUE(csv_line), E'\\r\\n'), {TEXT_CHARACTERS}),
                    REGEXP_MATCHES(TRIM(ANY_VALUE(csv_line), E'\\r\\n'), '[\\r\\n]'),
                    ARG_MIN(error_type::VARCHAR, byte_position)
                FROM unread_{number}
                GROUP BY line
                ORDER BY line
                """
            ).rows
        }
        self._execute(f"DROP TABLE unread_{number}; DROP TABLE scan_{number}")
        faulty = dict(
            self._execute(
                f"SELECT row_number, fault FROM {SCHEMA}.{dataset.lower()}_read "
                f"WHERE fault IS NOT NULL AND file_number = {number}"
            ).rows
        )
        told = tell_rejects(dataset, file, columns, unread, faulty) if unread or faulty else iter(())
        types = ("VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR", "VARCHAR")
        while batch := list(islice(told, REJECTS_AT_ONCE)):
            self._insert(f"{SCHEMA}.rejects", types, batch)
        return len(unread)

    def read_tmdb(self, files: Sequence[JsonFile]) -> int:
        """See `Engine.read_tmdb`."""
        self._execute(
            "CREATE TABLE raw.tmdb_files (path VARCHAR, source_key VARCHAR, kind VARCHAR, asked_at TIMESTAMP)"
        )
        self._execute("CREATE TABLE raw.tmdb_titles (path VARCHAR, number BIGINT, asked_for VARCHAR)")
        if files:
            self._insert(
                "raw.tmdb_files",
                ("VARCHAR", "VARCHAR", "VARCHAR", "TIMESTAMP"),
                [(str(file.path), file.key, file.kind, file.asked_at.replace(tzinfo=None)) for file in files],
            )
            asked = [file for file in files if file.titles]
            self._execute(
                """
                INSERT INTO raw.tmdb_titles
                SELECT path, GENERATE_SUBSCRIPTS(titles, 1), UNNEST(titles)
                FROM (SELECT UNNEST($paths::VARCHAR[]) AS path, UNNEST($titles::VARCHAR[][]) AS titles)
                """,
                {"paths": [str(file.path) for file in asked], "titles": [list(file.titles) for file in asked]},
            )
            with in_words("the TMDB records"):
                self._execute(TMDB, {"paths": [pattern(file.path) for file in files]})
        else:
            self._execute(
                """
                CREATE TABLE raw.tmdb_read (
                    kind VARCHAR, imdb_id VARCHAR, id BIGINT, popularity DECIMAL(24, 16), budget BIGINT, revenue BIGINT,
                    asked_at TIMESTAMP, source_key VARCHAR, asked_for VARCHAR, number BIGINT, fault VARCHAR,
                    text VARCHAR
                )
                """
            )
        if faulty := self._execute(TMDB_FAULTY).rows:
            self._execute(TMDB_REJECTS, {"paths": [pattern(Path(path)) for [path] in faulty]})
        self._execute(
            "CREATE VIEW raw.tmdb AS SELECT * EXCLUDE (asked_for, fault, text) FROM raw.tmdb_read WHERE fault IS NULL"
        )
        return int(self._execute("SELECT COUNT(*) FROM raw.tmdb_read").rows[0][0])

    def _insert(self, table: str, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Adds rows: a column at a time, which takes one statement."""
        if rows:
            lists = ", ".join(f"UNNEST(${number}::{each}[])" for number, each in enumerate(types, start=1))
            self._execute(f"INSERT INTO {table} SELECT {lists}", [list(column) for column in zip(*rows, strict=True)])


class in_words:  # noqa: N801 it is used as a function
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


def pattern(path: Path) -> str:
    """A path for a reader that takes glob patterns: what would be one stands for itself."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def type_of(column: Column) -> str:
    """The SQL type of a column in `raw.*`."""
    match column.type:
        case "text":
            return "VARCHAR"
        case "integer":
            return "SMALLINT" if column.maximum <= SMALL else "INTEGER"
        case "decimal":
            return "DECIMAL(18, 9)"


def _value_of(column: Column) -> str:
    name = identifier(column.name)
    if column.type == "text":
        # What titles are told apart by has no blanks around it.
        return f"TRIM({name})" if column.required else name
    return f"TRY_CAST({name} AS {type_of(column)})"


def _fault_of(columns: Sequence[Column]) -> str:
    """An expression that names the first column of a row that breaks the contract, or is NULL."""
    cases = [f"WHEN {broken} THEN {text(column.name)}" for column in columns if (broken := _broken(column))]
    return f"CASE {' '.join(cases)} END"


def _broken(column: Column) -> str | None:
    name, value = identifier(column.name), _value_of(column)
    beyond = f"{value} IS NULL OR {value} NOT BETWEEN {column.minimum} AND {column.maximum}"
    match column.type:
        case "text":
            return f"COALESCE({value}, '') = ''" if column.required else None
        # A cast alone would round 12.7, and take 1_000 and 1e3, which a spreadsheet rounded. Within CASE what is after
        # OR runs only where what is before it is false, so that hardly any value meets a pattern.
        case "integer":
            unlike = f"{name} <> {value}::VARCHAR AND NOT REGEXP_FULL_MATCH({name}, {text(WHOLE_NUMBER)})"
            return f"{name} IS NOT NULL AND ({beyond} OR ({unlike}))"
        case "decimal":
            return f"{name} IS NOT NULL AND ({beyond} OR NOT REGEXP_FULL_MATCH({name}, {text(NUMBER)}))"
