"""What the manifests tell of objects: which of them count, which did, and how many rows they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from cinelake.engine.published import tables_of
from cinelake.lake.keys import KeyTemplate
from cinelake.lake.manifests import Manifest, counted_landings

State = Literal["counts", "earlier", "superseded", "untold"]
STATES: tuple[State, ...] = ("counts", "earlier", "superseded", "untold")
"""`counts`: what is read today. `earlier`: what is read with `--date`, as the newest of its date. `superseded`: another
run of the same date took its place, and it is read no more. `untold`: no manifest knows it."""


@dataclass(frozen=True)
class Told:
    """What is known of an object from manifests."""

    state: State
    build: str | None = None
    """The run id of the build that made it; None in Raw."""
    rows: int | None = None
    """Of a table, or records of TMDB; None for a source's file, whose rows only a build has counted."""
    sha256: str = ""
    """As it was recorded."""


def told_objects(
    *,
    landings: Sequence[Manifest],
    enrichments: Sequence[Manifest],
    expiries: Sequence[Manifest],
    builds: Sequence[Manifest],
) -> dict[str, Told]:
    """What is told of each object, by key. Each stage's manifests come oldest first."""
    return {**_landed(landings), **_enriched(enrichments, expiries), **_built(builds)}


def counted_files(builds: Sequence[Manifest], keys: KeyTemplate) -> dict[frozenset[tuple[str, str]], int]:
    """Rows that builds have counted in the files of a dataset, by these files' keys and SHA-256, taken together."""
    return {
        frozenset(
            (record.key, record.sha256)
            for record in build.inputs
            if (name := keys.parse(record.key)) and name.dataset == source["dataset"] and record.key not in records
        ): source["rows_in"]
        for build in builds
        for records in [_record_keys(build, keys)]
        for source in build.detail["sources"]
    }


def _record_keys(build: Manifest, keys: KeyTemplate) -> frozenset[str]:
    """The keys of a build's inputs that hold records of TMDB."""
    return frozenset(
        record.key for record in build.inputs if (name := keys.parse(record.key)) and name.format == "JSON"
    )


def _landed(landings: Sequence[Manifest]) -> dict[str, Told]:
    told: dict[str, Told] = {}
    newest = max((manifest.processing_date for manifest in landings), default=None)
    for day, found in groupby(landings, _day):
        manifests = list(found)
        for state, those in (("superseded", manifests), ("counts", counted_landings(manifests))):
            for record in (record for manifest in those for record in manifest.objects):
                told[record.key] = Told(_on(state, day, newest), sha256=record.sha256)
    return told


def _enriched(enrichments: Sequence[Manifest], expiries: Sequence[Manifest]) -> dict[str, Told]:
    """All records of TMDB count, but for those that have expired since they were recorded."""
    expired = {key: manifest.run_id for manifest in expiries for key in manifest.detail["expired"]}
    told = {}
    for manifest in enrichments:
        for record in manifest.objects:
            records = manifest.detail["records"].get(record.key)
            gone = expired.get(record.key, "") > manifest.run_id
            rows = len(records["titles"]) if records else None
            told[record.key] = Told("superseded" if gone else "counts", rows=rows, sha256=record.sha256)
    return told


def _built(builds: Sequence[Manifest]) -> dict[str, Told]:
    told = {}
    newest = max((manifest.processing_date for manifest in builds), default=None)
    last = {manifest.processing_date: manifest.run_id for manifest in builds}
    for build in builds:
        day = build.processing_date
        state = _on("counts" if last[day] == build.run_id else "superseded", day, newest)
        for table in tables_of(build):
            # Of a table in several objects only the rows of all are known: the first stands for them.
            for record, rows in zip(table.records, (table.rows, *[0] * len(table.records)), strict=False):
                told[record.key] = Told(state, build.run_id, rows, record.sha256)
    return told


def _on(state: str, day: date, newest: date | None) -> State:
    if state == "superseded":
        return "superseded"
    return "counts" if day == newest else "earlier"


def _day(manifest: Manifest) -> date:
    return manifest.processing_date
