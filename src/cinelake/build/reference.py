"""What the models promise, as a page to read: `make docs` writes docs/tables.md from it."""

from collections.abc import Iterator, Sequence

from cinelake.build.models import FOLDER, Model, ModelColumn, Reference

STAR = "Refined"
"""The layer that is drawn."""
HEAD = """\
# Tables

What `cinelake build` makes, as the headers of its models promise it; a build that breaks one of these promises
publishes nothing. This page is written from those headers by `make docs`: change them, not it.

A table goes by `refined.fact_title` in `cinelake sql`, in models and in questions. An unknown is NULL, never a zero.
Times are UTC. Types are DuckDB's; Spark's builds have the same.
"""


def tables_markdown(models: Sequence[Model]) -> str:
    """The page of these models: the star, a table of contents, a section each; the layers in the order of their making.

    Pure: the same models, the same text.
    """
    by_layer = sorted(models, key=lambda model: (model.layer == STAR, model.table))
    return "\n".join(
        [HEAD, *_star(models), *_contents(by_layer), *(line for each in by_layer for line in _table(each))]
    )


def _star(models: Sequence[Model]) -> Iterator[str]:
    drawn = sorted((model for model in models if model.layer == STAR), key=lambda model: model.table)
    names = {model.query.name: model.table for model in drawn}
    yield from (f"## The star: {STAR}", "", "```mermaid", "erDiagram")
    for model in drawn:
        for reference in model.references:
            if reference.table in names:
                columns = ", ".join(reference.columns)
                yield f'    {names[reference.table]} {_how_many(model, reference)} {model.table} : "{columns}"'
    for model in drawn:
        yield f"    {model.table} {{"
        for column in model.columns:
            # Mermaid takes no comma in a type.
            yield f"        {column.type.partition('(')[0]} {column.name}{_keys(model, column.name)}"
        yield "    }"
    yield from ("```", "")


def _how_many(model: Model, reference: Reference) -> str:
    """Rows of the other table for each of ours, and of ours for each of its."""
    required = {column.name for column in model.columns if column.required}
    theirs = "||" if required.issuperset(reference.columns) else "|o"
    ours = "o|" if set(model.grain) == set(reference.columns) else "o{"
    return f"{theirs}--{ours}"


def _keys(model: Model, column: str) -> str:
    keys = [key for key, there in (("PK", column in model.grain), ("FK", _refers(model, column))) if there]
    return " " + ", ".join(keys) if keys else ""


def _refers(model: Model, column: str) -> bool:
    return any(column in reference.columns for reference in model.references)


def _contents(models: Sequence[Model]) -> Iterator[str]:
    yield from ("## All of them", "", "| table | one row is |", "|---|---|")
    for model in models:
        yield f"| {_link(model.query.name)} | {_cell(model.title)} |"
    yield ""


def _table(model: Model) -> Iterator[str]:
    file = f"{FOLDER}/{model.layer.lower()}/{model.table}.sql"
    reads = ", ".join(f"`{name}`" for name in sorted(model.query.references)) or "nothing"
    yield from (f"## {model.query.name}", "", model.title, "")
    yield f"- grain: {_names(model.grain) or 'none; rows may be alike'}"
    yield from (
        f"- reference: {_names(reference.columns)}, where known, to {_link(reference.table)}"
        for reference in model.references
    )
    yield f"- source: [{file}](../src/cinelake/{file}), which reads {reads}"
    if model.origin:
        yield f"- origin: {model.origin}"
    yield ""
    if model.columns:
        yield from ("| column | type | may be unknown | range | what it holds |", "|---|---|---|---|---|")
        for column in model.columns:
            unknown = "no" if column.required else "yes"
            yield f"| `{column.name}` | `{column.type}` | {unknown} | {_range(column)} | {_cell(column.about)} |"
        yield ""


def _range(column: ModelColumn) -> str:
    if column.values:
        return " or ".join(f"`{_cell(value)}`" for value in column.values)
    if column.minimum is None:
        return ""
    return f"at least {column.minimum}" if column.maximum is None else f"{column.minimum} to {column.maximum}"


def _link(name: str) -> str:
    """To the section of a table; GitHub leaves the dot out of a heading's address."""
    return f"[{name}](#{name.replace('.', '')})"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
