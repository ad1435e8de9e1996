"""Tables in a terminal: the columns that fit, in their order; no figure is ever split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from rich.table import Table

GAP = 2
"""Blanks between two columns."""
READABLE = 20
"""A column of text may be narrowed to this, its words going on below; one of figures may not."""


@dataclass(frozen=True)
class Column:
    """A column as it is written."""

    heading: str
    cells: tuple[str, ...]
    figures: bool

    @property
    def width(self) -> int:
        """Of its longest line, where there is room for it."""
        return max(cell_len(text) for text in (self.heading, *self.cells))

    @property
    def least_width(self) -> int:
        """Below which it cannot be read."""
        words = max(cell_len(word) for word in (*self.heading.split(), ""))
        cells = max(cell_len(cell) for cell in (*self.cells, ""))
        return max(words, cells if self.figures else min(cells, READABLE))


def fit_columns(columns: Sequence[Column], width: int) -> list[int]:
    """The widths of the columns that fit, in their order; those that are left out have none. The first always fits."""
    fitting: list[int] = []
    for column in columns:
        taken = sum(fitting) + GAP * len(fitting)
        if fitting and taken + column.least_width > width:
            break
        fitting.append(min(column.least_width, width))
    for number, column in enumerate(columns[: len(fitting)]):
        spare = width - sum(fitting) - GAP * (len(fitting) - 1)
        fitting[number] = min(column.width, fitting[number] + max(spare, 0))
    return fitting


def draw_table(columns: Sequence[Column], widths: Sequence[int]) -> "Table":
    """The table of the columns that have a width."""
    from rich import box
    from rich.table import Table

    shown = columns[: len(widths)]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for column, width in zip(shown, widths, strict=True):
        table.add_column(column.heading, width=width, justify="right" if column.figures else "left", overflow="fold")
    for row in _rows(shown):
        table.add_row(*row)
    return table


def _rows(columns: Sequence[Column]) -> Iterator[tuple[str, ...]]:
    return zip(*(column.cells for column in columns), strict=True)
