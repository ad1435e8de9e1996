"""Points: a mark a row, where two of its figures meet, some of them named."""

from collections.abc import Sequence
from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language, write_value
from cinelake.ask.words import PointChart, Row, TableWords
from cinelake.report.charts.axes import Axis, axis_over
from cinelake.report.charts.common import GREY, HEIGHT, LABELS_APART, SMALL, WIDTH, Palette, tick_labels, worded
from cinelake.report.charts.names import Mark, Side, place_names

NAMED = 4
"""Marks of each colour that get their name: the first in the answer that have room for it."""
SHORT = 28
"""Letters of a name on a mark."""


def draw_points(chart: PointChart, answer: Answer, language: Language) -> Any:
    """The chart; None where no row can be drawn."""
    found = [row for row in answer.rows_of(chart.data) if _can_be_drawn(row, chart)]
    if not found:
        return None
    words = answer.words.words_of(chart.data)
    rows = [worded(row, words, language) for row in found]
    behind = [row for row in answer.rows_of(chart.context) if _can_be_drawn(row, chart)] if chart.context else []
    x_lines, y_lines = (_lines(names, answer) for names in (chart.x_lines, chart.y_lines))
    every = [*rows, *behind]
    axes = (
        axis_over([*(row[chart.x] for row in every), *x_lines.values()], chart.x_scale),
        axis_over([*(row[chart.y] for row in every), *y_lines.values()], chart.y_scale),
    )
    layers = [_context(behind, axes, chart, words, language)] if behind else []
    layers += [_rules(x_lines, "x", axes, chart, words, language)] if x_lines else []
    layers += [_rules(y_lines, "y", axes, chart, words, language)] if y_lines else []
    color = Palette.of(words, chart.color, found, language).channel(chart.color, [row[chart.color] for row in rows])
    points = _base(rows, axes, chart, words, language)
    layers.append(points.mark_point(filled=True, size=60, opacity=0.8).encode(color=color))
    if chart.label is not None:
        for side, named in _named(rows, axes, chart, chart.label).items():
            names = _base(named, axes, chart, words, language).mark_text(
                align=side.align, baseline="middle", dx=side.dx, dy=side.dy, fontSize=SMALL, color=GREY
            )
            layers.append(names.encode(text="name:N"))
    return altair.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _can_be_drawn(row: Row, chart: PointChart) -> bool:
    values = (row[chart.x], row[chart.y])
    logarithmic = (chart.x_scale == "log", chart.y_scale == "log")
    return all(value is not None and not (log and value <= 0) for value, log in zip(values, logarithmic, strict=True))


def _lines(names: Sequence[str], answer: Answer) -> dict[str, float]:
    """The figures of the summary at which lines are drawn; unknown ones have none."""
    return {name: answer.summary[name] for name in names if answer.summary[name] is not None}


def _context(
    rows: Sequence[Row], axes: tuple[Axis, Axis], chart: PointChart, words: TableWords, language: Language
) -> Any:
    at = [{chart.x: row[chart.x], chart.y: row[chart.y]} for row in rows]
    return _base(at, axes, chart, words, language).mark_circle(size=9, opacity=0.25, color=GREY)


def _rules(
    lines: dict[str, float],
    channel: str,
    axes: tuple[Axis, Axis],
    chart: PointChart,
    words: TableWords,
    language: Language,
) -> Any:
    """Dashed lines across the chart, each with its figure at its end."""
    column = chart.x if channel == "x" else chart.y
    rows = [{column: value, "name": write_value(value, words.form(column), language)} for value in lines.values()]
    base = _base(rows, axes, chart, words, language, only=channel)
    rules = base.mark_rule(strokeDash=[4, 4], color=GREY, opacity=0.8)
    if channel == "x":
        names = base.mark_text(align="left", baseline="top", dx=3, fontSize=SMALL - 1, color=GREY)
        return rules + names.encode(y=altair.value(2), text="name:N")
    names = base.mark_text(align="right", baseline="bottom", dy=-2, fontSize=SMALL - 1, color=GREY)
    return rules + names.encode(x=altair.value(WIDTH), text="name:N")


def _base(
    rows: Sequence[Row],
    axes: tuple[Axis, Axis],
    chart: PointChart,
    words: TableWords,
    language: Language,
    *,
    only: str | None = None,
) -> Any:
    def channel(kind: Any, column: str, axis: Axis) -> Any:
        form = words.form(column)
        return kind(
            f"{column}:Q",
            scale=altair.Scale(type=axis.scale, domain=list(axis.domain), nice=False, zero=False),
            title=words.heading(column, language) + (" (USD)" if form == "usd" else ""),
            axis=altair.Axis(
                values=altair.Undefined if axis.ticks is None else list(axis.ticks),
                labelExpr=_label_of(form, axis, language),
                labelOverlap="greedy",
                labelSeparation=LABELS_APART,
                gridOpacity=0.4,
                # What made a profit lies above zero, what made a loss below.
                gridWidth=altair.condition("datum.value === 0", altair.value(2), altair.value(1)),
            ),
        )

    across, up = axes
    told = {"x": channel(altair.X, chart.x, across), "y": channel(altair.Y, chart.y, up)}
    return altair.Chart(altair.Data(values=list(rows))).encode(
        **{name: each for name, each in told.items() if only in (None, name)}
    )


def _label_of(form: str, axis: Axis, language: Language) -> str:
    if form == "year":
        return "format(datum.value, 'd')"
    return "datum.label" if axis.ticks is None else tick_labels(axis, language)


def _named(
    rows: Sequence[dict[str, Any]], axes: tuple[Axis, Axis], chart: PointChart, label: str
) -> dict[Side, list[dict[str, Any]]]:
    """The marks that get a name, by where it stands."""
    across, up = axes
    marks = [
        Mark(
            across.share(row[chart.x]) * WIDTH,
            (1 - up.share(row[chart.y])) * HEIGHT,
            _shortened(str(row[label])),
            str(row[chart.color]),
        )
        for row in rows
    ]
    named: dict[Side, list[dict[str, Any]]] = {}
    for number, side in place_names(marks, width=WIDTH, height=HEIGHT, each=NAMED):
        named.setdefault(side, []).append({**rows[number], "name": marks[number].name})
    return named


def _shortened(name: str) -> str:
    return name if len(name) <= SHORT else name[: SHORT - 1].rstrip() + "…"
