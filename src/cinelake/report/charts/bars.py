"""Bars: a bar a row, side by side for each colour."""

from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language, write_value
from cinelake.ask.words import BarChart
from cinelake.report.charts.common import GREY, HEIGHT, SMALL, WIDTH, Palette, spec_of, worded


def draw_bars(chart: BarChart, answer: Answer, language: Language) -> dict[str, Any] | None:
    """The chart as Vega-Lite; None where no row can be drawn."""
    found = [row for row in answer.rows_of(chart.data) if row[chart.x] is not None and row[chart.y] is not None]
    if not found:
        return None
    label = chart.label
    words = answer.words.words_of(chart.data)
    rows = [
        worded(row, words, language)
        | ({"name": write_value(row[label], words.form(label), language)} if label is not None else {})
        for row in found
    ]
    palette = Palette.of(words, chart.color, found, language)
    order = list(dict.fromkeys(row[chart.x] for row in rows))
    base = altair.Chart(altair.Data(values=rows)).encode(
        x=altair.X(f"{chart.x}:N", sort=order, title=None, axis=altair.Axis(labelAngle=0)),
        xOffset=altair.XOffset(f"{chart.color}:N", sort=list(dict.fromkeys(row[chart.color] for row in rows))),
        y=altair.Y(f"{chart.y}:Q", title=words.heading(chart.y, language)),
    )
    bars = base.mark_bar().encode(color=palette.channel(chart.color, [row[chart.color] for row in rows]))
    if label is None:
        return spec_of(bars.properties(width=WIDTH, height=HEIGHT))
    names = base.mark_text(dy=-7, fontSize=SMALL, color=GREY).encode(text="name:N")
    return spec_of((bars + names).properties(width=WIDTH, height=HEIGHT))
