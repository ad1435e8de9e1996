"""What verification yields: one check for one thing that was looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cinelake.errors import CinelakeError

T = TypeVar("T")
STAGE = "verify"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    """What kind of check and of what, as in `object Raw/Local/CSV/Movies/2022/05/02/movies.csv`."""
    ok: bool
    detail: str
    is_note: bool = False
    """A fact that is told as it is: nothing was promised of it."""


def or_words(do: Callable[[], T]) -> T | str:
    """What is wrong in a lake is a failed check, not an error: its words."""
    try:
        return do()
    except CinelakeError as error:
        return error.what
