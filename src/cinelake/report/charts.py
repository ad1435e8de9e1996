"""One chart a question, from the answer's rows and the shape that `question.toml` gives."""

from collections.abc import Sequence
from typing import Any

import altair
import vl_convert

from cinelake.ask import Answer
from cinelake.ask.sentences import Language
from cinelake.ask.words import Chart
from cinelake.report.axes import Axis, axis_over
from cinelake.report.names import Mark, Side, place_names

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, told apart with any kind of colour vision (jfly.uni-koeln.de/color)."""
WIDTH, HEIGHT = 640, 320
"""Pixels of the plotting area; the page scales it to its width."""
NAMED = 4
"""Marks of each colour that get their name where they are points: the first in the answer that have room for it."""
LABEL = "abs(datum.value) < 1000 ? format(datum.value, '~r') : replace(format(datum.value, '~s'), 'G', 'B')"
"""A tick's words, as a Vega expression: 0.5, 20, 500k, 1M, 2B."""
SHORT = 28
"""Letters of a name on a mark."""


def draw_chart(answer: Answer, language: Language) -> str | None:
    """The chart of an answer as an SVG element; None where the question has none or nothing to draw."""
    chart = answer.words.chart
    if chart is None:
        return None
    rows = [_worded(row, answer, language) for row in answer.rows if _can_be_drawn(row, chart)]
    if not rows:
        return None
    marks = _bars(rows, chart, answer, language) if chart.mark == "bar" else _points(rows, chart, answer, language)
    spec = marks.properties(width=WIDTH, height=HEIGHT, background="transparent").configure(
        font="system-ui, sans-serif", view={"stroke": None}, axis={"labelFontSize": 12, "titleFontSize": 13}
    )
    return str(vl_convert.vegalite_to_svg(spec.to_dict()))


def _can_be_drawn(row: Any, chart: Chart) -> bool:
    values = (row[chart.x], row[chart.y])
    logarithmic = (chart.x_scale == "log", chart.y_scale == "log")
    return all(value is not None and not (log and value <= 0) for value, log in zip(values, logarithmic, strict=True))


def _worded(row: Any, answer: Answer, language: Language) -> dict[str, Any]:
    """The row with its coded values in the reader's words."""
    return {name: answer.words.word(name, value, language) for name, value in row.items()}


def _color(rows: Sequence[dict[str, Any]], chart: Chart) -> Any:
    domain = list(dict.fromkeys(row[chart.color] for row in rows))
    legend = altair.Legend(title=None, orient="top", direction="vertical", labelLimit=WIDTH, labelFontSize=12)
    scale = altair.Scale(domain=domain, range=list(PALETTE[: len(domain)]))
    return altair.Color(f"{chart.color}:N", scale=scale, legend=legend)


def _bars(rows: list[dict[str, Any]], chart: Chart, answer: Answer, language: Language) -> Any:
    order = list(dict.fromkeys(row[chart.x] for row in rows))
    base = altair.Chart(altair.Data(values=rows)).encode(
        x=altair.X(f"{chart.x}:N", sort=order, title=None, axis=altair.Axis(labelAngle=0)),
        xOffset=altair.XOffset(f"{chart.color}:N", sort=list(dict.fromkeys(row[chart.color] for row in rows))),
        y=altair.Y(f"{chart.y}:Q", title=answer.words.heading(chart.y, language)),
    )
    bars = base.mark_bar().encode(color=_color(rows, chart))
    if chart.label is None:
        return bars
    # A middle grey, legible on a light and on a dark page.
    names = base.mark_text(dy=-7, fontSize=11, color="#767676").encode(
        text=altair.Text(f"{chart.label}:Q", format=",d")
    )
    return bars + names


def _points(rows: list[dict[str, Any]], chart: Chart, answer: Answer, language: Language) -> Any:
    axes = (
        axis_over([row[chart.x] for row in rows], chart.x_scale),
        axis_over([row[chart.y] for row in rows], chart.y_scale),
    )
    points = _point_base(rows, axes, chart, answer, language)
    layers = [points.mark_point(filled=True, size=60, opacity=0.8).encode(color=_color(rows, chart))]
    if chart.label is not None:
        for side, named in _named(rows, axes, chart, chart.label).items():
            names = _point_base(named, axes, chart, answer, language).mark_text(
                align=side.align, baseline="middle", dx=side.dx, dy=side.dy, fontSize=11, color="#767676"
            )
            layers.append(names.encode(text="name:N"))
    return altair.layer(*layers)


def _point_base(
    rows: list[dict[str, Any]], axes: tuple[Axis, Axis], chart: Chart, answer: Answer, language: Language
) -> Any:
    def channel(kind: Any, column: str, axis: Axis) -> Any:
        form = answer.words.form(column)
        return kind(
            f"{column}:Q",
            scale=altair.Scale(type=axis.scale, domain=list(axis.domain), nice=False, zero=False),
            title=answer.words.heading(column, language) + (" (USD)" if form == "usd" else ""),
            axis=altair.Axis(
                values=altair.Undefined if axis.ticks is None else list(axis.ticks),
                labelExpr="format(datum.value, 'd')" if form == "year" else LABEL,
                labelOverlap="greedy" if axis.ticks is None else False,
                gridOpacity=0.4,
                # What made a profit lies above zero, what made a loss below.
                gridWidth=altair.condition("datum.value === 0", altair.value(2), altair.value(1)),
            ),
        )

    across, up = axes
    return altair.Chart(altair.Data(values=rows)).encode(
        x=channel(altair.X, chart.x, across), y=channel(altair.Y, chart.y, up)
    )


def _named(
    rows: Sequence[dict[str, Any]], axes: tuple[Axis, Axis], chart: Chart, label: str
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
