"""Titles → TMDB → Raw/TMDB, through whichever source the project names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, ClassVar, Literal, assert_never

from cinelake.config import Project
from cinelake.engine import open_engine
from cinelake.engine.contract import KINDS
from cinelake.engine.genres import absent_genres, genres_looked_up
from cinelake.engine.inputs import RawObject, enriched_objects, landed_objects, read_titles
from cinelake.engine.queries import Query, parse_query
from cinelake.enrich.interface import NoSourceError, RecordSource, Title
from cinelake.enrich.plan import Chunk, EnrichPlan, checksum_of, plan_enrichment
from cinelake.enrich.snapshot import Snapshot
from cinelake.errors import ConfigurationError
from cinelake.lake import Event, Lake, OnEvent, Run, Status, silent
from cinelake.lake.checksums import sha256_of_bytes
from cinelake.lake.keys import JSON, RAW, ObjectName
from cinelake.lake.manifests import Manifest, ObjectRecord, manifest_of

STAGE = "enrich"
ORIGIN = "TMDB"
CONTENT_TYPE = "application/json"
DATASETS = {kind: dataset for dataset, kind in KINDS.items()}


@dataclass(frozen=True)
class EnrichOptions:
    """What the user may ask of an enrichment."""

    dry_run: bool = False
    """Only say what would be done."""


@dataclass(frozen=True)
class EnrichedObject:
    """One file of records."""

    key: str
    bytes: int
    records: int
    action: Literal["uploaded", "planned"]


@dataclass(frozen=True)
class EnrichResult:
    """What an enrichment did; counts are of titles: asked = found + missing + failed."""

    stage: ClassVar[str] = STAGE
    run: Run
    lake: str
    status: Status
    asked: int = 0
    found: int = 0
    missing: int = 0
    failed: int = 0
    fresh: int = 0
    requests: int = 0
    """HTTP requests made; none for a snapshot."""
    objects: tuple[EnrichedObject, ...] = ()
    manifest: str | None = None
    note: str | None = None
    """Why nothing was looked up, where that is so."""

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        told = {name: getattr(self, name) for name in ("asked", "found", "missing", "failed", "fresh", "requests")}
        objects = [vars(item) for item in self.objects]
        return {**told, "objects": objects, "manifest": self.manifest, **({"note": self.note} if self.note else {})}


def enrich_titles(
    project: Project, lake: Lake, run: Run, options: EnrichOptions | None = None, on_event: OnEvent = silent
) -> EnrichResult:
    """Lands what TMDB knows of the titles of the configured genres, unless the lake has it already.

    Raises:
        NoSourceError: the project names the API, which this version cannot ask.
        ConfigurationError: there is no lake, nothing was landed in it, or the snapshot is missing.
        DataError: the snapshot or a landed file breaks its contract.
    """
    options = options or EnrichOptions()
    source = _open_source(project)
    if source is None:
        return EnrichResult(run, str(lake), "unchanged", note='skipped: [tmdb] source is "off"')
    lake.demand()
    landed = landed_objects(lake, run.processing_date)
    if not landed:
        raise ConfigurationError(
            f"nothing was landed in {lake} up to {run.processing_date}",
            "run cinelake land first, or give a later --date",
        )
    on_event(Event(STAGE, "finding the titles to look up"))
    wanted = _wanted_titles(project, lake, landed, on_event)
    there, lost = enriched_objects(lake, run.processing_date)
    enrichments = lake.manifests(STAGE, until=run.processing_date)
    plan = plan_enrichment(wanted, _held_records(enrichments, there), source.records(set(wanted)))
    looked_up = genres_looked_up(enrichments, {item.record.key for item in there})
    is_new = bool(plan.chunks) or not looked_up.issuperset(project.analysis.genres)
    if options.dry_run or not is_new:
        return _result(lake, run, plan, "planned" if options.dry_run else "unchanged")
    return _carry_out(project, lake, run, plan, frozenset(lost), on_event)


def _open_source(project: Project) -> RecordSource | None:
    match project.tmdb.source:
        case "off":
            return None
        case "snapshot":
            return Snapshot(project.directory, project.tmdb.snapshot or "")
        case "api":
            raise NoSourceError(
                'lake.toml: tmdb.source is "api", and this version cannot ask the TMDB API yet',
                'set source = "snapshot" under [tmdb] and name a file of saved records, or source = "off"',
            )
        case _ as never:
            assert_never(never)


def _wanted_titles(project: Project, lake: Lake, landed: Sequence[RawObject], on_event: OnEvent) -> list[Title]:
    """The titles of the configured genres; warns of a genre that no title has."""
    genres = project.analysis.genres
    with open_engine(project) as engine:
        read_titles(engine, lake, project, landed)
        known = [genre for (genre,) in engine.query(_query("genres").bound({})).rows]
        rows = engine.query(_query("wanted").bound({"genres": list(genres)})).rows
    for absent in absent_genres(genres, known):
        on_event(Event(STAGE, str(absent), "warning"))
    return [Title(kind, imdb_id) for kind, imdb_id, _ in rows]


def _query(name: str) -> Query:
    text = (files("cinelake.enrich") / f"{name}.sql").read_text(encoding="utf-8")
    return parse_query(name, text, said_in=f"enrich/{name}.sql")


def _held_records(enrichments: Sequence[Manifest], there: Sequence[RawObject]) -> dict[Title, str]:
    """Checksums of the newest records in the lake, by title, as the manifests tell them."""
    keys = {item.record.key for item in there}
    return {
        Title(kind, imdb_id): checksum
        for manifest in enrichments
        for key, told in manifest.detail["records"].items()
        if key in keys
        for kind in [told["kind"]]
        for imdb_id, checksum in told["titles"].items()
    }


def _result(lake: Lake, run: Run, plan: EnrichPlan, status: Status) -> EnrichResult:
    return EnrichResult(
        run,
        str(lake),
        status,
        asked=plan.asked,
        found=plan.found,
        missing=plan.missing,
        fresh=plan.fresh,
        objects=tuple(
            EnrichedObject(
                _key_of(lake, run, chunk),
                len(chunk.data),
                len(chunk.records),
                "planned" if status == "planned" else "uploaded",
            )
            for chunk in plan.chunks
        ),
    )


def _carry_out(
    project: Project, lake: Lake, run: Run, plan: EnrichPlan, lost: frozenset[str], on_event: OnEvent
) -> EnrichResult:
    """Lands the records, and records which genres were looked up, which is news even where no record is."""
    named = {_key_of(lake, run, chunk): chunk for chunk in plan.chunks}
    data = {key: chunk.data for key, chunk in named.items()}
    on_event(Event(STAGE, f"landing {plan.found} records", "progress", 0, len(named), "objects"))
    for key in sorted(lost & set(named)):
        _put_again(project, lake, key, data[key])
    records = lake.put_all(data, content_type=CONTENT_TYPE)
    on_event(Event(STAGE, f"landed {plan.found} records", "progress", len(named), len(named), "objects"))
    detail = {
        "counts": {"asked": plan.asked, "found": plan.found, "missing": plan.missing, "fresh": plan.fresh},
        "genres": list(project.analysis.genres),
        "records": _told(records, named),
    }
    manifest = manifest_of(run, STAGE, objects=tuple(records), detail=detail)
    return replace(_result(lake, run, plan, "done"), manifest=lake.put_manifest(manifest))


def _put_again(project: Project, lake: Lake, key: str, data: bytes) -> None:
    """Writes an object in the place of one that was changed, which stays as a replaced one does."""
    found = lake.checksum(key)
    if found is None:
        return
    with NamedTemporaryFile(dir=project.work_directory) as file:
        file.write(data)
        file.flush()
        lake.put_file(key, Path(file.name), content_type=CONTENT_TYPE, replaces=found[0])


def _key_of(lake: Lake, run: Run, chunk: Chunk) -> str:
    """Named by its content: two runs that land the same chunk write the same object."""
    file = f"{sha256_of_bytes(chunk.data)[:16]}.json"
    return lake.keys.build(ObjectName(RAW, ORIGIN, JSON, DATASETS[chunk.kind], run.processing_date, file))


def _told(records: Sequence[ObjectRecord], named: dict[str, Chunk]) -> dict[str, Any]:
    """For the manifest: which titles' records are in each object, by checksum."""
    return {
        record.key: {
            "kind": named[record.key].kind,
            "titles": {item.title.imdb_id: checksum_of(item) for item in named[record.key].records},
        }
        for record in records
    }
