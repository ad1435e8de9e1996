"""TMDB's records leave the lake before they are six months old, as its terms ask."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from cinelake.config import Project
from cinelake.engine.inputs import KEEP_DAYS, RawObject, recorded_objects
from cinelake.enrich.interface import ORIGIN
from cinelake.enrich.plan import read_name
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.keys import RAW
from cinelake.lake.manifests import ObjectRecord, manifest_of

STAGE = "expire"


@dataclass(frozen=True)
class ExpireOptions:
    """What the user may ask of an expiry."""

    dry_run: bool = False
    """Only say what would be removed."""


@dataclass(frozen=True)
class ExpiredObject:
    """One file of records."""

    key: str
    bytes: int
    asked_at: datetime
    action: Literal["removed", "planned"]


@dataclass(frozen=True)
class ExpireResult:
    """What an expiry did."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    objects: tuple[ExpiredObject, ...] = ()
    manifest: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        objects = [{**vars(item), "asked_at": item.asked_at.isoformat()} for item in self.objects]
        return {"objects": objects, "manifest": self.manifest}


def expire_records(
    project: Project,  # noqa: ARG001 as every stage
    lake: Lake,
    run: Run,
    options: ExpireOptions | None = None,
    on_event: OnEvent = silent,
) -> ExpireResult:
    """Removes the files of records that are older than 180 days, every version of them; each is told of before.

    Tables that were built from them keep their figures until they are built again.

    Raises:
        ConfigurationError: there is no lake.
        AccessError: objects may not be removed.
    """
    options = options or ExpireOptions()
    lake.demand()
    limit = run.started_at - timedelta(days=KEEP_DAYS)
    recorded = recorded_objects(lake, None)
    known = [*recorded.values(), *_unrecorded(lake, recorded)]
    old = [item for item in known if item.asked_at < limit]
    if not old:
        return ExpireResult(run, str(lake), "unchanged")
    action: Literal["removed", "planned"] = "planned" if options.dry_run else "removed"
    objects = tuple(ExpiredObject(item.record.key, item.record.bytes, item.asked_at, action) for item in old)
    if options.dry_run:
        return ExpireResult(run, str(lake), "planned", objects)
    for item in objects:
        on_event(Event(STAGE, f"removing {item.key}, asked on {item.asked_at:%Y-%m-%d}"))
    for number, each in enumerate(old, start=1):
        lake.remove(each.record)
        on_event(Event(STAGE, "removing", "progress", number, len(old), "objects"))
    detail = {"expired": {item.key: item.asked_at.isoformat() for item in objects}}
    manifest = lake.put_manifest(manifest_of(run, STAGE, detail=detail))
    return ExpireResult(run, str(lake), "done", objects, manifest)


def _unrecorded(lake: Lake, recorded: Collection[str]) -> Iterator[RawObject]:
    """Files of records whose run was killed before it recorded them: their names tell when TMDB was asked."""
    for key, there in lake.list_layer(RAW).items():
        name, told = lake.keys.parse(key), read_name(key)
        if name is not None and name.origin == ORIGIN and told is not None and key not in recorded:
            record = ObjectRecord(key=key, bytes=there.bytes, sha256="")
            yield RawObject(record, name.origin, name.dataset, None, told.asked_at)
