"""Where the parts of a chart stand, decided without drawing it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinelake.ask.words import Scale
from cinelake.report.charts.axes import TICKS_APART, axis_over
from cinelake.report.charts.names import MARK_PX, TRIED, Box, Boxes, Mark, place_names

MONEY = st.floats(1e3, 1e10)
RETURN = st.floats(-1, 1e6)


def test_an_axis_of_returns_has_round_ticks_on_both_sides_of_zero() -> None:
    assert axis_over([-0.92, 102.08], "symlog").ticks == (-1, 0, 1, 2, 5, 10, 20, 50, 100)


def test_an_axis_of_money_has_round_ticks() -> None:
    assert axis_over([1e5, 9.4e7], "log").ticks == (1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8)


@settings(deadline=None)
@given(st.lists(MONEY, min_size=1), st.lists(RETURN, min_size=1))
def test_every_mark_stands_off_the_edges_and_ticks_stand_apart(money: list[float], returns: list[float]) -> None:
    scales: list[tuple[list[float], Scale]] = [(money, "log"), (returns, "symlog"), (returns, "linear")]
    for values, scale in scales:
        axis = axis_over(values, scale)
        assert all(0.02 < axis.share(value) < 0.98 for value in values)
        shares = [axis.share(tick) for tick in axis.ticks or ()]
        assert all(0 <= share <= 1 for share in shares)
        assert all(after - before >= TICKS_APART for before, after in itertools.pairwise(shares))


@pytest.mark.parametrize("scale", ["log", "symlog", "linear"])
def test_one_value_alone_has_an_axis(scale: Scale) -> None:
    axis = axis_over([5.0], scale)
    assert 0 < axis.share(5.0) < 1


def mark(x: float, y: float, name: str = "A title", group: str = "a") -> Mark:
    return Mark(x, y, name, group)


def test_a_name_stands_to_the_right_and_at_the_right_edge_to_the_left() -> None:
    placed = dict(place_names([mark(100, 100), mark(630, 200)], width=640, height=320, each=4))
    assert [side.align for side in placed.values()] == ["left", "right"]


def test_a_name_without_room_is_left_out_and_the_next_gets_it() -> None:
    crowd = [mark(100 + dx, 100 + dy) for dx in range(-80, 81, 8) for dy in (-16, -8, 0, 8, 16)]
    marks = [mark(100, 100), *crowd, mark(500, 300, "Apart")]
    placed = dict(place_names(marks, width=640, height=320, each=len(marks)))
    assert 0 not in placed
    assert len(marks) - 1 in placed


def test_a_name_does_not_stand_on_a_line() -> None:
    line = Box(120, 0, 122, 320)
    placed = dict(place_names([mark(100, 100)], width=640, height=320, each=4, kept_free=[line]))
    assert [side.align for side in placed.values()] == ["right"]


def test_each_group_gets_its_number_of_names_the_first_ones() -> None:
    marks = [mark(20, 30 * at + 10, "ab"[at % 2] + str(at), "ab"[at % 2]) for at in range(9)]
    named = [marks[number].name for number, _ in place_names(marks, width=640, height=320, each=2)]
    assert sorted(named) == ["a0", "a2", "b1", "b3"]


@settings(deadline=None)
@given(
    st.lists(st.builds(Mark, st.floats(0, 640), st.floats(0, 320), st.text("ab", max_size=28), st.sampled_from("ab")))
)
def test_no_name_covers_a_mark_or_leaves_the_chart(marks: list[Mark]) -> None:
    for number, side in place_names(marks, width=640, height=320, each=4):
        x, y = marks[number].x + side.dx, marks[number].y + side.dy
        left = x - {"left": 0, "center": 0.5, "right": 1}[side.align] * 6.6 * len(marks[number].name)
        right = left + 6.6 * len(marks[number].name)
        assert left >= 0
        assert right <= 640.001
        for other in marks:
            apart = other.x + MARK_PX <= left or other.x - MARK_PX >= right
            assert apart or other.y + MARK_PX <= y - 7 or other.y - MARK_PX >= y + 7 or left == right


def test_only_the_first_marks_of_each_group_are_tried() -> None:
    crowd = [mark(100, 100, "x" * 200, "a") for _ in range(TRIED)]
    marks = [*crowd, mark(500, 300, "Apart", "a"), mark(300, 200, "Another", "b")]
    assert [number for number, _ in place_names(marks, width=640, height=320, each=4)] == [TRIED + 1]


@settings(deadline=None)
@given(st.lists(st.builds(Box, st.floats(-99, 99), st.floats(-99, 99), st.floats(0, 99), st.floats(0, 99))))
def test_boxes_nearby_are_all_that_could_meet(sizes: list[Box]) -> None:
    boxes = [Box(each.left, each.top, each.left + each.right, each.top + each.bottom) for each in sizes]
    for number, box in enumerate(boxes):
        others = boxes[number + 1 :]
        assert Boxes.of(others).meet(box) == any(box.meets(other) for other in others)
