"""Where a rejected record stands in its file: the line, and its text for the reader of the rejects table."""

import csv
from collections.abc import Collection, Iterator
from pathlib import Path

TEXT_CHARACTERS = 200
"""As much of a rejected record is kept as evidence."""


class _Lines:
    """The lines of a file, remembering those taken since the last `start`."""

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


def locate_records(
    path: Path, *, delimiter: str, encoding: str, rows: Collection[int], unread_lines: Collection[int]
) -> dict[int, tuple[int, str]]:
    """Finds records by their number.

    Only called where a row was rejected for what it holds, since it walks through the file once more.

    Args:
        path: a CSV file with a header.
        delimiter: of its fields.
        encoding: of its text.
        rows: numbers of the records to find, from 1, not counting those that could not be split into fields.
        unread_lines: the lines of those.

    Returns:
        By record number: the line on which it starts (the header is line 1), and its text, cut.
    """
    found: dict[int, tuple[int, str]] = {}
    wanted, skipped, row = set(rows), set(unread_lines), 0
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = _Lines(iter(file))
        reader = csv.reader(lines, delimiter=delimiter)
        next(reader, None)
        while len(found) < len(wanted):
            lines.taken.clear()
            start = lines.number + 1
            try:
                record = next(reader, None)
            except csv.Error:
                break
            if record is None:
                break
            if not record or start in skipped:
                continue
            row += 1
            if row in wanted:
                found[row] = (start, "".join(lines.taken).rstrip("\r\n")[:TEXT_CHARACTERS])
    return found


def read_header(path: Path, *, delimiter: str, encoding: str) -> list[str]:
    """The names in a CSV file's first record; empty for an empty file."""
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return next(csv.reader(file, delimiter=delimiter), [])
