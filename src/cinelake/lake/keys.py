"""Keys: the full names of objects in the lake, built from a template and parsed back."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from string import Formatter

from cinelake.errors import ConfigurationError

RAW, TRUSTED, REFINED = "Raw", "Trusted", "Refined"
LAYERS = (RAW, TRUSTED, REFINED)
CSV, JSON, PARQUET = "CSV", "JSON", "Parquet"

FIELDS = ("layer", "origin", "format", "dataset", "date", "file")
DIRECTIVES = {"%Y": "[0-9]{4}", "%m": "[0-9]{2}", "%d": "[0-9]{2}"}
KEY_BYTES = 1024
"""The longest key that S3 takes (Amazon S3 user guide, "Naming Amazon S3 objects")."""
UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|(^|/)\.{1,2}(/|$)|//|#\d+$")
"""Control characters, bytes that were no text, steps of a path, and what obstore's folder store keeps for files that
are still being written."""


@dataclass(frozen=True, order=True)
class ObjectName:
    """What a key says."""

    layer: str
    """`Raw`, `Trusted` or `Refined`."""
    origin: str
    """Where the data came from: `Local`, `TMDB`; empty in `Refined`, which joins origins."""
    format: str
    """`CSV`, `JSON`, `Parquet`."""
    dataset: str
    """`Movies`, `Series`, or a table's name."""
    date: date
    """The processing date."""
    file: str
    """The rest of the key: a file name, below a build's id where a build made it."""


EXAMPLE = ObjectName(RAW, "Local", CSV, "Movies", date(2022, 5, 2), "movies.csv")


@dataclass(frozen=True)
class KeyTemplate:
    """How an ObjectName is written as a key, as in `{layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}`."""

    template: str

    def __post_init__(self) -> None:
        """Refuses a template whose keys could not be told apart.

        Raises:
            ConfigurationError: it lacks a field, names one twice, does not end in `{file}`, or writes a date without
                year, month and day.
        """
        fields = [name for _, name, _ in self._parts() if name]
        dates = [spec or "" for _, name, spec in self._parts() if name == "date"]
        fault = None
        if sorted(fields) != sorted(FIELDS):
            fault = f"it must hold each of {', '.join(f'{{{name}}}' for name in FIELDS)} once"
        elif not self.template.endswith("/{file}"):
            fault = "it must end in /{file}"
        elif sorted(re.findall("%.", dates[0])) != ["%Y", "%d", "%m"]:
            fault = "its date must hold %Y, %m and %d once, as in {date:%Y/%m/%d}"
        elif any(literal == "" for literal, _, _ in self._parts()[1:]):
            fault = "two of its fields touch; put a / between them"
        elif any(conversion or (spec and name != "date") for _, name, spec, conversion in self._fields()):
            fault = "but for the date, a field is its name alone, as in {origin} and {dataset}"
        elif self.template.startswith(("/", "_")) or UNFIT.search(self._write(EXAMPLE)):
            fault = "it must not start with / or _, nor hold //, /./, /../ or control characters"
        if fault:
            raise ConfigurationError(
                f"lake.toml: lake.key is {self.template!r}: {fault}",
                "leave the setting out for the usual key, {layer}/{origin}/{format}/{dataset}/{date:%Y/%m/%d}/{file}",
            )

    def build(self, name: ObjectName) -> str:
        """Writes the key of `name`.

        Raises:
            ConfigurationError: a part is empty, holds what a key cannot, or the key is over 1,024 bytes.
        """
        key = self._write(name)
        if UNFIT.search(key) or self.parse(key) != name or len(key.encode()) > KEY_BYTES:
            raise self._unfit(name)
        return key

    def build_all(self, name: ObjectName, files: Sequence[str]) -> list[str]:
        """Writes the keys of many files whose names differ from `name` in nothing else. Raises as `build`."""
        start = self.build(replace(name, file="x"))[:-1]
        keys = [start + file for file in files]
        for file, key in zip(files, keys, strict=True):
            if not file or file.endswith("/") or UNFIT.search(key) or len(key.encode()) > KEY_BYTES:
                raise self._unfit(replace(name, file=file))
        return keys

    def _unfit(self, name: ObjectName) -> ConfigurationError:
        return ConfigurationError(
            f"no key can be made of {name.file!r} in {name.dataset!r}",
            f"rename it: no slash or control character, no #1 at its end; the key has {KEY_BYTES} bytes at most",
        )

    def parse(self, key: str) -> ObjectName | None:
        """Reads a key back; None for a key that this template does not write."""
        for refined in (False, True):
            found = re.fullmatch(self._pattern(refined=refined), key)
            if found is None:
                continue
            parts = found.groupdict()
            try:
                day = datetime.strptime(parts.pop("date"), self._date_format()).date()  # noqa: DTZ007 a day has no zone
            except ValueError:
                continue
            if (parts["layer"] == REFINED) is refined and not UNFIT.search(key):
                return ObjectName(**{"origin": "", **parts}, date=day)
        return None

    def prefix(self, layer: str, origin: str, format: str, dataset: str) -> str:  # noqa: A002 the word of the key
        """The longest prefix, up to a slash, that all dates of a dataset share."""
        values = {"layer": layer, "origin": origin, "format": format, "dataset": dataset}
        written = ""
        for literal, field, _ in self._for_layer(refined=layer == REFINED):
            written += literal
            if field not in values:
                break
            written += values[field]
        return written.rpartition("/")[0]

    def layer_prefix(self, layer: str) -> tuple[str, bool]:
        """The longest prefix, up to a slash, that all keys of a layer share, and whether no other layer's have it."""
        written, named = "", False
        for literal, field, _ in self._for_layer(refined=layer == REFINED):
            written += literal
            if field != "layer":
                break
            written, named = written + layer, True
        prefix = written.rpartition("/")[0]
        return prefix, named and layer in prefix.split("/")

    def _fields(self) -> list[tuple[str, str | None, str | None, str | None]]:
        try:
            return list(Formatter().parse(self.template))
        except ValueError:
            return []

    def _parts(self) -> list[tuple[str, str | None, str | None]]:
        return [(literal, name, spec) for literal, name, spec, _ in self._fields()]

    def _for_layer(self, *, refined: bool) -> Iterator[tuple[str, str | None, str | None]]:
        """The parts of the template; those of `Refined` without the origin and a slash beside it."""
        first = False
        for number, (literal, name, spec) in enumerate(self._parts()):
            if refined and name == "origin":
                first = number == 0
                continue
            yield literal.removeprefix("/") if first else literal, name, spec
            first = False

    def _date_format(self) -> str:
        return next(spec for _, name, spec in self._parts() if name == "date" and spec)

    def _write(self, name: ObjectName) -> str:
        values = {field: getattr(name, field) for field in FIELDS}
        return "".join(
            literal + (format(values[field], spec or "") if field else "")
            for literal, field, spec in self._for_layer(refined=name.layer == REFINED)
        )

    def _pattern(self, *, refined: bool) -> str:
        pattern = ""
        for literal, field, spec in self._for_layer(refined=refined):
            pattern += re.escape(literal)
            if field == "date":
                pattern += f"(?P<date>{_date_pattern(spec or '')})"
            elif field == "file":
                pattern += r"(?P<file>[^/]+(?:/[^/]+)*)"
            elif field:
                pattern += f"(?P<{field}>[^/]+)"
        return pattern


def _date_pattern(directives: str) -> str:
    return "".join(DIRECTIVES.get(part) or re.escape(part) for part in re.split("(%.)", directives))
