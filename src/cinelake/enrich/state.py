"""What an enrichment starts from: the titles that are wanted, and what the lake knows of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files

from cinelake.config import Project
from cinelake.engine import open_engine
from cinelake.engine.contract import KINDS
from cinelake.engine.genres import absent_genres, genres_looked_up
from cinelake.engine.inputs import RawObject, enriched_objects, landed_objects, read_titles
from cinelake.engine.queries import Query, parse_query
from cinelake.enrich.interface import ORIGIN, Held, Record, Title
from cinelake.enrich.plan import FILE, STAMP, checksum_of, in_turn
from cinelake.enrich.records import records_in, title_of
from cinelake.errors import ConfigurationError, DataError
from cinelake.lake import Event, Lake, OnEvent, Run
from cinelake.lake.checksums import sha256_of_bytes
from cinelake.lake.keys import JSON, RAW, ObjectName
from cinelake.lake.manifests import Manifest, ObjectRecord

STAGE = "enrich"
DATASETS = {kind: dataset for dataset, kind in KINDS.items()}


@dataclass(frozen=True)
class LandedChunk:
    """A file of records that lies in the lake."""

    record: ObjectRecord
    kind: str
    titles: Mapping[str, str]
    """A checksum of each title's record, by IMDb id, in the order of the file."""
    asked_at: datetime | None
    """UTC; None for records of a snapshot."""


@dataclass(frozen=True)
class State:
    """What is wanted, and what the lake has."""

    wanted: Sequence[Title]
    """Films and series in turn, most votes first."""
    held: Mapping[Title, Held]
    unrecorded: Sequence[LandedChunk]
    """Files of a run that was killed before their manifest was written."""
    lost: frozenset[str]
    """Keys of files that are gone, or are not what was recorded."""
    looked_up: frozenset[str]
    """Genres all of whose titles were looked up."""


def read_state(project: Project, lake: Lake, run: Run, on_event: OnEvent) -> State:
    """Reads the titles and the manifests; warns of a genre that no title has.

    Raises:
        ConfigurationError: nothing was landed.
        DataError: a landed file breaks its contract.
    """
    landed = landed_objects(lake, run.processing_date)
    if not landed:
        raise ConfigurationError(
            f"nothing was landed in {lake} up to {run.processing_date}",
            "run cinelake land first, or give a later --date",
        )
    on_event(Event(STAGE, "finding the titles to look up"))
    wanted = _wanted_titles(project, lake, landed, on_event)
    enrichments = lake.manifests(STAGE, until=run.processing_date)
    there, lost = enriched_objects(lake, run.processing_date)
    keys = {item.record.key for item in there}
    unrecorded = _unrecorded(lake, run.processing_date, enrichments)
    return State(
        wanted=in_turn(wanted),
        held=_held(enrichments, keys, unrecorded),
        unrecorded=unrecorded,
        lost=frozenset(lost),
        looked_up=genres_looked_up(enrichments, keys),
    )


def _wanted_titles(project: Project, lake: Lake, landed: Sequence[RawObject], on_event: OnEvent) -> list[Title]:
    """The titles of the configured genres, most votes first."""
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


def _held(
    enrichments: Iterable[Manifest], keys: frozenset[str] | set[str], unrecorded: Iterable[LandedChunk]
) -> dict[Title, Held]:
    """The newest that the manifests tell of each title, as far as the files are there."""
    held: dict[Title, Held] = {}
    for manifest in enrichments:
        asked_at = _moment(manifest.detail.get("asked_at"))
        for key, told in manifest.detail["records"].items():
            if key in keys:
                at = _moment(told.get("asked_at"))
                held |= {Title(told["kind"], imdb_id): Held(each, at) for imdb_id, each in told["titles"].items()}
        for kind, imdb_ids in manifest.detail.get("missing", {}).items():
            held |= {Title(kind, imdb_id): Held(None, asked_at) for imdb_id in imdb_ids}
    for chunk in unrecorded:
        held |= {Title(chunk.kind, imdb_id): Held(each, chunk.asked_at) for imdb_id, each in chunk.titles.items()}
    return held


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def chunk_key(lake: Lake, kind: str, day: date, file: str) -> str:
    """The key of a file of records."""
    return lake.keys.build(ObjectName(RAW, ORIGIN, JSON, DATASETS[kind], day, file))


def _unrecorded(lake: Lake, day: date, enrichments: Iterable[Manifest]) -> list[LandedChunk]:
    """The files of the API's records of a date that no manifest tells of, and that are whole."""
    recorded = {record.key for manifest in enrichments for record in manifest.objects}
    found = []
    for kind in DATASETS:
        prefix = chunk_key(lake, kind, day, "x").rpartition("/")[0]
        for key, there in lake.list_objects(prefix).items():
            name = FILE.fullmatch(key.rpartition("/")[2])
            if name is None or key in recorded:
                continue
            data = lake.read(key)
            titles = _titles_in(data, kind)
            sha256 = sha256_of_bytes(data)
            if titles and sha256.startswith(name["sha256"]):
                record = ObjectRecord(key=key, bytes=len(data), sha256=sha256, e_tag=there.e_tag)
                asked_at = datetime.strptime(name["asked_at"], STAMP).replace(tzinfo=UTC)
                found.append(LandedChunk(record, kind, titles, asked_at))
    return found


def _titles_in(data: bytes, kind: str) -> dict[str, str]:
    """A checksum of each record, by IMDb id; empty where one is not of a title of this kind."""
    try:
        records = list(records_in(data.decode(), "a file of records"))
    except (DataError, UnicodeDecodeError):
        return {}
    titles = [(title_of(record), body) for body, record in records]
    if not all(title and title.kind == kind for title, _ in titles) or len({title for title, _ in titles}) < len(
        titles
    ):
        return {}
    return {title.imdb_id: checksum_of(Record(title, body)) for title, body in titles if title}
