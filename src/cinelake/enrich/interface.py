"""What enrichment deals in: titles that are wanted, records that TMDB has, and a place to get them from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from cinelake.errors import AccessError

ORIGIN = "TMDB"
"""Of the records, as keys in the lake tell it."""

WHERE_FROM = "get one at https://www.themoviedb.org/settings/api and put it into .env"
"""What helps whoever has no token."""


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
    came_as: str | None = None
    """Another IMDb id, where it came with one: it is kept, and rejected when tables are built."""


@dataclass(frozen=True)
class Missing:
    """TMDB does not know a title."""

    title: Title


@dataclass(frozen=True)
class Failed:
    """Whether TMDB knows a title could not be found out."""

    title: Title
    why: str


Outcome = Record | Missing | Failed


@dataclass(frozen=True)
class Held:
    """What the lake knows of a title."""

    checksum: str | None
    """Of its newest record; None where TMDB did not know the title."""
    asked_at: datetime | None
    """UTC; None for a record of a snapshot, whose age nobody knows."""


@dataclass(frozen=True)
class Estimate:
    """What asking will take."""

    titles: int
    """That are asked for: all that are due, or as many as the requests allow."""
    requests: int
    at_least: int
    at_most: int
    """Requests, if every title takes as few, or as many, as one may."""
    seconds: float


class RecordSource(Protocol):
    """Where records come from: a snapshot, or the API."""

    name: ClassVar[str]
    """As `[tmdb] source` has it."""
    batch_titles: ClassVar[int]
    """Outcomes after which those at hand are landed: what a run that is killed may lose."""

    is_timed: ClassVar[bool]
    """Whether its outcomes are of a known time: of now."""

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        ...

    @property
    def refusals(self) -> int:
        """Answers so far that asked to slow down."""
        ...

    def is_due(self, held: Held | None, now: datetime) -> bool:
        """Whether a title is to be looked up, given what the lake knows of it."""
        ...

    def estimate(self, due: Sequence[Title], known: Mapping[Title, bool]) -> Estimate | None:
        """What looking titles up will take; None where finding that out takes as much.

        Args:
            due: in the order in which they are looked up.
            known: of titles that were looked up before, whether they were found; in that order, too.
        """
        ...

    def look_up(self, titles: Sequence[Title]) -> Iterator[Sequence[Outcome]]:
        """What comes of each title, as it comes: several at a time, or none for a moment.

        Raises:
            CinelakeError: the source cannot be read or reached; what was found before has been given.
        """
        ...

    def stop(self) -> Sequence[Outcome]:
        """Ends the looking up; returns what has come and was not given."""
        ...


class NoTokenError(AccessError):
    """TMDB may not be asked by nobody; `run` goes on without it."""
