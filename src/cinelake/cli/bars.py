"""Progress on a terminal: a bar for the stage, and one for each of the largest things under way."""

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from cinelake.cli.progress import amount_of
from cinelake.cli.streams import STDERR, silence
from cinelake.lake.runs import Event

ITEMS = 4
"""Things under way that get a bar of their own, the largest first."""


class _Amount(ProgressColumn):
    """How much is done, how fast, and how long the rest takes."""

    def render(self, task: Task) -> Text:
        if not task.total:
            return Text()
        return Text(amount_of(task.completed, task.total, task.fields.get("unit", ""), task.speed))


class _Stderr(Console):
    """Rich's way to stderr. Rich would end the program where nobody reads it."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Falls silent."""
        silence(STDERR)


class Bars:
    """Bars on stderr that leave nothing behind."""

    def __init__(self, *, hidden: bool) -> None:
        self._console = _Stderr()
        self._progress = Progress(
            TextColumn("{task.fields[stage]:>7}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            _Amount(),
            console=self._console,
            transient=True,
            disable=hidden,
        )
        self._items: dict[str, TaskID] = {}
        self._stage = self._begin()

    def start(self) -> None:
        """Begins to draw."""
        self._progress.start()

    def stop(self) -> None:
        """Ends, and wipes what was drawn."""
        self._progress.stop()

    def warn(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)

    def show(self, event: Event) -> None:
        """What an event tells, in place of the last one."""
        is_new = event.kind != "progress" or event.done == 0
        if is_new:
            # A bar whose end was known cannot be made one without: Rich keeps the total.
            for drawn in (*self._items.values(), self._stage):
                self._progress.remove_task(drawn)
            self._items.clear()
            self._stage = self._begin()
        self._progress.update(
            self._stage,
            description=event.message,
            stage=event.stage,
            unit=event.unit,
            total=event.total if event.kind == "progress" else None,
            completed=event.done,
            refresh=is_new,
        )
        shown = sorted(event.items, key=lambda item: -item.total)[:ITEMS]
        for name in [name for name in self._items if name not in {item.name for item in shown}]:
            self._progress.remove_task(self._items.pop(name))
        for item in shown:
            if item.name not in self._items:
                self._items[item.name] = self._progress.add_task(item.name, stage="", unit=event.unit, total=item.total)
            self._progress.update(self._items[item.name], completed=item.done)

    def _begin(self) -> TaskID:
        return self._progress.add_task("", stage="", unit="", total=None)
