"""Answers → one page of HTML that needs nothing else."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from babel.dates import format_date
from babel.support import NullTranslations
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from cinelake.ask import Answer
from cinelake.ask.questions import SUMMARY
from cinelake.ask.sentences import LOCALES, Language, listed, write_value
from cinelake.ask.words import ANSWER, Row, TableWords, Words
from cinelake.lake.keys import KeyTemplate
from cinelake.lake.manifests import Manifest, ObjectRecord
from cinelake.report.catalogue import translations_of
from cinelake.report.charts import draw_charts

FIGURES = ("integer", "decimal", "usd", "percent", "year")
SUMMARY_FORMATS: dict[str, str] = {"share": "percent"}
"""How a figure of a summary without words is written, by the last word of its name; others by their type."""
TEMPLATE, SCRIPT, STYLE = "page.html.j2", "page.js", "page.css"


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is read, and the exact figure behind it."""

    text: str
    exact: Any
    figure: bool


def render_page(
    answers: Sequence[Answer],
    build: Manifest,
    *,
    lake: str,
    keys: KeyTemplate,
    language: Language = "en",
    limits: Sequence[Words] = (),
) -> str:
    """Writes the page.

    The same answers from the same build give the same letters: nothing in it comes from the clock.

    Args:
        answers: in the order of the page.
        build: the manifest of the build that they rest on.
        lake: its URI.
        keys: to tell what the inputs of the build are.
        language: of the reader.
        limits: what the answers cannot tell, beside the notes of their questions.

    Raises:
        ConfigurationError: a sentence of a question cannot be written, or a chart cannot be drawn.
    """
    translations = translations_of(language)
    template = _environment(translations).from_string(_file(TEMPLATE))
    number = partial(write_value, form="integer", language=language)
    groups = _grouped(build.inputs, keys)
    rejected = [
        translations.gettext("%(rows)s of %(dataset)s")
        % {"rows": number(told["rows_rejected"]), "dataset": told["dataset"]}
        for told in build.detail["sources"]
        if told["rows_rejected"]
    ]
    return template.render(
        language={"en": "en", "pt": "pt-BR"}[language],
        style=Markup(_file(STYLE)),  # noqa: S704 our own file
        script=Markup(_file(SCRIPT)),  # noqa: S704 our own file
        # Of what stands between the tags, where a line ends before the file begins.
        script_sha256=b64encode(sha256(f"\n{_file(SCRIPT)}".encode()).digest()).decode(),
        version=version("cinelake"),
        title=_title(answers, translations, language),
        date=build.processing_date.isoformat(),
        date_in_words=_date_in_words(build.processing_date, language),
        lake=lake,
        films=build.detail["titles"]["film"],
        series=build.detail["titles"]["series"],
        tmdb=any(name.startswith("TMDB") for name in groups),
        sections=[_section(answer, language) for answer in answers],
        limits=[_as_sentence(getattr(words, language)) for words in limits],
        build=build.run_id,
        manifest=build.key,
        rejected=listed(rejected, language),
        rejects=next((record.key for record in build.objects if record.key.endswith("/rejects.parquet")), ""),
        objects=[
            {
                "name": name,
                "count": len(records),
                "bytes": number(sum(record.bytes for record in records)),
                "rows": [
                    {
                        "key": record.key,
                        "date": _date_of(record, keys),
                        "bytes": number(record.bytes),
                        "exact": record.bytes,
                        "sha256": record.sha256,
                    }
                    for record in records
                ],
            }
            for name, records in groups.items()
        ],
        number=number,
    )


def _environment(translations: NullTranslations) -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _file(name: str) -> str:
    return (files("cinelake.report") / name).read_text(encoding="utf-8")


def _title(answers: Sequence[Answer], translations: NullTranslations, language: Language) -> str:
    if "films-vs-series" not in [answer.question for answer in answers] or len(answers) == 1:
        return " ".join(str(getattr(answer.words.title, language)) for answer in answers[:1])
    genres: list[str] = next((answer.parameters["genres"] for answer in answers if "genres" in answer.parameters), [])
    return translations.gettext("%(genres)s: films or series?") % {"genres": listed(genres, language)}


def _section(answer: Answer, language: Language) -> dict[str, Any]:
    words = answer.words
    sentence = answer.in_words(words.sentence, language)
    return {
        "name": answer.question,
        "id": f"question-{answer.question}",
        "title": getattr(words.title, language),
        "prose": getattr(words.prose, language),
        "sentence": sentence,
        "notes": answer.notes(language),
        "charts": [
            {
                "title": drawing.title,
                # Drawn here; its texts are escaped by the SVG writer.
                "svg": Markup(drawing.svg()),  # noqa: S704
            }
            for drawing in draw_charts(answer, language)
        ],
        "tables": [table for name in (ANSWER, *words.shown_tables()) for table in _tables(answer, name, language)],
        "summary": [
            {"name": _name_of(answer, name, language), "text": _figure(answer, name, value, language), "exact": value}
            for name, value in answer.summary.items()
        ],
        "summary_sql": SUMMARY,
        "parameters": [
            {"name": name, "value": json.dumps(value, ensure_ascii=False)}
            for name, value in sorted(answer.parameters.items())
        ],
        "sql": [{"name": name, "text": text} for name, text in answer.sql.items()],
    }


def _as_sentence(told: str) -> str:
    return told[:1].upper() + told[1:] + ("" if told.endswith("?") else ".")


def _tables(answer: Answer, name: str, language: Language) -> list[dict[str, Any]]:
    """A table of the answer, or one for each value of the column that splits it."""
    words, rows, columns = answer.words.words_of(name), answer.rows_of(name), answer.table_columns[name]
    title, limit = str(getattr(words.title, language)), answer.limit_of(name)
    if words.split is None or not rows:
        return [_table(words, columns, rows, limit, title, name, language)]
    return [
        _table(
            words,
            columns,
            [row for row in rows if row[words.split] == value],
            limit,
            str(words.word(words.split, value, language)),
            name,
            language,
        )
        for value in dict.fromkeys(row[words.split] for row in rows)
    ]


def _table(
    words: TableWords,
    columns: Sequence[str],
    rows: Sequence[Row],
    limit: int | None,
    caption: str,
    name: str,
    language: Language,
) -> dict[str, Any]:
    named = [column for column in words.columns if column in columns and column != words.split]
    chosen = named or [column for column in columns if column != words.split]
    shown = rows[:limit]
    return {
        "caption": caption,
        "count": len(rows),
        "shown": len(shown),
        "sql": name,
        "headings": [
            {"text": words.heading(column, language), "figure": words.form(column) in FIGURES} for column in chosen
        ],
        "rows": [[_cell(words, column, row[column], language) for column in chosen] for row in shown],
    }


def _cell(words: TableWords, column: str, value: Any, language: Language) -> Cell:
    form = words.form(column)
    figure = form in FIGURES
    text = write_value(words.word(column, value, language), form, language)
    return Cell(text, value if figure else None, figure)


def _name_of(answer: Answer, figure: str, language: Language) -> str:
    words = answer.words.figures.get(figure)
    return str(getattr(words, language)) if words else figure.replace("_", " ")


def _figure(answer: Answer, name: str, value: Any, language: Language) -> str:
    words = answer.words.figures.get(name)
    form = words.format if words else SUMMARY_FORMATS.get(name.rpartition("_")[2])
    return write_value(value, form or ("integer" if isinstance(value, int) else "decimal"), language)


def _grouped(records: Sequence[ObjectRecord], keys: KeyTemplate) -> Mapping[str, list[ObjectRecord]]:
    """The objects by origin and dataset, as in `Local Movies`."""
    groups: dict[str, list[ObjectRecord]] = {}
    for record in records:
        name = keys.parse(record.key)
        groups.setdefault(f"{name.origin} {name.dataset}" if name else "others", []).append(record)
    return groups


def _date_of(record: ObjectRecord, keys: KeyTemplate) -> str:
    name = keys.parse(record.key)
    return name.date.isoformat() if name else ""


def _date_in_words(day: date, language: Language) -> str:
    return format_date(day, format="long", locale=LOCALES[language])
