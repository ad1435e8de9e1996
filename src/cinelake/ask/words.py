"""The words of a question: what `question.toml` may say, in both languages, and how its columns are written."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from cinelake.ask.sentences import Language
from cinelake.config.nearest import nearest

ANSWER = "answer"
"""The table that every question has: the rows of `answer.sql`."""

Scale = Literal["linear", "log", "symlog"]
Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
"""Rows by the name of their `.sql` file."""


class Misfit(NamedTuple):
    """What the words say that does not fit the rows."""

    at: tuple[str | int, ...]
    """The setting, as in `("charts", 0, "x")`."""
    told: str
    wrong: str = ""
    """A name that is not there, among those that are."""
    known: tuple[str, ...] = ()

    def under(self, *path: str | int, told: str = "") -> "Misfit":
        """The same, of a table or a chart in the file."""
        return self._replace(at=(*path, *self.at), told=f"{told}{self.told}")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Words(_Table):
    """One text in both languages."""

    en: str = Field(min_length=1)
    pt: str = Field(min_length=1)


class ColumnWords(Words):
    """A column of a table: its heading, and how its values are written."""

    format: Literal["text", "year", "integer", "decimal", "usd", "percent"] = "text"
    values: dict[str, Words] = {}
    """Words for single values, as in `film`."""


class TableWords(_Table):
    """A table: what it is called, and its columns."""

    title: Words
    columns: dict[str, ColumnWords] = {}
    """Those that are shown, in their order; JSON has all."""
    split: str | None = None
    """A column whose values each get a table of their own."""
    shown: Annotated[int, Field(ge=0)] | str | None = None
    """Rows that are shown of a table, or of each of those that it is split into, or the parameter that gives them; None
    shows all. A table of 0 is only drawn. JSON has every row."""
    like: str | None = None
    """Another table, whose columns have the same words."""
    compare: tuple[str, str] | None = Field(default=None, strict=False)
    """Two sides whose sums the SQL gives, to be compared: see `cinelake.ask.comparison.compare`."""
    mean: bool = False
    """Whether the SQL gives `n`, `sum` and `squares`, which become `mean`, `low` and `high` (95 %)."""

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

    def misfit(self, columns: Sequence[str], rows: Sequence[Row]) -> Misfit | None:
        """What these words say that does not fit such rows; None where all fits."""
        if self.split is not None and self.split not in columns:
            what = f"split is {self.split!r}, but the columns are {', '.join(columns)}"
            return Misfit(("split",), what, self.split, tuple(columns))
        figures = [name for name, words in self.columns.items() if words.format != "text"]
        return next((told for name in figures if (told := _no_figure(f"columns.{name}.format", name, rows))), None)


class _Chart(_Table):
    title: Words
    data: str = ANSWER
    """The table that is drawn, by the name of its `.sql` file."""

    def tables(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Those that the chart needs, each with the setting that names it."""
        yield ("data",), self.data

    def misfit(self, columns: Mapping[str, Sequence[str]], tables: Tables, summary: Row) -> Misfit | None:  # noqa: ARG002
        """What it says that does not fit what was found; None where all fits. See `QuestionWords.misfit_of`."""
        return None


class PlottedChart(_Chart):
    """Marks by the columns of a table."""

    x: str
    y: str
    color: str
    """The column whose values have their own colour."""

    def columns(self) -> dict[str, tuple[str, str | None]]:
        """The columns that are named, by field, each with its table."""
        return {name: (self.data, getattr(self, name)) for name in ("x", "y", "color")}

    def figures(self) -> dict[str, tuple[str, str]]:
        """Those of them that must hold figures."""
        return {"y": (self.data, self.y)}

    def misfit(self, columns: Mapping[str, Sequence[str]], tables: Tables, summary: Row) -> Misfit | None:  # noqa: ARG002
        """See `_Chart.misfit`."""
        for field, (table, column) in self.columns().items():
            if column is not None and column not in columns[table]:
                what = f"{field} is {column!r}, but the columns of {table} are {', '.join(columns[table])}"
                return Misfit(_setting(field), what, column, tuple(columns[table]))
        return next(
            (
                told
                for field, (table, column) in self.figures().items()
                if (told := _no_figure(field, column, tables[table]))
            ),
            None,
        )


class PointChart(PlottedChart):
    """A mark a row, where two of its figures meet."""

    mark: Literal["point"]
    label: str | None = None
    """The column that names the outermost marks."""
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    context: str | None = None
    """A further table whose rows lie behind, in grey."""
    x_lines: tuple[str, ...] = Field(default=(), strict=False)
    """Figures of the summary at which a line is drawn, by name."""
    y_lines: tuple[str, ...] = Field(default=(), strict=False)

    def tables(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """See `_Chart.tables`."""
        yield from super().tables()
        if self.context:
            yield ("context",), self.context

    def columns(self) -> dict[str, tuple[str, str | None]]:
        """See `PlottedChart.columns`."""
        behind: dict[str, tuple[str, str | None]] = (
            {f"context's {name}": (self.context, getattr(self, name)) for name in ("x", "y")} if self.context else {}
        )
        return super().columns() | {"label": (self.data, self.label)} | behind

    def figures(self) -> dict[str, tuple[str, str]]:
        """See `PlottedChart.figures`."""
        return super().figures() | {"x": (self.data, self.x)}

    def misfit(self, columns: Mapping[str, Sequence[str]], tables: Tables, summary: Row) -> Misfit | None:
        """See `_Chart.misfit`."""
        for setting, names in (("x_lines", self.x_lines), ("y_lines", self.y_lines)):
            for name in names:
                if name not in summary:
                    told = f"a line is drawn at {name!r}, but the summary has {', '.join(summary) or 'nothing'}"
                    return Misfit((setting,), told, name, tuple(summary))
                if not _is_figure(summary[name]):
                    told = f"{setting} wants figures, but {name!r} of the summary is {summary[name]!r}"
                    return Misfit((setting,), told)
        return super().misfit(columns, tables, summary)


class BarChart(PlottedChart):
    """A bar a row, side by side for each colour."""

    mark: Literal["bar"]
    label: str | None = None
    """The column whose figures stand above the bars."""

    def columns(self) -> dict[str, tuple[str, str | None]]:
        """See `PlottedChart.columns`."""
        return super().columns() | {"label": (self.data, self.label)}


class Marks(_Table):
    """What is marked of each colour's values above their distribution."""

    data: str
    value: str
    count: str
    """How many values there are: groups of one height may be of any size."""
    low: str | None = None
    high: str | None = None
    """An interval around the value."""
    where: dict[str, str] = {}
    """Only the rows with these values."""
    name: Words


class DistributionChart(PlottedChart):
    """How figures are spread: for each value of a column a panel, for each colour an outline in it."""

    mark: Literal["distribution"]
    x_end: str
    """Bins reach from `x` to this; `y` is the share of the values in each."""
    panel: str
    x_scale: Literal["linear", "log"] = "linear"
    x_title: Words
    y_title: Words
    """Of what the shares are, as in `of titles`."""
    marks: Marks

    def tables(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """See `_Chart.tables`."""
        yield from super().tables()
        yield ("marks", "data"), self.marks.data

    def columns(self) -> dict[str, tuple[str, str | None]]:
        """See `PlottedChart.columns`."""
        own = {name: (self.data, str(getattr(self, name))) for name in ("x_end", "panel")}
        marks = {
            f"marks.{name}": (self.marks.data, getattr(self.marks, name)) for name in ("value", "count", "low", "high")
        }
        shared = {f"{name} of marks": (self.marks.data, str(getattr(self, name))) for name in ("panel", "color")}
        return {**super().columns(), **own, **marks, **shared}

    def figures(self) -> dict[str, tuple[str, str]]:
        """See `PlottedChart.figures`."""
        own = {name: (self.data, str(getattr(self, name))) for name in ("x", "x_end")}
        marks = {name: column for name in ("value", "low", "high") if (column := getattr(self.marks, name)) is not None}
        return super().figures() | own | {f"marks.{name}": (self.marks.data, column) for name, column in marks.items()}


class SpecChart(_Chart):
    """Whatever Vega-Lite draws."""

    mark: Literal["spec"]
    file: str = Field(pattern=r"^[\w-]+\.vl\.json$")
    """In the question's folder: a specification, in which `{"data": {"name": "answer"}}` stands for the rows of a
    `.sql` file, and an object of `en` and `pt` for the text of the reader's language."""
    uses: tuple[str, ...] = Field(default=(), strict=False)
    """Further tables that it reads."""

    def tables(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """See `_Chart.tables`."""
        yield from super().tables()
        yield from ((("uses",), name) for name in self.uses)


Chart = Annotated[PointChart | BarChart | DistributionChart | SpecChart, Field(discriminator="mark")]


class QuestionWords(TableWords):
    """The whole of `question.toml`. What it says as a table is of the answer's rows."""

    order: int = 100
    """Its place among the questions; those of one place go by name."""
    example: bool = False
    """Asked only where it is named."""
    prose: Words
    """What is asked and how it is counted, in a few sentences."""
    sentence: Words
    """The answer in a sentence: a Jinja template over `rows`, `summary`, `tables` and `parameters`."""
    notes: tuple[Words, ...] = Field(default=(), strict=False)
    """What the answer cannot tell; templates like `sentence`."""
    parameters: dict[str, Any] = {}
    """Values for `$name` in the SQL; those of `[analysis]` are there without being named."""
    ranges: dict[str, Annotated[tuple[float, float], Field(strict=False)]] = {}
    """What a project may give in place of a parameter, from the least to the greatest value."""
    figures: dict[str, ColumnWords] = {}
    """Words for the figures of the summary; one without words goes by its name."""
    tables: dict[str, TableWords] = {}
    """Further tables beside the answer's, by the name of their `.sql` file."""
    charts: tuple[Chart, ...] = Field(default=(), strict=False)

    def needed(self) -> list[str]:
        """The tables beside the answer's that are shown or drawn."""
        return list(dict.fromkeys(name for _, name in self.places_of_tables() if name != ANSWER))

    def places_of_tables(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Each table that is shown or drawn, with the setting that names it."""
        for name in self.tables:
            yield ("tables", name), name
        for number, chart in enumerate(self.charts):
            for setting, name in chart.tables():
                yield ("charts", number, *setting), name

    def shown_tables(self) -> list[str]:
        """The tables beside the answer's that are shown."""
        return [name for name, words in self.tables.items() if words.shown != 0]

    def words_of(self, table: str) -> TableWords:
        """Of the answer's rows, or of a further table; where that has none, the columns go by those of the answer's."""
        if table == ANSWER:
            return self
        words = self.tables.get(table, TableWords(title=self.title, shown=0))
        like = self.tables.get(words.like or "", self)
        return words if words.columns else words.model_copy(update={"columns": like.columns})

    def misfit_of(self, columns: Mapping[str, Sequence[str]], tables: Tables, summary: Row) -> Misfit | None:
        """What these words say that does not fit what was found; None where all fits.

        Args:
            columns: of each table.
            tables: the answer's rows among them.
            summary: empty where there is none.
        """
        for name, words in self.figures.items():
            if name not in summary:
                told = f"figures names {name!r}, but the figures of the summary are {', '.join(summary) or 'none'}"
                return Misfit(("figures", name), told, name, tuple(summary))
            if words.format != "text" and not _is_figure(summary[name]):
                told = f"figures.{name}.format wants a figure, but the summary holds {summary[name]!r}"
                return Misfit(("figures", name, "format"), told)
        for name in (ANSWER, *self.tables):
            words_of = self.words_of(name)
            if words_of.like is not None and words_of.like not in self.tables:
                told = f"tables.{name}.like is {words_of.like!r}, but the tables are {', '.join(self.tables)}"
                return Misfit(("tables", name, "like"), told, words_of.like, tuple(self.tables))
            if misfit := words_of.misfit(columns[name], tables[name]):
                return misfit if name == ANSWER else misfit.under("tables", name, told=f"tables.{name}: ")
        if misfit := self._of_no_column(columns):
            return misfit
        for number, chart in enumerate(self.charts):
            if misfit := chart.misfit(columns, tables, summary):
                return misfit.under("charts", number, told=f"chart {number + 1}: ")
        return None

    def _of_no_column(self, columns: Mapping[str, Sequence[str]]) -> Misfit | None:
        """Words for a column that no table has, and whose name is nearly that of one without words."""
        known = tuple(dict.fromkeys(column for each in columns.values() for column in each))
        places = [((), self.columns), *((("tables", name), words.columns) for name, words in self.tables.items())]
        for path, described in places:
            for name in described:
                if name not in known and nearest(name, [each for each in known if each not in described]):
                    at = (*path, "columns", name)
                    return Misfit(at, f"{'.'.join(at)} tells of no column: they are {', '.join(known)}", name, known)
        return None


def _setting(field: str) -> tuple[str, ...]:
    """The setting of a chart that a field stands for: `context's x` is its `x`, `panel of marks` its `panel`."""
    return tuple(field.removeprefix("context's ").removesuffix(" of marks").split("."))


def _no_figure(field: str, column: str, rows: Sequence[Row]) -> Misfit | None:
    value = next((row.get(column) for row in rows if not _is_figure(row.get(column))), None)
    if value is None:
        return None
    return Misfit(_setting(field), f"{field} wants figures, but column {column!r} holds {value!r}")


def _is_figure(value: Any) -> bool:
    """Whether it can be written as one; an unknown can."""
    return not isinstance(value, bool) and isinstance(value, int | float | None)
