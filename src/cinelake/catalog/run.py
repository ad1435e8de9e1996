"""Each date's newest build → partitions of the tables of the AWS Glue Data Catalog."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from cinelake.catalog.builds import BuiltTable, BuiltTables, find_tables, newest_builds
from cinelake.catalog.columns import Column, hive_columns
from cinelake.catalog.definitions import Partition, Table
from cinelake.catalog.glue import GlueDatabase, words_of
from cinelake.catalog.plan import (
    CatalogPlan,
    Change,
    DeletePartitions,
    DeleteTable,
    Registered,
    Step,
    find_ours,
    plan_registration,
)
from cinelake.config import Project
from cinelake.errors import ConfigurationError, DataError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.failures import BusyError
from cinelake.lake.manifests import Manifest
from cinelake.lake.waiting import side_by_side

STAGE = "catalog"
DATABASE = "cinelake"
NAME = re.compile(r"[a-z0-9_]{1,255}")
"""What Athena takes for a database (Athena user guide, "Name databases, tables, and columns")."""
ASKED_AT_ONCE = 8
ROUNDS = 3
"""So often all is looked at, where newer builds come while tables are registered."""
Action = Literal["created", "updated", "removed", "unchanged", "planned"]


@dataclass(frozen=True)
class CatalogOptions:
    """What the user may ask of a registration."""

    dry_run: bool = False
    """Only say what would be done."""
    database: str = DATABASE
    """The Glue database."""


class CatalogTable(NamedTuple):
    """A table of the catalogue."""

    table: str
    """As in `refined_fact_title`."""
    partitions: int
    """That it has, or with `planned` would have."""
    action: Action
    """Of the table itself; its partitions tell of theirs."""
    plan: Change | None = None
    """With the action `planned`: what would be done."""


class CatalogPartition(NamedTuple):
    """One date of a table of the catalogue."""

    table: str
    processing_date: str
    location: str
    """The folder of its build, as in `s3://lake/Refined/…/`; of a removed one the folder that it had."""
    action: Action
    plan: Change | None = None
    """With the action `planned`: what would be done."""


@dataclass(frozen=True)
class CatalogResult:
    """What a registration did."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    database: str
    tables: tuple[CatalogTable, ...]
    partitions: tuple[CatalogPartition, ...]

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "database": self.database,
            "tables": [
                {"table": each.table, "partitions": each.partitions, "action": each.action} for each in self.tables
            ],
            "partitions": [
                {
                    "table": each.table,
                    "processing_date": each.processing_date,
                    "location": each.location,
                    "action": each.action,
                }
                for each in self.partitions
            ],
        }


def register_tables(
    project: Project, lake: Lake, run: Run, options: CatalogOptions | None = None, on_event: OnEvent = silent
) -> CatalogResult:
    """Registers the tables of Trusted and Refined, each date a partition that points at its newest build.

    Nothing is written to the lake, so there is no manifest: what is registered is told by the catalogue itself. Where a
    newer build is made meanwhile, all is looked at again, since the one that was registered may be removed.

    Raises:
        ConfigurationError: the lake is a folder or not on AWS, nothing was built, or the database or a table in it is
            somebody else's.
        DataError: a folder of a build holds other objects than the build wrote, a build does not tell the types of its
            columns, or one has a type that Athena does not read.
        AccessError: the credentials may not do this.
        ServiceError: the catalogue could not be reached, somebody else was just changing the same, or newer builds kept
            coming.
    """
    options = options or CatalogOptions()
    if not NAME.fullmatch(options.database):
        raise ConfigurationError(
            f"{options.database!r} is no name for a Glue database that Athena reads",
            "use small letters, digits and underscores in --database",
        )
    if lake.bucket is None:
        raise ConfigurationError(
            f"{lake} is a folder, and the Glue Data Catalog reads Amazon S3 alone",
            "name a lake on S3 with --lake s3://BUCKET; cinelake sql queries a folder",
        )
    lake.demand()
    database = GlueDatabase.open(project, lake.bucket, options.database)
    before: Registered | None = None
    for _ in range(ROUNDS):
        found = _find(lake, on_event)
        on_event(Event(STAGE, f"asking what the Glue database {options.database} has"))
        registered = _ask(database, [each.name for each in found.there], str(lake))
        before = before or registered
        tables = _wanted(found.there, str(lake))
        plan = plan_registration(tables, registered, database=options.database, lake=str(lake))
        if options.dry_run or _do(plan.steps, database, lake, found.builds, on_event):
            changed = plan_registration(tables, before, database=options.database, lake=str(lake))
            return _result(run, lake, options, changed)
        on_event(Event(STAGE, "a newer build was made meanwhile, so that all is looked at again"))
    raise BusyError(
        f"cannot register the tables of {lake}: newer builds were made while it was done, {ROUNDS} times", "run again"
    )


def _find(lake: Lake, on_event: OnEvent) -> BuiltTables:
    on_event(Event(STAGE, "listing the builds"))
    found = find_tables(lake)
    for each in found.gone:
        told = f"{each.name} of {each.processing_date} is gone from the lake, so that it is not registered"
        on_event(Event(STAGE, told, "warning"))
    return found


def _do(
    steps: Sequence[Step], database: GlueDatabase, lake: Lake, builds: Sequence[Manifest], on_event: OnEvent
) -> bool:
    """Does the steps; False where other builds are the newest by now, so that the steps may lead to what is gone."""
    looked = False
    for number, step in enumerate(steps):
        if isinstance(step, DeletePartitions | DeleteTable) and not looked:
            # What no build had may be in one that was made meanwhile.
            if newest_builds(lake) != builds:
                return False
            looked = True
        on_event(Event(STAGE, words_of(step, database.name), "progress", number, len(steps), "calls"))
        database.do(step)
    return not steps or newest_builds(lake) == builds


def _result(run: Run, lake: Lake, options: CatalogOptions, changed: CatalogPlan) -> CatalogResult:
    done: Status = "done" if changed.steps else "unchanged"
    return CatalogResult(
        run,
        str(lake),
        "planned" if options.dry_run and changed.steps else done,
        options.database,
        tuple(
            CatalogTable(each.table, each.partitions, *_told(each.change, options.dry_run)) for each in changed.tables
        ),
        tuple(
            CatalogPartition(each.table, each.processing_date, each.location, *_told(each.change, options.dry_run))
            for each in changed.partitions
        ),
    )


def _told(change: Change, dry_run: bool) -> tuple[Action, Change | None]:
    return ("planned", change) if dry_run and change != "unchanged" else (change, None)


def _ask(database: GlueDatabase, wanted: Sequence[str], lake: str) -> Registered:
    """What the catalogue has, with the partitions of our tables."""
    definition = database.find()
    if definition is None:
        return Registered(None)
    tables = database.list_tables()
    ours = find_ours(Registered(definition, tables), wanted, database=database.name, lake=lake)
    partitions = side_by_side(database.list_partitions, ours, at_once=ASKED_AT_ONCE)
    return Registered(definition, tables, dict(zip(ours, partitions, strict=True)))


def _wanted(built: Sequence[BuiltTable], lake: str) -> list[Table]:
    """The tables as they are to be registered, each with its partitions and the words of its newest build.

    Raises:
        DataError: a build does not tell its types, or a column has one that Athena does not read.
    """
    newest = {each.name: each.table for each in built}
    dates: dict[str, list[Partition]] = {}
    for each in built:
        # Without the slash a location would be that of a folder whose name goes on, too.
        partition = Partition(each.processing_date, f"{lake}/{each.folder}/", _columns_of(each))
        dates.setdefault(each.name, []).append(partition)
    return [
        Table(name, table.about, {column.lower(): told for column, told in table.columns.items()}, tuple(dates[name]))
        for name, table in newest.items()
    ]


def _columns_of(built: BuiltTable) -> tuple[Column, ...]:
    if not built.table.types:
        raise DataError(
            f"the build of {built.table.name} of {built.processing_date} does not tell the types of its columns",
            f"run cinelake build --date {built.processing_date}, which makes it again",
        )
    return hive_columns(built.table.name, built.table.types)
