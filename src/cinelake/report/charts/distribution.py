"""Distributions: for each value of a column a panel, in it an outline and a middle for each colour."""

import json
from collections.abc import Sequence
from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language, write_value
from cinelake.ask.words import DistributionChart, Row
from cinelake.report.charts.axes import Axis, axis_over
from cinelake.report.charts.palette import GREY, Palette
from cinelake.report.charts.rows import MOST_ROWS, SMALL, WIDTH, demand_few
from cinelake.report.charts.ticks import LABELS_APART, tick_labels

TICKS = 10
"""About as many on a linear axis."""
PANEL_HEIGHT = 110
"""Pixels of one panel's plotting area."""
ROOM = 0.28
"""Of the height that each middle takes above the outlines, as a share of the highest of them."""


def draw_distribution(chart: DistributionChart, answer: Answer, language: Language) -> dict[str, Any] | None:
    """The chart as Vega-Lite; None where there is nothing to draw."""
    rows = [row for row in answer.rows_of(chart.data) if _is_bin(row, chart)]
    where = chart.marks.where
    marks = [
        row
        for row in answer.rows_of(chart.marks.data)
        if _has_place(row[chart.marks.value], chart) and all(row[name] == value for name, value in where.items())
    ]
    if not rows or not marks:
        return None
    demand_few(chart, answer, len(rows), table=chart.data, most=MOST_ROWS)
    words = answer.words.words_of(chart.data)
    palette = Palette.of(chart, answer, [*marks, *rows], language)
    axis = _axis_of(rows, chart)
    panels = [
        value
        for value in dict.fromkeys(row[chart.panel] for row in answer.rows_of(chart.marks.data))
        if any(row[chart.panel] == value for row in rows)
    ]
    drawn = [
        _panel(
            chart,
            answer,
            language,
            axis,
            palette,
            rows=[row for row in rows if row[chart.panel] == value],
            marks=[row for row in marks if row[chart.panel] == value],
            name=str(words.word(chart.panel, value, language)),
            last=value == panels[-1],
        )
        for value in panels
    ]
    # It is made of typed parts: to hold it against the schema would take long.
    spec: dict[str, Any] = altair.vconcat(*drawn, spacing=14).to_dict(validate=False)
    return spec


def _is_bin(row: Row, chart: DistributionChart) -> bool:
    return row[chart.y] is not None and all(_has_place(row[name], chart) for name in (chart.x, chart.x_end))


def _has_place(value: Any, chart: DistributionChart) -> bool:
    """Whether the axis reaches a value: an unknown has no place, and on a logarithmic one 0 has none."""
    return value is not None and (chart.x_scale == "linear" or value > 0)


def _axis_of(rows: Sequence[Row], chart: DistributionChart) -> Axis:
    edges = [each for row in rows for each in (row[chart.x], row[chart.x_end])]
    start, end = min(edges), max(edges)
    # A linear one begins and ends with the bins, if they are any wide.
    return (
        axis_over(edges, chart.x_scale)
        if chart.x_scale == "log" or start == end
        else Axis("linear", (start, end), None)
    )


def _panel(
    chart: DistributionChart,
    answer: Answer,
    language: Language,
    axis: Axis,
    palette: Palette,
    *,
    rows: Sequence[Row],
    marks: Sequence[Row],
    name: str,
    last: bool,
) -> Any:
    highest = max(row[chart.y] for row in rows)
    colors = dict.fromkeys(row[chart.color] for row in [*rows, *marks])
    ordered = [value for value in colors if value is not None]
    x = altair.X(
        "x:Q",
        scale=altair.Scale(type=axis.scale, domain=list(axis.domain), nice=False, zero=False),
        title=getattr(chart.x_title, language) if last else None,
        axis=altair.Axis(
            values=altair.Undefined if axis.ticks is None else list(axis.ticks),
            labelExpr="datum.label" if axis.ticks is None else tick_labels(axis, language),
            labelOverlap="greedy",
            labelSeparation=LABELS_APART,
            tickCount=TICKS,
            labels=last,
            ticks=last,
            gridOpacity=0.4,
        ),
    )
    top = highest * (1 + ROOM * len(ordered))
    y = altair.Y(
        "y:Q",
        scale=altair.Scale(domain=[0, top], nice=False),
        title=None,
        axis=altair.Axis(
            values=[highest],
            labelExpr=f"format(datum.value, '.0%') + {json.dumps(' ' + getattr(chart.y_title, language))}",
            gridOpacity=0.4,
        ),
    )
    outlines, middles = [], []
    for number, value in enumerate(ordered):
        group = str(answer.words.words_of(chart.data).word(chart.color, value, language))
        color = palette.color_of(group)
        outline = _outline([row for row in rows if row[chart.color] == value], chart)
        base = altair.Chart(altair.Data(values=outline)).encode(x=x, y=y, order=altair.Order("order:Q"))
        outlines.append(base.mark_line(color=color, strokeWidth=1.5))
        height = top - highest * ROOM * (number + 0.5)
        for row in (row for row in marks if row[chart.color] == value):
            middles += _mark(chart, answer, language, axis, row, group=group, color=color, height=height, x=x, y=y)
    title = altair.TitleParams(name, anchor="start", fontSize=13, fontWeight="bold", offset=4)
    return altair.layer(*outlines, *middles).properties(width=WIDTH, height=PANEL_HEIGHT, title=title)


def _outline(rows: Sequence[Row], chart: DistributionChart) -> list[dict[str, float]]:
    """The bins as steps; between two that do not touch it falls to zero."""
    points: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda row: row[chart.x]):
        start, end, height = row[chart.x], row[chart.x_end], row[chart.y]
        if not points or points[-1][0] != start:
            points += [(points[-1][0], 0)] if points else []
            points.append((start, 0))
        points += [(start, height), (end, height)]
    points += [(points[-1][0], 0)] if points else []
    return [{"x": x, "y": y, "order": number} for number, (x, y) in enumerate(points)]


def _mark(
    chart: DistributionChart,
    answer: Answer,
    language: Language,
    axis: Axis,
    row: Row,
    *,
    group: str,
    color: str,
    height: float,
    x: Any,
    y: Any,
) -> list[Any]:
    """The middle of a group, its interval where there is one, and what it is."""
    marks = chart.marks
    value, low, high = row[marks.value], _edge(row, marks.low, chart), _edge(row, marks.high, chart)
    form = answer.words.words_of(marks.data).form(marks.value)
    written = write_value(value, "decimal" if form == "text" else form, language)
    count = write_value(row[marks.count], "integer", language)
    told = f"{group}: {getattr(marks.name, language)} {written} (n = {count})"
    at_right = axis.share(value) > 0.5
    start, end = (value if low is None else low), (value if high is None else high)
    edge = start if at_right else end
    at = {"x": value, "y": height, "low": start, "high": end, "edge": edge, "told": told}
    base = altair.Chart(altair.Data(values=[at])).encode(y=y)
    layers = [base.mark_point(filled=True, size=45, color=color, opacity=1).encode(x=x)]
    if low is not None and high is not None:
        layers.insert(0, base.mark_rule(color=color, strokeWidth=3).encode(x=altair.X("low:Q"), x2="high:Q"))
    name = base.mark_text(align="right" if at_right else "left", dx=-8 if at_right else 8, fontSize=SMALL, color=GREY)
    layers.append(name.encode(x=altair.X("edge:Q"), text="told:N"))
    return layers


def _edge(row: Row, column: str | None, chart: DistributionChart) -> Any:
    """Where an interval ends; None where it has no end that could be drawn."""
    value = None if column is None else row[column]
    return value if _has_place(value, chart) else None
