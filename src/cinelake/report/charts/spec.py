"""A chart by a Vega-Lite specification of the question's own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import altair
from jsonschema import ValidationError

from cinelake.ask import Answer
from cinelake.ask.questions import Spec
from cinelake.ask.sentences import Language
from cinelake.ask.words import SpecChart
from cinelake.config.nearest import did_you_mean
from cinelake.errors import ConfigurationError
from cinelake.report.charts.rows import MOST_ROWS, demand_few

TEXTS = frozenset({"en", "pt"})
MARKS = ("arc", "area", "bar", "boxplot", "circle", "errorband", "errorbar", "geoshape", "line", "point", "rect",
         "rule", "square", "text", "tick", "trail")  # fmt: skip
"""Those of Vega-Lite, but for images: these are fetched."""
UNEXPECTED = re.compile(r"'([^']*)' (?:was|were) unexpected")
PLAIN = re.compile(r"(?!__)\w+")
"""A field that is a column's name; others lead into one, or are of Vega-Lite's own making."""
MADE_BY_TRANSFORMS = frozenset({"key", "value", "density", "prob"})
"""Columns that transforms make where they are given no name."""


def fill_spec(chart: SpecChart, answer: Answer, language: Language) -> dict[str, Any] | None:
    """The specification in the reader's language, with the rows of its tables; None where there are none to draw.

    Raises:
        ConfigurationError: it is none, fetches something, or names what is not there; tells the file, and the line
            where that is known.
    """
    spec = answer.specs[chart.file]
    document = _in_language(spec.document, language)
    columns = {name: answer.table_columns[name] for _, name in chart.tables()}
    _check_sources(document, spec, columns)
    _check_schema(document, spec)
    _check_fields(document, spec, {column for each in columns.values() for column in each})
    if not answer.rows_of(chart.data):
        return None
    rows = sum(len(answer.rows_of(name)) for name in columns)
    demand_few(chart, answer, rows, table=" and ".join(columns), most=MOST_ROWS)
    return {**document, "datasets": {name: [dict(row) for row in answer.rows_of(name)] for name in columns}}


def _check_sources(document: Any, spec: Spec, tables: dict[str, Any]) -> None:
    """Nothing is fetched, and what is drawn has its rows from the question's tables."""
    for path, key, value in _entries(document):
        if key == "url":
            # Vega-Lite would be kept from data, but not from images: PNG has them fetched, and SVG by who looks at it.
            raise _fault(spec, path, value, "a chart may not fetch anything", "give it the rows of a .sql file")
        if key == "data" and isinstance(value, dict) and value.get("name", "") not in ("", *tables):
            told = f"there are no rows {value['name']!r}"
            hint = (
                did_you_mean(value["name"], tables)
                or f"name one of: {', '.join(tables)}; or add it to the chart's uses"
            )
            raise _fault(spec, f"{path}.name", value["name"], told, hint)
    if not any(key == "data" for _, key, _ in _entries(document)):
        raise ConfigurationError(f"{spec.said_in} names no rows", f'add "data": {{"name": "{next(iter(tables))}"}}')


def _check_schema(document: Any, spec: Spec) -> None:
    """It is Vega-Lite, by the schema that altair brings along."""
    try:
        altair.Root.validate(document)
    except ValidationError as error:
        names = UNEXPECTED.findall(error.message)
        if names:
            place = f"{error.json_path}.{names[0]}"
            known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
            raise _fault(
                spec, place, names[0], "Vega-Lite has no such key there", did_you_mean(names[0], known) or "remove it"
            ) from None
        if error.json_path in ("$.mark", "$.mark.type") or error.json_path.endswith((".mark", ".mark.type")):
            told = f"{error.instance!r} is no mark" if isinstance(error.instance, str) else "that is no mark"
            hint = did_you_mean(error.instance, MARKS) or f"marks are: {', '.join(MARKS)}"
        else:
            told, hint = error.message, _nearest_allowed(error) or "mend the specification"
        raise _fault(spec, error.json_path, error.instance, told, hint) from None


def _nearest_allowed(error: ValidationError) -> str | None:
    allowed = error.schema.get("enum") if isinstance(error.schema, dict) else None
    return did_you_mean(error.instance, allowed) if allowed else None


def _check_fields(document: Any, spec: Spec, columns: set[str]) -> None:
    """Fields are columns, or made by a transform; where rows are made in ways that tell no names, nothing is said."""
    entries = list(_entries(document))
    if any(key == "pivot" or (key == "data" and not set(value or {}) <= {"name"}) for _, key, value in entries):
        return
    made = {name for _, key, value in entries if key in ("as", "fields") for name in _texts(value)}
    known = columns | made | MADE_BY_TRANSFORMS
    for path, key, value in entries:
        if key == "field" and isinstance(value, str) and PLAIN.fullmatch(value) and value not in known:
            hint = did_you_mean(value, columns) or f"columns are: {', '.join(sorted(columns))}"
            raise _fault(spec, path, value, f"there is no column {value!r}", hint)


def _fault(spec: Spec, path: str, value: Any, told: str, hint: str) -> ConfigurationError:
    """An error at a JSON path, in the line of the value, or else of the last key, if that stands in one line alone."""
    keys = [json.dumps(part) for part in re.findall(r"[^.\[\]$]+", path) if not part.isdigit()]
    for wanted in ([json.dumps(value, ensure_ascii=False)] if isinstance(value, str) else []) + keys[-1:]:
        lines = [number for number, line in enumerate(spec.text.splitlines(), start=1) if wanted in line]
        if len(lines) == 1:
            return ConfigurationError(f"{spec.said_in}, line {lines[0]}: {path}: {told}", hint)
    return ConfigurationError(f"{spec.said_in}: {path}: {told}", hint)


def _entries(part: Any, path: str = "$") -> Iterator[tuple[str, str, Any]]:
    """Each key of a specification with its path and its value; not those of rows that it holds itself."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield f"{path}.{key}", key, value
            if key not in ("values", "datasets"):
                yield from _entries(value, f"{path}.{key}")
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from _entries(value, f"{path}[{number}]")


def _texts(part: Any) -> list[str]:
    return [each for each in (part if isinstance(part, list) else [part]) if isinstance(each, str)]


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
