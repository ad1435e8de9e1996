"""The tables that a build has published: found through its manifest, read from checked copies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TypeVar

from cinelake.engine.interface import Engine
from cinelake.errors import CinelakeError, ConfigurationError
from cinelake.lake import Lake
from cinelake.lake.manifests import Manifest, ObjectRecord

T = TypeVar("T")


def newest_build(lake: Lake, until: date | None) -> Manifest | None:
    """The manifest of the newest build up to a date, or of all; None where there is none."""
    builds = lake.manifests("build", until=until, on="the newest date")
    return builds[-1] if builds else None


def demand_build(lake: Lake, until: date | None) -> Manifest:
    """`newest_build`, which must be there.

    Raises:
        ConfigurationError: nothing was built up to that date.
    """
    lake.demand()
    build = newest_build(lake, until)
    if build is None:
        raise ConfigurationError(
            f"nothing was built in {lake}" + (f" up to {until}" if until else ""),
            "run cinelake build first" + (", or give a later --date" if until else ""),
        )
    return build


@dataclass(frozen=True)
class PublishedTable:
    """One table of a build."""

    layer: str
    """`Trusted` or `Refined`."""
    table: str
    rows: int
    records: tuple[ObjectRecord, ...]
    """The objects that it lies in."""
    about: str = ""
    """What one row is; empty where the build did not tell."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What each column holds, by name, as far as the build told it."""
    types: Mapping[str, str] = field(default_factory=dict)
    """The type of each column in its order, by name, in DuckDB's words; empty where the build did not tell."""

    @property
    def name(self) -> str:
        """As SQL knows it: `refined.fact_title`."""
        return f"{self.layer.lower()}.{self.table}"

    @property
    def key(self) -> str:
        """Of its object or, of several, of the folder that they lie in."""
        first = self.records[0].key
        return first if len(self.records) == 1 else first.rpartition("/")[0]


def tables_of(build: Manifest) -> tuple[PublishedTable, ...]:
    """The tables of a build, in the order in which they were made."""
    records = iter(build.objects)
    return tuple(
        PublishedTable(
            told["layer"],
            told["table"],
            told["rows"],
            tuple(islice(records, told.get("files", 1))),
            told.get("about", ""),
            told.get("columns", {}),
            told.get("types", {}),
        )
        for told in build.detail["tables"]
    )


def read_newest(lake: Lake, until: date | None, read: Callable[[Manifest], T]) -> T:
    """Reads the newest build up to a date; where it is superseded and removed meanwhile, the one that took its place.

    Raises:
        ConfigurationError: nothing was built up to that date.
        DataError: an object is not the one that the build wrote.
    """
    build = demand_build(lake, until)
    while True:
        try:
            return read(build)
        except CinelakeError:
            newer = newest_build(lake, until)
            if newer is None or newer.run_id == build.run_id:
                raise
            build = newer


def attach_newest(engine: Engine, lake: Lake, until: date | None) -> tuple[Manifest, tuple[str, ...]]:
    """Lets an engine read the tables of the newest build up to a date.

    Returns:
        Its manifest, and the tables' names, as in `refined.fact_title`.

    Raises:
        ConfigurationError: nothing was built up to that date.
        DataError: an object is not the one that the build wrote.
    """
    return read_newest(lake, until, lambda build: (build, attach_build(engine, lake, build)))


def attach_build(engine: Engine, lake: Lake, build: Manifest) -> tuple[str, ...]:
    """Lets an engine read a build's tables; returns their names, as in `refined.fact_title`.

    Raises:
        DataError: an object is not the one that the build wrote.
    """
    paths = iter(lake.pin_all(build.objects, engine.folder))
    tables = tables_of(build)
    for table in tables:
        engine.attach(table.name, list(islice(paths, len(table.records))))
    return tuple(table.name for table in tables)
