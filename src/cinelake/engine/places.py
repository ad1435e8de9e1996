"""Where in a user's SELECT something stands: its line, where that can be told."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import Token, TokenType
from sqlglot.errors import SqlglotError

EXCERPT = re.compile(r"^LINE \d+: (?P<line>.*)\n(?P<indent> *)(?P<mark>\^+)", re.MULTILINE)
"""How DuckDB shows what it refuses: a line of the SQL that ran, and marks below the words."""
NAMED = re.compile(r"[\"'`](\w+)[\"'`]|with name (\w+)|column (\w+)$")
"""How engines name what they do not know."""


def line_of_name(text: str, name: str) -> int | None:
    """The line in which a name stands; None where it stands in several, or in none."""
    lines = {_line(text, token) for token in _tokens(text) if _word(token) == name.lower()}
    return lines.pop() if len(lines) == 1 else None


def line_of_refusal(text: str, told: str) -> int | None:
    """The line that an engine refuses.

    The engine saw the SELECT printed anew, with its parameters in place, so its own line numbers say nothing.

    Args:
        text: as the user wrote it.
        told: the engine's words, all of them.
    """
    shown = EXCERPT.search(told)
    if shown:
        start = len(shown["indent"]) - len(shown[0].partition(": ")[0]) - 2
        line = re.sub(r"^\.\.\.", "   ", shown["line"].removesuffix("..."))
        marked, before = line[start : start + len(shown["mark"])], _tokens(line[:start])
        found = _line_of_words(text, _tokens(marked)) or _line_of_words(text, _tokens(line), len(before))
        if found is not None:
            return found
    names = [name for groups in NAMED.findall(told.partition("\n")[0]) for name in groups if name]
    return next((number for name in names if (number := line_of_name(text, name))), None)


def line_of_syntax(text: str, fault: Mapping[str, Any]) -> int | None:
    """The line of what sqlglot cannot parse, by what it tells of it."""
    before = str(fault.get("start_context") or "")
    found = text.find(f"{before}{fault.get('highlight') or ''}")
    return fault.get("line") if found < 0 else text.count("\n", 0, found + len(before)) + 1


def line_of_second_statement(text: str) -> int | None:
    """Where a file's second statement begins; None where it has one alone."""
    tokens = _tokens(text)
    ends = [number for number, token in enumerate(tokens) if token.token_type is TokenType.SEMICOLON]
    return next((_line(text, tokens[end + 1]) for end in ends if 0 < end < len(tokens) - 1), None)


def _line_of_words(text: str, words: Sequence[Token], at: int = 0) -> int | None:
    """The line of the word `at` a sequence that stands in a text once."""
    tokens, wanted = _tokens(text), [token.text.lower() for token in words]
    have = [token.text.lower() for token in tokens]
    starts = [number for number in range(len(have)) if wanted and have[number : number + len(wanted)] == wanted]
    return _line(text, tokens[starts[0] + at]) if len(starts) == 1 and at < len(wanted) else None


def _tokens(text: str) -> list[Token]:
    try:
        return sqlglot.tokenize(text, "duckdb")
    except SqlglotError:
        return []


def _line(text: str, token: Token) -> int:
    """By its letters: sqlglot counts some lines twice after a `$`, where a quotation might begin."""
    return text.count("\n", 0, token.start) + 1


def _word(token: Token) -> str | None:
    return None if token.token_type is TokenType.STRING else token.text.lower()
