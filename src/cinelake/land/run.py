"""Local files → Raw: whole, unchanged, once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

from cinelake.config import Project
from cinelake.errors import AccessError, CinelakeError, ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.manifests import Manifest, ObjectRecord, counted_landings, manifest_of
from cinelake.land.compare import compare_files, looking
from cinelake.land.plan import LandingPlan, plan_landing, refuse_loss
from cinelake.land.send import STAGE, send_files
from cinelake.land.sources import Shard, SourceFile, find_files, prefixes_of

Action = Literal["uploaded", "replaced", "unchanged", "planned"]
ACTIONS: dict[str, Action] = {"upload": "uploaded", "replace": "replaced", "unchanged": "unchanged"}

SHORT_S = 1.0
PAUSES_S = (0.5, SHORT_S, 2.0, 4.0, 8.0)
"""After a denial in a bucket in which nothing lies; the long ones only while it is being made."""


@dataclass(frozen=True)
class LandOptions:
    """What the user may ask of a landing."""

    dry_run: bool = False
    """Only say what would be done."""
    replace: bool = False
    """Replace an object of the same date even where the lake does not keep it."""
    shard: Shard | None = None
    """Land only one worker's share of the files."""
    create_lake: bool = True
    """Make the lake where there is none."""


class LandedObject(NamedTuple):
    """One file of a landing."""

    source: str
    action: Action
    record: ObjectRecord
    plan: Literal["upload", "replace", "unchanged"] | None = None
    """With the action `planned`: what would be done."""


@dataclass(frozen=True)
class LandResult:
    """What a landing did."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    objects: tuple[LandedObject, ...]
    manifest: str | None
    """Key of the manifest that answers for the objects; None where nothing was written."""
    created: bool = False
    """Whether the lake was made, or with `planned` would be."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "objects": [
                {
                    "source": landed.source,
                    "key": landed.record.key,
                    "bytes": landed.record.bytes,
                    "sha256": landed.record.sha256,
                    "action": landed.action,
                    **({"plan": landed.plan} if landed.plan else {}),
                }
                for landed in self.objects
            ],
            "created": self.created,
            "manifest": self.manifest,
        }


def land_files(
    project: Project, lake: Lake, run: Run, options: LandOptions | None = None, on_event: OnEvent = silent
) -> LandResult:
    """Copies each source file to its Raw key, unless it lies there already; makes the lake where there is none.

    Raises:
        ConfigurationError: source files are missing, empty, unreadable or no files (all are named), two would lie under
            one key, or there is no lake and none is to be made. Nothing was written or sent then.
        CinelakeError: a file changed since it was landed for this date, and the lake would lose the old one; or it
            changed while it was sent.
        AccessError, ServiceError: as `Lake.exists`.
    """
    options = options or LandOptions()
    day = run.processing_date
    with looking(lake, prefixes_of(project, lake.keys, day), until=day) as found:
        sources = find_files(project, lake.keys, day, shard=options.shard)
        exists = found.exists.result()
        if not exists and not options.create_lake:
            raise ConfigurationError(f"there is no lake at {lake}", "make it, or leave --no-create-bucket out")
        known = found.landings.result()
        records = {record.key: record for manifest in known for record in manifest.objects}
        files, present = compare_files(
            lake, sources, records, found.objects, read_all=options.dry_run, on_event=on_event
        )
    plan = plan_landing(files, present)
    if plan.replacements and not options.replace and not lake.keeps_replaced():
        refuse_loss(plan, {key: record.sha256 for key, record in records.items()})
    if options.dry_run:
        return _planned(run, lake, plan, creates=not exists)
    if not exists or lake.is_half_made:
        lake.make(lambda step, kind: on_event(Event(STAGE, step, kind)))
    if plan.to_send or project.lake.abandoned_uploads_hours == 0:
        _tidy(project, lake, on_event)
    written = {**present, **_send(lake, plan, sources, on_event, is_empty=not (known or present))}
    objects = tuple(written[planned.file.key] for planned in plan.objects)
    standing = None if plan.to_send else _standing(known, objects, options)
    manifest = standing or lake.put_manifest(
        manifest_of(run, STAGE, objects=objects, detail=_detail(lake, plan, known, options))
    )
    landed = tuple(
        LandedObject(planned.file.source, ACTIONS[planned.action], record)
        for planned, record in zip(plan.objects, objects, strict=True)
    )
    status: Status = "unchanged" if standing else "done"
    return LandResult(run, str(lake), status, landed, manifest, created=not exists)


def _send(
    lake: Lake, plan: LandingPlan, sources: Sequence[SourceFile], on_event: OnEvent, *, is_empty: bool
) -> dict[str, ObjectRecord]:
    """Sends what the plan says.

    A bucket in which nothing lies may be one that another run is just making safe: for a moment its service may deny
    everybody (see `lake.safety`), so there a denial is not the last word. What had arrived before it is not sent again.
    """
    paths = {source.key: source.path for source in sources}
    arrived: dict[str, ObjectRecord] = {}
    pauses_s = iter(PAUSES_S if is_empty else ())
    while True:
        try:
            return send_files(lake, plan.to_send, [paths[each.file.key] for each in plan.to_send], on_event, arrived)
        except AccessError:
            pause_s = next(pauses_s, None)
            if pause_s is None or (pause_s > SHORT_S and not lake.is_being_made()):
                raise
            time.sleep(pause_s)


def _standing(known: Sequence[Manifest], objects: Sequence[ObjectRecord], options: LandOptions) -> str | None:
    """The key of the manifest that says the same already: the newest one, of this share where there are shares."""
    shard = str(options.shard) if options.shard else None
    told = [manifest for manifest in counted_landings(known) if manifest.detail.get("shard") == shard]
    if not objects and shard is not None:
        return told[-1].key if told else None
    newest = {record.key: record.sha256 for record in told[-1].objects} if told else None
    return told[-1].key if newest == {record.key: record.sha256 for record in objects} else None


def _detail(lake: Lake, plan: LandingPlan, known: Sequence[Manifest], options: LandOptions) -> dict[str, Any]:
    """What the manifest tells beside the objects: where they came from, and what replaced what."""
    return {
        "sources": {planned.file.key: planned.file.source for planned in plan.objects},
        "replaced": {
            planned.file.key: {
                "sha256": planned.replaces,
                "kept_as": lake.kept_as(planned.file.key, planned.replaces),
                "version_id": _version_of(planned.file.key, planned.replaces, known),
            }
            for planned in plan.replacements
            if planned.replaces
        },
        "previous": known[-1].key if known else None,
        **({"shard": str(options.shard)} if options.shard else {}),
    }


def _version_of(key: str, sha256: str, known: Sequence[Manifest]) -> str | None:
    """The version under which a bucket keeps an object that was replaced, as the newest manifest that wrote it says."""
    records = [record for manifest in known for record in manifest.objects if record.key == key]
    return next((record.version_id for record in reversed(records) if record.sha256 == sha256), None)


def _tidy(project: Project, lake: Lake, on_event: OnEvent) -> None:
    """Removes what killed runs left. Where that cannot be done the landing goes on: nothing of it is in its way."""
    try:
        removed = lake.remove_abandoned(older_than_s=project.lake.abandoned_uploads_hours * 3600)
    except CinelakeError as error:
        on_event(Event(STAGE, f"what killed runs may have left half-written stays: {error.what}", "warning"))
    else:
        for key in removed:
            on_event(Event(STAGE, f"removed what a killed run left half-written of {key}"))


def _planned(run: Run, lake: Lake, plan: LandingPlan, *, creates: bool) -> LandResult:
    """What a landing would do, as a result."""
    landed = tuple(
        LandedObject(
            planned.file.source,
            "unchanged" if planned.action == "unchanged" else "planned",
            ObjectRecord(key=planned.file.key, bytes=planned.file.bytes, sha256=planned.file.sha256 or ""),
            planned.action,
        )
        for planned in plan.objects
    )
    return LandResult(run, str(lake), "planned", landed, None, created=creates)
