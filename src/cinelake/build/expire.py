"""Builds that another one of their date has superseded leave the lake, and what builds that were killed left behind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal

from cinelake.config import Project
from cinelake.lake import Event, Lake, OnEvent, Run, Status, StoredObject, silent
from cinelake.lake.keys import REFINED, TRUSTED
from cinelake.lake.manifests import Manifest, ObjectRecord, manifest_of
from cinelake.lake.runs import started_at_of

STAGE = "expire"
BUILD = "build"
AT_WORK = timedelta(days=1)
"""What a build without a manifest has written is left for so long: it may be at work."""


@dataclass(frozen=True)
class ExpireBuildsOptions:
    """What the user may ask of an expiry of builds."""

    dry_run: bool = False
    """Only say what would be removed."""


@dataclass(frozen=True)
class ExpiredBuild:
    """One build that was removed."""

    run_id: str
    processing_date: date
    superseded_by: str | None
    """The run id of the build that is read instead; None of a build that was killed before it counted."""
    objects: int
    bytes: int
    action: Literal["removed", "planned"]


@dataclass(frozen=True)
class ExpireBuildsResult:
    """What an expiry of builds did."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    builds: tuple[ExpiredBuild, ...] = ()
    manifest: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        told = [{**vars(build), "processing_date": build.processing_date.isoformat()} for build in self.builds]
        return {"builds": told, "manifest": self.manifest}


@dataclass(frozen=True)
class _Remains:
    """Objects of a build that is read no more."""

    run_id: str
    processing_date: date
    superseded_by: str | None
    records: tuple[ObjectRecord, ...]


def expire_builds(
    project: Project,  # noqa: ARG001 as every stage
    lake: Lake,
    run: Run,
    options: ExpireBuildsOptions | None = None,
    on_event: OnEvent = silent,
) -> ExpireBuildsResult:
    """Removes the tables of superseded builds, every version of them; their manifests stay as evidence.

    Of each date the newest build is read and stays. A reader that has begun with an older one goes on: it holds what
    it reads, or finds it gone and begins anew with the newest.

    Raises:
        ConfigurationError: there is no lake.
        AccessError: objects may not be removed.
    """
    options = options or ExpireBuildsOptions()
    lake.demand()
    there = {key: each for layer in (TRUSTED, REFINED) for key, each in lake.list_layer(layer).items()}
    builds = lake.manifests(BUILD)
    remains = [*_superseded(builds, there), *_abandoned(lake, builds, there, run.started_at - AT_WORK)]
    if not remains:
        return ExpireBuildsResult(run, str(lake), "unchanged")
    told = tuple(_told(each, "planned" if options.dry_run else "removed") for each in remains)
    if options.dry_run:
        return ExpireBuildsResult(run, str(lake), "planned", told)
    records = [record for each in remains for record in each.records]
    for number, record in enumerate(records, start=1):
        lake.remove(record)
        on_event(Event(STAGE, "removing", "progress", number, len(records), "objects"))
    detail = {"expired": {}, "removed": {record.key: each.run_id for each in remains for record in each.records}}
    manifest = lake.put_manifest(manifest_of(run, STAGE, detail=detail))
    return ExpireBuildsResult(run, str(lake), "done", told, manifest)


def _superseded(builds: list[Manifest], there: Mapping[str, StoredObject]) -> Iterator[_Remains]:
    newest = {build.processing_date: build.run_id for build in builds}
    for build in builds:
        records = tuple(record for record in build.objects if record.key in there)
        if records and newest[build.processing_date] != build.run_id:
            yield _Remains(build.run_id, build.processing_date, newest[build.processing_date], records)


def _abandoned(
    lake: Lake, builds: list[Manifest], there: Mapping[str, StoredObject], before: datetime
) -> Iterator[_Remains]:
    """What builds wrote that never had a manifest, and that began before a time."""
    known = {build.run_id for build in builds}
    left: dict[tuple[str, date], list[ObjectRecord]] = {}
    for key, each in there.items():
        name = lake.keys.parse(key)
        run_id = name.file.partition("/")[0] if name else ""
        began = started_at_of(run_id)
        if name is not None and began is not None and began < before and run_id not in known:
            left.setdefault((run_id, name.date), []).append(ObjectRecord(key=key, bytes=each.bytes, sha256=""))
    for (run_id, day), records in left.items():
        yield _Remains(run_id, day, None, tuple(records))


def _told(remains: _Remains, action: Literal["removed", "planned"]) -> ExpiredBuild:
    size_bytes = sum(record.bytes for record in remains.records)
    return ExpiredBuild(
        remains.run_id,
        remains.processing_date,
        remains.superseded_by,
        len(remains.records),
        size_bytes,
        action,
    )
