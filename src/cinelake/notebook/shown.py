"""Answers, charts and a run, each with what a notebook shows of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinelake.ask import Answer
from cinelake.ask.questions import SUMMARY
from cinelake.ask.sentences import Language
from cinelake.ask.words import ANSWER, Row
from cinelake.cli.output import answer_columns, run_lines
from cinelake.config.nearest import did_you_mean
from cinelake.errors import ConfigurationError
from cinelake.notebook.page import heading_html, lines_html, paragraph_html, table_html
from cinelake.notebook.rows import SHOWN, Rows, rows_from, told_of
from cinelake.pipeline import RunResult
from cinelake.report import ReportResult
from cinelake.report.charts import Drawing, draw_charts

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True)
class ShownChart:
    """One of the report's charts."""

    drawing: Drawing

    def svg(self) -> str:
        """As an SVG element, without a ground."""
        return self.drawing.svg()

    def png(self) -> bytes:
        """As a PNG image on white."""
        return self.drawing.png()

    def __repr__(self) -> str:
        return f"ShownChart({self.drawing.name}: {self.drawing.title})"

    def _repr_html_(self) -> str:
        # Its letters are dark, and a notebook may be too.
        title = escape(self.drawing.title)
        return f'<figure style="background:#fff;color:#000"><figcaption>{title}</figcaption>{self.svg()}</figure>'


@dataclass(frozen=True)
class ShownAnswer:
    """One answer: its words, its rows, its further tables and its charts."""

    answer: Answer
    language: Language

    @property
    def title(self) -> str:
        """What was asked."""
        return str(getattr(self.answer.words.title, self.language))

    @property
    def sentence(self) -> str:
        """The answer in words."""
        return self.answer.in_words(self.answer.words.sentence, self.language)

    @property
    def rows(self) -> Rows:
        """The rows of its table."""
        return self.table(ANSWER)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names that `table` knows."""
        return (ANSWER, *self.answer.tables, *([SUMMARY] if self.answer.summary else []))

    @property
    def charts(self) -> tuple[ShownChart, ...]:
        """As the report has them."""
        return tuple(ShownChart(drawing) for drawing in draw_charts(self.answer, self.language))

    def table(self, name: str) -> Rows:
        """The rows of one of its tables; `summary` is one, of one row.

        Raises:
            ConfigurationError: it has none of that name.
        """
        if name not in self.tables:
            raise ConfigurationError(
                f"{self.answer.question} has no table {name!r}",
                " ".join(filter(None, (did_you_mean(name, self.tables), f"its tables are: {', '.join(self.tables)}"))),
            )
        if name == SUMMARY and name not in self.answer.tables:
            return rows_from(tuple(self.answer.summary), [self.answer.summary])
        return rows_from(self.answer.table_columns[name], self.answer.rows_of(name))

    @property
    def relation(self) -> "DuckDBPyRelation":
        """See `Rows.relation`."""
        return self.rows.relation

    def arrow(self) -> "pyarrow.Table":
        """See `Rows.arrow`."""
        return self.rows.arrow()

    def df(self) -> "pandas.DataFrame":
        """See `Rows.df`."""
        return self.rows.df()

    def pl(self) -> "polars.DataFrame":
        """See `Rows.pl`."""
        return self.rows.pl()

    def __repr__(self) -> str:
        return f"ShownAnswer({self.answer.question}: {self.sentence})"

    def _repr_html_(self) -> str:
        rows, count = self._first_rows(), len(self.answer.rows)
        table = table_html(
            answer_columns(self.answer, ANSWER, rows, self.language, every=True), below=told_of(len(rows), count)
        )
        notes = "".join(paragraph_html(note, small=True) for note in self.answer.notes(self.language))
        return f"{heading_html(self.title)}{paragraph_html(self.sentence)}{table}{notes}"

    def _first_rows(self) -> list[Row]:
        """As many rows as are shown, of each part where the table has parts."""
        split = self.answer.words.words_of(ANSWER).split
        most = min(self.answer.limit_of(ANSWER) or SHOWN, SHOWN)
        parts: dict[Any, list[Row]] = {}
        for row in self.answer.rows:
            parts.setdefault(row[split] if split else None, []).append(row)
        return [row for part in parts.values() for row in part[:most]]


class ShownAnswers(Mapping[str, ShownAnswer]):
    """Answers by the names of their questions, in the order in which they were asked."""

    def __init__(self, answers: Sequence[Answer], language: Language) -> None:
        self._answers = {answer.question: ShownAnswer(answer, language) for answer in answers}

    def __getitem__(self, question: str) -> ShownAnswer:
        return self._answers[question]

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.values()))

    def _repr_html_(self) -> str:
        return "".join(answer._repr_html_() for answer in self.values())


@dataclass(frozen=True)
class ShownRun:
    """What all stages did."""

    result: RunResult
    language: Language

    @property
    def answers(self) -> ShownAnswers:
        """What was answered."""
        return ShownAnswers(self.result.answers, self.language)

    @property
    def report(self) -> Path:
        """The file of the report."""
        reported = self.result.stages["report"]
        assert isinstance(reported, ReportResult)  # noqa: S101 a run that is not dry ends with it
        return reported.path

    def __repr__(self) -> str:
        return "\n".join(run_lines(self.result, self.language))

    def _repr_html_(self) -> str:
        return lines_html(run_lines(self.result, self.language))
