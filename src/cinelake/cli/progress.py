"""What a stage tells on its way, on stderr: bars on a terminal, plain lines elsewhere."""

import sys
import time
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

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._told_at = self._began_at = 0.0
        self._last = ""
        self._bars: Bars | None = None
        if sys.stderr.isatty():
            # Off a terminal nothing is drawn, and what draws takes its time to load.
            from cinelake.cli import bars

            self._bars = bars.Bars(hidden=quiet)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Shows one event. A warning is shown even when quiet."""
        if event.kind == "warning":
            text = f"warning: {event.stage}: {event.message}"
            if self._bars is not None:
                self._bars.warn(text)
            else:
                tell(f"{text}\n")
        elif self._quiet:
            return
        elif self._bars is not None:
            self._bars.show(event)
        else:
            self._tell_plainly(event)

    def _tell_plainly(self, event: Event) -> None:
        """One line an event; of the many events of one bar, a line a second."""
        now = time.monotonic()
        if event.kind != "progress":
            tell(f"{event.stage}: {event.message}\n")
            return
        if event.done == 0:
            self._began_at = now
        if 0 < event.done < event.total and now - self._told_at < LINE_EVERY_S:
            return
        self._told_at = now
        speed = event.done / (now - self._began_at) if event.done and now > self._began_at else None
        line = f"{event.stage}: {event.message} ({amount_of(event.done, event.total, event.unit, speed)})\n"
        if event.total and line != self._last:
            tell(line)
        self._last = line


def amount_of(done: float, total: float, unit: str, speed: float | None) -> str:
    """As in `12.3 MB of 98.0 MB, 35.1 MB/s, 3 s left`.

    Args:
        done: in units.
        total: in units.
        unit: `bytes`, or what is counted.
        speed: units a second; None where it is not known yet.
    """
    if unit != "bytes":
        return f"{done:,.0f} of {total:,.0f} {unit}"
    told = f"{size_of(done)} of {size_of(total)}"
    if not speed:
        return told
    left = f", {(total - done) / speed:,.0f} s left" if done < total else ""
    return f"{told}, {size_of(speed)}/s{left}"


def size_of(size_bytes: float) -> str:
    """A number of bytes in three digits, in powers of a thousand: `1.22 MB`."""
    size, units = size_bytes, ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.3g} {units[0]}"
