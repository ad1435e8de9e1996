"""Bars: a bar a row, side by side for each colour."""

from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language, write_value
from cinelake.ask.words import BarChart
from cinelake.report.charts.palette import GREY, Palette
from cinelake.report.charts.rows import HEIGHT, SMALL, WIDTH, demand_few, worded


def draw_bars(chart: BarChart, answer: Answer, language: Language) -> dict[str, Any] | None:
    """The chart as Vega-Lite; None where no row can be drawn."""
    found = [row for row in answer.rows_of(chart.data) if row[chart.x] is not None and row[chart.y] is not None]
    if not found:
        return None
    demand_few(chart, answer, len(found), table=chart.data)
    label = chart.label
    words = answer.words.words_of(chart.data)
    fields = {"x": chart.x, "y": chart.y, "color": chart.color}
    rows = [
        worded(row, fields, words, language)
        | ({"name": write_value(row[label], words.form(label), language)} if label is not None else {})
        for row in found
    ]
    palette = Palette.of(chart, answer, found, language)
    colors = list(dict.fromkeys(row["color"] for row in rows))
    base = altair.Chart(altair.NamedData("rows")).encode(
        x=altair.X(
            "x:N", sort=list(dict.fromkeys(row["x"] for row in rows)), title=None, axis=altair.Axis(labelAngle=0)
        ),
        xOffset=altair.XOffset("color:N", sort=colors),
        y=altair.Y("y:Q", title=words.heading(chart.y, language)),
    )
    drawn: Any = base.mark_bar().encode(color=palette.channel("color", colors))
    if label is not None:
        drawn += base.mark_text(dy=-7, fontSize=SMALL, color=GREY).encode(text="name:N")
    # The rows go by name: altair copies what it is given, over and over. To hold it against the schema would take long.
    return {**drawn.properties(width=WIDTH, height=HEIGHT).to_dict(validate=False), "datasets": {"rows": rows}}
