"""DuckDB: the engine for one machine, embedded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import duckdb

from cinelake.engine.contract import Column, check_header
from cinelake.engine.interface import CsvFile, JsonFile, Table
from cinelake.engine.rejects import TEXT_CHARACTERS, locate_records, read_header
from cinelake.errors import DataError

SCHEMAS = ("raw", "trusted", "refined")
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
WITH read AS (
    SELECT filename, json AS record, ROW_NUMBER() OVER () AS position
    FROM read_json_objects($paths, format = 'array', filename = true)
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
    position - MIN(position) OVER (PARTITION BY filename) + 1 AS record_number,
    CASE
        WHEN NOT COALESCE(REGEXP_FULL_MATCH(imdb_id, 'tt[0-9]+'), FALSE) THEN 'imdb_id'
        WHEN TRY_CAST(record ->> '$.id' AS BIGINT) IS NULL THEN 'id'
        WHEN popularity IS NOT NULL AND NOT COALESCE(TRY_CAST(popularity AS DECIMAL(24, 16)) >= 0, FALSE)
            THEN 'popularity'
        WHEN budget IS NOT NULL AND NOT COALESCE(TRY_CAST(budget AS BIGINT) >= 0, FALSE) THEN 'budget'
        WHEN revenue IS NOT NULL AND NOT COALESCE(TRY_CAST(revenue AS BIGINT) >= 0, FALSE) THEN 'revenue'
    END AS fault,
    record AS text
FROM read
JOIN raw.tmdb_files AS files ON files.path = read.filename
"""
TMDB_REJECTS = f"""
INSERT INTO raw.rejects
SELECT
    'TMDB', source_key, record_number + 1, fault,
    fault || ' is missing or is not what TMDB promises', LEFT(text, {TEXT_CHARACTERS})
FROM raw.tmdb_read
WHERE fault IS NOT NULL
"""


class DuckDB:
    """An in-memory database that spills below the project's work directory."""

    def __init__(self, work_directory: Path) -> None:
        spill = work_directory / "spill"
        spill.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect(":memory:", config={**SETTINGS, "temp_directory": str(spill)})
        for schema in SCHEMAS:
            self._connection.execute(f"CREATE SCHEMA {schema}")
        self._connection.execute(REJECTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_csv(self, dataset: str, columns: Sequence[Column], files: Sequence[CsvFile]) -> int:
        """See `Engine.read_csv`."""
        table = f"raw.{dataset.lower()}"
        fields = ", ".join(f"{_identifier(column.name)} VARCHAR" for column in columns)
        self._connection.execute(
            f"CREATE TABLE {table}_read ({fields}, source_key VARCHAR, row_number BIGINT, fault VARCHAR)"
        )
        unread = sum(self._read_one_csv(dataset, columns, file) for file in files)
        self._connection.execute(
            f"CREATE VIEW {table} AS SELECT * EXCLUDE (fault) FROM {table}_read WHERE fault IS NULL"
        )
        return self._count(f"{table}_read") + unread

    def _read_one_csv(self, dataset: str, columns: Sequence[Column], file: CsvFile) -> int:
        """Adds a file's rows to `raw.<dataset>_read`; returns how many lines could not be split into fields."""
        header = read_header(file.path, delimiter=file.delimiter, encoding=file.encoding)
        check_header(header, columns, key=file.key)
        names = ", ".join(_identifier(column.name) for column in columns)
        with self._in_words(file.key):
            self._connection.execute(
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
        unread = self._reject_unread(dataset, file)
        self._reject_faulty(dataset, columns, file, unread)
        return len(unread)

    def _reject_unread(self, dataset: str, file: CsvFile) -> list[int]:
        """Moves the reader's own rejects to `raw.rejects`, one a line; returns the lines."""
        rows = self._connection.execute(
            """
            SELECT line, ANY_VALUE(csv_line), ARG_MIN(error_type::VARCHAR, byte_position) FROM unread
            GROUP BY line ORDER BY line
            """
        ).fetchall()
        self._connection.execute("DROP TABLE unread; DROP TABLE unread_scans")
        self._reject(
            [
                (dataset, file.key, line, None, f"cannot be split into fields: {reason.lower()}", text)
                for line, text, reason in rows
            ]
        )
        return [line for line, _, _ in rows]

    def _reject_faulty(self, dataset: str, columns: Sequence[Column], file: CsvFile, unread: list[int]) -> None:
        """Copies the rows that broke the contract to `raw.rejects`, with their line and reason."""
        rows = self._connection.execute(
            f"SELECT row_number, fault FROM raw.{dataset.lower()}_read WHERE fault IS NOT NULL AND source_key = ?",
            [file.key],
        ).fetchall()
        if not rows:
            return
        expectations = {column.name: column.expectation for column in columns}
        where = locate_records(
            file.path,
            delimiter=file.delimiter,
            encoding=file.encoding,
            rows=[row for row, _ in rows],
            unread_lines=unread,
        )
        self._reject(
            [
                (dataset, file.key, where[row][0], fault, f"{fault} {expectations[fault]}", where[row][1])
                if row in where
                else (dataset, file.key, None, fault, f"{fault} {expectations[fault]}", f"record {row}")
                for row, fault in rows
            ]
        )

    def _reject(self, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.executemany(
                f"INSERT INTO raw.rejects VALUES (?, ?, ?, ?, ?, LEFT(?, {TEXT_CHARACTERS}))", rows
            )

    def read_tmdb(self, files: Sequence[JsonFile]) -> int:
        """See `Engine.read_tmdb`."""
        self._connection.execute(
            "CREATE TABLE raw.tmdb_files (path VARCHAR, source_key VARCHAR, kind VARCHAR, asked_at TIMESTAMP)"
        )
        if files:
            self._connection.executemany(
                "INSERT INTO raw.tmdb_files VALUES (?, ?, ?, ?)",
                [(str(file.path), file.key, file.kind, file.asked_at.replace(tzinfo=None)) for file in files],
            )
            with self._in_words("the TMDB records"):
                self._connection.execute(TMDB, {"paths": [_pattern(file.path) for file in files]})
        else:
            self._connection.execute(
                """
                CREATE TABLE raw.tmdb_read (
                    kind VARCHAR, imdb_id VARCHAR, id VARCHAR, popularity VARCHAR, budget VARCHAR, revenue VARCHAR,
                    asked_at TIMESTAMP, source_key VARCHAR, record_number BIGINT, fault VARCHAR, text VARCHAR
                )
                """
            )
        self._connection.execute(TMDB_REJECTS)
        self._connection.execute(
            "CREATE VIEW raw.tmdb AS SELECT * EXCLUDE (fault, text) FROM raw.tmdb_read WHERE fault IS NULL"
        )
        return self._count("raw.tmdb_read")

    def make_table(self, name: str, select: str, path: Path) -> int:
        """See `Engine.make_table`."""
        with self._in_words(name):
            self._connection.execute(f"COPY ({select}) TO {_text(path)} (FORMAT parquet, COMPRESSION zstd)")
        self.attach(name, path)
        return self._count(name)

    def attach(self, name: str, path: Path) -> None:
        """See `Engine.attach`."""
        with self._in_words(name):
            self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({_text(_pattern(path))})")

    def hold(self, name: str, select: str) -> None:
        """See `Engine.hold`."""
        with self._in_words(name):
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_identifier(name)} AS {select}")

    def query(self, select: str) -> Table:
        """See `Engine.query`."""
        with self._in_words("the query"):
            cursor = self._connection.execute(select)
            return Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))

    def close(self) -> None:
        """See `Engine.close`."""
        self._connection.close()

    def _count(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0])

    def _in_words(self, what: str) -> "_Failures":
        return _Failures(what)


class _Failures:
    """Turns DuckDB's errors inside a `with` into ours."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
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
