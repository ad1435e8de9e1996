"""What lies in the lake, as tables for a terminal: one a layer."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from cinelake.cli.progress import count_of, size_of

if TYPE_CHECKING:
    from cinelake.cli.tables import Column
    from cinelake.survey import Entry, SurveyResult

USUAL_ORIGIN = "Local"
"""Needs no telling."""
LEGEND = {
    "earlier": "the newest of its date: what --date reads",
    "superseded": "another run of the same date took its place, and nothing reads it",
    "untold": "no manifest knows it: others wrote it, or a run that was killed (expire --builds removes its tables)",
}
"""What a state means."""
NOTHING = "no objects there; cinelake land brings files to Raw"
DAY_S = 24 * 60 * 60


def layers_of(result: "SurveyResult") -> "Iterator[tuple[str, list[Column]]]":
    """The heading of each layer, and its table."""
    for layer, found in groupby(result.entries, lambda entry: entry.layer):
        entries = list(found)
        objects = sum(entry.objects for entry in entries)
        size = size_of(sum(entry.bytes for entry in entries))
        yield f"{layer} ({count_of(objects, 'object')}, {size})", entry_columns(entries, now=result.run.started_at)


def entry_columns(entries: "Sequence[Entry]", *, now: datetime) -> "list[Column]":
    """The columns of a table, what matters most first."""
    from cinelake.cli.tables import Column

    return [
        Column("Dataset", tuple(_named(entry) for entry in entries), figures=False),
        Column("Date", tuple(entry.date.isoformat() if entry.date else "" for entry in entries), figures=True),
        Column("Rows", tuple("" if entry.rows is None else f"{entry.rows:,}" for entry in entries), figures=True),
        Column("Size", tuple(size_of(entry.bytes) for entry in entries), figures=True),
        Column("Objects", tuple(f"{entry.objects:,}" for entry in entries), figures=True),
        Column("Age", tuple(age_of((now - entry.modified_at).total_seconds()) for entry in entries), figures=True),
        Column("State", tuple(entry.state for entry in entries), figures=False),
    ]


def legend_lines(result: "SurveyResult") -> Iterator[str]:
    """What the states mean that occur, but for the usual one."""
    for state, words in LEGEND.items():
        if any(entry.state == state for entry in result.entries):
            yield f"{state}: {words}"


def age_of(seconds: float) -> str:
    """As in `7 s`, `12 min`, `5 h` or `400 days`; an object that is younger than now by a slow clock has none."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 60 * 60:
        return f"{whole // 60} min"
    if whole < 2 * DAY_S:
        return f"{whole // 3600} h"
    return f"{whole // DAY_S:,} days"


def _named(entry: "Entry") -> str:
    if not entry.dataset:
        return "other keys"
    return f"{entry.dataset} ({entry.origin})" if entry.origin not in ("", USUAL_ORIGIN) else entry.dataset
