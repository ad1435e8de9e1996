"""A chart by a Vega-Lite specification of the question's own."""

from typing import Any

from cinelake.ask import Answer
from cinelake.ask.sentences import Language
from cinelake.ask.words import SpecChart

TEXTS = frozenset({"en", "pt"})


def fill_spec(chart: SpecChart, answer: Answer, language: Language) -> dict[str, Any] | None:
    """The specification in the reader's language, with the rows of its tables; None where there are none to draw."""
    if not answer.rows_of(chart.data):
        return None
    spec = _in_language(answer.specs[chart.file].document, language)
    return {**spec, "datasets": {name: [dict(row) for row in answer.rows_of(name)] for _, name in chart.tables()}}


def _in_language(part: Any, language: Language) -> Any:
    """Each object of `en` and `pt` becomes the text of the language."""
    match part:
        case dict() if set(part) == TEXTS:
            return part[language]
        case dict():
            return {name: _in_language(each, language) for name, each in part.items()}
        case list():
            return [_in_language(each, language) for each in part]
        case _:
            return part
