"""Titles → TMDB → Raw/TMDB, through whichever source the project names."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, assert_never

from cinelake.config import Project
from cinelake.enrich.interface import Failed, Record, RecordSource, Title
from cinelake.enrich.landing import EnrichedObject, Landing
from cinelake.enrich.snapshot import Snapshot
from cinelake.enrich.state import STAGE, read_state
from cinelake.errors import CinelakeError, ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent

LEAST_REQUESTS = 3
"""What a film may take; with fewer allowed, none could be begun."""
SHOWN = 5
"""Ways of failing that are told in full."""
RATE_AFTER_S = 1.0
"""Before that, requests a second tell nothing."""


@dataclass(frozen=True)
class EnrichOptions:
    """What the user may ask of an enrichment."""

    dry_run: bool = False
    """Only say what would be done; with the API as the source, what it would take."""
    limit: int | None = None
    """Look up so many titles at most."""
    max_requests: int | None = None
    """Make so many requests at most."""
    max_seconds: float | None = None
    """Ask the API for so long at most, from the start of the enrichment on. What is being asked then is waited for, for
    ten seconds more at most; what no answer came for is left."""


@dataclass(frozen=True)
class EnrichResult:
    """What an enrichment did; counts are of titles: asked = found + missing + failed, but for what is only planned."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    asked: int = 0
    found: int = 0
    missing: int = 0
    failed: int = 0
    fresh: int = 0
    left: int = 0
    """Titles that a limit, or the time, left for later."""
    requests: int = 0
    """HTTP requests made, or planned; none for a snapshot."""
    requests_at_least: int | None = None
    requests_at_most: int | None = None
    """Of what is planned: if each title takes as few requests, or as many, as one may."""
    seconds: float | None = None
    """That the planned requests take at least."""
    objects: tuple[EnrichedObject, ...] = ()
    manifest: str | None = None
    """Key of the last one written."""
    note: str | None = None
    """Why nothing was looked up, where that is so."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        names = ("asked", "found", "missing", "failed", "fresh", "left", "requests")
        told = {name: getattr(self, name) for name in names}
        objects = [vars(item) for item in self.objects]
        optional = {
            name: value
            for name in ("requests_at_least", "requests_at_most", "seconds", "note")
            if (value := getattr(self, name)) is not None
        }
        return {**told, "objects": objects, "manifest": self.manifest, **optional}


def enrich_titles(
    project: Project, lake: Lake, run: Run, options: EnrichOptions | None = None, on_event: OnEvent = silent
) -> EnrichResult:
    """Lands what TMDB knows of the titles of the configured genres, unless the lake has it already.

    What TMDB answers is landed every few seconds: a run that ends early loses little, and the next asks for the rest.

    Raises:
        NoTokenError: the project names the API, and there is neither TMDB_TOKEN nor TMDB_API_KEY.
        AccessError: TMDB refuses them.
        ServiceError: TMDB cannot be reached.
        ConfigurationError: there is no lake, nothing was landed in it, or the snapshot is missing.
        DataError: the snapshot or a landed file breaks its contract.
    """
    options = options or EnrichOptions()
    if options.max_requests is not None and options.max_requests < LEAST_REQUESTS:
        raise ConfigurationError(
            f"{options.max_requests} requests suffice for no title",
            f"a film may take {LEAST_REQUESTS}: allow so many at least",
        )
    source = open_source(project, options)
    if source is None:
        return EnrichResult(run, str(lake), "unchanged", note='skipped: [tmdb] source is "off"')
    lake.demand()
    state = read_state(project, lake, run, source.is_due, on_event)
    all_due = [title for title in state.wanted if source.is_due(state.held.get(title), run.started_at)]
    due = all_due[: options.limit]
    fresh = len(state.wanted) - len(all_due)
    if options.dry_run and (planned := source.estimate(due, state.known)):
        return EnrichResult(
            run,
            str(lake),
            "planned",
            asked=planned.titles,
            fresh=fresh,
            left=len(all_due) - planned.titles,
            requests=planned.requests,
            requests_at_least=planned.at_least,
            requests_at_most=planned.at_most,
            seconds=round(planned.seconds, 1),
        )
    landing = Landing(project, lake, run, source, state, options.dry_run)
    landing.tally.fresh = fresh
    _look_up(source, due, landing, on_event)
    left = len(state.wanted) - landing.tally.asked - landing.tally.fresh
    is_whole = left == 0 and landing.tally.failed == 0
    news = is_whole and not state.looked_up.issuperset(project.analysis.genres)
    landing.land(genres=project.analysis.genres if news else ())
    return _result(landing, left)


def open_source(project: Project, options: EnrichOptions) -> RecordSource | None:
    """Where the project's records come from; None where that is off. Nobody is asked yet.

    Raises:
        NoTokenError, ConfigurationError: as `enrich_titles`.
    """
    match project.tmdb.source:
        case "off":
            return None
        case "snapshot":
            return Snapshot(project.directory, project.tmdb.snapshot or "")
        case "api":
            # It brings an HTTP library along.
            from cinelake.enrich.api import Api

            return Api(project, max_requests=options.max_requests, max_seconds=options.max_seconds)
        case _ as never:
            assert_never(never)


def _look_up(source: RecordSource, due: Sequence[Title], landing: Landing, on_event: OnEvent) -> None:
    """Lands what comes, batch by batch; also what is at hand where the rest does not come."""
    failures: Counter[str] = Counter()
    strangers = 0
    began_at, done = time.monotonic(), 0
    on_event(Event(STAGE, "looking titles up", "progress", 0, len(due), "titles"))
    try:
        for outcomes in source.look_up(due):
            landing.take(outcomes)
            failures.update(outcome.why for outcome in outcomes if isinstance(outcome, Failed))
            strangers += sum(isinstance(outcome, Record) and outcome.came_as is not None for outcome in outcomes)
            done += len(outcomes)
            told = _progress(landing, source, time.monotonic() - began_at)
            on_event(Event(STAGE, told, "progress", done, len(due), "titles"))
    except BaseException:
        with suppress(CinelakeError):
            landing.take(source.stop())
            landing.land()
        found = sum(item.records for item in landing.objects)
        on_event(Event(STAGE, f"stopped; {found:,} records are landed, and the next run asks for the rest", "warning"))
        raise
    if strangers:
        told = "came with another IMDb id than was asked for; it is kept, and rejected by build"
        on_event(Event(STAGE, f"{_counted(strangers, 'record')} {told}", "warning"))
    for why, count in failures.most_common(SHOWN):
        told = f"{_counted(count, 'title')} failed, to be asked for again by the next run: {why}"
        on_event(Event(STAGE, told, "warning"))
    others = failures.total() - sum(count for _, count in failures.most_common(SHOWN))
    if others:
        told = f"{_counted(others, 'title')} failed in further ways, which the manifests name"
        on_event(Event(STAGE, told, "warning"))


def _progress(landing: Landing, source: RecordSource, seconds: float) -> str:
    told = f"{landing.tally.found:,} found, {landing.tally.missing:,} missing"
    if source.requests:
        told += f", {_counted(source.requests, 'request')}"
    if source.requests and seconds >= RATE_AFTER_S:
        told += f" ({source.requests / seconds:.0f}/s)"
    if source.refusals:
        told += f", asked to slow down {_counted(source.refusals, 'time')}"
    return told


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def _result(landing: Landing, left: int) -> EnrichResult:
    tally = landing.tally
    done: Status = "done" if landing.manifest else "unchanged"
    return EnrichResult(
        landing.run,
        str(landing.lake),
        "planned" if landing.dry_run else done,
        asked=tally.asked,
        found=tally.found,
        missing=tally.missing,
        failed=tally.failed,
        fresh=tally.fresh,
        left=left,
        requests=landing.source.requests,
        objects=tuple(landing.objects),
        manifest=landing.manifest,
    )
