"""What enrichment deals in: titles that are wanted, records that TMDB has, and a place to get them from."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from cinelake.errors import ConfigurationError


@dataclass(frozen=True, order=True)
class Title:
    """A title that a question needs."""

    kind: str
    """`film` or `series`, as the source file has it."""
    imdb_id: str


@dataclass(frozen=True)
class Record:
    """What TMDB has on a title."""

    title: Title
    body: str
    """JSON, to the letter as it came."""


class RecordSource(Protocol):
    """Where records come from: a snapshot, or the API."""

    def records(self, wanted: Collection[Title]) -> Iterator[Record]:
        """The records of those titles that it knows; of two for one title the later is the newer.

        Raises:
            CinelakeError: it cannot be read or reached.
        """
        ...


class NoSourceError(ConfigurationError):
    """There is nowhere to get records from; `run` goes on without them."""
