"""Names beside the marks of a chart: where they cover no mark and no other name; left out where there is no room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from unicodedata import east_asian_width

LETTER_PX, LINE_PX = 7.2, 15
"""A letter's width and a line's height at 12 pixels, in the wider of the fonts that a reader may have."""
MARK_PX = 6
"""From a mark's middle to its edge, and a little more."""


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


def place_names(
    marks: Sequence[Mark], *, width: float, height: float, each: int, free: Sequence[Box] = ()
) -> Iterator[tuple[int, Side]]:
    """Gives names to the first marks of each group that have room for one.

    Args:
        marks: those that matter most first.
        width: of the plotting area, in pixels.
        height: of the same.
        each: names of one group, at most.
        free: where no name may stand, besides on marks.

    Returns:
        The number of each mark that gets its name, and where the name stands.
    """
    area = Box(0, 0, width, height)
    taken = [Box(mark.x - MARK_PX, mark.y - MARK_PX, mark.x + MARK_PX, mark.y + MARK_PX) for mark in marks]
    taken += free
    given: dict[str, int] = {}
    for number, mark in enumerate(marks):
        for side in SIDES if given.get(mark.group, 0) < each else ():
            box = _box_of(mark, side)
            if area.holds(box) and not any(box.meets(other) for other in taken):
                taken.append(box)
                given[mark.group] = given.get(mark.group, 0) + 1
                yield number, side
                break


def width_of(name: str) -> float:
    """Pixels that a name takes at most."""
    return sum(LETTER_PX * (2 if east_asian_width(letter) in "WF" else 1) for letter in name)


def _box_of(mark: Mark, side: Side) -> Box:
    width = width_of(mark.name)
    left = mark.x + side.dx - {"left": 0, "right": width, "center": width / 2}[side.align]
    middle = mark.y + side.dy
    return Box(left, middle - LINE_PX / 2, left + width, middle + LINE_PX / 2)
