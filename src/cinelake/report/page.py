"""Answers → one page of HTML that needs nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from cinelake.ask import Answer
from cinelake.ask.sentences import LOCALES, Language, write_value
from cinelake.ask.words import Words
from cinelake.lake.keys import KeyTemplate
from cinelake.lake.manifests import Manifest, ObjectRecord
from cinelake.report.charts import draw_chart

FIGURES = ("integer", "decimal", "usd", "percent", "year")
SUMMARY_FORMATS: dict[str, str] = {"share": "percent"}
"""How a figure of a summary without words is written, by the last word of its name; others by their type."""
LANGUAGE: Language = "en"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is read, and the exact figure behind it."""

    text: str
    exact: Any
    figure: bool


def render_page(
    answers: Sequence[Answer], build: Manifest, *, lake: str, keys: KeyTemplate, limits: Sequence[Words] = ()
) -> str:
    """Writes the page.

    The same answers from the same build give the same letters: nothing in it comes from the clock.

    Args:
        answers: in the order of the page.
        build: the manifest of the build that they rest on.
        lake: its URI.
        keys: to tell what the inputs of the build are.
        limits: what the answers cannot tell, beside the notes of their questions.

    Raises:
        ConfigurationError: a sentence of a question cannot be written.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files("cinelake.report") / "page.html.j2").read_text(encoding="utf-8"))
    rows = {told["dataset"]: told for told in build.detail["sources"]}
    groups = _grouped(build.inputs, keys)
    return template.render(
        language=LANGUAGE,
        version=version("cinelake"),
        title=_title(answers),
        date=build.processing_date.isoformat(),
        date_in_words=_date_in_words(build.processing_date),
        lake=lake,
        films=_written(build.detail["titles"]["film"]),
        series=_written(build.detail["titles"]["series"]),
        tmdb=any(name.startswith("TMDB") for name in groups),
        sections=[_section(answer) for answer in answers],
        limits=[_as_sentence(getattr(words, LANGUAGE)) for words in limits],
        build=build.run_id,
        manifest=build.key,
        rejected=", ".join(
            f"{_written(told['rows_rejected'])} of {name}" for name, told in rows.items() if told["rows_rejected"]
        ),
        rejects=next((record.key for record in build.objects if record.key.endswith("/rejects.parquet")), ""),
        objects=[
            {
                "name": name,
                "count": f"{_written(len(records))} object{'s' if len(records) > 1 else ''}",
                "bytes": _written(sum(record.bytes for record in records)),
                "rows": [
                    {"key": record.key, "bytes": _written(record.bytes), "sha256": record.sha256} for record in records
                ],
            }
            for name, records in groups.items()
        ],
    )


def _title(answers: Sequence[Answer]) -> str:
    if len(answers) == 1:
        return answers[0].words.title.en
    genres: list[str] = next((answer.parameters["genres"] for answer in answers if "genres" in answer.parameters), [])
    return f"{', '.join(genres)}: films and series"


def _section(answer: Answer) -> dict[str, Any]:
    words = answer.words
    svg = draw_chart(answer, LANGUAGE)
    return {
        "name": answer.question,
        "title": getattr(words.title, LANGUAGE),
        "prose": getattr(words.prose, LANGUAGE),
        "sentence": answer.in_words(words.sentence, LANGUAGE),
        "notes": answer.notes(LANGUAGE),
        "chart": Markup(svg) if svg else None,  # noqa: S704 drawn here; its texts are escaped by the SVG writer
        "chart_title": getattr(words.chart.title, LANGUAGE) if words.chart else "",
        "tables": _tables(answer),
        "summary": [
            {"name": _name_of(answer, name), "text": _figure(answer, name, value), "exact": value}
            for name, value in answer.summary.items()
        ],
        "sql": [{"name": name, "text": text} for name, text in answer.sql.items()],
    }


def _as_sentence(told: str) -> str:
    return told[:1].upper() + told[1:] + ("" if told.endswith("?") else ".")


def _tables(answer: Answer) -> list[dict[str, Any]]:
    """The answer's rows as one table, or as one for each value of the column that splits them."""
    split = answer.words.split
    if split is None or not answer.rows:
        return [_table(answer, answer.rows, str(getattr(answer.words.title, LANGUAGE)))]
    values = dict.fromkeys(row[split] for row in answer.rows)
    return [
        _table(
            answer,
            [row for row in answer.rows if row[split] == value],
            str(answer.words.word(split, value, LANGUAGE)),
        )
        for value in values
    ]


def _table(answer: Answer, rows: Sequence[Mapping[str, Any]], caption: str) -> dict[str, Any]:
    words = answer.words
    shown = [name for name in words.columns if name in answer.columns and name != words.split] or list(answer.columns)
    return {
        "caption": f"{caption} ({_written(len(rows))} row{'' if len(rows) == 1 else 's'})",
        "headings": [{"text": words.heading(name, LANGUAGE), "figure": words.form(name) in FIGURES} for name in shown],
        "rows": [[_cell(answer, name, row[name]) for name in shown] for row in rows],
    }


def _cell(answer: Answer, column: str, value: Any) -> Cell:
    form = answer.words.form(column)
    figure = form in FIGURES
    text = write_value(answer.words.word(column, value, LANGUAGE), form, LANGUAGE)
    return Cell(text, value if figure else None, figure)


def _name_of(answer: Answer, figure: str) -> str:
    words = answer.words.figures.get(figure)
    return str(getattr(words, LANGUAGE)) if words else figure.replace("_", " ")


def _figure(answer: Answer, name: str, value: Any) -> str:
    words = answer.words.figures.get(name)
    form = words.format if words else SUMMARY_FORMATS.get(name.rpartition("_")[2])
    return write_value(value, form or ("integer" if isinstance(value, int) else "decimal"), LANGUAGE)


def _grouped(records: Sequence[ObjectRecord], keys: KeyTemplate) -> Mapping[str, list[ObjectRecord]]:
    """The objects by origin and dataset, as in `Local Movies`."""
    groups: dict[str, list[ObjectRecord]] = {}
    for record in records:
        name = keys.parse(record.key)
        groups.setdefault(f"{name.origin} {name.dataset}" if name else "others", []).append(record)
    return groups


def _written(number: int) -> str:
    return write_value(number, "integer", LANGUAGE)


def _date_in_words(day: date) -> str:
    return format_date(day, format="long", locale=LOCALES[LANGUAGE])
