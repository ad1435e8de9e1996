"""SQL as data: parsed, its parameters bound, put in the order that its table references give."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from cinelake.config.nearest import nearest
from cinelake.engine.places import line_of_name, line_of_second_statement, line_of_syntax
from cinelake.errors import ConfigurationError

DIALECT = "duckdb"


@dataclass(frozen=True)
class Query:
    """One SELECT of a file."""

    name: str
    """The table that it makes: `trusted.titles`, or a bare name within a question."""
    text: str
    """As it was written."""
    said_in: str
    """The file, for errors."""
    tree: exp.Query

    @property
    def references(self) -> frozenset[str]:
        """The tables that it reads, in small letters as SQL does not tell them apart, its own WITH clauses aside."""
        own = {cte.alias.lower() for cte in self.tree.find_all(exp.CTE)}
        named = [table for table in self.tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
        tables = {".".join(part.name for part in table.parts).lower() for table in named}
        return frozenset(tables - own)

    @property
    def parameters(self) -> frozenset[str]:
        """The names that stand behind a `$`."""
        return frozenset(node.name for node in self.tree.find_all(exp.Placeholder))

    def place_of(self, name: str) -> str:
        """The file, and the line where a name stands if there is but one."""
        line = line_of_name(self.text, name)
        return self.said_in if line is None else f"{self.said_in}, line {line}"

    def bound(self, parameters: Mapping[str, Any]) -> str:
        """The SELECT with each `$name` replaced by its value as a literal: what a person could run by hand.

        Raises:
            ConfigurationError: a parameter has no value.
        """
        unknown = sorted(self.parameters - set(parameters))
        if unknown:
            near = nearest(unknown[0], parameters)
            raise ConfigurationError(
                f"{self.place_of(unknown[0])} uses ${unknown[0]}, which has no value",
                f"did you mean ${near}?"
                if near
                else f"set it under [parameters] in question.toml; known: {', '.join(sorted(parameters)) or 'none'}",
            )

        def fill(node: exp.Expr) -> exp.Expr:
            return exp.convert(parameters[node.name]) if isinstance(node, exp.Placeholder) else node

        return self.tree.transform(fill).sql(DIALECT, pretty=True)


def parse_query(name: str, text: str, *, said_in: str) -> Query:
    """Parses a file of one SELECT.

    Raises:
        ConfigurationError: it is no SQL, or no single SELECT; names the file and the line.
    """
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=DIALECT) if tree is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise ConfigurationError(
            f"{said_in}, line {line_of_syntax(text, first) or '?'}: {first.get('description', 'this is no SQL')}",
            f"mend the SQL near {str(first.get('highlight', ''))!r}",
        ) from error
    except SqlglotError as error:
        raise ConfigurationError(
            f"{said_in}, line {_line_of_open_quote(text)}: a quote or a comment opens there and does not close",
            "close it, or double the quote where it is part of the text",
        ) from error
    except RecursionError as error:
        raise ConfigurationError(f"{said_in} is nested too deeply to be read", "write it in more steps") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        line = line_of_second_statement(text)
        raise ConfigurationError(
            f"{said_in} must hold one SELECT and nothing else"
            + (f"; another statement begins in line {line}" if line else ""),
            "split it into a file a SELECT",
        )
    return Query(name, text, said_in, trees[0])


def _line_of_open_quote(text: str) -> int:
    """The line after the longest part of a text that can be split into words."""
    lines = text.splitlines(keepends=True)
    return next((number + 1 for number in reversed(range(len(lines))) if _has_words("".join(lines[:number]))), 1)


def _has_words(text: str) -> bool:
    try:
        sqlglot.tokenize(text, DIALECT)
    except SqlglotError:
        return False
    return True


def in_order(queries: Collection[Query], *, available: Collection[str]) -> list[Query]:
    """Sorts queries so that each comes after the tables it reads; those that could go in any order go by name.

    Args:
        queries: what is to run.
        available: tables that are there before.

    Raises:
        ConfigurationError: a query reads a table that nobody makes, or two read each other.
    """
    by_name = {query.name: query for query in queries}
    for query in queries:
        for table in sorted(query.references):
            if table not in by_name and table not in available:
                known = sorted({*by_name, *available} - {query.name})
                raise ConfigurationError(
                    f"{query.place_of(table.rpartition('.')[2])} reads {table}, which is no table",
                    (f"did you mean {near}? " if (near := nearest_table(table, known)) else "")
                    + f"tables are: {', '.join(known)}",
                )
    sorter = TopologicalSorter({name: sorted(by_name[name].references & set(by_name)) for name in sorted(by_name)})
    try:
        return [by_name[name] for name in sorter.static_order()]
    except CycleError as error:
        raise ConfigurationError(
            f"these read each other: {' → '.join(error.args[1])}", "let one of them read only what comes before it"
        ) from error


def nearest_table(table: str, known: Collection[str]) -> str | None:
    """The table that was meant, perhaps: one of another layer, or one that is spelled much like it."""
    bare = table.rpartition(".")[2]
    elsewhere = [name for name in known if name.rpartition(".")[2] == bare]
    return elsewhere[0] if elsewhere else nearest(table, known, like=0.75)
