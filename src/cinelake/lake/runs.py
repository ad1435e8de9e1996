"""One run of a stage: its identity, its clock, what it tells while it goes, how it ended."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal, Self

RUN_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}(-\d+)?")
Status = Literal["done", "unchanged", "planned", "failed"]


@dataclass(frozen=True)
class Run:
    """Who is writing: every object and manifest of a run can be followed back to it."""

    run_id: str
    """Sorts by start: `20220502T131500123Z-3f9a2c1b`."""
    started_at: datetime
    """UTC."""
    processing_date: date
    """The date in the keys that are written."""

    @classmethod
    def start(cls, processing_date: date, *, now: datetime | None = None) -> Self:
        """Begins a run at `now`, or at this moment."""
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        stamp = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"
        return cls(f"{stamp}-{secrets.token_hex(4)}", moment, processing_date)

    def on(self, processing_date: date) -> Self:
        """The same run, writing for another date."""
        return replace(self, processing_date=processing_date)


def started_at_of(run_id: str) -> datetime | None:
    """When a run started, as its id tells, in UTC; None for what is no run's id."""
    if not RUN_ID.fullmatch(run_id):
        return None
    return datetime.strptime(run_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One thing under way, such as a file."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Event:
    """Something that a stage tells while it works; never part of its result."""

    stage: str
    message: str
    kind: Literal["step", "progress", "warning"] = "step"
    done: int = 0
    """With `progress`: how much of `total` is done."""
    total: int = 0
    unit: str = ""
    """With `progress`: of what, as in `bytes` or `objects`."""
    items: tuple[Item, ...] = ()
    """With `progress`: what is under way, in the same unit."""


OnEvent = Callable[[Event], None]


def silent(_event: Event) -> None:
    """Tells nobody."""
