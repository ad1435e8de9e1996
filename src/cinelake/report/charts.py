"""One chart a question, from the answer's rows and the shape that `question.toml` gives."""

import math
from collections.abc import Sequence
from typing import Any

import altair
import vl_convert

from cinelake.ask import Answer
from cinelake.ask.questions import Chart
from cinelake.ask.sentences import Language

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, told apart with any kind of colour vision (jfly.uni-koeln.de/color)."""
WIDTH, HEIGHT = 640, 320
"""Pixels of the plotting area; the page scales it to its width."""
NAMED = 4
"""Marks of each colour that get their name where they are points: the first ones, as the answer orders them."""
APART = (0.3, 0.06)
"""Names closer than this share of the width and of the height would cover each other: the later one is left out."""
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
    points = _point_base(rows, chart, answer, language)
    layers = [points.mark_point(filled=True, size=60, opacity=0.8).encode(color=_color(rows, chart))]
    if chart.label is not None:
        # A name stands to the right of its mark, but for those near the right edge.
        for on_the_right, align, dx in ((False, "left", 7), (True, "right", -7)):
            named = [
                {**row, "name": _shortened(str(row[chart.label]))}
                for row, (across, _) in _named(rows, chart)
                if (across > 1 - APART[0]) is on_the_right
            ]
            names = _point_base(named, chart, answer, language).mark_text(
                align=align, dx=dx, fontSize=11, color="#767676"
            )
            layers.append(names.encode(text="name:N"))
    return altair.layer(*layers)


def _point_base(rows: list[dict[str, Any]], chart: Chart, answer: Answer, language: Language) -> Any:
    def unit(column: str) -> str:
        return " (USD)" if answer.words.form(column) == "usd" else ""

    return altair.Chart(altair.Data(values=rows)).encode(
        x=altair.X(
            f"{chart.x}:Q",
            scale=altair.Scale(type=chart.x_scale, nice=True),
            title=answer.words.heading(chart.x, language) + unit(chart.x),
            axis=altair.Axis(format="~s", labelOverlap="greedy", gridOpacity=0.4),
        ),
        y=altair.Y(
            f"{chart.y}:Q",
            scale=altair.Scale(type=chart.y_scale),
            title=answer.words.heading(chart.y, language) + unit(chart.y),
            axis=altair.Axis(labelOverlap="greedy", gridOpacity=0.4),
        ),
    )


def _named(rows: Sequence[dict[str, Any]], chart: Chart) -> list[tuple[dict[str, Any], tuple[float, float]]]:
    """The marks that get a name, each with where it stands as a share of the width and of the height."""
    across = _shares([row[chart.x] for row in rows], chart.x_scale)
    up = _shares([row[chart.y] for row in rows], chart.y_scale)
    named: list[tuple[dict[str, Any], tuple[float, float]]] = []
    taken: dict[Any, int] = {}
    for row, place in zip(rows, zip(across, up, strict=True), strict=True):
        color = row[chart.color]
        covers = any(abs(place[0] - x) < APART[0] and abs(place[1] - y) < APART[1] for _, (x, y) in named)
        if taken.get(color, 0) < NAMED and not covers:
            named.append((row, place))
            taken[color] = taken.get(color, 0) + 1
    return named


def _shares(values: Sequence[float], scale: str) -> list[float]:
    """Where values fall between the least and the greatest, 0 to 1, on a scale as Vega draws it."""
    match scale:
        case "log":
            placed = [math.log(value) for value in values]
        case "symlog":
            placed = [math.copysign(math.log1p(abs(value)), value) for value in values]
        case _:
            placed = [float(value) for value in values]
    least, width = min(placed), (max(placed) - min(placed)) or 1.0
    return [(value - least) / width for value in placed]


def _shortened(name: str) -> str:
    return name if len(name) <= SHORT else name[: SHORT - 1].rstrip() + "…"
