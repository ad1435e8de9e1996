"""Where a setting stands in the text of `lake.toml`."""

import re
import tomllib

from cinelake.config.project import CONFIGURATION

HEADING = re.compile(r"\s*(?P<open>\[{1,2})\s*(?P<name>[^\]]+?)\s*\]{1,2}\s*(#.*)?")


def lines_of(text: str, table: str, key: str) -> tuple[int, int] | None:
    """The first and last line of a setting, counted from 1; None where it is not found.

    Args:
        text: of `lake.toml`.
        table: as it is written, as in `[lake]` or `[[source]] number 2`.
        key: of the setting; empty for the heading of the table.
    """
    lines = text.split("\n")
    found = _heading(lines, table)
    if found is None or not key:
        return None if found is None else (found + 1, found + 1)
    for place in range(found + 1, len(lines)):
        if HEADING.fullmatch(lines[place]):
            return None
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[place]):
            return _whole(lines, place)
    return None


def _heading(lines: list[str], table: str) -> int | None:
    heading, _, number = table.partition(" number ")
    found = [place for place, line in enumerate(lines) if _written(line) == heading]
    return found[int(number or 1) - 1] if len(found) >= int(number or 1) else None


def _written(line: str) -> str:
    """The heading in a line, without blanks and comment; empty where it is none."""
    found = HEADING.fullmatch(line.removeprefix("\ufeff"))
    return f"{found['open']}{found['name']}{']' * len(found['open'])}" if found else ""


def _whole(lines: list[str], place: int) -> tuple[int, int] | None:
    """A setting may go on over lines: it ends where it can be read."""
    for end in range(place + 1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(lines[place:end]))
        except tomllib.TOMLDecodeError:
            continue
        return place + 1, end
    return None


def place_of(text: str, table: str, key: str) -> tuple[str, bool] | None:
    """Where a setting belongs, in words, and whether its table must be written with it.

    None where the table is written otherwise than under a heading, as in `lake.uri = …`.
    """
    found = lines_of(text, table, key)
    if found is not None:
        first, last = found
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        return f"{CONFIGURATION}, under {table}, in place of {lines}", False
    if lines_of(text, table, "") is None:
        try:
            elsewhere = table.strip("[]") in tomllib.loads(text.removeprefix("\ufeff"))
        except tomllib.TOMLDecodeError:
            elsewhere = True
        return None if elsewhere else (f"{CONFIGURATION}, at its end", True)
    return f"{CONFIGURATION}, under {table}", False
