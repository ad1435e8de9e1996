"""TMDB's records as text: read without changing a letter of them, and whose each is."""

import json
from collections.abc import Iterator
from typing import Any

from cinelake.enrich.interface import Title
from cinelake.errors import DataError

BLANKS = " \t\r\n"


def records_in(text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record with its own letters, so that no digit of a number changes on the way.

    Args:
        text: JSON Lines, or an array of objects.
        name: the file's, for the error.

    Raises:
        DataError: it is neither; names the file and line.
    """
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
            _demand_text(record)
        except (ValueError, RecursionError) as error:
            raise _no_record(text, position, name, str(error).partition(":")[0]) from error
        if not isinstance(record, dict):
            raise _no_record(text, position, name, "a record must be an object")
        yield text[position:end], record
        position = _skip(text, end, between)
    if in_array:
        raise _no_record(text, position, name, "the array has no end")


def read_object(text: str) -> dict[str, Any]:
    """One JSON object.

    Raises:
        ValueError: it is none.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
        if "\\u" in text:
            _demand_text(found)
    except RecursionError as error:
        raise ValueError("it is too deep") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def title_of(record: dict[str, Any]) -> Title | None:
    """Whose record it is: films have a title, series a name; only films carry their IMDb id themselves."""
    imdb_id = imdb_id_of(record)
    if imdb_id is None:
        return None
    return Title("series" if "name" in record and "title" not in record else "film", imdb_id)


def imdb_id_of(record: dict[str, Any]) -> str | None:
    """The IMDb id in a record, or among the external ids that were asked for with it."""
    external = record.get("external_ids")
    imdb_id = record.get("imdb_id") or (external.get("imdb_id") if isinstance(external, dict) else None)
    return imdb_id if isinstance(imdb_id, str) else None


def _demand_text(found: object) -> None:
    """Half a surrogate pair is no text, and engines refuse it."""
    json.dumps(found, ensure_ascii=False).encode()


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
