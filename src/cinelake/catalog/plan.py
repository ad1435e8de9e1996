"""What will be registered, decided from what lies in the lake and what the catalogue has; touches nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from cinelake.catalog.definitions import (
    MARK,
    Definition,
    Table,
    database_definition,
    holds,
    location_of,
    owner_of,
    partition_definition,
    table_definition,
)
from cinelake.errors import ConfigurationError

CREATED_AT_ONCE = 100
"""Partitions, at most (AWS Glue API, BatchCreatePartition)."""
DELETED_AT_ONCE = 25
"""Partitions, at most (AWS Glue API, BatchDeletePartition)."""
Change = Literal["created", "updated", "removed", "unchanged"]


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
        PartitionChange(name, value, location_of(definition), "removed")
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
            yield PartitionChange(table.name, value, location_of(definition), "removed")


def _pieces(items: Sequence[Any], size: int) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])
