"""What the kinds of charts share: colours, sizes, how ticks are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair
from babel.numbers import format_compact_decimal, format_decimal

from cinelake.ask.sentences import LOCALES, Language
from cinelake.ask.words import Row, TableWords
from cinelake.report.charts.axes import Axis

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, told apart with any kind of colour vision (jfly.uni-koeln.de/color)."""
GREY = "#767676"
"""A middle grey, legible on a light and on a dark page."""
WIDTH, HEIGHT = 480, 320
"""Pixels of the plotting area; the page scales it to its width."""
COMPACT_FROM = 10_000
"""Ticks from which on a number is written in short: 20K, 20 mil."""
LABELS_APART = 4
"""Pixels between two ticks' labels; where there are fewer, one is left out."""
SMALL = 12
"""Pixels of the letters on marks."""


@dataclass(frozen=True)
class Palette:
    """Which colour each value of a column has: the same in every chart of a question."""

    names: tuple[str, ...]
    """In the reader's words."""

    @classmethod
    def of(cls, words: TableWords, column: str, rows: Sequence[Row], language: Language) -> "Palette":
        """Those that the question has words for in their order, then the others as they come."""
        told = words.columns.get(column)
        values = dict.fromkeys([*(told.values if told else ()), *(row[column] for row in rows)])
        return cls(tuple(str(words.word(column, value, language)) for value in values))

    def color_of(self, name: str) -> str:
        """The colour of a value, by its words."""
        return PALETTE[self.names.index(name) % len(PALETTE)]

    def channel(self, column: str, shown: Sequence[Any]) -> Any:
        """How marks are coloured by a column, with a legend of what is shown."""
        known = [value for value in dict.fromkeys(shown) if value is not None]
        values = sorted(known, key=lambda value: self.names.index(str(value)))
        legend = altair.Legend(title=None, orient="top", direction="vertical", labelLimit=WIDTH, labelFontSize=12)
        scale = altair.Scale(domain=values, range=[self.color_of(str(value)) for value in values])
        return altair.Color(f"{column}:N", scale=scale, legend=legend)


def worded(row: Row, words: TableWords, language: Language) -> dict[str, Any]:
    """The row with its coded values in the reader's words."""
    return {name: words.word(name, value, language) for name, value in row.items()}


def tick_labels(axis: Axis, language: Language) -> str:
    """The words of an axis's own ticks, as a Vega expression."""
    told = {f"{tick:.12g}": _tick(tick, language) for tick in axis.ticks or ()}
    pairs = ", ".join(f"'{value}': '{words}'" for value, words in told.items())
    return f"{{{pairs}}}[format(datum.value, '.12~r')] || format(datum.value, '~r')"


def _tick(value: float, language: Language) -> str:
    locale = LOCALES[language]
    if abs(value) >= COMPACT_FROM:
        return str(format_compact_decimal(value, locale=locale, fraction_digits=1))
    return str(format_decimal(value, "#,##0.####", locale))


def spec_of(drawn: Any) -> dict[str, Any]:
    """An altair chart as Vega-Lite. It is made of typed parts: to hold it against the schema would take longer."""
    spec: dict[str, Any] = drawn.to_dict(validate=False)
    return spec
