"""Ticks of a chart in the reader's words."""

import json

from babel.numbers import format_compact_decimal, format_decimal

from cinelake.ask.sentences import LOCALES, Language
from cinelake.report.charts.axes import Axis

COMPACT_FROM = 10_000
"""Ticks from which on a number is written in short: 20K, 20 mil."""
LABELS_APART = 4
"""Pixels between two ticks' labels; where there are fewer, one is left out."""


def tick_labels(axis: Axis, language: Language) -> str:
    """The words of an axis's own ticks, as a Vega expression."""
    told = {f"{tick:.12g}": _tick(tick, language) for tick in axis.ticks or ()}
    return f"{json.dumps(told)}[format(datum.value, '.12~r')] || format(datum.value, '~r')"


def _tick(value: float, language: Language) -> str:
    locale = LOCALES[language]
    if abs(value) >= COMPACT_FROM:
        return str(format_compact_decimal(value, locale=locale, fraction_digits=1))
    return str(format_decimal(value, "#,##0.####", locale))
