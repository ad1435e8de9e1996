"""`question.toml` as it was written: where a setting stands in it, and what a wrong one may have meant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from cinelake.config.nearest import did_you_mean
from cinelake.config.project import WORDS_OF_TYPES
from cinelake.errors import ConfigurationError

Path = tuple[str | int, ...]
"""Of a setting, as in `("charts", 0, "x")`."""
NAME = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
HEADER = re.compile(rf"\s*(\[\[?)\s*({NAME}(?:\s*\.\s*{NAME})*)\s*\]")
SETTING = re.compile(rf"\s*({NAME}(?:\s*\.\s*{NAME})*)\s*=\s*(.*)")
LONG_QUOTES = ('"""', "'''")


@dataclass(frozen=True)
class Written:
    """Where what a TOML file says stands in it, for errors."""

    said_in: str
    """The file."""
    lines: Mapping[Path, int]
    """Of each table, and of each setting that begins a line."""
    first_lines: Mapping[Path, int]
    """Of each long text, which has lines of its own."""
    open_at: int | None
    """The line of a long text that does not close."""

    @classmethod
    def of(cls, said_in: str, text: str) -> "Written":
        """Looks through a text, which need not be valid."""
        lines: dict[Path, int] = {}
        first_lines: dict[Path, int] = {}
        counts: dict[Path, int] = {}
        table: Path = ()
        quotes, open_at = "", 0
        for number, line in enumerate(text.splitlines(), start=1):
            if quotes:
                quotes = "" if quotes in line else quotes
            elif header := HEADER.match(line):
                table = _path_of(header[2], counts, new=header[1] == "[[")
                lines.setdefault(table, number)
            elif setting := SETTING.match(line):
                path, value = (*table, *_parts(setting[1])), setting[2]
                lines.setdefault(path, number)
                if value.startswith(LONG_QUOTES):
                    first_lines[path] = number if value[3:].strip() else number + 1
                    quotes, open_at = ("" if value[:3] in value[3:] else value[:3]), number
        return cls(said_in, lines, first_lines, open_at if quotes else None)

    def place(self, path: Path, line: int = 1) -> str:
        """The file, and the line in which a setting stands, or else the table that it is in.

        Args:
            path: of the setting.
            line: of its text, where that is a long one.
        """
        if path in self.first_lines:
            return f"{self.said_in}, line {self.first_lines[path] + line - 1}"
        found = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        return self.said_in if found is None else f"{self.said_in}, line {found}"


def explain(error: ValidationError, written: Written, model: type[BaseModel]) -> ConfigurationError:
    """The first thing that is wrong; a setting that is misspelt before one that is missing, which may be the same."""
    found = sorted(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
    told: Any = found[0]
    path = _without_tag(told["loc"])
    kind, context = told["type"], told.get("ctx", {})
    name = _in_words(path)
    known = _known_at(model, told["loc"][:-1] if kind == "extra_forbidden" else told["loc"])
    match kind:
        case "extra_forbidden":
            what, hint = f"{name} is no setting", did_you_mean(path[-1], known) or f"allowed there: {', '.join(known)}"
        case "literal_error" | "union_tag_invalid":
            wrong = context.get("tag", told["input"])
            allowed = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
            path, name = (path, name) if kind == "literal_error" else ((*path, "mark"), f"{name}: mark")
            what = f"{name} is {wrong!r}, but may be {', '.join(allowed)}"
            hint = did_you_mean(wrong, allowed) or "mend that setting"
        case "union_tag_not_found":
            what, hint = f"{name}: mark is missing", f"add one of: {', '.join(known)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            what, hint = f"{name} must be a table", f"give it {', '.join(known)}" if known else "mend that setting"
        case "missing":
            what, hint = f"{name} is missing", "add it"
        case "tuple_type":
            what, hint = f"{name} must be a list", f"head each of them with [[{path[0]}]], or write [ … ]"
        case "string_pattern_mismatch":
            what, hint = f"{name} must be a file's name that ends in .vl.json", "rename it"
        case _:
            what, hint = f"{name}: {WORDS_OF_TYPES.get(kind) or told['msg'].lower()}", "mend that setting"
    return ConfigurationError(f"{written.place(path)}: {what}", hint)


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(NAME, dotted))


def _path_of(dotted: str, counts: dict[Path, int], *, new: bool) -> Path:
    """The path of a header; of a `[[list]]` its newest element, or one more."""
    path: Path = ()
    parts = _parts(dotted)
    for number, part in enumerate(parts, start=1):
        path = (*path, part)
        if new and number == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _without_tag(location: Path) -> Path:
    """What pydantic calls a place, without the kind of a chart or of a value that it adds."""
    path = (*location[:2], *location[3:]) if location[:1] == ("charts",) else location
    return path[:-1] if path[-1:] in (("constrained-int",), ("str",)) else path


def _in_words(path: Path) -> str:
    """A setting's name for a reader: `title.pt`, `chart 1: x`."""
    if len(path) > 1 and isinstance(path[1], int):
        rest = ".".join(str(part) for part in path[2:])
        return f"{str(path[0]).removesuffix('s')} {path[1] + 1}" + (f": {rest}" if rest else "")
    return ".".join(str(part) for part in path) or "the file"


def _known_at(model: type[BaseModel], location: Path) -> list[str]:
    """The settings of the table at a place, or the kinds that it may be of."""
    schema = model.model_json_schema()

    def resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
        return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node

    def below(node: Mapping[str, Any], part: str | int) -> Mapping[str, Any]:
        kinds = node.get("discriminator", {}).get("mapping", {})
        if part in kinds:
            return {"$ref": kinds[part]}
        others = (node.get(name) for name in ("items", "additionalProperties"))
        found = node.get("properties", {}).get(part) or next((each for each in others if isinstance(each, dict)), {})
        return cast("Mapping[str, Any]", found)

    node: Mapping[str, Any] = schema
    for part in location:
        node = resolved(below(node, part))
    return [*node.get("properties", {}), *node.get("discriminator", {}).get("mapping", {})]
