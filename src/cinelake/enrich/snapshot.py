"""A snapshot: TMDB records saved earlier, one a line or in arrays."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cinelake.enrich.interface import Record, Title
from cinelake.errors import ConfigurationError, DataError

BLANKS = " \t\r\n"
SUFFIXES = (".json", ".jsonl", ".ndjson")
"""The files of a folder that are read."""


class Snapshot:
    """The records in a file, in the files of a folder, or in those that a glob names."""

    def __init__(self, directory: Path, pattern: str) -> None:
        """Finds the files.

        Args:
            directory: the project folder, which `pattern` is relative to.
            pattern: `[tmdb] snapshot` of `lake.toml`.

        Raises:
            ConfigurationError: there is no such file.
        """
        path = directory / pattern
        if path.is_dir():
            self.files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
        elif path.is_file():
            self.files = [path]
        else:
            root = Path(Path(pattern).anchor or directory)
            relative = pattern.removeprefix(Path(pattern).anchor)
            self.files = sorted(file for file in root.glob(relative) if file.is_file())
        if not self.files:
            raise ConfigurationError(
                f"the snapshot {pattern} is missing",
                'put it into the project folder, mend tmdb.snapshot in lake.toml, or set tmdb.source = "off"',
            )

    def records(self, wanted: Collection[Title]) -> Iterator[Record]:
        """See `RecordSource.records`.

        Raises:
            DataError: a file is no JSON Lines and no array of objects; names the file and line.
        """
        for file in self.files:
            try:
                text = file.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError as error:
                raise DataError(f"{file.name} is not UTF-8 text", "save the snapshot as UTF-8") from error
            except OSError as error:
                raise ConfigurationError(
                    f"{file.name} cannot be read: {error.strerror}", "make it a file that you may read"
                ) from error
            for body, record in _records_in(text, file.name):
                title = _title_of(record)
                if title is not None and title in wanted:
                    yield Record(title, body)


def _records_in(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record with its own letters, so that no digit of a number changes on the way."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    position = _skip(text, 0, BLANKS)
    in_array = text[position : position + 1] == "["
    between = BLANKS + "," if in_array else BLANKS
    position = _skip(text, position + in_array, between)
    while position < len(text):
        if in_array and text[position] == "]":
            position = _skip(text, position + 1, BLANKS)
            if position < len(text):
                raise _no_record(text, position, name, "something stands after the end of the array")
            return
        try:
            record, end = decoder.raw_decode(text, position)
            json.dumps(record, ensure_ascii=False).encode()  # half a surrogate pair is no text, and engines refuse it
        except (ValueError, RecursionError) as error:
            raise _no_record(text, position, name, str(error).partition(":")[0]) from error
        if not isinstance(record, dict):
            raise _no_record(text, position, name, "a record must be an object")
        yield text[position:end], record
        position = _skip(text, end, between)
    if in_array:
        raise _no_record(text, position, name, "the array has no end")


def _no_record(text: str, position: int, name: str, why: str) -> DataError:
    line = text.count("\n", 0, position) + 1
    return DataError(
        f"{name}, line {line}, is no TMDB record: {why}",
        "mend or remove that line; a snapshot is one JSON object a line, or an array of them",
    )


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _title_of(record: dict[str, Any]) -> Title | None:
    """Whose record it is: films have a title, series a name; only films carry their IMDb id themselves."""
    external = record.get("external_ids")
    imdb_id = record.get("imdb_id") or (external.get("imdb_id") if isinstance(external, dict) else None)
    if not isinstance(imdb_id, str):
        return None
    return Title("series" if "name" in record and "title" not in record else "film", imdb_id)
