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
from cinelake.land.compare import is_of_size, list_all, read_all
from cinelake.land.run import LandedObject, LandResult
from cinelake.land.send import STAGE
from cinelake.land.sources import SourceFile, find_files, prefixes_of

NEWS_S = 3600.0
"""Workers of whom nothing comes for so long are not waited for any more."""
LOOK_S = 2.0
"""Between two looks at the lake, at least; and twice as long as a look takes."""
DENIED_S = 20.0
"""So long a bucket may deny everybody while one of the workers makes it safe (see `lake.safety`)."""


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
    denied_s: float = DENIED_S,
) -> LandResult:
    """Lands nothing: returns once others have landed every source file, as it is here, for the processing date.

    Args:
        project: with the same files as the others have.
        lake: need not be there yet.
        run: of this waiting; it writes nothing.
        on_event: told how much is there.
        news_s: gives up after so many seconds in which nothing came.
        denied_s: seconds from the beginning in which a denial is not the last word.

    Raises:
        ConfigurationError: source files are missing, empty, unreadable or no files.
        CinelakeError: nothing came for too long, or a file cannot be read any more.
        AccessError, ServiceError: as `Lake.exists`.
    """
    day = run.processing_date
    sources = find_files(project, lake.keys, day)
    prefixes = prefixes_of(project, lake.keys, day)
    digests = read_all(sources)
    seen: _Seen | None = None
    began_at = news_at = time.monotonic()
    while True:
        looked_at = time.monotonic()
        try:
            latest = _look(lake, day, sources, prefixes)
        except AccessError:
            if looked_at - began_at >= denied_s:
                raise
            latest = seen or _Seen(0, ())
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
            raise _too_long(due, day, news_s)
        time.sleep(max(LOOK_S, 2 * (time.monotonic() - looked_at)))


def _look(lake: Lake, day: date, sources: Sequence[SourceFile], prefixes: set[str]) -> _Seen:
    """How far the others are."""
    lake.look_again()
    if not lake.exists():
        return _Seen(0, ())
    there = list_all(lake, prefixes)
    manifests = lake.manifests(STAGE, until=day, on="the newest date")
    todays = [each for each in manifests if each.processing_date == day]
    objects = sum(is_of_size(each, there.get(each.key)) for each in sources)
    return _Seen(objects, tuple(counted_landings(todays)))


def _is_landed(here: Digests, there: ObjectRecord | None) -> bool:
    return there is not None and there.sha256 == here.sha256


def _too_long(due: Sequence[SourceFile], day: date, news_s: float) -> CinelakeError:
    files = f"{len(due):,} {'file has' if len(due) == 1 else 'files have'}"
    return CinelakeError(
        f"{files} not been landed for {day} by other workers, such as {due[0].source}, and for {news_s:,.0f} s "
        "nothing came",
        "see why they ended, and give all the same --date; without --after-shards run lands what is missing",
    )
