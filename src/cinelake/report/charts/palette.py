"""Colours of a chart: which each value of a column has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair

from cinelake.ask import Answer
from cinelake.ask.sentences import Language
from cinelake.ask.words import PlottedChart, Row
from cinelake.report.charts.rows import WIDTH, misfit

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, told apart with any kind of colour vision (jfly.uni-koeln.de/color)."""
GREY = "#767676"
"""A middle grey, legible on a light and on a dark page."""


@dataclass(frozen=True)
class Palette:
    """Which colour each value of a column has: the same in every chart of a question."""

    names: tuple[str, ...]
    """In the reader's words."""

    @classmethod
    def of(cls, chart: PlottedChart, answer: Answer, rows: Sequence[Row], language: Language) -> "Palette":
        """Those that the question has words for in their order, then the others as they come.

        Raises:
            ConfigurationError: there are more of them than colours.
        """
        words = answer.words.words_of(chart.data)
        told = words.columns.get(chart.color)
        there = [value for value in dict.fromkeys(row[chart.color] for row in rows) if value is not None]
        every = list(dict.fromkeys([*(told.values if told else ()), *there]))
        values = every if len(every) <= len(COLORS) else [value for value in every if value in there]
        names = tuple(dict.fromkeys(str(words.word(chart.color, value, language)) for value in values))
        if len(names) > len(COLORS):
            what = f"column {chart.color!r} holds {len(names)} values, and there are {len(COLORS)} colours"
            raise misfit(chart, answer, "color", what, "colour by a column of fewer values, or let the SQL give fewer")
        return cls(names)

    def color_of(self, name: str) -> str:
        """The colour of a value, by its words."""
        return COLORS[self.names.index(name)]

    def channel(self, field: str, shown: Sequence[Any]) -> Any:
        """How marks are coloured by a field of theirs, with a legend of what is shown."""
        known = [value for value in dict.fromkeys(shown) if value is not None]
        values = sorted(known, key=lambda value: self.names.index(str(value)))
        legend = altair.Legend(title=None, orient="top", direction="vertical", labelLimit=WIDTH, labelFontSize=12)
        scale = altair.Scale(domain=values, range=[self.color_of(str(value)) for value in values])
        return altair.Color(f"{field}:N", scale=scale, legend=legend)
