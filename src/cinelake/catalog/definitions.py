"""The database, its tables and their partitions in the words of Glue's API; touches nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cinelake.catalog.columns import PARTITION_KEY, Column

MARK = "cinelake_lake"
"""The parameter of a database or a table that says whose it is: the lake's URI."""
COMMENT_LETTERS, DESCRIPTION_LETTERS = 255, 2048
"""The longest that Glue takes (AWS Glue API, Column and TableInput)."""
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
Definition = Mapping[str, Any]
"""A database, a table or a partition in the words of Glue's API."""


@dataclass(frozen=True)
class Partition:
    """One date of a table."""

    processing_date: str
    """As in `2022-05-02`."""
    location: str
    """The folder that holds its objects and no other, as in `s3://lake/Refined/…/`."""
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Table:
    """A table as it is to be registered."""

    name: str
    """As in `refined_fact_title`."""
    about: str
    """What one row is."""
    comments: Mapping[str, str]
    """What each column holds, by name, as far as its build told it."""
    partitions: tuple[Partition, ...]
    """Oldest first; at least one. The table's own columns and location are those of the newest."""


def database_definition(name: str, lake: str) -> dict[str, Any]:
    """A database, marked as this lake's."""
    return {"Name": name, "Description": f"The tables of {lake}, registered by cinelake.", "Parameters": {MARK: lake}}


def table_definition(table: Table, lake: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A table, marked as this lake's.

    It has a location since Glue wants one: that of the newest build, so that who does not look at partitions meets no
    two builds either.

    Args:
        table: which.
        lake: its URI.
        parameters: what others have noted in the table that is there, which stays.
    """
    newest = table.partitions[-1]
    columns = [
        {**_column_definition(column), **({"Comment": _comment(comment)} if comment else {})}
        for column in newest.columns
        for comment in [table.comments.get(column.name, "")]
    ]
    return {
        "Name": table.name,
        **({"Description": table.about[:DESCRIPTION_LETTERS]} if table.about else {}),
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [
            {"Name": PARTITION_KEY, "Type": "date", "Comment": "each date holds the whole state of that day"}
        ],
        "StorageDescriptor": {"Columns": columns, "Location": newest.location, **PARQUET},
        "Parameters": {**(parameters or {}), "EXTERNAL": "TRUE", "classification": "parquet", MARK: lake},
    }


def partition_definition(partition: Partition) -> dict[str, Any]:
    """A partition with columns of its own."""
    columns = [_column_definition(column) for column in partition.columns]
    return {
        "Values": [partition.processing_date],
        "StorageDescriptor": {"Columns": columns, "Location": partition.location, **PARQUET},
    }


def _column_definition(column: Column) -> dict[str, str]:
    return {"Name": column.name, "Type": column.type}


def _comment(text: str) -> str:
    """A comment in one line that Glue takes."""
    told = " ".join(text.split())
    return told if len(told) <= COMMENT_LETTERS else f"{told[: COMMENT_LETTERS - 1]}…"


def holds(there: Any, wanted: Any) -> bool:
    """Whether what is registered says all that is wanted; it may say more, as Glue and others add to it."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(holds(there.get(name), told) for name, told in wanted.items())
    if isinstance(wanted, list):
        return isinstance(there, list) and len(there) == len(wanted) and all(map(holds, there, wanted))
    return bool(there == wanted)


def owner_of(definition: Definition) -> str | None:
    """The lake that a database or a table is marked with; None where it has no mark."""
    told = (definition.get("Parameters") or {}).get(MARK)
    return str(told) if told else None


def location_of(definition: Definition) -> str:
    """The folder that a table or a partition points at; empty where it has none."""
    return str((definition.get("StorageDescriptor") or {}).get("Location", ""))
