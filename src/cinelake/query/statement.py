"""A query as its writer meant it, read by the engine's own parser: what it reads, and whether it may run at all."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinelake.config.nearest import nearest
from cinelake.engine.interface import Engine
from cinelake.errors import ConfigurationError

READING = ("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE")
"""Parts of a query that only read; others, such as an INSERT within WITH, write."""
FUNCTIONS = ("generate_series", "json_each", "json_tree", "range", "repeat", "unnest")
"""Functions that may stand for a table: they make rows of their arguments, and read nothing."""
WRITES = "write one SELECT (or WITH, FROM, VALUES, DESCRIBE or SUMMARIZE); --parquet FILE keeps its rows"
PIVOTS = "let a PIVOT name its values, as in PIVOT titles ON kind IN ('film', 'series') USING COUNT(*)"
TABLES = "cinelake sql without a query lists the tables"


@dataclass(frozen=True)
class Statement:
    """One query that only reads."""

    text: str
    tables: tuple[str, ...]
    """The tables that it reads, as it names them, in small letters: `trusted.titles`, or `titles`. Names that its own
    WITH clauses give are left out."""


def read_statement(engine: Engine, text: str) -> Statement:
    """Parses a query, without running it, and refuses one that does more than read tables.

    The parser is that of the engine which runs it: no other could be trusted to see the same statement.

    Raises:
        ConfigurationError: it is no SQL, more or less than one SELECT, or it reads files, writes or sets something.
    """
    _check_letters(text)
    parsed = _parse(engine, text)
    if parsed["error"]:
        raise _refused(text, parsed)
    if not parsed["statements"]:
        raise ConfigurationError("the query is empty", TABLES)
    if len(parsed["statements"]) > 1:
        raise ConfigurationError(
            f"the query holds {len(parsed['statements'])} statements; one is run at a time", "give one of them"
        )
    parts = list(_parts(parsed))
    _check_parts(parts)
    own = {entry["key"].lower() for part in parts if "cte_map" in part for entry in part["cte_map"]["map"]}
    named = [".".join(part["qualified_name"]["path"]).lower() for part in parts if part.get("type") == "BASE_TABLE"]
    return Statement(text, tuple(dict.fromkeys(name for name in named if name not in own)))


def find_tables(statement: Statement, tables: Sequence[str]) -> Mapping[str, str]:
    """The full name of each table that a query reads, by the name that the query uses.

    Args:
        statement: the query.
        tables: what there is, as in `refined.fact_title`.

    Raises:
        ConfigurationError: a table is not there, or a bare name stands for two.
    """
    return {name: _find_table(name, tables) for name in statement.tables}


def _find_table(name: str, tables: Sequence[str]) -> str:
    found = [table for table in tables if name in (table.lower(), table.lower().partition(".")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"{name} is the name of {len(found)} tables", f"write {' or '.join(found)}")
    bare = {table.partition(".")[2]: table for table in tables}
    near = nearest(name, tables) or bare.get(nearest(name, bare) or "")
    raise ConfigurationError(
        f"there is no table {name}", f"did you mean {near}?" if near else f"tables are: {', '.join(tables)}"
    )


def _check_letters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError("the query is not UTF-8 text", "save it as UTF-8") from error
    if "\0" in text:
        raise ConfigurationError("the query holds a NUL character", "remove it")


def _parse(engine: Engine, text: str) -> dict[str, Any]:
    quoted = text.replace("'", "''")
    try:
        parsed: dict[str, Any] = json.loads(engine.query(f"SELECT json_serialize_sql('{quoted}')").rows[0][0])
    except RecursionError as error:
        raise ConfigurationError("the query is nested too deeply to be read", "write it in more steps") from error
    return parsed


def _refused(text: str, parsed: Mapping[str, Any]) -> ConfigurationError:
    if parsed["error_type"] == "not implemented":
        # The parser took it: it is SQL, and something else than a SELECT. A PIVOT that has to look for its values is
        # several statements.
        hint = PIVOTS if re.search(r"\bPIVOT\b", text, re.IGNORECASE) else WRITES
        return ConfigurationError("only a SELECT is run here: nothing may be written, attached, installed or set", hint)
    message = str(parsed["error_message"]).partition(" Use ")[0]
    position = int(parsed.get("position", 0))
    line = text.encode()[:position].count(b"\n") + 1
    return ConfigurationError(f"the query, line {line}: {message}", "mend the SQL there")


def _check_parts(parts: Sequence[Mapping[str, Any]]) -> None:
    for part in parts:
        kind = part.get("type")
        if str(kind).endswith("_NODE") and kind not in READING:
            raise ConfigurationError("the query writes: a part of it is no SELECT", WRITES)
        if kind == "TABLE_FUNCTION":
            function = str(part["function"].get("function_name", "")).lower()
            if function not in FUNCTIONS:
                raise ConfigurationError(
                    f"the query calls {function}(), and a query may read nothing but the tables of the lake", TABLES
                )
        if kind == "SHOW_REF" and not part.get("query"):
            raise ConfigurationError("SHOW tells nothing here", f"{TABLES}, and DESCRIBE a table's columns")


def _parts(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of a parsed query, in no particular depth."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(reversed(node.values()))
        elif isinstance(node, list):
            left.extend(reversed(node))
