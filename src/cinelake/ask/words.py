"""The words of a question: what `question.toml` may say, in both languages, and how its columns are written."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cinelake.ask.sentences import Language

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
