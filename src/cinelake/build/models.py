"""The models: `.sql` files, one SELECT each; the folder is the layer, the file's name the table's.

A file begins with comments: a sentence that says what one row is, then a line for each thing that the table promises.

    -- One row a title.
    -- origin: Local                                           (where the data came from; in trusted/ alone)
    -- grain: kind, imdb_id                                    (columns that together name a row)
    -- column: kind VARCHAR, required, one of film/series: what the title is
    -- column: rating DECIMAL(3,1), 0 to 10: mean of IMDb users' ratings
    -- column: votes BIGINT, at least 0: IMDb users who rated it
    -- reference: kind, imdb_id to trusted.titles              (a row with these values is there)

Where columns are named, all are, in their order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cinelake.engine.queries import Query, in_order, parse_query
from cinelake.errors import ConfigurationError

FOLDER = "sql"
RAW_TABLES = ("raw.movies", "raw.series", "raw.tmdb", "raw.rejects")
"""What an engine has read before the first model runs."""
LAYERS = {"trusted": "Trusted", "refined": "Refined"}
NAME = re.compile(r"[a-z][a-z0-9_]*")
PROMISE = re.compile(r"(origin|grain|column|reference):\s*(.+)")
COLUMN = re.compile(r"(?P<name>\w+) (?P<type>[A-Z]+(?:\(\d+, ?\d+\))?(?:\[\])?)(?P<facts>(?:, [^:]+)?): (?P<about>.+)")
BETWEEN = re.compile(r"(?P<least>-?[\d.]+) to (?P<most>-?[\d.]+)")
AT_LEAST = re.compile(r"at least (?P<least>-?[\d.]+)")
REFERENCE = re.compile(r"(?P<columns>\w+(?:, ?\w+)*) to (?P<table>\w+\.\w+)")


@dataclass(frozen=True)
class ModelColumn:
    """A column that a table promises."""

    name: str
    type: str
    """In DuckDB's words, without blanks: `DECIMAL(3,1)`."""
    about: str
    """What it holds, with its unit."""
    required: bool = False
    """Whether it has no NULL."""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    values: tuple[str, ...] = ()
    """All that it may hold besides NULL; empty where it may hold anything."""


@dataclass(frozen=True)
class Reference:
    """Columns whose values name a row of another table, or are NULL."""

    columns: tuple[str, ...]
    table: str


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
    columns: tuple[ModelColumn, ...]
    """In their order; empty where none is promised."""
    references: tuple[Reference, ...]


def load_models(directory: Path) -> tuple[Model, ...]:
    """The shipped models and those in a project's `sql/`, each after those that it reads.

    One of the project's replaces a shipped one of its name.

    Raises:
        ConfigurationError: a file is not as it must be; names it, and the line where there is one.
    """
    own = directory / FOLDER
    if not own.is_dir():
        return shipped_models()
    return _ordered({model.query.name: model for model in (*shipped_models(), *_read_folder(own, FOLDER))})


@cache
def shipped_models() -> tuple[Model, ...]:
    """The package's models, each after those that it reads."""
    root = files("cinelake") / FOLDER
    return _ordered({model.query.name: model for model in _read_folder(root, f"{FOLDER} (shipped)")})


def _ordered(models: dict[str, Model]) -> tuple[Model, ...]:
    ordered = in_order([model.query for model in models.values()], available=RAW_TABLES)
    for model in models.values():
        for reference in model.references:
            if reference.table not in models:
                raise ConfigurationError(
                    f"{model.query.said_in} refers to {reference.table}, which is no table",
                    f"tables are: {', '.join(sorted(models))}",
                )
    return tuple(models[query.name] for query in ordered)


def _read_folder(root: Traversable, said_in: str) -> Iterator[Model]:
    for folder in sorted(root.iterdir(), key=lambda each: each.name):
        if folder.name in LAYERS and folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda each: each.name):
                if file.name.endswith(".sql"):
                    yield read_model(folder.name, file, f"{said_in}/{folder.name}/{file.name}")
        elif folder.name.endswith(".sql"):
            raise ConfigurationError(
                f"{said_in}/{folder.name} is in no layer", f"move it into {FOLDER}/trusted or {FOLDER}/refined"
            )


def read_model(schema: str, file: Traversable, said_in: str) -> Model:
    """Reads one model.

    Args:
        schema: `trusted` or `refined`.
        file: its `.sql`.
        said_in: the file, for errors.

    Raises:
        ConfigurationError: its header lacks what it must say or says what cannot be read, or it holds no single SELECT.
    """
    table = file.name.removesuffix(".sql")
    if not NAME.fullmatch(table):
        raise ConfigurationError(
            f"{said_in}: that is no name for a table", "use small letters, digits and underscores, as in fact_title"
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{said_in} is not UTF-8 text", "save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(
            f"{said_in} cannot be read: {error.strerror}", "make it a file that you may read"
        ) from error
    title: list[str] = []
    promises: dict[str, list[tuple[int, str]]] = {"origin": [], "grain": [], "column": [], "reference": []}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("--"):
            comment = line.removeprefix("--").strip()
            promise = PROMISE.fullmatch(comment)
            if promise:
                promises[promise[1]].append((number, promise[2]))
            elif comment:
                title.append(comment)
    origin = " ".join(told for _, told in promises["origin"])
    if not title or (schema == "trusted") is not bool(origin):
        raise ConfigurationError(
            f"{said_in} does not say what one row is, or where the data came from",
            "start it with a comment line, and in trusted/ with -- origin: Local or -- origin: TMDB",
        )
    return Model(
        parse_query(f"{schema}.{table}", text, said_in=said_in),
        LAYERS[schema],
        table,
        " ".join(title),
        origin,
        tuple(name.strip() for _, told in promises["grain"] for name in told.split(",")),
        tuple(_column(told, f"{said_in}, line {number}") for number, told in promises["column"]),
        tuple(_reference(told, f"{said_in}, line {number}") for number, told in promises["reference"]),
    )


def _column(told: str, said_in: str) -> ModelColumn:
    match = COLUMN.fullmatch(told)
    if match is None:
        raise ConfigurationError(
            f"{said_in}: {told!r} promises no column",
            "write -- column: NAME TYPE, 0 to 10: what it holds (or required, at least 0, one of a/b)",
        )
    name, type_, about = match["name"], match["type"].replace(" ", ""), match["about"]
    required, values, least, most = False, (), None, None
    for fact in filter(None, match["facts"].split(", ")):
        if fact == "required":
            required = True
        elif fact.startswith("one of "):
            values = tuple(fact.removeprefix("one of ").split("/"))
        elif between := BETWEEN.fullmatch(fact):
            least, most = Decimal(between["least"]), Decimal(between["most"])
        elif at_least := AT_LEAST.fullmatch(fact):
            least = Decimal(at_least["least"])
        else:
            raise ConfigurationError(
                f"{said_in}: {fact!r} is no promise about a column",
                "write required, 0 to 10, at least 0, or one of a/b",
            )
    return ModelColumn(name, type_, about, required, least, most, values)


def _reference(told: str, said_in: str) -> Reference:
    match = REFERENCE.fullmatch(told)
    if match is None:
        raise ConfigurationError(
            f"{said_in}: {told!r} is no reference", "write -- reference: kind, imdb_id to trusted.titles"
        )
    return Reference(tuple(name.strip() for name in match["columns"].split(",")), match["table"])
