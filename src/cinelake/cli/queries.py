"""A query on its way in, from an argument, a file or stdin; and what it gave, as a table or as CSV."""

import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinelake.cli.progress import count_of
from cinelake.errors import ConfigurationError

if TYPE_CHECKING:
    from cinelake.cli.output import Form
    from cinelake.cli.tables import Column
    from cinelake.query import QueryResult, TablesResult

SHOWN = 50
"""Rows of a table, where nothing else is asked for."""
STDIN = "-"
FIGURES = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.+\)|DOUBLE|FLOAT|BIGNUM")
"""Types that are written to the right, and never split."""


def read_query(argument: str | None, file: Path | None) -> str | None:
    """The query's text; None where none was given.

    Args:
        argument: the query itself, or `-` for stdin.
        file: that holds it.

    Raises:
        ConfigurationError: both are given, or it cannot be read as text.
    """
    if argument is not None and file is not None:
        raise ConfigurationError("a query and --file exclude each other", "give one of them")
    if argument is not None and argument != STDIN:
        return argument
    if file is None and argument is None:
        return None
    said_in = str(file) if file is not None else "stdin"
    try:
        data = file.read_bytes() if file is not None else sys.stdin.buffer.read()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{said_in} is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{said_in} cannot be read: {error.strerror}", "name a file with one query") from error


def rows_wanted(form: "Form", *, limit: int | None, every: bool, to_file: bool) -> int | None:
    """How many rows are to be told; None for all. A table on a terminal is cut, the other forms are whole.

    Raises:
        ConfigurationError: what was asked for excludes each other.
    """
    if to_file and form == "csv":
        raise ConfigurationError("--csv and --parquet exclude each other", "give one of them")
    if limit is not None and to_file:
        raise ConfigurationError("--parquet writes every row", "write LIMIT into the query, in place of --limit")
    if limit is not None and every:
        raise ConfigurationError("--limit and --all exclude each other", "give one of them")
    return SHOWN if form == "table" and limit is None and not every else limit


def query_columns(result: "QueryResult") -> "list[Column]":
    """The columns as a terminal shows them: an unknown is NULL, and no value takes more than a line."""
    from cinelake.cli.tables import Column

    return [
        Column(
            one_line(column.name),
            tuple(one_line(value_text(row[number])) for row in result.rows),
            FIGURES.fullmatch(column.type) is not None,
        )
        for number, column in enumerate(result.columns)
    ]


def rows_told(result: "QueryResult") -> str:
    """How many rows there are, and how to see those that are left out."""
    if result.path is None and len(result.rows) < result.row_count:
        return f"{len(result.rows):,} of {result.row_count:,} rows; --limit N shows more, --all every one"
    return count_of(result.row_count, "row")


def csv_lines(result: "QueryResult") -> Iterator[str]:
    """A header and the rows. An unknown is nothing, an empty text two quotes; lists and structs are JSON."""
    yield ",".join(_csv_field(column.name) for column in result.columns)
    for row in result.rows:
        yield ",".join(_csv_field(value) for value in row)


def table_lines(result: "TablesResult") -> Iterator[str]:
    """Each table with its rows, and below it its columns with their types."""
    for table in result.tables:
        yield f"{table.name} ({count_of(table.rows, 'row')})"
        width = max(len(column.name) for column in table.columns)
        yield from (f"  {column.name:<{width}}  {column.type}" for column in table.columns)
        yield ""
    yield f'Ask them with cinelake sql "SELECT * FROM {result.tables[0].name}"'


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    text = value_text(value)
    if text and text == text.strip() and not re.search(r'[",\r\n]', text):
        return text
    return '"' + text.replace('"', '""') + '"'


def value_text(value: Any) -> str:
    """A value as a table has it; lists, structs and booleans as JSON."""
    from cinelake.query.values import plain_value

    match value:
        case None:
            return "NULL"
        case Decimal():
            return f"{value:f}"
        case float():
            return str(plain_value(value))
        case bool() | list() | tuple() | dict():
            return json.dumps(plain_value(value), ensure_ascii=False)
        case _:
            return str(value)


def one_line(text: str) -> str:
    """Text without what would break a table or steer a terminal."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
