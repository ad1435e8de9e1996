"""Which folders hold the tables of each date's newest build, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from cinelake.engine.published import PublishedTable, tables_of
from cinelake.errors import ConfigurationError, DataError
from cinelake.lake import Lake
from cinelake.lake.manifests import Manifest
from cinelake.lake.waiting import side_by_side

LISTED_AT_ONCE = 8


@dataclass(frozen=True)
class BuiltTable:
    """A table of the newest build of a date."""

    build: Manifest
    table: PublishedTable

    @property
    def name(self) -> str:
        """As Glue is to know it: `refined_fact_title`."""
        return self.table.name.replace(".", "_")

    @property
    def processing_date(self) -> str:
        """As in `2022-05-02`."""
        return self.build.processing_date.isoformat()

    @property
    def folder(self) -> str:
        """The prefix of its objects, by their keys."""
        return self.table.records[0].key.rpartition("/")[0]


@dataclass(frozen=True)
class _Folder:
    """What a listing of a table's folder shows."""

    lacking: tuple[str, ...]
    """Keys of the table's objects that are not there as they were written."""
    is_empty: bool


@dataclass(frozen=True)
class BuiltTables:
    """What lies in the lake."""

    builds: list[Manifest]
    """The newest of each date, oldest date first."""
    there: tuple[BuiltTable, ...]
    """In the order of their making, oldest date first."""
    gone: tuple[BuiltTable, ...]
    """Those of which no object is left."""


def find_tables(lake: Lake) -> BuiltTables:
    """The tables of each date's newest build; the folder of each is listed, and holds its objects and no other.

    Raises:
        ConfigurationError: nothing was built.
        DataError: a folder holds an object that is not the table's, or lacks one that is.
    """
    builds = newest_builds(lake)
    while True:
        tables = [BuiltTable(build, table) for build in builds for table in tables_of(build) if table.records]
        folders = side_by_side(lambda each: _look_into(lake, each), tables, at_once=LISTED_AT_ONCE)
        newer = builds if all(not folder.lacking for folder in folders) else newest_builds(lake)
        if newer == builds:
            return _sorted_out(lake, builds, list(zip(tables, folders, strict=True)))
        # What lacks may belong to a build that was superseded and removed meanwhile.
        builds = newer


def newest_builds(lake: Lake) -> list[Manifest]:
    """The newest build of each date, oldest date first.

    Raises:
        ConfigurationError: nothing was built.
    """
    newest = {build.processing_date: build for build in lake.manifests("build")}
    if not newest:
        raise ConfigurationError(f"nothing was built in {lake}", "run cinelake build first")
    return [newest[day] for day in sorted(newest)]


def _sorted_out(lake: Lake, builds: list[Manifest], found: Sequence[tuple[BuiltTable, _Folder]]) -> BuiltTables:
    for table, folder in found:
        if folder.lacking and not folder.is_empty:
            raise DataError(
                f"{lake}/{folder.lacking[0]} is gone or changed, and with it {table.name} of {table.processing_date}",
                "run cinelake verify to see what is missing, then cinelake build --date of that day",
            )
    there = tuple(table for table, folder in found if not folder.is_empty)
    return BuiltTables(builds, there, tuple(table for table, folder in found if folder.is_empty))


def _look_into(lake: Lake, table: BuiltTable) -> _Folder:
    """A listing of a table's folder against its manifest.

    Raises:
        DataError: the folder holds another object, or is not the only one.
    """
    sizes = {record.key: record.bytes for record in table.table.records}
    astray = [key for key in sizes if key.rpartition("/")[0] != table.folder]
    if astray:
        raise DataError(
            f"{table.name} of {table.processing_date} lies in more than one folder, such as that of {astray[0]}",
            f"run cinelake build --date {table.processing_date}, and then cinelake catalog again",
        )
    listed = lake.list_objects(table.folder)
    foreign = sorted({*listed} - {*sizes})
    if foreign:
        more = f", nor are {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise DataError(
            f"{lake}/{foreign[0]} lies in the folder of {table.name} of {table.processing_date}, "
            f"but is no object of its build{more}",
            "move it away, since Athena would read it as a part of the table; then run cinelake catalog again",
        )
    lacking = tuple(key for key, size in sizes.items() if key not in listed or listed[key].bytes != size)
    return _Folder(lacking, is_empty=not listed)
