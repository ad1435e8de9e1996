"""What a stage tells on its way, on stderr: bars on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cinelake.lake.runs import Event

LINE_EVERY_S = 1.0
"""Off a terminal, the least time between two lines of one bar."""


class Teller:
    """Shows events. Used as a context, it leaves nothing behind on a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._told_at = 0.0
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        if self._console.is_terminal and not quiet:
            self._progress = Progress(
                TextColumn("{task.fields[stage]:>7}"),
                BarColumn(bar_width=24),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
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
            self._progress.update(
                self._task, description=event.message, stage=event.stage, total=total, completed=event.done
            )
        elif not self._quiet:
            self._tell_plainly(event)

    def _tell_plainly(self, event: Event) -> None:
        """One line an event; of the many events of one bar, a line a second."""
        if event.kind == "progress" and 0 < event.done < event.total:
            now = time.monotonic()
            if now - self._told_at < LINE_EVERY_S:
                return
            self._told_at = now
        share = f" ({event.done:,} of {event.total:,} {event.unit})" if event.kind == "progress" and event.total else ""
        sys.stderr.write(f"{event.stage}: {event.message}{share}\n")
