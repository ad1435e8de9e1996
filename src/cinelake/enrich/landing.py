"""Outcomes to files of records and their manifests, a batch at a time."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

from cinelake.config import Project
from cinelake.enrich.interface import Failed, Missing, Outcome, RecordSource
from cinelake.enrich.plan import Batch, Chunk, Tally, checksum_of
from cinelake.enrich.state import STAGE, LandedChunk, State, chunk_key
from cinelake.lake import Lake, Run
from cinelake.lake.manifests import ObjectRecord, manifest_of

CONTENT_TYPE = "application/json"
LAND_EVERY_S = 3.0
"""Outcomes at hand are landed after so long, however few they are."""


@dataclass(frozen=True)
class EnrichedObject:
    """One file of records."""

    key: str
    bytes: int
    records: int
    action: Literal["uploaded", "planned"]


@dataclass
class Landing:
    """Takes outcomes as they come. What of them is news is landed once it is a batch, or some seconds old.

    A manifest is written after the files that it tells of, and makes them count.
    """

    project: Project
    lake: Lake
    run: Run
    source: RecordSource
    state: State
    dry_run: bool
    tally: Tally = field(default_factory=Tally)
    objects: list[EnrichedObject] = field(default_factory=list)
    manifest: str | None = None
    """Key of the last one written."""
    _waiting: list[Outcome] = field(default_factory=list)
    _since: datetime | None = None
    _began_at: float = 0
    _manifests: int = 0

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Counts outcomes, and lands those at hand where they are a batch, or old."""
        for outcome in outcomes:
            if self.tally.count(outcome, self.state.held.get(outcome.title), timed=self.source.is_timed):
                if not self._waiting:
                    self._since, self._began_at = datetime.now(UTC), time.monotonic()
                self._waiting.append(outcome)
        is_old = self.source.is_timed and time.monotonic() - self._began_at >= LAND_EVERY_S
        if len(self._waiting) >= self.source.batch_titles or (self._waiting and is_old):
            self.land()

    def land(self, *, genres: Sequence[str] = ()) -> None:
        """Lands what is at hand, if anything is; it stays at hand where that fails.

        Args:
            genres: those all of whose titles are looked up now, which is news by itself.
        """
        adopted = () if self._manifests else self.state.unrecorded
        batch = Batch(tuple(self._waiting), self._since if self.source.is_timed else None)
        named = {
            chunk_key(self.lake, chunk.kind, self.run.processing_date, chunk.file(batch.asked_at)): chunk
            for chunk in batch.chunks
        }
        action: Literal["uploaded", "planned"] = "planned" if self.dry_run else "uploaded"
        news = [each for each in batch.outcomes if self.source.is_timed or not isinstance(each, Missing)]
        if not self.dry_run and (news or adopted or genres):
            self._write(batch, named, adopted, genres)
        self._waiting.clear()
        self.objects += [
            EnrichedObject(key, len(chunk.data), len(chunk.records), action) for key, chunk in named.items()
        ]

    def _write(
        self, batch: Batch, named: dict[str, Chunk], adopted: Sequence[LandedChunk], genres: Sequence[str]
    ) -> None:
        data = {key: chunk.data for key, chunk in named.items()}
        for key in sorted(self.state.lost & set(named)):
            self._put_again(key, data[key])
        records = self.lake.put_all(data, content_type=CONTENT_TYPE)
        landed = [_landed(record, named[record.key], batch.asked_at) for record in records]
        detail: dict[str, Any] = {
            "source": self.source.name,
            "counts": Counter(type(outcome).__name__.lower() for outcome in batch.outcomes),
            "genres": list(genres),
            "records": {chunk.record.key: _told(chunk) for chunk in [*adopted, *landed]},
        }
        if batch.asked_at:
            detail["asked_at"] = batch.asked_at.isoformat()
            missing = [outcome.title for outcome in batch.outcomes if isinstance(outcome, Missing)]
            kinds = {title.kind for title in missing}
            detail["missing"] = {kind: [title.imdb_id for title in missing if title.kind == kind] for kind in kinds}
            detail["failed"] = {each.title.imdb_id: each.why for each in batch.outcomes if isinstance(each, Failed)}
        # Those of one run sort by their number; a snapshot's first, and as a rule only one, needs none.
        number = f"{self.run.run_id}-{self._manifests + 1:04}"
        run = replace(self.run, run_id=number) if self.source.is_timed or self._manifests else self.run
        objects = tuple(chunk.record for chunk in [*adopted, *landed])
        self.manifest = self.lake.put_manifest(manifest_of(run, STAGE, objects=objects, detail=detail))
        self._manifests += 1

    def _put_again(self, key: str, data: bytes) -> None:
        """Writes an object in the place of one that was changed, which stays as a replaced one does."""
        found = self.lake.checksum(key)
        if found is None:
            return
        with NamedTemporaryFile(dir=self.project.work_directory) as file:
            file.write(data)
            file.flush()
            self.lake.put_file(key, Path(file.name), content_type=CONTENT_TYPE, replaces=found[0])


def _landed(record: ObjectRecord, chunk: Chunk, asked_at: datetime | None) -> LandedChunk:
    titles = {item.title.imdb_id: checksum_of(item.body) for item in chunk.records}
    return LandedChunk(record, chunk.kind, titles, asked_at)


def _told(chunk: LandedChunk) -> dict[str, Any]:
    """For the manifest: which titles' records are in a file, by checksum, and when they were asked."""
    told = {"kind": chunk.kind, "titles": dict(chunk.titles)}
    return {**told, "asked_at": chunk.asked_at.isoformat()} if chunk.asked_at else told
