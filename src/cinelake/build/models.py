"""The models: `.sql` files, one SELECT each; the folder is the layer, the file's name the table's."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from cinelake.engine.queries import Query, in_order, parse_query
from cinelake.errors import ConfigurationError

RAW_TABLES = ("raw.movies", "raw.series", "raw.tmdb", "raw.rejects")
"""What an engine has read before the first model runs."""
LAYERS = {"trusted": "Trusted", "refined": "Refined"}


@dataclass(frozen=True)
class Model:
    """One table, as its file describes it."""

    query: Query
    layer: str
    """`Trusted` or `Refined`."""
    table: str
    title: str
    """What one row is."""
    origin: str
    """Where a Trusted table's data came from; empty in Refined."""
    grain: tuple[str, ...]
    """Columns that together name a row; empty where nothing does."""


@cache
def shipped_models() -> tuple[Model, ...]:
    """The package's models, each after those that it reads."""
    root = files("cinelake") / "sql"
    models = {
        model.query.name: model
        for schema in LAYERS
        for file in sorted((root / schema).iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
        for model in [read_model(schema, file)]
    }
    ordered = in_order([model.query for model in models.values()], available=RAW_TABLES)
    return tuple(models[query.name] for query in ordered)


def read_model(schema: str, file: Traversable) -> Model:
    """Reads one model.

    Raises:
        ConfigurationError: its header lacks what it must say, or it holds no single SELECT.
    """
    text = file.read_text(encoding="utf-8")
    table, said_in = file.name.removesuffix(".sql"), f"sql/{schema}/{file.name}"
    comments = [line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--")]
    said = [match for line in comments if (match := re.fullmatch(r"(origin|grain): (.+)", line))]
    facts = {match[1]: match[2] for match in said}
    title = " ".join(line for line in comments if not re.match(r"(origin|grain): ", line))
    if not title or (schema == "trusted") is not ("origin" in facts):
        raise ConfigurationError(
            f"{said_in} does not say what one row is, or where the data came from",
            "start it with a comment line, and in trusted/ with -- origin: Local or -- origin: TMDB",
        )
    return Model(
        parse_query(f"{schema}.{table}", text, said_in=said_in),
        LAYERS[schema],
        table,
        title,
        facts.get("origin", ""),
        tuple(column.strip() for column in facts.get("grain", "").split(",") if column.strip()),
    )
