"""What a stage tells on its way, on stderr: bars on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn
from rich.text import Text

from cinelake.lake.runs import Event

LINE_EVERY_S = 1.0
"""Off a terminal, the least time between two lines of one bar."""
ITEMS = 4
"""Things under way that get a bar of their own on a terminal, the largest first."""


class _Amount(TextColumn):
    """How much is done, how fast, and how long the rest takes."""

    def render(self, task: Task) -> Text:
        if not task.total:
            return Text()
        unit = task.fields.get("unit", "")
        return Text(_amount(task.completed, task.total, unit, task.speed), style="progress.data.speed")


class Teller:
    """Shows events. Used as a context, it leaves nothing behind on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._told_at = self._began_at = 0.0
        self._last = ""
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._items: dict[str, TaskID] = {}
        if self._console.is_terminal and not quiet:
            self._progress = Progress(
                TextColumn("{task.fields[stage]:>7}"),
                BarColumn(bar_width=24),
                TextColumn("{task.description}", markup=False),
                _Amount(""),
                console=self._console,
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
            self._task = self._progress.add_task("", stage="", total=None)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Shows one event. A warning is shown even when quiet."""
        if event.kind == "warning":
            text = f"warning: {event.stage}: {event.message}"
            self._console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)
        elif self._progress is not None and self._task is not None:
            total = event.total if event.kind == "progress" else None
            if event.kind != "progress" or event.done == 0:
                self._progress.reset(self._task)
            self._progress.update(
                self._task,
                description=event.message,
                stage=event.stage,
                unit=event.unit,
                total=total,
                completed=event.done,
            )
            self._show_items(self._progress, event)
        elif not self._quiet:
            self._tell_plainly(event)

    def _show_items(self, progress: Progress, event: Event) -> None:
        shown = sorted(event.items, key=lambda item: -item.total)[:ITEMS]
        names = {item.name for item in shown}
        for name in [name for name in self._items if name not in names]:
            progress.remove_task(self._items.pop(name))
        for item in shown:
            if item.name not in self._items:
                self._items[item.name] = progress.add_task(item.name, stage="", unit=event.unit, total=item.total)
            progress.update(self._items[item.name], completed=item.done)

    def _tell_plainly(self, event: Event) -> None:
        """One line an event; of the many events of one bar, a line a second."""
        now = time.monotonic()
        if event.kind != "progress":
            sys.stderr.write(f"{event.stage}: {event.message}\n")
            return
        if event.done == 0:
            self._began_at = now
        if 0 < event.done < event.total and now - self._told_at < LINE_EVERY_S:
            return
        self._told_at = now
        speed = event.done / (now - self._began_at) if event.done and now > self._began_at else None
        line = f"{event.stage}: {event.message} ({_amount(event.done, event.total, event.unit, speed)})\n"
        if event.total and line != self._last:
            sys.stderr.write(line)
        self._last = line


def _amount(done: float, total: float, unit: str, speed: float | None) -> str:
    """As in `12.3 of 98.0 MB, 35.1 MB/s, 3 s left`.

    Args:
        done, total: in units.
        unit: `bytes`, or what is counted.
        speed: units a second; None where it is not known yet.
    """
    if unit != "bytes":
        return f"{done:,.0f} of {total:,.0f} {unit}"
    told = f"{decimal(int(done))} of {decimal(int(total))}"
    if not speed:
        return told
    left = f", {(total - done) / speed:,.0f} s left" if done < total else ""
    return f"{told}, {decimal(int(speed))}/s{left}"
