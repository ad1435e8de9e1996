"""Writes the pages of the reference from the code: `make docs`. A test holds them against it.

python docs/generate.py [--check]      with --check nothing is written, and a page that is not current is exit 1
"""

import ast
import inspect
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cinelake.build.models import shipped_models
from cinelake.build.reference import tables_markdown
from cinelake.config.settings import Settings
from cinelake.errors import ExitCode
from cinelake.lake.manifests import DETAILS, Manifest, ObjectRecord, Replaced

HERE = Path(__file__).parent
EXAMPLES = re.compile(r"^Examples:\n\n(cinelake .*(?:\n\ncinelake .*)*)$", re.MULTILINE)
NOTE = "This page is written from the code by `make docs`: change that, not it."


def commands() -> str:
    """Every command with its options, by Typer's own generator, and the exit codes."""
    command = [sys.executable, "-m", "typer", "cinelake.cli.app", "utils", "docs", "--name", "cinelake"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("&#x27;", "'")
    words = EXAMPLES.sub(_as_code, printed.removeprefix("# `cinelake`\n").strip())
    means = docs_of(ExitCode)
    rows = "\n".join(f"| {code.value} | {means[code.name]} |" for code in ExitCode)
    return f"# Commands\n\n{NOTE}\n\n{words}\n\n## Exit codes\n\n| exit code | means |\n|---:|---|\n{rows}\n"


def _as_code(found: re.Match[str]) -> str:
    """The examples below a command's help, as lines of a shell."""
    return "Examples:\n\n```sh\n" + "\n".join(found[1].split("\n\n")) + "\n```"


def configuration() -> str:
    """Every table and key of lake.toml."""
    parts = [
        f"# lake.toml\n\n{NOTE}\n",
        "Secrets stand in `.env` or in the environment, never here: `.env.example` names them.\n",
    ]
    for name, field in Settings.model_fields.items():
        table = model_in(field.annotation)
        if table is None:
            parts += [f"## `[{name}.NAME]`\n", docs_of(Settings)[name], ""]
            continue
        title = f"[[{name}]]" if get_origin(field.annotation) is tuple else f"[{name}]"
        about = (inspect.getdoc(table) or "").partition(": ")[2]
        parts += [
            f"## `{title}`\n",
            f"{about[:1].upper()}{about[1:]}\n",
            "| key | is | default | |",
            "|---|---|---|---|",
        ]
        told = docs_of(table)
        for key, each in table.model_fields.items():
            default = "must be given" if each.is_required() else f"`{toml(each.default)}`".replace("|", "\\|")
            parts.append(f"| `{key}` | {type_of(each)} | {default} | {told.get(key, '')} |")
        parts.append("")
    return "\n".join(parts)


def manifests() -> str:
    """What the manifest of each stage tells."""
    parts = [
        f"# Manifests\n\n{NOTE}\n",
        "Each run of a stage writes one, as the last of its objects: what it read and wrote, with checksums. It lies",
        "at `_manifests/<stage>/<YYYY>/<MM>/<DD>/<run id>.json`.\n",
    ]
    shown: list[tuple[str, type[BaseModel]]] = [("A manifest", Manifest), ("An object", ObjectRecord)]
    shown += [(f"`detail` of `{stage}`", detail) for stage, detail in DETAILS.items()]
    shown += [("`replaced`, each", Replaced)]
    named = {model for _, model in shown}
    for detail in DETAILS.values():
        for field in detail.model_fields.values():
            inner = model_in(field.annotation)
            if inner is not None and inner not in named:
                named.add(inner)
                shown.append((f"{(inspect.getdoc(inner) or '').rstrip('.')}", inner))
    for title, model in shown:
        parts += [f"## {title}\n", "| field | is | |", "|---|---|---|"]
        told = docs_of(model)
        parts += [f"| `{key}` | {type_of(each)} | {told.get(key, '')} |" for key, each in model.model_fields.items()]
        parts.append("")
    return "\n".join(parts)


def tables() -> str:
    """Every table that a build makes."""
    return tables_markdown(shipped_models())


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "configuration.md": configuration,
    "manifests.md": manifests,
    "tables.md": tables,
}


def docs_of(kind: type) -> dict[str, str]:
    """What stands below each field of a class, in one line."""
    [definition] = ast.parse(inspect.getsource(kind).strip()).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in definition.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = " ".join(text.split()).replace("|", "\\|")
            case _:
                name = ""
    return found


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a type is, or that it holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for each in get_args(annotation) if (model := model_in(each)) is not None), None)


def type_of(field: FieldInfo) -> str:
    """A field's type in words."""
    return " or ".join(words_of(field.annotation))


def words_of(annotation: Any) -> Iterator[str]:
    """What a type may be, each in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        yield "nothing"
    elif origin is Literal:
        yield from (f"`{toml(each)}`" for each in inner)
    elif origin in (Union, types.UnionType):
        for each in inner:
            yield from words_of(each)
    elif origin in (tuple, list):
        yield f"a list of {' or '.join(plural(word) for word in words_of(inner[0]))}"
    elif origin is dict:
        yield f"{' or '.join(plural(word) for word in words_of(inner[1]))}, by name"
    elif hasattr(annotation, "__metadata__"):
        yield from words_of(inner[0])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield f"{(inspect.getdoc(annotation) or annotation.__name__).rstrip('.').partition(':')[0]}"
    else:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        yield names.get(annotation, str(getattr(annotation, "__name__", annotation)).lower())


def plural(word: str) -> str:
    """Several of a type."""
    return {"text": "texts", "a whole number": "whole numbers", "a number": "numbers", "any": "values"}.get(word, word)


def toml(value: Any) -> str:
    """A value as lake.toml has it."""
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\") + '"'
        case tuple():
            return "[" + ", ".join(map(toml, value)) + "]"
        case _:
            return str(value)


def main() -> int:
    """Writes the pages, or says which are not current."""
    stale = [name for name, page in PAGES.items() if not is_current(HERE / name, page())]
    if "--check" in sys.argv[1:]:
        print("".join(f"docs/{name} is not current: run make docs\n" for name in stale), end="", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        HERE.joinpath(name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def is_current(path: Path, text: str) -> bool:
    """Whether a page has this text."""
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
