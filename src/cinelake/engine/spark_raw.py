"""What runs in Spark's tasks: files of Raw, read by DuckDB's readers, so that both engines take the same rows."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from cinelake.engine.contract import CONTRACTS, Column
from cinelake.engine.duckdb_raw import FILE_ROWS, RawReader, type_of
from cinelake.engine.interface import CsvFile, JsonFile, Table
from cinelake.engine.quoting import identifier
from cinelake.errors import DataError

ROWS = 10_000
"""Of a batch that goes from a task to Spark."""
ARROW = {
    "VARCHAR": pa.string(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(18, 9)": pa.decimal128(18, 9),
    "DECIMAL(24, 16)": pa.decimal128(24, 16),
}
REJECT = {"reject_line": "BIGINT", "reject_column": "VARCHAR", "reject_reason": "VARCHAR", "reject_text": "VARCHAR"}
"""Columns of an output row that is a reject; of any other they are NULL."""
REFUSED = "refused"
"""Column of the one output row of a file that cannot be read at all: the error's words and hint, as JSON."""
TMDB = {
    "kind": "VARCHAR",
    "imdb_id": "VARCHAR",
    "id": "BIGINT",
    "popularity": "DECIMAL(24, 16)",
    "budget": "BIGINT",
    "revenue": "BIGINT",
    "asked_at": "TIMESTAMP",
    "source_key": "VARCHAR",
    "number": "BIGINT",
}
"""Columns of `raw.tmdb`."""

Batches = Iterable[pa.RecordBatch]
Task = Callable[[Batches], Iterator[pa.RecordBatch]]


def columns_of_csv(columns: Sequence[Column]) -> dict[str, str]:
    """Names and types of `raw.<dataset>`."""
    told = {column.name: type_of(column) for column in columns}
    return {**told, "source_key": "VARCHAR", "row_number": "BIGINT", "position": "BIGINT"}


def told_csv(number: int, file: CsvFile) -> str:
    """A task's input: one file, and its place among the files of its dataset."""
    return json.dumps({**asdict(file), "path": str(file.path), "number": number})


def told_json(files: Sequence[JsonFile]) -> str:
    """A task's input: some files of TMDB's records."""
    return json.dumps(
        [{**asdict(each), "path": str(each.path), "asked_at": each.asked_at.isoformat()} for each in files]
    )


def csv_task(dataset: str) -> Task:
    """A task that reads CSV files of a dataset, which `told_csv` told."""

    def read(batches: Batches) -> Iterator[pa.RecordBatch]:
        columns = CONTRACTS[dataset]
        for told in _inputs(batches):
            number = told.pop("number")
            file = CsvFile(**{**told, "path": Path(told["path"])})

            def fill(raw: RawReader, file: CsvFile = file) -> None:
                raw.read_csv(dataset, columns, [file])

            names = ", ".join(identifier(column.name) for column in columns)
            select = (
                f"SELECT {names}, source_key, row_number, {number * FILE_ROWS} + row_number AS position "
                f"FROM raw.{dataset.lower()}"
            )
            yield from _read(fill, select, columns_of_csv(columns))

    return read


def tmdb_task(batches: Batches) -> Iterator[pa.RecordBatch]:
    """A task that reads files of TMDB's records, which `told_json` told."""
    for told in _inputs(batches):
        files = [
            JsonFile(
                **{
                    **each,
                    "path": Path(each["path"]),
                    "asked_at": datetime.fromisoformat(each["asked_at"]),
                    "titles": tuple(each["titles"]),
                }
            )
            for each in told
        ]

        def fill(raw: RawReader, files: Sequence[JsonFile] = files) -> None:
            raw.read_tmdb(files)

        yield from _read(fill, f"SELECT {', '.join(TMDB)} FROM raw.tmdb", TMDB)


def _inputs(batches: Batches) -> Iterator[Any]:
    for batch in batches:
        for told in batch.column(0).to_pylist():
            yield json.loads(told)


def _read(fill: Callable[[RawReader], None], select: str, columns: dict[str, str]) -> Iterator[pa.RecordBatch]:
    """The rows that a reader accepted, then those that it rejected, or that it refused the file."""
    schema = pa.schema([(name, ARROW[type_]) for name, type_ in {**columns, **REJECT, REFUSED: "VARCHAR"}.items()])

    def batch(rows: pa.RecordBatch) -> pa.RecordBatch:
        nothing = pa.nulls(rows.num_rows)
        there = set(rows.schema.names)
        arrays = [(rows.column(field.name) if field.name in there else nothing).cast(field.type) for field in schema]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    with TemporaryDirectory(prefix="cinelake-") as folder, duckdb.connect(":memory:") as connection:

        def execute(statement: str, parameters: object = None, /) -> Table:
            cursor = connection.execute(statement, parameters)
            return Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))

        raw = RawReader(execute, Path(folder))
        try:
            fill(raw)
        except DataError as error:
            yield batch(pa.RecordBatch.from_pylist([{REFUSED: json.dumps([error.what, error.hint])}]))
            return
        rejects = ', line AS reject_line, "column" AS reject_column, reason AS reject_reason, text AS reject_text'
        for query in (select, f"SELECT source_key{rejects} FROM raw.rejects"):
            reader: Iterable[pa.RecordBatch] = connection.sql(query).to_arrow_reader(ROWS)
            yield from map(batch, reader)
