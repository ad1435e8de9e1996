"""Points: a mark a row, where two of its figures meet, some of them named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language, write_value
from cinelake.ask.words import PointChart, Row, TableWords
from cinelake.report.charts.axes import Axis, axis_over
from cinelake.report.charts.common import (
    GREY,
    HEIGHT,
    LABELS_APART,
    SMALL,
    WIDTH,
    Palette,
    spec_of,
    tick_labels,
    worded,
)
from cinelake.report.charts.names import LINE_PX, Box, Mark, Side, place_names, width_of

NAMED = 4
"""Marks of each colour that get their name: the first in the answer that have room for it."""
SHORT = 28
"""Letters of a name on a mark."""
LINE_GAP = 3
"""Pixels between a line and its figure."""


@dataclass
class _Plot:
    """What all layers share: axes, words, and the rows, which stand once in the specification."""

    chart: PointChart
    words: TableWords
    language: Language
    across: Axis
    up: Axis
    datasets: dict[str, list[Row]] = field(default_factory=dict)

    def of(self, rows: Sequence[Row], *, only: str | None = None) -> Any:
        """A layer's marks without their look: rows placed by both figures, or only by x or y."""
        # By name: altair copies what it is given, over and over.
        name = f"rows_{len(self.datasets)}"
        self.datasets[name] = list(rows)
        told = {
            "x": self._channel(altair.X, self.chart.x, self.across),
            "y": self._channel(altair.Y, self.chart.y, self.up),
        }
        return altair.Chart(altair.NamedData(name)).encode(
            **{channel: each for channel, each in told.items() if only in (None, channel)}
        )

    def place(self, row: Row) -> tuple[float, float]:
        """Where a row's mark is, in pixels from the left and from the top."""
        return self.across.share(row[self.chart.x]) * WIDTH, (1 - self.up.share(row[self.chart.y])) * HEIGHT

    def _channel(self, kind: Any, column: str, axis: Axis) -> Any:
        form = self.words.form(column)
        return kind(
            f"{column}:Q",
            scale=altair.Scale(type=axis.scale, domain=list(axis.domain), nice=False, zero=False),
            title=self.words.heading(column, self.language) + (" (USD)" if form == "usd" else ""),
            axis=altair.Axis(
                values=altair.Undefined if axis.ticks is None else list(axis.ticks),
                labelExpr=_label_of(form, axis, self.language),
                labelOverlap="greedy",
                labelSeparation=LABELS_APART,
                gridOpacity=0.4,
                # What made a profit lies above zero, what made a loss below.
                gridWidth=altair.condition("datum.value === 0", altair.value(2), altair.value(1)),
            ),
        )


def draw_points(chart: PointChart, answer: Answer, language: Language) -> dict[str, Any] | None:
    """The chart as Vega-Lite; None where no row can be drawn."""
    found = [row for row in answer.rows_of(chart.data) if _can_be_drawn(row, chart)]
    if not found:
        return None
    words = answer.words.words_of(chart.data)
    used = [column for column in (chart.x, chart.y, chart.color, chart.label) if column is not None]
    rows = [worded({column: row[column] for column in used}, words, language) for row in found]
    behind = [row for row in answer.rows_of(chart.context) if _can_be_drawn(row, chart)] if chart.context else []
    x_lines = _lines(chart.x_lines, answer, chart.x, words, language)
    y_lines = _lines(chart.y_lines, answer, chart.y, words, language)
    plot = _Plot(
        chart,
        words,
        language,
        axis_over([row[chart.x] for row in (*rows, *behind, *x_lines)], chart.x_scale),
        axis_over([row[chart.y] for row in (*rows, *behind, *y_lines)], chart.y_scale),
    )
    layers = [_context(behind, plot)] if behind else []
    layers += [_rules(x_lines, "x", plot)] if x_lines else []
    layers += [_rules(y_lines, "y", plot)] if y_lines else []
    color = Palette.of(words, chart.color, found, language).channel(chart.color, [row[chart.color] for row in rows])
    layers.append(plot.of(rows).mark_point(filled=True, size=60, opacity=0.8).encode(color=color))
    if chart.label is not None:
        for side, named in _named(rows, plot, chart.label, list(_boxes_of_rules(x_lines, y_lines, plot))).items():
            names = plot.of(named).mark_text(
                align=side.align, baseline="middle", dx=side.dx, dy=side.dy, fontSize=SMALL, color=GREY
            )
            layers.append(names.encode(text="name:N"))
    drawn = altair.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    return spec_of(drawn) | {"datasets": plot.datasets}


def _can_be_drawn(row: Row, chart: PointChart) -> bool:
    values = (row[chart.x], row[chart.y])
    logarithmic = (chart.x_scale == "log", chart.y_scale == "log")
    return all(value is not None and not (log and value <= 0) for value, log in zip(values, logarithmic, strict=True))


def _lines(
    names: Sequence[str], answer: Answer, column: str, words: TableWords, language: Language
) -> list[dict[str, Any]]:
    """The figures of the summary at which lines are drawn, in their order; unknown ones have none."""
    known = sorted({answer.summary[name] for name in names if answer.summary[name] is not None})
    return [{column: value, "name": write_value(value, words.form(column), language)} for value in known]


def _context(rows: Sequence[Row], plot: _Plot) -> Any:
    at = [{name: row[name] for name in (plot.chart.x, plot.chart.y)} for row in rows]
    # Hundreds of them: none is read out by itself, which would treble the size of the drawing.
    return plot.of(at).mark_circle(size=9, opacity=0.25, color=GREY, aria=False)


def _rules(lines: Sequence[dict[str, Any]], channel: str, plot: _Plot) -> Any:
    """Dashed lines across the chart, each with its figure at its end; that of the least before it, if there is room."""
    column, axis, pixels = (plot.chart.x, plot.across, WIDTH) if channel == "x" else (plot.chart.y, plot.up, HEIGHT)
    needed = LINE_GAP + (width_of(lines[0]["name"]) if channel == "x" else LINE_PX)
    split = int(len(lines) > 1 and axis.share(lines[0][column]) * pixels > needed)
    least, others = lines[:split], lines[split:]
    layers = [plot.of(lines, only=channel).mark_rule(strokeDash=[4, 4], color=GREY)]
    for rows, before in ((each, before) for each, before in ((least, True), (others, False)) if each):
        base = plot.of(rows, only=channel)
        if channel == "x":
            names = base.mark_text(
                align="right" if before else "left",
                baseline="top",
                dx=-LINE_GAP if before else LINE_GAP,
                fontSize=SMALL - 1,
                color=GREY,
            ).encode(y=altair.value(2), text="name:N")
        else:
            names = base.mark_text(
                align="right",
                baseline="top" if before else "bottom",
                dy=LINE_GAP if before else -LINE_GAP,
                fontSize=SMALL - 1,
                color=GREY,
            ).encode(x=altair.value(WIDTH - LINE_GAP), text="name:N")
        layers.append(names)
    return altair.layer(*layers)


def _boxes_of_rules(x_lines: Sequence[dict[str, Any]], y_lines: Sequence[dict[str, Any]], plot: _Plot) -> Iterator[Box]:
    """Where the lines are, and their figures; see `_rules`."""
    for row in x_lines:
        x, width = plot.across.share(row[plot.chart.x]) * WIDTH, width_of(row["name"]) + LINE_GAP
        yield Box(x - 1, 0, x + 1, HEIGHT)
        yield Box(x - width, 0, x + width, LINE_PX + 2)
    for row in y_lines:
        y, width = (1 - plot.up.share(row[plot.chart.y])) * HEIGHT, width_of(row["name"]) + 2 * LINE_GAP
        yield Box(0, y - 1, WIDTH, y + 1)
        yield Box(WIDTH - width, y - LINE_PX - LINE_GAP, WIDTH, y + LINE_PX + LINE_GAP)


def _label_of(form: str, axis: Axis, language: Language) -> str:
    if form == "year":
        return "format(datum.value, 'd')"
    return "datum.label" if axis.ticks is None else tick_labels(axis, language)


def _named(
    rows: Sequence[dict[str, Any]], plot: _Plot, label: str, free: Sequence[Box]
) -> dict[Side, list[dict[str, Any]]]:
    """The marks that get a name, by where it stands; the boxes stay free of names."""
    marks = [Mark(*plot.place(row), _shortened(str(row[label])), str(row[plot.chart.color])) for row in rows]
    named: dict[Side, list[dict[str, Any]]] = {}
    for number, side in place_names(marks, width=WIDTH, height=HEIGHT, each=NAMED, free=free):
        named.setdefault(side, []).append({**rows[number], "name": marks[number].name})
    return named


def _shortened(name: str) -> str:
    return name if len(name) <= SHORT else name[: SHORT - 1].rstrip() + "…"
