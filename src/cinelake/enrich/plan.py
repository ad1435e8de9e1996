"""What an enrichment asks and lands, decided from what is wanted, held and found; touches nothing."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import NamedTuple

from cinelake.enrich.interface import Failed, Held, Missing, Outcome, Record, Title

CHUNK_RECORDS = 100
CHUNK_BYTES = 10_000_000
OPENING, SEPARATOR, CLOSING = "[\n", ",\n", "\n]\n"
STAMP = "%Y%m%dT%H%M%SZ"
FILE = re.compile(r"(?P<asked_at>\d{8}T\d{6}Z)-(?P<sha256>[0-9a-f]{16})\.json")
"""The name of a chunk of the API: when TMDB answered for the first of it, and its content's SHA-256, shortened."""


@dataclass(frozen=True)
class Chunk:
    """One file of records, of one kind."""

    kind: str
    records: tuple[Record, ...]

    @property
    def data(self) -> bytes:
        """A JSON array, a record a line."""
        return (OPENING + SEPARATOR.join(record.body for record in self.records) + CLOSING).encode()

    def file(self, asked_at: datetime | None) -> str:
        """Its name, by its content: two runs that land the same chunk of a snapshot write the same object."""
        name = f"{hashlib.sha256(self.data).hexdigest()[:16]}.json"
        return f"{asked_at.astimezone(UTC):{STAMP}}-{name}" if asked_at else name


class ChunkName(NamedTuple):
    """What the name of a chunk of the API tells."""

    asked_at: datetime
    """UTC."""
    sha256: str
    """The first 16 digits."""


def read_name(key: str) -> ChunkName | None:
    """What an object's name tells; None for one that is no chunk of the API."""
    name = FILE.fullmatch(key.rpartition("/")[2])
    if name is None:
        return None
    return ChunkName(datetime.strptime(name["asked_at"], STAMP).replace(tzinfo=UTC), name["sha256"])


@dataclass(frozen=True)
class Batch:
    """What is landed together, under one manifest."""

    outcomes: tuple[Outcome, ...]
    asked_at: datetime | None
    """UTC, when the first of it was answered; None for a snapshot."""

    @property
    def found(self) -> list[Record]:
        """The records in it."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Record)]

    @property
    def chunks(self) -> list[Chunk]:
        """The files that it is landed as."""
        return [chunk for kind in ("film", "series") for chunk in _chunks(kind, self.found)]


@dataclass
class Tally:
    """Where every title that was looked up stands: looked up = fresh + found + missing + failed."""

    fresh: int = 0
    """Titles whose record in the lake needs no other."""
    found: int = 0
    """Titles with a new or changed record."""
    missing: int = 0
    """Titles without a record anywhere."""
    failed: int = 0
    """Titles of which nothing could be found out."""

    @property
    def asked(self) -> int:
        """Titles that had to be looked up."""
        return self.found + self.missing + self.failed

    def count(self, outcome: Outcome, held: Held | None, *, timed: bool) -> bool:
        """Counts an outcome; returns whether it is news to the lake.

        Args:
            outcome: of a title.
            held: what the lake knows of the title.
            timed: whether it is of a known time, which is news. Where it is not, as in a snapshot, a record that the
                lake has is none, nor is that there is none where the lake has one.
        """
        known = held.checksum if held and not timed else None
        match outcome:
            case Failed():
                self.failed += 1
            case Missing() if known is None:
                self.missing += 1
            case Record() if known != checksum_of(outcome.body):
                self.found += 1
            case _:
                self.fresh += 1
                return False
        return True


def in_turn(titles: Iterable[Title]) -> list[Title]:
    """Films and series in turn, each kind in its order: a run that is cut short has asked for both."""
    kinds: dict[str, list[Title]] = {"film": [], "series": []}
    for title in titles:
        kinds[title.kind].append(title)
    return [title for pair in zip_longest(*kinds.values()) for title in pair if title is not None]


def checksum_of(body: str) -> str:
    """What tells two records of a title apart: SHA-256 of the body, shortened to 16 digits."""
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _chunks(kind: str, records: Sequence[Record]) -> Iterator[Chunk]:
    taken: list[Record] = []
    size_bytes = around = len(OPENING + CLOSING)
    for record in records:
        if record.title.kind != kind:
            continue
        record_bytes = len(record.body.encode()) + len(SEPARATOR)
        if taken and (len(taken) == CHUNK_RECORDS or size_bytes + record_bytes > CHUNK_BYTES):
            yield Chunk(kind, tuple(taken))
            taken, size_bytes = [], around
        taken.append(record)
        size_bytes += record_bytes
    if taken:
        yield Chunk(kind, tuple(taken))
