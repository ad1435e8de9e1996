"""Local files → Raw: whole, unchanged, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from cinelake.config import Project, Source
from cinelake.errors import CinelakeError, ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.checksums import sha256_of_file
from cinelake.lake.keys import RAW, ObjectName
from cinelake.lake.manifests import Manifest, ObjectRecord, manifest_of
from cinelake.land.plan import FoundFile, LandingPlan, PlannedObject, plan_landing

STAGE = "land"
CONTENT_TYPE = "text/csv"

Action = Literal["uploaded", "replaced", "unchanged", "planned"]


@dataclass(frozen=True)
class LandOptions:
    """What the user may ask of a landing."""

    dry_run: bool = False
    """Only say what would be done."""
    replace: bool = False
    """Replace an object of the same date even where the lake does not keep it."""


@dataclass(frozen=True)
class LandedObject:
    """One file of a landing."""

    source: str
    action: Action
    record: ObjectRecord


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
                }
                for landed in self.objects
            ],
            "manifest": self.manifest,
        }


def land_files(
    project: Project, lake: Lake, run: Run, options: LandOptions | None = None, on_event: OnEvent = silent
) -> LandResult:
    """Copies each source file to its Raw key, unless it lies there already; makes the lake where there is none.

    Raises:
        ConfigurationError: source files are missing, empty, unreadable or no files (all are named), or two would
            lie under one key. Nothing was written or sent then.
        CinelakeError: a file changed since it was landed for this date, and the lake would lose the old one.
        AccessError, ServiceError: as `Lake.exists`.
    """
    options = options or LandOptions()
    sources = _checked_sources(project)
    files = _find_files(sources, lake, run, on_event)
    exists = lake.exists()
    known = lake.manifests(STAGE, until=run.processing_date, on="the newest date") if exists else []
    records = {record.key: record for manifest in known for record in manifest.objects}
    present = _present(lake, files, records) if exists else {}
    plan = plan_landing(
        files,
        {key: record.sha256 for key, record in present.items()},
        keeps_replaced=not exists or lake.keeps_replaced(),
        replace=options.replace,
    )
    if options.dry_run:
        return _result(run, lake, "planned", plan, present)
    if not exists:
        lake.make()
        on_event(Event(STAGE, f"created {lake}"))
    return _carry_out(project, lake, run, plan, present, known, on_event)


def _carry_out(
    project: Project,
    lake: Lake,
    run: Run,
    plan: LandingPlan,
    present: dict[str, ObjectRecord],
    known: list[Manifest],
    on_event: OnEvent,
) -> LandResult:
    written = dict(present)
    sent, kept = 0, {}
    for planned in plan.objects:
        if planned.action == "unchanged":
            continue
        on_event(Event(STAGE, f"sending {planned.file.source}", "progress", sent, plan.bytes_to_send, "bytes"))
        if planned.replaces:
            kept[planned.file.key] = {
                "sha256": planned.replaces,
                "kept_as": lake.keep_aside(planned.file.key, planned.replaces),
            }
        written[planned.file.key] = _send(project, lake, planned)
        sent += planned.file.bytes
        on_event(Event(STAGE, f"sent {planned.file.source}", "progress", sent, plan.bytes_to_send, "bytes"))
    objects = tuple(written[planned.file.key] for planned in plan.objects)
    newest = {record.key: record.sha256 for record in known[-1].objects} if known else {}
    if sent == 0 and newest == {record.key: record.sha256 for record in objects}:
        return _result(run, lake, "unchanged", plan, written, manifest=known[-1].key)
    detail = {
        "sources": {planned.file.key: planned.file.source for planned in plan.objects},
        "replaced": kept,
    }
    manifest = lake.put_manifest(manifest_of(run, STAGE, objects=objects, detail=detail))
    return _result(run, lake, "done", plan, written, manifest=manifest)


def _send(project: Project, lake: Lake, planned: PlannedObject) -> ObjectRecord:
    """Writes one file and has the store confirm what arrived."""
    file = planned.file
    record = lake.put_file(
        file.key,
        project.directory / file.source,
        file.sha256,
        content_type=CONTENT_TYPE,
        replace=planned.action == "replace",
    )
    if lake.bucket is not None:
        arrived = lake.bucket.head(file.key)
        held = (arrived.sha256, arrived.bytes) if arrived and arrived.sha256 else None
        # A service that keeps no metadata is asked for the bytes themselves.
        if (held or lake.checksum(file.key)) != (file.sha256, file.bytes):
            raise CinelakeError(
                f"{lake}/{file.key} is not what was sent",
                "run cinelake land again; if it repeats, something else writes to this key",
            )
    return record


def _checked_sources(project: Project) -> list[tuple[Source, Path]]:
    """The sources with their paths, all found to be files that can be read."""
    if not project.sources:
        raise ConfigurationError("lake.toml names no [[source]]", 'add one: dataset = "Movies", path = "movies.csv"')
    found = [(source, project.directory / source.path) for source in project.sources]
    faults = [f"{source.path} {fault}" for source, path in found if (fault := _fault(path))]
    if faults:
        raise ConfigurationError(
            f"{'; '.join(faults)}. Nothing was sent",
            f"put the files into {project.directory}, or mend path under [[source]] in lake.toml",
        )
    return found


def _fault(path: Path) -> str | None:
    try:
        if path.is_dir():
            return "is a folder, not a file"
        with path.open("rb") as file:
            return None if file.read(1) else "is empty"
    except FileNotFoundError:
        return "is missing"
    except PermissionError:
        return "may not be read: permission denied"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _find_files(sources: Sequence[tuple[Source, Path]], lake: Lake, run: Run, on_event: OnEvent) -> list[FoundFile]:
    files: list[FoundFile] = []
    for source, path in sources:
        name = ObjectName(RAW, source.origin, source.format, source.dataset, run.processing_date, path.name)
        key = lake.keys.build(name)
        twin = next((file.source for file in files if file.key == key), None)
        if twin is not None:
            raise ConfigurationError(
                f"{twin} and {source.path} would both lie at {key}", "give one of them another name or dataset"
            )
        on_event(Event(STAGE, f"reading {source.path}"))
        files.append(FoundFile(source.path, key, path.stat().st_size, sha256_of_file(path)))
    return files


def _present(lake: Lake, files: Sequence[FoundFile], records: dict[str, ObjectRecord]) -> dict[str, ObjectRecord]:
    """What lies under the files' keys: as a manifest has it where the listing agrees, else by reading it."""
    present = {}
    for prefix in sorted({file.key.rpartition("/")[0] for file in files}):
        listed = lake.list_objects(prefix)
        for file in files:
            there, record = listed.get(file.key), records.get(file.key)
            if there is None:
                continue
            if record is not None and (record.bytes, record.e_tag) == (there.bytes, there.e_tag):
                present[file.key] = record
            elif found := lake.checksum(file.key):
                sha256, size_bytes = found
                present[file.key] = ObjectRecord(key=file.key, bytes=size_bytes, sha256=sha256, e_tag=there.e_tag)
    return present


def _result(
    run: Run,
    lake: Lake,
    status: Status,
    plan: LandingPlan,
    records: dict[str, ObjectRecord],
    *,
    manifest: str | None = None,
) -> LandResult:
    actions: dict[str, Action] = {"upload": "uploaded", "replace": "replaced", "unchanged": "unchanged"}
    objects = []
    for planned in plan.objects:
        file = planned.file
        action = actions[planned.action]
        if status == "planned":
            record = ObjectRecord(key=file.key, bytes=file.bytes, sha256=file.sha256)
            action = "unchanged" if planned.action == "unchanged" else "planned"
        else:
            record = records[file.key]
        objects.append(LandedObject(file.source, action, record))
    return LandResult(run, str(lake), status, tuple(objects), manifest)
