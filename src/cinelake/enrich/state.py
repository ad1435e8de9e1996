"""What an enrichment starts from: the titles that are wanted, and what the lake knows of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files

from cinelake.config import Project
from cinelake.engine import open_engine
from cinelake.engine.contract import KINDS
from cinelake.engine.genres import absent_genres, genres_looked_up
from cinelake.engine.inputs import RawObject, enriched_objects, landed_objects, read_titles
from cinelake.engine.queries import Query, parse_query
from cinelake.enrich.interface import ORIGIN, Held, Title
from cinelake.enrich.plan import checksum_of, in_turn, read_name
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
    known: Mapping[Title, bool]
    """Of the wanted titles that TMDB was ever asked for, whether it knew them; most votes first."""
    unrecorded: Sequence[LandedChunk]
    """Files of a run that was killed before their manifest was written."""
    lost: frozenset[str]
    """Keys of files that are gone, or are not what was recorded."""
    looked_up: frozenset[str]
    """Genres all of whose titles were looked up."""


IsDue = Callable[[Held | None, datetime], bool]
"""Whether a title was to be asked for at a time, given what the lake knew of it."""


def read_state(project: Project, lake: Lake, run: Run, is_due: IsDue, on_event: OnEvent) -> State:
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
    told = _held(enrichments, None)
    unrecorded = _unrecorded(
        lake,
        run.processing_date,
        enrichments,
        lambda at: frozenset(title for title in wanted if is_due(told.get(title), at)),
    )
    held = _held(enrichments, keys) | _held_in(unrecorded)
    answers = {**told, **held}
    return State(
        wanted=in_turn(wanted),
        held=held,
        known={title: answers[title].checksum is not None for title in wanted if title in answers},
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


def _held(enrichments: Iterable[Manifest], keys: frozenset[str] | set[str] | None) -> dict[Title, Held]:
    """The newest that the manifests tell of each title, as far as the files are there.

    Args:
        enrichments: the manifests.
        keys: of the files that are there; None takes all that ever were.
    """
    held: dict[Title, Held] = {}
    for manifest in enrichments:
        asked_at = _moment(manifest.detail.get("asked_at"))
        for key, told in manifest.detail["records"].items():
            if keys is None or key in keys:
                at = _moment(told.get("asked_at"))
                held |= {Title(told["kind"], imdb_id): Held(each, at) for imdb_id, each in told["titles"].items()}
        for kind, imdb_ids in manifest.detail.get("missing", {}).items():
            held |= {Title(kind, imdb_id): Held(None, asked_at) for imdb_id in imdb_ids}
    return held


def _held_in(chunks: Iterable[LandedChunk]) -> dict[Title, Held]:
    return {
        Title(chunk.kind, imdb_id): Held(checksum, chunk.asked_at)
        for chunk in chunks
        for imdb_id, checksum in chunk.titles.items()
    }


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def chunk_key(lake: Lake, kind: str, day: date, file: str) -> str:
    """The key of a file of records."""
    return lake.keys.build(ObjectName(RAW, ORIGIN, JSON, DATASETS[kind], day, file))


def _unrecorded(
    lake: Lake, until: date, enrichments: Iterable[Manifest], due: Callable[[datetime], frozenset[Title]]
) -> list[LandedChunk]:
    """The files of the API's records up to a date that no manifest tells of, and that are whole.

    Args:
        lake: where they lie.
        until: the date.
        enrichments: the manifests up to it.
        due: the titles that were to be asked for at a time.
    """
    recorded = {record.key for manifest in enrichments for record in manifest.objects}
    found = []
    for key, there in lake.list_layer(RAW).items():
        name, told = lake.keys.parse(key), read_name(key)
        if name is None or name.origin != ORIGIN or told is None or name.date > until or key in recorded:
            continue
        data = lake.read(key)
        sha256 = sha256_of_bytes(data)
        titles = _titles_in(data, KINDS.get(name.dataset, ""), due(told.asked_at))
        if titles and sha256.startswith(told.sha256):
            record = ObjectRecord(key=key, bytes=len(data), sha256=sha256, e_tag=there.e_tag)
            found.append(LandedChunk(record, KINDS[name.dataset], titles, told.asked_at))
    return found


def _titles_in(data: bytes, kind: str, due: frozenset[Title]) -> dict[str, str]:
    """A checksum of each record, by IMDb id; empty where it is no file of records.

    What a record says of itself is believed where it is a title that was to be asked for. Any other came with another
    id than was asked for: it gets a name that no title has, by which build rejects it.
    """
    try:
        records = list(records_in(data.decode(), "a file of records"))
    except (DataError, UnicodeDecodeError):
        return {}
    titles: dict[str, str] = {}
    for number, (body, read) in enumerate(records, start=1):
        title = title_of(read)
        fits = title is not None and title.kind == kind and title in due and title.imdb_id not in titles
        name = title.imdb_id if title is not None and fits else f"unknown-{number}"
        titles[name] = checksum_of(body)
    return titles
