"""Questions: a folder each, with the SQL that answers and the words around it."""

import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import ValidationError

from cinelake.ask.sentences import LOCALES, check_sentence
from cinelake.ask.words import ANSWER, QuestionWords, SpecChart
from cinelake.ask.written import Written, explain
from cinelake.config import CONFIGURATION, Project
from cinelake.config.nearest import did_you_mean
from cinelake.engine.queries import Query, in_order, parse_query
from cinelake.errors import ConfigurationError

FOLDER = "questions"
WORDS = "question.toml"
SUMMARY = "summary"
TAKEN = frozenset(
    {"answer", "answers", "build", "limits", "manifest", "notes", "question", "rows", "stage", "status", "summary"}
)
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Question:
    """A question, ready to be asked."""

    name: str
    """The folder's."""
    words: QuestionWords
    queries: tuple[Query, ...]
    """In the order in which they run; `answer` is among them, `summary` may be."""
    specs: Mapping[str, "Spec"]
    """Vega-Lite specifications of its charts, by file."""
    written: Written
    """Its `question.toml`."""


@dataclass(frozen=True)
class Spec:
    """A Vega-Lite specification of a question's own."""

    said_in: str
    text: str
    """As it was written."""
    document: Any


def load_questions(project: Project, names: Sequence[str] = ()) -> list[Question]:
    """The shipped questions and the project's own; one of the project's replaces a shipped one of its name.

    Args:
        project: its `questions/` may be missing.
        names: only these, in this order; none takes all but the examples.

    Raises:
        ConfigurationError: there is no such question, or its folder is not as it must be; then names the file, and
            the line where there is one.
    """
    shipped = files("cinelake") / FOLDER
    own = project.directory / FOLDER
    folders: dict[str, tuple[Traversable, str]] = {
        folder.name: (folder, f"{FOLDER}/{folder.name} (shipped)") for folder in shipped.iterdir() if folder.is_dir()
    }
    if own.is_dir():
        folders |= {
            folder.name: (folder, f"{FOLDER}/{folder.name}")
            for folder in own.iterdir()
            if folder.is_dir() and not folder.name.startswith((".", "_"))
        }
    named = [*((name, "") for name in names), *((name, f"{CONFIGURATION}: ") for name in project.questions)]
    for name, said_in in named:
        if name not in folders:
            raise ConfigurationError(
                f"{said_in}there is no question {name!r}",
                did_you_mean(name, folders) or f"questions are: {', '.join(sorted(folders))}",
            )
    if names:
        return [read_question(*folders[name]) for name in dict.fromkeys(names)]
    questions = [read_question(folder, said_in) for folder, said_in in folders.values()]
    asked = [question for question in questions if not question.words.example]
    return sorted(asked, key=lambda each: (each.words.order, each.name))


def read_question(folder: Traversable, said_in: str) -> Question:
    """Reads one question's folder.

    Args:
        folder: with `question.toml`, `answer.sql` and further `.sql` files that these read by their names.
        said_in: the folder's name for errors.

    Raises:
        ConfigurationError: see `load_questions`.
    """
    if not NAME.fullmatch(folder.name):
        raise ConfigurationError(
            f"{said_in}: that is no name for a question", "use small letters, digits and hyphens, as in films-by-decade"
        )
    words, written = _read_words(folder / WORDS, f"{said_in}/{WORDS}")
    queries = [
        _read_query(file, f"{said_in}/{file.name}")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]
    if ANSWER not in [query.name for query in queries]:
        raise ConfigurationError(f"{said_in} has no {ANSWER}.sql", "add one: a SELECT over refined.* and trusted.*")
    _check_tables(words, {query.name for query in queries}, written)
    specs = {
        chart.file: _read_spec(folder / chart.file, f"{said_in}/{chart.file}")
        for chart in words.charts
        if isinstance(chart, SpecChart)
    }
    # Which tables there are is known once a build is read.
    tables = {name for query in queries for name in query.references}
    return Question(folder.name, words, tuple(in_order(queries, available=tables)), specs, written)


def _check_tables(words: QuestionWords, there: Collection[str], written: Written) -> None:
    """Tables that are shown or drawn have their `.sql` file, and no name that the document of `--json` has already."""
    for name in words.tables:
        if name in TAKEN:
            raise ConfigurationError(
                f"{written.place(('tables', name))}: no further table may be called {name}",
                "rename it and its .sql file",
            )
    known = sorted({*there} - {SUMMARY})
    for path, name in words.places_of_tables():
        if name not in known:
            place = written.place(path)
            raise ConfigurationError(
                f"{place} shows or draws {name}, but there is no {name}.sql"
                if name != SUMMARY
                else f"{place} shows or draws summary as a table",
                did_you_mean(name, known) or f"add it, or name one of: {', '.join(known)}",
            )


def _read_spec(file: Traversable, said_in: str) -> Spec:
    """A Vega-Lite specification; whether it can be drawn is seen when it is."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        spec = json.loads(text)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{said_in} is missing", "add it: a Vega-Lite specification") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{said_in}, line {error.lineno}: this is no JSON: {error.msg.lower()}", "mend that line"
        ) from error
    except UnicodeDecodeError as error:
        raise _no_utf8(error, said_in) from error
    except (OSError, RecursionError) as error:
        raise ConfigurationError(f"{said_in} cannot be read as JSON", "make it a file that you may read") from error
    if not isinstance(spec, dict):
        raise ConfigurationError(f"{said_in} is no Vega-Lite specification", "let it be a JSON object")
    return Spec(said_in, text, spec)


def parameters_of(question: Question, project: Project) -> dict[str, Any]:
    """The values that the SQL's `$name` stand for.

    They are the project's `[analysis]`, under those of the question, under those that `[questions.NAME]` gives it.

    Raises:
        ConfigurationError: that gives what the question does not have, or the number of rows that are shown is none.
    """
    analysis: Mapping[str, Any] = project.analysis.model_dump()
    known = {**analysis, "genres": list(project.analysis.genres), **question.words.parameters}
    given = project.questions.get(question.name, {})
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"{CONFIGURATION}: questions.{question.name} has no parameter {name!r}",
                did_you_mean(name, known) or f"it has: {', '.join(sorted(known))}",
            )
    for name, value in given.items():
        said_in = f"{CONFIGURATION}: questions.{question.name}.{name}"
        _check_parameter(said_in, value, known[name], question.words.ranges.get(name))
    _check_shown(question, {**known, **given}, given)
    return {**known, **given}


def _check_parameter(said_in: str, value: Any, default: Any, bounds: tuple[float, float] | None) -> None:
    """A value that is given in place of a default is of its type, and within what the question allows."""
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}
    kind = next((kind for kind in kinds if isinstance(default, kind)), None)
    fits = kind is None or (isinstance(value, kind) and isinstance(value, bool) == (kind is bool))
    fits = fits or (kind is float and isinstance(value, int) and not isinstance(value, bool))
    if not fits and kind is not None:
        raise ConfigurationError(f"{said_in} is {value!r}, and must be {kinds[kind]}", f"as in {json.dumps(default)}")
    if isinstance(value, list):
        inner = next((type(each) for each in default), None)
        wrong = next((each for each in value if inner is not None and type(each) is not inner), None)
        if wrong is not None or len({json.dumps(each) for each in value}) < len(value):
            raise ConfigurationError(
                f"{said_in} holds {wrong!r}" if wrong is not None else f"{said_in} holds a value twice",
                f"as in {json.dumps(default)}",
            )
    elif bounds is not None and not bounds[0] <= value <= bounds[1]:
        raise ConfigurationError(
            f"{said_in} is {value!r}, and must lie from {bounds[0]:,.10g} to {bounds[1]:,.10g}", "change it"
        )


def _check_shown(question: Question, parameters: Mapping[str, Any], given: Collection[str]) -> None:
    """Where a parameter gives the number of rows that are shown of a table, it is one."""
    tables = [(("tables", name), words) for name, words in question.words.tables.items()]
    for path, words in ((), question.words), *tables:
        name = words.shown
        if not isinstance(name, str):
            continue
        if name not in parameters:
            raise ConfigurationError(
                f"{question.written.place((*path, 'shown'))}: shown names {name!r}, which is no parameter",
                did_you_mean(name, parameters) or f"name one of: {', '.join(sorted(parameters))}",
            )
        value = parameters[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            own = f"{question.written.place(('parameters', name))}: parameters"
            said_in = f"{CONFIGURATION}: questions.{question.name}" if name in given else own
            raise ConfigurationError(
                f"{said_in}.{name} is {value!r}, which is no number of rows", "let it be a whole number above 0"
            )


def _read_query(file: Traversable, said_in: str) -> Query:
    name = file.name.removesuffix(".sql")
    if name != name.lower():
        raise ConfigurationError(
            f"{said_in}: SQL does not tell large and small letters of a name apart", f"rename it to {file.name.lower()}"
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_utf8(error, said_in) from error
    except OSError as error:
        raise ConfigurationError(
            f"{said_in} cannot be read: {error.strerror}", "make it a file that you may read"
        ) from error
    return parse_query(name, text, said_in=said_in)


def _read_words(file: Traversable, said_in: str) -> tuple[QuestionWords, Written]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurationError(f"{said_in} is missing", "add it: title, prose and sentence, in en and pt") from error
    except UnicodeDecodeError as error:
        raise _no_utf8(error, said_in) from error
    except OSError as error:
        raise ConfigurationError(
            f"{said_in} cannot be read: {error.strerror}", "make it a file that you may read"
        ) from error
    written = Written.of(said_in, text)
    try:
        words = QuestionWords.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        opened = f"; the text that opens in line {written.open_at} does not close" if written.open_at else ""
        raise ConfigurationError(f"{said_in} is no valid TOML: {error}{opened}", "mend that line") from error
    except ValidationError as error:
        raise explain(error, written, QuestionWords) from None
    notes = [(("notes", number), note) for number, note in enumerate(words.notes)]
    for path, template in ((("sentence",), words.sentence), *notes):
        for language in LOCALES:
            check_sentence(getattr(template, language), partial(written.place, (*path, language)))
    return words, written


def _no_utf8(error: UnicodeDecodeError, said_in: str) -> ConfigurationError:
    line = error.object[: error.start].count(b"\n") + 1
    return ConfigurationError(f"{said_in} is not UTF-8 text: line {line} holds another encoding", "save it as UTF-8")
