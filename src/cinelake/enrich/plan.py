"""What an enrichment will land, decided from what is wanted, held and found; touches nothing."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from cinelake.enrich.interface import Record, Title

CHUNK_RECORDS = 100
CHUNK_BYTES = 10_000_000
OPENING, SEPARATOR, CLOSING = "[\n", ",\n", "\n]\n"


@dataclass(frozen=True)
class Chunk:
    """One file of records, of one kind."""

    kind: str
    records: tuple[Record, ...]

    @property
    def data(self) -> bytes:
        """A JSON array, a record a line."""
        return (OPENING + SEPARATOR.join(record.body for record in self.records) + CLOSING).encode()


@dataclass(frozen=True)
class EnrichPlan:
    """What will be landed, and where every wanted title stands: wanted = fresh + found + missing."""

    chunks: tuple[Chunk, ...]
    fresh: int
    """Titles whose record in the lake needs no other."""
    found: int
    """Titles with a new or changed record."""
    missing: int
    """Titles without a record anywhere."""

    @property
    def asked(self) -> int:
        """Titles that had to be looked up."""
        return self.found + self.missing


def checksum_of(record: Record) -> str:
    """What tells two records of a title apart: SHA-256 of the body, shortened to 16 digits."""
    return hashlib.sha256(record.body.encode()).hexdigest()[:16]


def plan_enrichment(wanted: Collection[Title], held: Mapping[Title, str], records: Iterable[Record]) -> EnrichPlan:
    """Chooses the records that the lake lacks.

    Args:
        wanted: the titles that the questions need, in the order in which they are to be landed.
        held: checksum of the newest record that the lake has, by title.
        records: those of the source; the later one of a title counts.
    """
    known = {record.title: record for record in records}
    new = [known[title] for title in wanted if title in known and held.get(title) != checksum_of(known[title])]
    missing = sum(1 for title in wanted if title not in known and title not in held)
    return EnrichPlan(
        chunks=tuple(chunk for kind in ("film", "series") for chunk in _chunks(kind, new)),
        fresh=len(wanted) - len(new) - missing,
        found=len(new),
        missing=missing,
    )


def _chunks(kind: str, records: Iterable[Record]) -> Iterator[Chunk]:
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
