"""What a stage tells on its way, on stderr: bars on a terminal, plain lines elsewhere."""

import sys
import time
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cinelake.cli.streams import tell
from cinelake.lake.runs import Event

if TYPE_CHECKING:
    from cinelake.cli.bars import Bars

LINE_EVERY_S = 1.0
"""Off a terminal, the least time between two lines of one bar."""


class Teller:
    """Shows events. Used as a context, it leaves nothing behind on a terminal; where nobody reads, it is silent."""

    def __init__(self, *, quiet: bool, verbose: bool = False) -> None:
        """Gets ready.

        Args:
            quiet: only warnings are shown.
            verbose: every event is a line, with the seconds since the start; at the end, the seconds of each stage.
        """
        self._quiet = quiet
        self._verbose = verbose and not quiet
        self._started_at = time.monotonic()
        self._steps: list[tuple[float, str]] = []
        """When the stages were heard of in turn."""
        self._told_at, self._began_at = 0.0, self._started_at
        self._last = ""
        self._bars: Bars | None = None
        if sys.stderr.isatty():
            # Off a terminal nothing is drawn, and what draws takes its time to load.
            from cinelake.cli import bars

            self._bars = bars.Bars(hidden=quiet or verbose)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
        if self._verbose and self._steps:
            self._tell_times()

    def __call__(self, event: Event) -> None:
        """Shows one event. A warning is shown even when quiet."""
        if not self._steps or self._steps[-1][1] != event.stage:
            self._steps.append((time.monotonic(), event.stage))
        if event.kind == "warning":
            text = f"warning: {event.stage}: {event.message}"
            if self._bars is not None:
                self._bars.warn(text)
            else:
                tell(f"{text}\n")
        elif self._quiet:
            return
        elif self._bars is not None and not self._verbose:
            self._bars.show(event)
        else:
            self._tell_plainly(event)

    def _tell_times(self) -> None:
        """Seconds in all and by stage, once: a stage lasts until another is heard of."""
        now = time.monotonic()
        seconds: dict[str, float] = {}
        starts = [self._started_at, *(start for start, _ in self._steps[1:]), now]
        for (_, stage), (start, end) in zip(self._steps, pairwise(starts), strict=True):
            seconds[stage] = seconds.get(stage, 0.0) + end - start
        told = ", ".join(f"{stage} {taken:.1f} s" for stage, taken in seconds.items())
        tell(f"{now - self._started_at:.1f} s in all: {told}\n")
        self._steps.clear()

    def _tell_plainly(self, event: Event) -> None:
        """One line an event; of the many events of one bar a line a second, unless each is a step that is asked for."""
        now = time.monotonic()
        if event.kind != "progress":
            tell(f"{self._since(now)}{event.stage}: {event.message}\n")
            return
        if event.done == 0:
            self._began_at = now
        every = 0.0 if self._verbose and event.unit != "bytes" else LINE_EVERY_S
        if 0 < event.done < event.total and now - self._told_at < every:
            return
        self._told_at = now
        speed = event.done / (now - self._began_at) if event.done and now > self._began_at else None
        line = f"{event.stage}: {event.message} ({amount_of(event.done, event.total, event.unit, speed)})\n"
        told = f"{event.stage}: {event.message}, {event.done}"  # the end of a bar may be heard of again
        if event.total and told != self._last:
            tell(self._since(now) + line)
        self._last = told

    def _since(self, now: float) -> str:
        return f"{now - self._started_at:6.1f} s  " if self._verbose else ""


def amount_of(done: float, total: float, unit: str, speed: float | None) -> str:
    """As in `12.3 MB of 98.0 MB, 35.1 MB/s, 3 s left`, or `120 of 2,000 titles, 70 s left`.

    Args:
        done: in units.
        total: in units.
        unit: `bytes`, or what is counted.
        speed: units a second; None where it is not known yet.
    """
    told = f"{size_of(done)} of {size_of(total)}" if unit == "bytes" else f"{done:,.0f} of {total:,.0f} {unit}"
    if not speed:
        return told
    told += f", {size_of(speed)}/s" if unit == "bytes" else ""
    return f"{told}, {duration_of((total - done) / speed)} left" if done < total else told


def duration_of(seconds: float) -> str:
    """As in `7 s`, `12 min` or `3.5 h`."""
    if seconds < 100:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:,.1f} h"


def size_of(size_bytes: float) -> str:
    """A number of bytes in three digits, in powers of a thousand: `1.22 MB`."""
    size, units = size_bytes, ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.3g} {units[0]}"


def count_of(number: int, noun: str) -> str:
    """As in `1 row` or `1,234 rows`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
