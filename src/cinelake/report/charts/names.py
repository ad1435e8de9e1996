"""Names beside the marks of a chart: where they cover no mark and no other name; left out where there is no room."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal
from unicodedata import east_asian_width

LETTER_PX, LINE_PX = 7.2, 15
"""A letter's width and a line's height at 12 pixels, in the wider of the fonts that a reader may have."""
MARK_PX = 6
"""From a mark's middle to its edge, and a little more."""
TRIED = 300
"""Marks of each group for which room is looked for: the first ones, so that a crowd does not take long."""
CELL_PX = 32
"""A side of the squares by which boxes nearby are found."""


@dataclass(frozen=True)
class Side:
    """Where a name stands beside its mark."""

    align: Literal["left", "right", "center"]
    dx: int
    dy: int


SIDES = (
    *(Side("left", 8, 0), Side("right", -8, 0)),
    *(Side("center", 0, dy) for dy in (-13, 13)),
    *(Side("left", -5, dy) for dy in (-13, 13)),
    *(Side("right", 5, dy) for dy in (-13, 13)),
)
"""Those that are tried, the best first."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; `top` is less than `bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether the two have a point in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        """Whether the other lies within."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True)
class Mark:
    """A mark and the name that it may get."""

    x: float
    y: float
    """Pixels, from the top."""
    name: str
    group: str
    """Each group gets a number of names."""


class Boxes:
    """Boxes that are taken, by the squares of a grid that they reach into."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[Box]] = {}

    @classmethod
    def of(cls, boxes: Iterable[Box]) -> "Boxes":
        """Those that are taken to begin with."""
        every = cls()
        for box in boxes:
            every.add(box)
        return every

    def add(self, box: Box) -> None:
        """Takes one more."""
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append(box)

    def meet(self, box: Box) -> bool:
        """Whether a box has a point in common with one of them."""
        return any(box.meets(other) for cell in _cells(box) for other in self._cells.get(cell, ()))


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    columns = range(int(box.left // CELL_PX), int(box.right // CELL_PX) + 1)
    rows = range(int(box.top // CELL_PX), int(box.bottom // CELL_PX) + 1)
    return product(columns, rows)


def place_names(
    marks: Sequence[Mark], *, width: float, height: float, each: int, kept_free: Sequence[Box] = ()
) -> Iterator[tuple[int, Side]]:
    """Gives names to the first marks of each group that have room for one.

    Args:
        marks: those that matter most first.
        width: of the plotting area, in pixels.
        height: of the same.
        each: names of one group, at most.
        kept_free: where no name may stand, besides on marks.

    Returns:
        The number of each mark that gets its name, and where the name stands.
    """
    area = Box(0, 0, width, height)
    around = (Box(mark.x - MARK_PX, mark.y - MARK_PX, mark.x + MARK_PX, mark.y + MARK_PX) for mark in marks)
    taken = Boxes.of((*around, *kept_free))
    groups = {mark.group for mark in marks}
    left, tries = dict.fromkeys(groups, each), dict.fromkeys(groups, TRIED)
    for number, mark in enumerate(marks):
        if not left[mark.group] or not tries[mark.group]:
            continue
        tries[mark.group] -= 1
        side = _side_with_room(mark, area, taken)
        if side is not None:
            taken.add(_box_of(mark, side))
            left[mark.group] -= 1
            yield number, side


def _side_with_room(mark: Mark, area: Box, taken: Boxes) -> Side | None:
    for side in SIDES:
        box = _box_of(mark, side)
        if area.holds(box) and not taken.meet(box):
            return side
    return None


def width_of(name: str) -> float:
    """Pixels that a name takes at most."""
    return sum(LETTER_PX * (2 if east_asian_width(letter) in "WF" else 1) for letter in name)


def _box_of(mark: Mark, side: Side) -> Box:
    width = width_of(mark.name)
    left = mark.x + side.dx - {"left": 0, "right": width, "center": width / 2}[side.align]
    middle = mark.y + side.dy
    return Box(left, middle - LINE_PX / 2, left + width, middle + LINE_PX / 2)
