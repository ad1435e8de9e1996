"""The columns of a table in Hive's words, which are those of Glue and Athena."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cinelake.errors import DataError

PARTITION_KEY = "processing_date"
HIVE_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "BLOB": "binary",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    # An instant, which Parquet keeps in UTC.
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
"""By DuckDB's name (Athena user guide, "Data types in Amazon Athena")."""
DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")


@dataclass(frozen=True)
class Column:
    """A column as it is registered."""

    name: str
    type: str
    """In Hive's words, as in `array<string>`."""


def hive_columns(table: str, types: Mapping[str, str]) -> tuple[Column, ...]:
    """The columns of a table in their order; names in small letters, as Glue keeps them.

    Args:
        table: its name, for errors.
        types: DuckDB's type of each column, by name.

    Raises:
        DataError: Hive has no such type, two names differ in the size of their letters alone, or one is that of the
            partitions.
    """
    columns: dict[str, Column] = {}
    for written, duckdb_type in types.items():
        name, told = written.lower(), hive_type(duckdb_type)
        if told is None:
            raise DataError(
                f"{table}.{written} is {duckdb_type}: cinelake knows no type of Athena that reads it",
                f"cast it in the model of {table} to one of {', '.join(HIVE_TYPES)}, DECIMAL, or a list of these",
            )
        if name in columns or name == PARTITION_KEY:
            other = "the key of the partitions" if name == PARTITION_KEY else "another column"
            raise DataError(
                f"{table}.{written} has the name of {other}, since Athena knows small letters alone",
                f"give it another name in the model of {table}",
            )
        columns[name] = Column(name, told)
    return tuple(columns.values())


def hive_type(duckdb_type: str) -> str | None:
    """A type of DuckDB's in Hive's words; None where no type of Hive's holds the same."""
    if duckdb_type.endswith("[]"):
        element = hive_type(duckdb_type.removesuffix("[]"))
        return f"array<{element}>" if element else None
    decimal = DECIMAL.fullmatch(duckdb_type)
    return f"decimal({decimal[1]},{decimal[2]})" if decimal else HIVE_TYPES.get(duckdb_type)
