"""Where a rejected record stands in its file: the line, and its text for the reader of the rejects table."""

import csv
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from cinelake.engine.contract import Column
from cinelake.engine.encodings import CODECS, not_utf16
from cinelake.engine.interface import CsvFile
from cinelake.errors import DataError

TEXT_CHARACTERS = 200
"""As much of a rejected record is kept as evidence."""

SWALLOWING = {"UNQUOTED VALUE": "", "LINE SIZE OVER MAXIMUM": " within 2 MB"}
"""Errors of DuckDB's reader after which it has taken more than a record, and where it stopped: the rows in it are no
longer told apart."""

csv.field_size_limit(sys.maxsize)  # how long a field may be is for the engine to say


class Place(NamedTuple):
    """Where a record starts, and what stands there."""

    line: int
    """Of the file, from 1; the header has the first."""
    text: str
    """Cut, without its line end."""
    lines: int = 1
    """That the record takes, but for the blank ones at its end."""
    holds_rows: bool = False
    """Whether a line between its first and its last has fields enough for a row of its own."""


class Located(NamedTuple):
    """A record that was looked for."""

    record: int | None
    """Its number, if it is one of `unread`."""
    row: int | None
    """Its number, if it is one of `rows`."""
    place: Place


class Unread(NamedTuple):
    """A record that the engine could not split into fields."""

    text: str
    """As the engine has it, cut."""
    has_lines: bool
    """Whether it goes over several lines."""
    reason: str
    """The engine's word for it."""


Reject = tuple[str, str, int | None, str | None, str, str]
"""A row of `raw.rejects`: dataset, key, line, column, reason, text."""


def tell_rejects(
    dataset: str,
    file: CsvFile,
    columns: Sequence[Column],
    unread: Mapping[int, Unread],
    faulty: Mapping[int, str],
) -> Iterator[Reject]:
    """Says of each rejected record where it stands, why it is one and what stands there.

    Args:
        dataset: of the file.
        file: which.
        columns: its contract.
        unread: what could not be split, by the number of the record.
        faulty: the column whose value broke the contract, by the number of the row.

    Raises:
        DataError: a record has swallowed those below it.
    """
    reasons = {column.name: f"{column.name} {column.expectation}" for column in columns}
    lost_records, lost_rows = set(unread), set(faulty)
    found = locate_records(
        file.path, delimiter=file.delimiter, encoding=file.encoding, unread=lost_records.copy(), rows=lost_rows.copy()
    )
    for record, row, place in found:
        if record is not None:
            lost_records.discard(record)
            yield _unsplit(dataset, file, unread[record], place)
        elif row is not None:
            lost_rows.discard(row)
            yield (dataset, file.key, place.line, faulty[row], reasons[faulty[row]], place.text)
    for record in lost_records:
        yield _unsplit(dataset, file, unread[record], Place(record, unread[record].text))
    for row in lost_rows:
        yield (dataset, file.key, None, faulty[row], reasons[faulty[row]], f"row {row}")


def _unsplit(dataset: str, file: CsvFile, unread: Unread, place: Place) -> Reject:
    # The engine's text of a long record may be its beginning alone.
    has_lines = unread.has_lines or place.lines > 1
    if has_lines and (unread.reason in SWALLOWING or place.holds_rows):
        raise DataError(
            f"{file.key}, line {place.line}: a quote opens there, does not close{SWALLOWING.get(unread.reason, '')}, "
            "and swallows what is below it",
            "close that quote, or double it where it is part of the text (RFC 4180), and land the file again",
        )
    return (dataset, file.key, place.line, None, f"cannot be split into fields: {unread.reason.lower()}", place.text)


def locate_records(
    path: Path, *, delimiter: str, encoding: str, unread: Collection[int], rows: Collection[int]
) -> Iterator[Located]:
    """Finds rejected records, in one more walk through the file; so only call it where there are any.

    An engine counts records, while a person looks for lines: a quoted newline makes two lines of one record.

    Args:
        path: a CSV file with a header.
        delimiter: of its fields.
        encoding: of its text.
        unread: records that could not be split into fields, numbered from 1 with the header and blank lines.
        rows: records that could be, numbered from 1 without the header, blank lines and those of `unread`.

    Returns:
        Those that are there, in their order.
    """
    row, left, width = -1, len(unread) + len(rows), 0
    for number, (start, record, text, taken) in enumerate(_records(path, delimiter, encoding), start=1):
        if left == 0:
            return
        if number in unread:
            left -= 1
            lines = next((count for count in range(len(taken), 1, -1) if taken[count - 1].strip("\r\n")), 1)
            holds_rows = any(line.count(delimiter) >= width - 1 for line in islice(taken, 1, lines - 1))
            yield Located(number, None, Place(start, text, lines, holds_rows))
        elif record:
            row += 1
            width = width or len(record)
            if row in rows:
                left -= 1
                yield Located(None, row, Place(start, text))


def read_header(path: Path, *, delimiter: str, encoding: str) -> list[str]:
    """The names in a CSV file's first record that is no blank line; empty for an empty file.

    Raises:
        DataError: the file should be UTF-16 and does not begin as such.
    """
    try:
        return next((record for _, record, *_ in _records(path, delimiter, encoding) if record), [])
    except UnicodeError as error:
        raise not_utf16(path.name) from error


def count_lines_before_header(path: Path, *, delimiter: str, encoding: str) -> int:
    """The blank lines above a CSV file's header."""
    return next((start - 1 for start, record, *_ in _records(path, delimiter, encoding) if record), 0)


def _records(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[int, list[str], str, Sequence[str]]]:
    """Each record, blank lines among them: the line it starts on, its fields, its text, its lines."""
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
            yield start, record, "".join(lines.taken).rstrip("\r\n")[:TEXT_CHARACTERS], lines.taken


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
