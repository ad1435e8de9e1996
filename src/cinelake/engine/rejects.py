"""Where a rejected record stands in its file: the line, and its text for the reader of the rejects table."""

import csv
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cinelake.engine.encodings import CODECS, not_utf16

TEXT_CHARACTERS = 200
"""As much of a rejected record is kept as evidence."""

csv.field_size_limit(sys.maxsize)  # how long a field may be is for the engine to say


@dataclass(frozen=True)
class Place:
    """Where a record starts, and what stands there."""

    line: int
    """Of the file, from 1; the header has the first."""
    text: str
    """Cut, without its line end."""


@dataclass(frozen=True)
class Located:
    """The records that were looked for; what could not be found is missing."""

    unread: dict[int, Place] = field(default_factory=dict)
    """By record."""
    rows: dict[int, Place] = field(default_factory=dict)
    """By row."""


def locate_records(
    path: Path, *, delimiter: str, encoding: str, unread: Collection[int], rows: Collection[int]
) -> Located:
    """Finds rejected records, in one more walk through the file; so only call it where there are any.

    An engine counts records, while a person looks for lines: a quoted newline makes two lines of one record.

    Args:
        path: a CSV file with a header.
        delimiter: of its fields.
        encoding: of its text.
        unread: records that could not be split into fields, numbered from 1 with the header and blank lines.
        rows: records that could be, numbered from 1 without the header, blank lines and those of `unread`.
    """
    located, unsplit, wanted = Located(), set(unread), set(rows)
    row = -1
    for number, (start, record, text) in enumerate(_records(path, delimiter, encoding), start=1):
        if number in unsplit:
            located.unread[number] = Place(start, text)
        elif record:
            row += 1
            if row in wanted:
                located.rows[row] = Place(start, text)
        if len(located.unread) == len(unsplit) and len(located.rows) == len(wanted):
            break
    return located


def read_header(path: Path, *, delimiter: str, encoding: str) -> list[str]:
    """The names in a CSV file's first record that is no blank line; empty for an empty file.

    Raises:
        DataError: the file should be UTF-16 and does not begin as such.
    """
    try:
        return next((record for _, record, _ in _records(path, delimiter, encoding) if record), [])
    except UnicodeError as error:
        raise not_utf16(path.name) from error


def count_lines_before_header(path: Path, *, delimiter: str, encoding: str) -> int:
    """The blank lines above a CSV file's header."""
    return next((start - 1 for start, record, _ in _records(path, delimiter, encoding) if record), 0)


def _records(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str], str]]:
    """Each record, blank lines among them: the line it starts on, its fields, its text."""
    with path.open(encoding=CODECS[encoding], errors="replace", newline="") as file:
        lines = _Lines(file, delimiter)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            start = lines.number + 1
            lines.taken.clear()
            try:
                record = next(reader)
            except (StopIteration, csv.Error):
                return
            yield start, record, "".join(lines.taken).rstrip("\r\n")[:TEXT_CHARACTERS]


class _Lines:
    """The lines of a file, counted, with those of the record at hand.

    They are given as Python's reader splits them like DuckDB, to which a quote opens a field after one space, too, and
    not after two. Within quotes that changes no quote and no line end.
    """

    def __init__(self, lines: Iterator[str], delimiter: str) -> None:
        self._lines = lines
        self._space = re.compile(rf'(?:^|(?<={re.escape(delimiter)})) (?=")')
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.taken.append(line)
        return self._space.sub("", line) if ' "' in line else line
