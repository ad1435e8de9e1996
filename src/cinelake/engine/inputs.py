"""Which objects of Raw count on a date, and their way into an engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from cinelake.config import Project, Source
from cinelake.engine.contract import CONTRACTS, KINDS
from cinelake.engine.interface import CsvFile, CsvRead, Engine, JsonFile
from cinelake.engine.standing import standing_keys
from cinelake.errors import ConfigurationError
from cinelake.lake import Lake
from cinelake.lake.manifests import ObjectRecord, counted_landings

KEEP_DAYS = 180
"""TMDB's terms of use let a copy be kept for six months at most."""


@dataclass(frozen=True)
class RawObject:
    """An object of Raw that counts."""

    record: ObjectRecord
    origin: str
    dataset: str
    source: str | None
    """The path that it was landed from, as `lake.toml` writes it; None for TMDB."""
    asked_at: datetime
    """UTC; when it was landed or, for TMDB, asked."""
    run_id: str = ""
    """Of the run that recorded it last."""
    titles: tuple[str, ...] = ()
    """Of TMDB: the IMDb ids that were asked for, in the order of the records."""


def landed_objects(lake: Lake, until: date) -> list[RawObject]:
    """The files of the newest landing up to a date: a later landing replaces an earlier one whole."""
    return [
        RawObject(record, name.origin, name.dataset, manifest.detail["sources"].get(record.key), manifest.started_at)
        for manifest in counted_landings(lake.manifests("land", until=until, on="the newest date"))
        for record in manifest.objects
        if (name := lake.keys.parse(record.key))
    ]


def enriched_objects(lake: Lake, until: date) -> tuple[list[RawObject], list[str]]:
    """All TMDB objects up to a date that have not expired; where records overlap, the models take the newest.

    Returns:
        Those that are there as recorded, and the keys of those that are gone or were changed.
    """
    objects = recorded_objects(lake, until)
    stand = standing_keys(lake, [item.record for item in objects.values()])
    return [item for key, item in objects.items() if key in stand], sorted(set(objects) - stand)


def recorded_objects(lake: Lake, until: date | None) -> dict[str, RawObject]:
    """All TMDB objects that the manifests up to a date tell of and that no later run has let expire, by key."""
    expired = {
        key: manifest.run_id
        for manifest in sorted(lake.manifests("expire"), key=lambda manifest: manifest.run_id)
        for key in manifest.detail["expired"]
    }
    recorded = {
        record.key: RawObject(
            record,
            name.origin,
            name.dataset,
            None,
            datetime.fromisoformat(told["asked_at"]) if told.get("asked_at") else manifest.started_at,
            manifest.run_id,
            tuple(told.get("titles", ())),
        )
        for manifest in lake.manifests("enrich", until=until)
        for record in manifest.objects
        if (name := lake.keys.parse(record.key))
        for told in [manifest.detail["records"].get(record.key, {})]
    }
    return {key: item for key, item in recorded.items() if expired.get(key, "") < item.run_id}


def source_of(item: RawObject, project: Project) -> Source:
    """How to read an object: as the `[[source]]` says that it was landed from, or else one of its dataset.

    Raises:
        ConfigurationError: no `[[source]]` has its dataset.
    """
    fitting = [source for source in project.sources if source.dataset == item.dataset]
    if not fitting:
        raise ConfigurationError(
            f"{item.record.key} is in the lake, but no [[source]] of lake.toml has dataset = {item.dataset!r}",
            "add the [[source]] that it was landed from",
        )
    return next((source for source in fitting if source.leads_to(item.source or "")), fitting[0])


def read_titles(engine: Engine, lake: Lake, project: Project, objects: Sequence[RawObject]) -> dict[str, CsvRead]:
    """Reads the landed films and series into `raw.movies` and `raw.series`, empty where a dataset has no object.

    Returns:
        What was read, by dataset.

    Raises:
        DataError: a file breaks its contract.
        ConfigurationError: no `[[source]]` says how to read a dataset.
    """
    counted = {}
    for dataset, columns in CONTRACTS.items():
        chosen = sorted((item for item in objects if item.dataset == dataset), key=lambda item: item.record.key)
        paths = lake.fetch_all(item.record for item in chosen)
        files = []
        for item, path in zip(chosen, paths, strict=True):
            source = source_of(item, project)
            files.append(CsvFile(item.record.key, path, source.delimiter, source.null, source.encoding))
        counted[dataset] = engine.read_csv(dataset, columns, files)
    return counted


def read_tmdb(engine: Engine, lake: Lake, objects: Sequence[RawObject]) -> int:
    """Reads the TMDB records into `raw.tmdb`; returns how many, rejected ones included."""
    known = [item for item in objects if item.dataset in KINDS]
    paths = lake.fetch_all(item.record for item in known)
    return engine.read_tmdb(
        [
            JsonFile(item.record.key, path, KINDS[item.dataset], item.asked_at, item.titles)
            for item, path in zip(known, paths, strict=True)
        ]
    )
