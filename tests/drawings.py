"""Answers made by hand, and what is drawn of them."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cinelake.ask import Answer
from cinelake.ask.words import ANSWER, QuestionWords
from cinelake.ask.written import Written
from cinelake.report.charts import Drawing, draw_charts

HEAD = """title = { en = "T", pt = "T" }
prose = { en = "P", pt = "P" }
sentence = { en = "S", pt = "S" }
"""
TITLE = 'title = { en = "Chart", pt = "Quadro" }'


def answer_of(
    words: str, rows: Sequence[Mapping[str, Any]], summary: Mapping[str, Any] | None = None, **tables: Any
) -> Answer:
    """An answer of a question whose charts are told as in `question.toml`, if these fit the rows."""
    text = HEAD + words
    told = QuestionWords.model_validate(tomllib.loads(text))
    every = {ANSWER: tuple(rows), **{name: tuple(table) for name, table in tables.items()}}
    columns = {name: tuple(table[0]) if table else () for name, table in every.items()}
    assert told.misfit_of(columns, every, summary or {}) is None
    return Answer(
        "mine",
        told,
        rows=every[ANSWER],
        summary=summary or {},
        tables=every,
        table_columns=columns,
        counts={},
        parameters={},
        sql={},
        specs={},
        written=Written.of("questions/mine/question.toml", text),
    )


def drawn(answer: Answer) -> Iterator[str]:
    """The charts as SVG, in both languages."""
    for language in ("en", "pt"):
        for drawing in draw_charts(answer, language):
            yield drawing.svg()


def only(answer: Answer) -> Drawing:
    """The one chart that there is, in English."""
    [drawing] = draw_charts(answer, "en")
    return drawing
