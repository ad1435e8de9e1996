"""What verification has found, in words for a terminal and in Markdown fit to hand in."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cinelake.verify import Check, VerifyResult

MANY = 20
"""Checks of one kind and place that are told as one line where all of them hold."""


def evidence_lines(result: "VerifyResult") -> list[str]:
    """What failed, then what holds, then the sum. Of very many objects side by side their number is told."""
    failed = [check for check in result.checks if not check.ok]
    checks = [check for check in result.checks if not check.is_note]
    return [
        *(f"FAIL  {check.name}: {check.detail}" for check in failed),
        *([""] if failed else []),
        *_holding([check for check in result.checks if check.ok]),
        "",
        f"{len(checks) - len(failed):,} of {len(checks):,} checks hold"
        + (f"; failed: {', '.join(check.name for check in failed[:MANY])}" if failed else "")
        + (f" and {len(failed) - MANY:,} more" if len(failed) > MANY else ""),
    ]


def _holding(checks: Sequence["Check"]) -> Iterator[str]:
    for place, found in groupby(checks, _place):
        group = list(found)
        if len(group) > MANY:
            yield f"ok    {place}/…: {len(group):,} of them; --json and --md tell each"
        else:
            yield from (f"{_mark(check):<4}  {check.name}: {check.detail}" for check in group)


def _mark(check: "Check") -> str:
    """Of what did not fail: whether it holds, or is told as it is."""
    return "-" if check.is_note else "ok"


def _place(check: "Check") -> str:
    """The name without what follows its last slash: checks of one folder go together."""
    return check.name.rpartition("/")[0] or check.name


def evidence_markdown(result: "VerifyResult") -> list[str]:
    """Every check as a row of a table, below what was verified, when and how it came out."""
    checks = [check for check in result.checks if not check.is_note]
    failed = sum(1 for check in checks if not check.ok)
    return [
        f"# Evidence of the lake {_cell(result.lake)}",
        "",
        f"Verified {result.run.started_at:%Y-%m-%d %H:%M:%S} UTC by run `{result.run.run_id}`: "
        f"**{len(checks) - failed:,} of {len(checks):,} checks hold**.",
        "",
        "| | check | found |",
        "|---|---|---|",
        *(
            f"| {_mark(check) if check.ok else '**FAIL**'} | {_cell(check.name)} | {_cell(check.detail)} |"
            for check in result.checks
        ),
    ]


def _cell(text: str) -> str:
    """Text that stays in its cell, and means nothing to Markdown."""
    for letter in "\\|*_`<>[]":
        text = text.replace(letter, f"\\{letter}")
    return " ".join(text.split())
