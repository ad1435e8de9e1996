"""Questions: a folder each, with the SQL that answers and the words around it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

from jinja2 import TemplateSyntaxError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cinelake.ask.sentences import Language, check_sentence
from cinelake.config import Project
from cinelake.engine.queries import Query, in_order, parse_query
from cinelake.errors import ConfigurationError

FOLDER = "questions"
WORDS = "question.toml"
ANSWER = "answer"
SUMMARY = "summary"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


Scale = Literal["linear", "log", "symlog"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Words(_Table):
    """One text in both languages."""

    en: str = Field(min_length=1)
    pt: str = Field(min_length=1)


class ColumnWords(Words):
    """A column of the answer: its heading, and how its values are written."""

    format: Literal["text", "year", "integer", "decimal", "usd", "percent"] = "text"
    values: dict[str, Words] = {}
    """Words for single values, as in `film`."""


class Chart(_Table):
    """The shape of the question's one chart: the answer's rows as marks."""

    mark: Literal["point", "bar"] = "point"
    x: str
    y: str
    color: str
    """The column whose values have their own colour."""
    label: str | None = None
    """The column that names the outermost marks."""
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    title: Words


class QuestionWords(_Table):
    """The whole of `question.toml`."""

    order: int = 100
    """Its place among the questions; those of one place go by name."""
    title: Words
    prose: Words
    """What is asked and how it is counted, in a few sentences."""
    sentence: Words
    """The answer in a sentence: a Jinja template over `rows`, `summary` and `parameters`."""
    notes: tuple[Words, ...] = Field(default=(), strict=False)
    """What the answer cannot tell; templates like `sentence`."""
    parameters: dict[str, Any] = {}
    """Values for `$name` in the SQL; those of `[analysis]` are there without being named."""
    columns: dict[str, ColumnWords] = {}
    """The columns that tables show, in their order; JSON and CSV have all."""
    figures: dict[str, ColumnWords] = {}
    """Words for the figures of the summary; one without words goes by its name."""
    split: str | None = None
    """A column whose values each get a table of their own on the page."""
    chart: Chart | None = None

    def heading(self, column: str, language: Language) -> str:
        """A column's heading."""
        words = self.columns.get(column)
        return str(getattr(words, language)) if words else column

    def word(self, column: str, value: Any, language: Language) -> Any:
        """A value in the reader's words, where there are any for it."""
        words = self.columns.get(column)
        coded = words.values.get(value) if words and isinstance(value, str) else None
        return getattr(coded, language) if coded else value

    def form(self, column: str) -> str:
        """How a column's values are written."""
        words = self.columns.get(column)
        return words.format if words else "text"

    def misfit(
        self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]
    ) -> str | None:
        """What these words say that does not fit an answer of these columns, rows and summary; None where all fits."""
        named = {"split": self.split}
        figures = {f"columns.{name}.format": name for name, words in self.columns.items() if words.format != "text"}
        if self.chart is not None:
            named |= {f"chart.{field}": getattr(self.chart, field) for field in ("x", "y", "color", "label")}
            figures |= {"chart.y": self.chart.y, **({"chart.x": self.chart.x} if self.chart.mark == "point" else {})}
        for field, column in named.items():
            if column is not None and column not in columns:
                return f"{field} is {column!r}, but the answer's columns are {', '.join(columns)}"
        for name, words in self.figures.items():
            if name not in summary:
                return f"figures names {name!r}, but the figures of the summary are {', '.join(summary) or 'none'}"
            if words.format != "text" and not _is_figure(summary[name]):
                return f"figures.{name}.format wants a figure, but the summary holds {summary[name]!r}"
        for field, column in figures.items():
            for value in (row.get(column) for row in rows):
                if not _is_figure(value):
                    return f"{field} wants figures, but column {column!r} holds {value!r}"
        return None


def _is_figure(value: Any) -> bool:
    """Whether it can be written as one; an unknown can."""
    return not isinstance(value, bool) and isinstance(value, int | float | None)


@dataclass(frozen=True)
class Question:
    """A question, ready to be asked."""

    name: str
    """The folder's."""
    words: QuestionWords
    queries: tuple[Query, ...]
    """In the order in which they run; `answer` is among them, `summary` may be."""


def load_questions(project: Project, names: Sequence[str] = ()) -> list[Question]:
    """The shipped questions and the project's own; one of the project's replaces a shipped one of its name.

    Args:
        project: its `questions/` may be missing.
        names: only these, in this order; none takes all.

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
    for name in names:
        if name not in folders:
            near = get_close_matches(name, folders, n=1)
            raise ConfigurationError(
                f"there is no question {name!r}",
                f"did you mean {near[0]}?" if near else f"questions are: {', '.join(sorted(folders))}",
            )
    if names:
        return [read_question(*folders[name]) for name in dict.fromkeys(names)]
    questions = [read_question(folder, said_in) for folder, said_in in folders.values()]
    return sorted(questions, key=lambda each: (each.words.order, each.name))


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
    words = _read_words(folder / WORDS, f"{said_in}/{WORDS}")
    queries = [
        _read_query(file, f"{said_in}/{file.name}")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]
    if ANSWER not in [query.name for query in queries]:
        raise ConfigurationError(f"{said_in} has no {ANSWER}.sql", "add one: a SELECT over refined.* and trusted.*")
    tables = {name for query in queries for name in query.references if "." in name}
    return Question(folder.name, words, tuple(in_order(queries, available=tables)))


def parameters_of(question: Question, project: Project) -> dict[str, Any]:
    """The values that the SQL's `$name` stand for: the project's `[analysis]`, under those of the question."""
    analysis: Mapping[str, Any] = project.analysis.model_dump()
    return {**analysis, "genres": list(project.analysis.genres), **question.words.parameters}


def _read_query(file: Traversable, said_in: str) -> Query:
    name = file.name.removesuffix(".sql")
    if name != name.lower():
        raise ConfigurationError(
            f"{said_in}: SQL does not tell large and small letters of a name apart", f"rename it to {file.name.lower()}"
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{said_in} is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(
            f"{said_in} cannot be read: {error.strerror}", "make it a file that you may read"
        ) from error
    return parse_query(name, text, said_in=said_in)


def _read_words(file: Traversable, said_in: str) -> QuestionWords:
    try:
        words = QuestionWords.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
        for template in (words.sentence, *words.notes):
            check_sentence(template.en)
            check_sentence(template.pt)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{said_in} is missing", "add it: title, prose and sentence, in en and pt") from error
    except OSError as error:
        raise ConfigurationError(
            f"{said_in} cannot be read: {error.strerror}", "make it a file that you may read"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{said_in} is no valid TOML: {error}", "mend that line") from error
    except TemplateSyntaxError as error:
        raise ConfigurationError(f"{said_in}: a sentence's template: {error.message}", "mend the template") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{said_in}: {field}: {first['msg'].lower()}", "mend that setting") from None
    return words
