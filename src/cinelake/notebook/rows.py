"""Rows as whoever works on may want them: a DuckDB relation, Arrow, a frame of pandas or Polars, or plain Python."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cinelake.cli.progress import count_of
from cinelake.cli.queries import FIGURES, one_line, value_text
from cinelake.cli.tables import Column
from cinelake.errors import ConfigurationError
from cinelake.notebook.page import table_html
from cinelake.query.run import QueryColumn, readable_columns

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow
    from duckdb import DuckDBPyRelation

SHOWN = 20
"""Rows that a notebook shows of them all."""


class Rows:
    """Rows that a query or an answer gave. They stay in DuckDB until they are asked for in another form."""

    def __init__(self, relation: "DuckDBPyRelation") -> None:
        self.relation = relation
        """For DuckDB's own methods (`filter`, `aggregate`, `join`…): it reads these rows, and no file."""

    @property
    def columns(self) -> tuple[QueryColumn, ...]:
        """Their names, and their types in DuckDB's words."""
        told = zip(self.relation.columns, self.relation.types, strict=True)
        return tuple(QueryColumn(name, str(type_)) for name, type_ in told)

    @property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        """As `QueryResult.rows` has them: decimals are Decimal, dates and times are text as SQL writes it."""
        return _rows_of(self.relation, self.columns)

    def __len__(self) -> int:
        return len(self.relation)

    def arrow(self) -> "pyarrow.Table":
        """As a table of Arrow.

        Raises:
            ConfigurationError: pyarrow is not installed.
        """
        _demand("pyarrow")
        return self.relation.to_arrow_table()

    def df(self) -> "pandas.DataFrame":
        """As a frame of pandas, where decimals are doubles, and so are integers of a column that has unknowns.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        _demand("pandas")
        return self.relation.df()

    def pl(self) -> "polars.DataFrame":
        """As a frame of Polars.

        Raises:
            ConfigurationError: Polars is not installed, or pyarrow, by which the rows get there.
        """
        _demand("polars", "pyarrow")
        frame: polars.DataFrame = self.relation.pl()
        return frame

    def __repr__(self) -> str:
        names = ", ".join(column.name for column in self.columns)
        return f"Rows({count_of(len(self), 'row')}: {names})"

    def _repr_html_(self) -> str:
        columns, count = self.columns, len(self)
        shown = _rows_of(self.relation.limit(SHOWN), columns)
        told = [_written(column, number, shown) for number, column in enumerate(columns)]
        return table_html(told, below=told_of(len(shown), count))


def rows_from(names: Sequence[str], records: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows of what Python holds.

    Args:
        names: of the columns.
        records: the rows, of values that JSON can hold; unknown where a name is missing.
    """
    import duckdb

    # One row of unknowns more: JSON tells nothing of the columns of no row at all.
    blank = dict.fromkeys(names)
    told = json.dumps([blank, *({**blank, **record} for record in records)], allow_nan=False)
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    [[structure]] = connection.execute("SELECT json_structure($1)", [told]).fetchall()
    # A difference of two unsigned numbers may be none.
    signed = structure.replace('"UBIGINT"', '"BIGINT"')
    connection.execute("CREATE TABLE told AS SELECT UNNEST(from_json($1, $2)[2:], max_depth := 2)", [told, signed])
    return Rows(connection.table("told"))


def told_of(shown: int, count: int) -> str:
    """How many rows there are, and how many of them are shown where not all are."""
    return f"{shown} of {count_of(count, 'row')}" if shown < count else count_of(count, "row")


def _demand(*modules: str) -> None:
    """Refuses what DuckDB would be at a loss without, by what mends it."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            raise ConfigurationError(f"{module} is not installed", f"pip install {' '.join(modules)}") from error


def _rows_of(relation: "DuckDBPyRelation", columns: Sequence[QueryColumn]) -> tuple[tuple[Any, ...], ...]:
    return tuple(relation.project(readable_columns(columns)).fetchall())


def _written(column: QueryColumn, number: int, rows: Sequence[Sequence[Any]]) -> Column:
    cells = tuple(one_line(value_text(row[number])) for row in rows)
    return Column(one_line(column.name), cells, FIGURES.fullmatch(column.type) is not None)
