"""Where a rejected record stands in its file: the line, and its text for the reader of the rejects table."""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

TEXT_CHARACTERS = 200
"""As much of a rejected record is kept as evidence."""


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
    row = 0
    for number, (start, record, text) in enumerate(_records(path, delimiter, encoding), start=1):
        if number in unsplit:
            located.unread[number] = Place(start, text)
        elif record and number > 1:
            row += 1
            if row in wanted:
                located.rows[row] = Place(start, text)
        if len(located.unread) == len(unsplit) and len(located.rows) == len(wanted):
            break
    return located


def read_header(path: Path, *, delimiter: str, encoding: str) -> list[str]:
    """The names in a CSV file's first record; empty for an empty file."""
    return next((record for _, record, _ in _records(path, delimiter, encoding)), [])


def _records(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str], str]]:
    """Each record, blank lines among them: the line it starts on, its fields, its text."""
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = _Lines(file)
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
    """The lines of a file, counted, with those of the record at hand."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line
