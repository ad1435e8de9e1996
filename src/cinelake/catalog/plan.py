"""What will be registered, decided from what lies in the lake and what the catalogue has; touches nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from cinelake.catalog.columns import PARTITION_KEY, Column
from cinelake.errors import ConfigurationError

MARK = "cinelake_lake"
"""The parameter of a database or a table that says whose it is: the lake's URI."""
CREATED_AT_ONCE = 100
"""Partitions, at most (AWS Glue API, BatchCreatePartition)."""
DELETED_AT_ONCE = 25
"""Partitions, at most (AWS Glue API, BatchDeletePartition)."""
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
Change = Literal["created", "updated", "removed", "unchanged"]


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


@dataclass(frozen=True)
class Registered:
    """What the catalogue has."""

    database: Definition | None
    """None where it is not there."""
    tables: Mapping[str, Definition] = field(default_factory=dict)
    """All of the database, by name."""
    partitions: Mapping[str, Mapping[str, Definition]] = field(default_factory=dict)
    """Of our tables: by table, then by value."""


# What will be done, a call of Glue's each


@dataclass(frozen=True)
class CreateDatabase:
    """Makes the database."""

    definition: Any


@dataclass(frozen=True)
class CreateTable:
    """Makes a table, without partitions."""

    table: str
    definition: Any


@dataclass(frozen=True)
class CreatePartitions:
    """Adds dates to a table."""

    table: str
    definitions: tuple[Any, ...]


@dataclass(frozen=True)
class UpdatePartition:
    """Switches one date of a table to another build."""

    table: str
    definition: Any


@dataclass(frozen=True)
class UpdateTable:
    """Describes a table anew."""

    table: str
    definition: Any


@dataclass(frozen=True)
class DeletePartitions:
    """Removes dates from a table."""

    table: str
    definitions: tuple[Any, ...]
    """As they are registered."""


@dataclass(frozen=True)
class DeleteTable:
    """Removes a table."""

    table: str


Step = CreateDatabase | CreateTable | CreatePartitions | UpdatePartition | UpdateTable | DeletePartitions | DeleteTable


class TableChange(NamedTuple):
    """What will happen to a table's own definition."""

    table: str
    partitions: int
    """That it will have."""
    change: Change


class PartitionChange(NamedTuple):
    """What will happen to a partition."""

    table: str
    processing_date: str
    location: str
    """The one that it will have, or that a removed one had."""
    change: Change


@dataclass(frozen=True)
class CatalogPlan:
    """What will happen."""

    steps: tuple[Step, ...]
    """In this order. The calls that switch dates to other builds follow each other, with nothing in between."""
    tables: tuple[TableChange, ...]
    partitions: tuple[PartitionChange, ...]


def find_ours(registered: Registered, wanted: Sequence[str], *, database: str, lake: str) -> tuple[str, ...]:
    """The names of the registered tables that are this lake's.

    Args:
        registered: what the catalogue has; partitions are not looked at.
        wanted: names of the tables that are to be there.
        database: its name.
        lake: the lake's URI.

    Raises:
        ConfigurationError: the database, or a table of a name that is wanted, is somebody else's or another lake's.
    """
    if registered.database is None:
        return ()
    owner = owner_of(registered.database)
    if owner != lake:
        raise ConfigurationError(
            f"the Glue database {database} {_is_of(owner)}, not of {lake}",
            f"name another with --database, or hand this one over: set its parameter {MARK} to {lake}",
        )
    for name in wanted:
        if name in registered.tables and owner_of(registered.tables[name]) != lake:
            raise ConfigurationError(
                f"the Glue table {database}.{name} {_is_of(owner_of(registered.tables[name]))}, not of {lake}",
                "name another database with --database, or rename that table",
            )
    return tuple(name for name, definition in registered.tables.items() if owner_of(definition) == lake)


def owner_of(definition: Definition) -> str | None:
    """The lake that a database or a table is marked with; None where it has no mark."""
    told = (definition.get("Parameters") or {}).get(MARK)
    return str(told) if told else None


def _is_of(owner: str | None) -> str:
    return f"is of {owner}" if owner else "was made by somebody else"


def plan_registration(tables: Sequence[Table], registered: Registered, *, database: str, lake: str) -> CatalogPlan:
    """What makes the catalogue tell what lies in the lake: nothing where it does so already.

    New tables and partitions come first, then the dates that have another build, the oldest first, then what describes
    tables, and last what no build has any more. So a reader finds at each moment only folders that are there.

    Args:
        tables: what is to be registered, in the order of their making.
        registered: what is; of partitions only those of our tables (`find_ours`).
        database: its name.
        lake: the lake's URI.
    """
    gone = tuple(name for name in registered.partitions if name not in {table.name for table in tables})
    table_changes = tuple(_table_change(table, registered, lake) for table in tables)
    changes = tuple(change for table in tables for change in _partition_changes(table, registered))
    steps: list[Step] = []
    if registered.database is None:
        steps.append(CreateDatabase(database_definition(database, lake)))
    steps += _steps(tables, table_changes, changes, registered, lake)
    steps += [DeleteTable(name) for name in gone]
    lost = (
        PartitionChange(name, value, _location_of(definition), "removed")
        for name in gone
        for value, definition in registered.partitions[name].items()
    )
    return CatalogPlan(
        tuple(steps), (*table_changes, *(TableChange(name, 0, "removed") for name in gone)), (*changes, *lost)
    )


def _steps(
    tables: Sequence[Table],
    table_changes: Sequence[TableChange],
    changes: Sequence[PartitionChange],
    registered: Registered,
    lake: str,
) -> Iterator[Step]:
    wanted = {table.name: table for table in tables}
    definitions = {
        (table.name, each.processing_date): partition_definition(each) for table in tables for each in table.partitions
    }
    by_change: dict[tuple[str, Change], list[PartitionChange]] = {}
    for each in changes:
        by_change.setdefault((each.table, each.change), []).append(each)
    for table in table_changes:
        if table.change == "created":
            yield CreateTable(table.table, table_definition(wanted[table.table], lake))
    for name in wanted:
        new = [definitions[name, each.processing_date] for each in by_change.get((name, "created"), ())]
        yield from (CreatePartitions(name, some) for some in _pieces(new, CREATED_AT_ONCE))
    for each in sorted(changes, key=lambda each: each.processing_date):
        if each.change == "updated":
            yield UpdatePartition(each.table, definitions[each.table, each.processing_date])
    for table in table_changes:
        if table.change == "updated":
            noted = registered.tables[table.table].get("Parameters")
            yield UpdateTable(table.table, table_definition(wanted[table.table], lake, noted))
    for name in wanted:
        there = registered.partitions.get(name, {})
        stale = [there[each.processing_date] for each in by_change.get((name, "removed"), ())]
        yield from (DeletePartitions(name, some) for some in _pieces(stale, DELETED_AT_ONCE))


def _table_change(table: Table, registered: Registered, lake: str) -> TableChange:
    there = registered.tables.get(table.name)
    if there is None:
        return TableChange(table.name, len(table.partitions), "created")
    same = holds(there, table_definition(table, lake))
    return TableChange(table.name, len(table.partitions), "unchanged" if same else "updated")


def _partition_changes(table: Table, registered: Registered) -> Iterator[PartitionChange]:
    there = registered.partitions.get(table.name, {})
    for partition in table.partitions:
        value = partition.processing_date
        change: Change = "created"
        if value in there:
            change = "unchanged" if holds(there[value], partition_definition(partition)) else "updated"
        yield PartitionChange(table.name, value, partition.location, change)
    wanted = {partition.processing_date for partition in table.partitions}
    for value, definition in there.items():
        if value not in wanted:
            yield PartitionChange(table.name, value, _location_of(definition), "removed")


def _location_of(definition: Definition) -> str:
    return str((definition.get("StorageDescriptor") or {}).get("Location", ""))


def _pieces(items: Sequence[Any], size: int) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


# In Glue's words


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
