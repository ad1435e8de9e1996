"""The rows of a chart: what is drawn of each, by fields of our own, and how many can be."""

from collections.abc import Mapping
from typing import Any

from cinelake.ask import Answer
from cinelake.ask.sentences import Language
from cinelake.ask.words import PlottedChart, Row, SpecChart, TableWords
from cinelake.errors import ConfigurationError

WIDTH, HEIGHT = 480, 320
"""Pixels of the plotting area; the page scales it to its width."""
SMALL = 12
"""Pixels of the letters on marks."""
MOST_MARKS = 2_000
"""That one layer of points or bars has: more take long to draw and to open, and cannot be told apart."""
MOST_DOTS = 5_000
"""That lie behind them: small, grey and without a name, as a grid of them may be."""
MOST_ROWS = 10_000
"""That a chart has in all, where a mark may be made of many of them."""


def worded(row: Row, fields: Mapping[str, str], words: TableWords, language: Language) -> dict[str, Any]:
    """What is drawn of a row, by the names of fields, with its coded values in the reader's words.

    Vega-Lite reads a name such as `a.b` or `vote:Q` as more than a name, so that no column's stands in what it gets.

    Args:
        row: of a table.
        fields: the column of each.
        words: of the table.
        language: of the reader.
    """
    return {field: words.word(column, row[column], language) for field, column in fields.items()}


def demand_few(
    chart: PlottedChart | SpecChart,
    answer: Answer,
    rows: int,
    setting: str = "data",
    *,
    table: str,
    most: int = MOST_MARKS,
) -> None:
    """Sees to it that a chart has no more rows than can be drawn.

    Raises:
        ConfigurationError: it has.
    """
    if rows > most:
        what = f"{table} has {rows:,} rows to draw, and a chart may have {most:,}"
        raise misfit(
            chart, answer, setting, what, "let the SQL give fewer: LIMIT them, or give one row for each of a grid"
        )


def misfit(chart: PlottedChart | SpecChart, answer: Answer, setting: str, told: str, hint: str) -> ConfigurationError:
    """An error that tells where in `question.toml` a chart has a setting that does not fit the rows."""
    number = next(number for number, each in enumerate(answer.words.charts) if each is chart)
    place = answer.written.place(("charts", number, setting))
    return ConfigurationError(f"{place}: chart {number + 1}: {told}", hint)
