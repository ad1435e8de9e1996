"""Points: a mark a row, where two of its figures meet, some of them named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language, write_value
from cinelake.ask.words import PointChart, Row, Scale, TableWords
from cinelake.report.charts.axes import Axis, axis_over
from cinelake.report.charts.names import LINE_PX, Box, Mark, Side, place_names, width_of
from cinelake.report.charts.palette import GREY, Palette
from cinelake.report.charts.rows import HEIGHT, MOST_DOTS, SMALL, WIDTH, demand_few, worded
from cinelake.report.charts.ticks import LABELS_APART, tick_labels

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
            "x": self._channel(altair.X, "x", self.chart.x, self.across),
            "y": self._channel(altair.Y, "y", self.chart.y, self.up),
        }
        return altair.Chart(altair.NamedData(name)).encode(
            **{channel: each for channel, each in told.items() if only in (None, channel)}
        )

    def place(self, row: Row) -> tuple[float, float]:
        """Where a row's mark is, in pixels from the left and from the top."""
        return self.across.share(row["x"]) * WIDTH, (1 - self.up.share(row["y"])) * HEIGHT

    def _channel(self, kind: Any, field: str, column: str, axis: Axis) -> Any:
        form = self.words.form(column)
        return kind(
            f"{field}:Q",
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
    demand_few(chart, answer, len(found), table=chart.data)
    fields = {"x": chart.x, "y": chart.y, "color": chart.color}
    rows = [worded(row, fields, words, language) for row in found]
    behind = _context_of(chart, answer)
    x_lines = _lines(chart.x_lines, answer, "x", words.form(chart.x), chart.x_scale, language)
    y_lines = _lines(chart.y_lines, answer, "y", words.form(chart.y), chart.y_scale, language)
    plot = _Plot(
        chart,
        words,
        language,
        axis_over([row["x"] for row in (*rows, *behind, *x_lines)], chart.x_scale),
        axis_over([row["y"] for row in (*rows, *behind, *y_lines)], chart.y_scale),
    )
    layers = [_context(behind, plot)] if behind else []
    layers += [_rules(x_lines, "x", plot)] if x_lines else []
    layers += [_rules(y_lines, "y", plot)] if y_lines else []
    color = Palette.of(chart, answer, found, language).channel("color", [row["color"] for row in rows])
    layers.append(plot.of(rows).mark_point(filled=True, size=60, opacity=0.8).encode(color=color))
    if chart.label is not None:
        titles = [_shortened(str(words.word(chart.label, row[chart.label], language))) for row in found]
        for side, named in _named(rows, titles, plot, list(_boxes_of_rules(x_lines, y_lines, plot))).items():
            names = plot.of(named).mark_text(
                align=side.align, baseline="middle", dx=side.dx, dy=side.dy, fontSize=SMALL, color=GREY
            )
            layers.append(names.encode(text="name:N"))
    drawn = altair.layer(*layers).properties(width=WIDTH, height=HEIGHT)
    # It is made of typed parts: to hold it against the schema would take long.
    return {**drawn.to_dict(validate=False), "datasets": plot.datasets}


def _can_be_drawn(row: Row, chart: PointChart) -> bool:
    values = (row[chart.x], row[chart.y])
    logarithmic = (chart.x_scale == "log", chart.y_scale == "log")
    return all(value is not None and not (log and value <= 0) for value, log in zip(values, logarithmic, strict=True))


def _lines(
    names: Sequence[str], answer: Answer, field: str, form: str, scale: Scale, language: Language
) -> list[dict[str, Any]]:
    """The figures of the summary at which lines are drawn, in their order; those without a place have none."""
    values = {answer.summary[name] for name in names}
    known = sorted(value for value in values if value is not None and not (scale == "log" and value <= 0))
    return [{field: value, "name": write_value(value, form, language)} for value in known]


def _context_of(chart: PointChart, answer: Answer) -> list[dict[str, Any]]:
    if chart.context is None:
        return []
    rows = [row for row in answer.rows_of(chart.context) if _can_be_drawn(row, chart)]
    demand_few(chart, answer, len(rows), "context", table=chart.context, most=MOST_DOTS)
    return [{"x": row[chart.x], "y": row[chart.y]} for row in rows]


def _context(rows: Sequence[Row], plot: _Plot) -> Any:
    return plot.of(rows).mark_circle(size=9, opacity=0.25, color=GREY)


def _rules(lines: Sequence[dict[str, Any]], channel: str, plot: _Plot) -> Any:
    """Dashed lines across the chart, each with its figure at its end; that of the least before it, if there is room."""
    axis, pixels = (plot.across, WIDTH) if channel == "x" else (plot.up, HEIGHT)
    needed = LINE_GAP + (width_of(lines[0]["name"]) if channel == "x" else LINE_PX)
    split = int(len(lines) > 1 and axis.share(lines[0][channel]) * pixels > needed)
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
        x, width = plot.across.share(row["x"]) * WIDTH, width_of(row["name"]) + LINE_GAP
        yield Box(x - 1, 0, x + 1, HEIGHT)
        yield Box(x - width, 0, x + width, LINE_PX + 2)
    for row in y_lines:
        y, width = (1 - plot.up.share(row["y"])) * HEIGHT, width_of(row["name"]) + 2 * LINE_GAP
        yield Box(0, y - 1, WIDTH, y + 1)
        yield Box(WIDTH - width, y - LINE_PX - LINE_GAP, WIDTH, y + LINE_PX + LINE_GAP)


def _label_of(form: str, axis: Axis, language: Language) -> str:
    if form == "year":
        return "format(datum.value, 'd')"
    return "datum.label" if axis.ticks is None else tick_labels(axis, language)


def _named(
    rows: Sequence[dict[str, Any]], titles: Sequence[str], plot: _Plot, kept_free: Sequence[Box]
) -> dict[Side, list[dict[str, Any]]]:
    """The marks that get a name, by where it stands."""
    marks = [Mark(*plot.place(row), title, str(row["color"])) for row, title in zip(rows, titles, strict=True)]
    named: dict[Side, list[dict[str, Any]]] = {}
    for number, side in place_names(marks, width=WIDTH, height=HEIGHT, each=NAMED, kept_free=kept_free):
        named.setdefault(side, []).append({**rows[number], "name": marks[number].name})
    return named


def _shortened(name: str) -> str:
    return name if len(name) <= SHORT else name[: SHORT - 1].rstrip() + "…"
