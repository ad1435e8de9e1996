"""Waiting for others: many workers land a share each (`--shard`), and one goes on when every file is there."""

import time
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from cinelake.config import Project
from cinelake.errors import AccessError, CinelakeError
from cinelake.lake import Event, Lake, OnEvent, Run, silent
from cinelake.lake.checksums import Digests
from cinelake.lake.manifests import Manifest, ObjectRecord, counted_landings
from cinelake.land.compare import is_of_size, list_all, read_files
from cinelake.land.run import LandedObject, LandResult
from cinelake.land.send import STAGE
from cinelake.land.sources import SourceFile, find_files, prefixes_of

NEWS_S = 3600.0
"""Workers of whom nothing comes for so long are not waited for any more."""
LOOK_S = 2.0
"""Between two looks at the lake."""


class _Seen(NamedTuple):
    """What one look at the lake has shown."""

    objects: int
    """Source files that have an object of their size."""
    manifests: tuple[Manifest, ...]
    """Of the day's landings, those that count."""

    @property
    def records(self) -> dict[str, ObjectRecord]:
        """What the manifests answer for, by key."""
        return {record.key: record for manifest in self.manifests for record in manifest.objects}


def await_shards(
    project: Project,
    lake: Lake,
    run: Run,
    on_event: OnEvent = silent,
    *,
    news_s: float = NEWS_S,
    look_s: float = LOOK_S,
) -> LandResult:
    """Lands nothing: returns once others have landed every source file, as it is here, for the processing date.

    Args:
        project: with the same files as the others have.
        lake: need not be there yet.
        run: of this waiting; it writes nothing.
        on_event: told how much is there.
        news_s: gives up after so many seconds in which nothing came.
        look_s: seconds between two looks at the lake.

    Raises:
        ConfigurationError: source files are missing, empty, unreadable or no files.
        CinelakeError: nothing came for too long, or a file cannot be read any more.
        AccessError, ServiceError: as `Lake.exists`.
    """
    day = run.processing_date
    sources = find_files(project, lake.keys, day)
    prefixes = prefixes_of(project, lake.keys, day)
    digests = read_files(sources, with_md5=False)
    seen: _Seen | None = None
    news_at = time.monotonic()
    while True:
        latest = _look(lake, day, sources, prefixes)
        if seen is None or latest != seen:
            seen, news_at = latest, time.monotonic()
            told = f"{seen.objects:,} of {len(sources):,} files are in {lake}; the rest is awaited from other workers"
            on_event(Event(STAGE, told, "progress", seen.objects, len(sources), "files"))
        records = seen.records
        due = [each for each in sources if not _is_landed(digests[each.key], records.get(each.key))]
        if not due:
            landed = tuple(LandedObject(each.source, "unchanged", records[each.key]) for each in sources)
            return LandResult(run, str(lake), "unchanged", landed, seen.manifests[-1].key)
        if time.monotonic() - news_at >= news_s:
            raise _too_long(due, news_s)
        time.sleep(look_s)


def _look(lake: Lake, day: date, sources: Sequence[SourceFile], prefixes: set[str]) -> _Seen:
    """How far the others are. In a lake that one of them is just making, a denial is not the last word."""
    lake.look_again()
    try:
        if not lake.exists():
            return _Seen(0, ())
        there = list_all(lake, prefixes)
        manifests = lake.manifests(STAGE, until=day, on="the newest date")
    except AccessError:
        if not lake.is_being_made():
            raise
        return _Seen(0, ())
    todays = [each for each in manifests if each.processing_date == day]
    objects = sum(is_of_size(each, there.get(each.key)) for each in sources)
    return _Seen(objects, tuple(counted_landings(todays)))


def _is_landed(here: Digests, there: ObjectRecord | None) -> bool:
    return there is not None and there.sha256 == here.sha256


def _too_long(due: Sequence[SourceFile], news_s: float) -> CinelakeError:
    files = f"{len(due):,} {'file has' if len(due) == 1 else 'files have'}"
    return CinelakeError(
        f"{files} not been landed by other workers, such as {due[0].source}, and for {news_s:,.0f} s nothing came",
        "see why they ended, or run without --after-shards, which lands what is missing",
    )
