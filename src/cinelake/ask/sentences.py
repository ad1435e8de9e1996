"""The answer in a sentence: small templates that pick figures from the answer and write them in the reader's way."""

import re
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cinelake.config.nearest import did_you_mean
from cinelake.errors import ConfigurationError

Language = Literal["en", "pt"]
LOCALES: dict[Language, str] = {"en": "en_US", "pt": "pt_BR"}
USD: dict[Language, str] = {"en": "¤#,##0", "pt": "¤ #,##0"}
"""Whole dollars: TMDB's figures are not finer."""
UNKNOWN = "–"
QUOTED = re.compile(r"'(\w+)'")


def write_value(value: Any, form: str, language: Language) -> str:
    """A value as a table or a sentence shows it.

    Args:
        value: of a row; None is an unknown.
        form: `text`, `year`, `integer` (one place where it is not whole), `decimal` (two places), `usd`, or `percent`
            (of a share).
        language: whose separators.
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    locale = LOCALES[language]
    match form:
        case "integer":
            # A median may lie half-way between two whole numbers.
            return format_decimal(value, "#,##0.#", locale)
        case "decimal":
            return format_decimal(value, "#,##0.00", locale)
        case "usd":
            return format_currency(value, "USD", USD[language], locale, currency_digits=False)
        case "percent":
            return format_percent(value, "#,##0.0%", locale)
        case "year" if value == int(value):
            return str(int(value))
        case _:
            return str(value)


def listed(names: Sequence[str], language: Language, *, either: bool = False) -> str:
    """Names in a sentence: `Drama, Comedy and Romance`, or `or` where one is meant."""
    last = {"en": (" and ", " or "), "pt": (" e ", " ou ")}[language][either]
    return last.join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def write_sentence(
    template: str,
    *,
    rows: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    counts: Mapping[str, int],
    parameters: Mapping[str, Any],
    language: Language,
    place: Callable[[int], str],
) -> str:
    """Fills in a sentence.

    Templates may use `rows`, `summary`, `tables` (the rows of further tables that are shown or drawn, by name),
    `parameters`, `counts` (how many rows each further `.sql` of the question gave, by its name), the function
    `row(kind='film', genre='any')`, which gives the one row with these values, with `of='differences'` that of a
    further table, and the filters `integer`, `whole` (rounded), `decimal`, `usd`, `percent`, `listed` (`Drama and
    Romance`), `either` (`Drama or Romance`) and `counted('film', 'films')` (`1 film`). `place` tells the file and
    line of a line of the template.

    Raises:
        ConfigurationError: the template asks for what the answer does not have.
    """
    environment = _environment(language)

    def row(of: str | None = None, **values: Any) -> Mapping[str, Any]:
        found = [
            each
            for each in (rows if of is None else tables[of])
            if all(each.get(name) == value for name, value in values.items())
        ]
        if len(found) != 1:
            told = ", ".join(f"{name}={value!r}" for name, value in values.items())
            raise LookupError(f"row({told}) fits {len(found)} rows, and must fit one")
        return found[0]

    context = {
        "rows": rows,
        "summary": summary,
        "tables": tables,
        "counts": counts,
        "parameters": parameters,
        "row": row,
    }
    try:
        text = environment.from_string(template).render(context)
    except Exception as error:  # a template is foreign code, and may fail in any way
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
        known = {*context, *summary, *parameters, *tables, *(name for row in rows[:1] for name in row)}
        raise ConfigurationError(
            f"{place((lines or [None])[-1] or 1)}: the sentence cannot be written: {error}"
            + ("" if rows else "; the answer has no rows"),
            _nearest(error, known)
            or ("mend its template in question.toml" if rows else "let it say something else {% if not rows %}"),
        ) from error
    return " ".join(text.split())


def check_sentence(template: str, place: Callable[[int], str]) -> None:
    """Checks that a template is one.

    Args:
        template: of a sentence or a note.
        place: the file and line of a line of it.

    Raises:
        ConfigurationError: it is none.
    """
    environment = _environment("en")
    try:
        environment.from_string(template)
    except TemplateSyntaxError as error:
        raise ConfigurationError(
            f"{place(error.lineno)}: a sentence's template: {error.message}",
            _nearest(error, environment.filters) or "mend the template",
        ) from error


def _nearest(error: Exception, known: Collection[str]) -> str | None:
    """A question after what was meant by the last name that an error quotes."""
    names = QUOTED.findall(str(error))
    return did_you_mean(names[-1], known) if names else None


def _environment(language: Language) -> ImmutableSandboxedEnvironment:
    # A question's words may come from anybody: the sandbox lets them reach figures and nothing else.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    for form in ("integer", "decimal", "usd", "percent"):
        environment.filters[form] = _filter(form, language)
    environment.filters["whole"] = lambda value: write_value(value and round(value), "integer", language)
    environment.filters["listed"] = lambda names: listed(names, language)
    environment.filters["either"] = lambda names: listed(names, language, either=True)
    environment.filters["counted"] = lambda number, one, many: (
        f"{write_value(number, 'integer', language)} {one if number == 1 else many}"
    )
    return environment


def _filter(form: str, language: Language) -> Any:
    return lambda value: write_value(value, form, language)
