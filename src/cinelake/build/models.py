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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from cinelake.config.nearest import nearest
from cinelake.engine.queries import Query, in_order, nearest_table, parse_query
from cinelake.errors import ConfigurationError

FOLDER = "sql"
RAW_TABLES = ("raw.movies", "raw.series", "raw.tmdb", "raw.rejects")
"""What an engine has read before the first model runs."""
LAYERS = {"trusted": "Trusted", "refined": "Refined"}
NAME = re.compile(r"[a-z][a-z0-9_]*")
WORDS = ("origin", "grain", "column", "reference")
PROMISE = re.compile(rf"({'|'.join(WORDS)}):\s*(.+)")
SLIP = re.compile(r"(\w+)\s*:.*")
COLUMN = re.compile(r"(?P<name>\w+) (?P<type>[A-Z]+(?:\(\d+, ?\d+\))?(?:\[\])?)(?P<facts>(?:, [^:]+)?): (?P<about>.+)")
BETWEEN = re.compile(r"(?P<least>-?\d+(?:\.\d+)?) to (?P<most>-?\d+(?:\.\d+)?)")
AT_LEAST = re.compile(r"at least (?P<least>-?\d+(?:\.\d+)?)")
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL")
"""The types that can have a range."""
ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
GRAIN = re.compile(r"\w+(?:, ?\w+)*")
REFERENCE = re.compile(rf"(?P<columns>{GRAIN.pattern}) to (?P<table>\w+\.\w+)")


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
                    (f"did you mean {meant}? " if (meant := nearest_table(reference.table, models)) else "")
                    + f"tables are: {', '.join(sorted(models))}",
                )
    return tuple(models[query.name] for query in ordered)


def _read_folder(root: Traversable, said_in: str) -> Iterator[Model]:
    for folder in sorted(root.iterdir(), key=lambda each: each.name):
        if folder.name in LAYERS and folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda each: each.name):
                if file.name.endswith(".sql"):
                    yield read_model(folder.name, file, f"{said_in}/{folder.name}/{file.name}")
        else:
            for lost in _models_in(folder):
                raise ConfigurationError(
                    f"{said_in}/{lost} is in no layer", f"move it into {FOLDER}/trusted or {FOLDER}/refined"
                )


def _models_in(found: Traversable) -> Iterator[str]:
    """The `.sql` files that something which is no layer's folder is, or has; hidden folders aside."""
    if found.is_dir():
        if not found.name.startswith((".", "_")):
            yield from (f"{found.name}/{file.name}" for file in found.iterdir() if file.name.endswith(".sql"))
    elif found.name.endswith(".sql"):
        yield found.name


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
    title, promises = _read_header(text, said_in)
    if not title:
        raise ConfigurationError(
            f"{said_in} does not say what one row is", "start it with a comment line, as in -- One row a title."
        )
    return Model(
        parse_query(f"{schema}.{table}", text, said_in=said_in),
        LAYERS[schema],
        table,
        " ".join(title),
        _origin(schema, promises["origin"], said_in),
        tuple(name for number, told in promises["grain"] for name in _grain(told, f"{said_in}, line {number}")),
        _columns(promises["column"], said_in),
        tuple(_reference(told, f"{said_in}, line {number}") for number, told in promises["reference"]),
    )


def _read_header(text: str, said_in: str) -> tuple[list[str], dict[str, list[tuple[int, str]]]]:
    """The words above the SELECT, and each kind of promise with the number of its line."""
    title: list[str] = []
    promises: dict[str, list[tuple[int, str]]] = {word: [] for word in WORDS}
    in_header = True
    for number, line in enumerate(text.splitlines(), start=1):
        in_header = in_header and (line.startswith("--") or not line.strip())
        if line.startswith("--"):
            comment = line.removeprefix("--").strip()
            promise = PROMISE.fullmatch(comment)
            if promise:
                promises[promise[1]].append((number, promise[2]))
            elif comment and in_header:
                _refuse_slip(comment, f"{said_in}, line {number}")
                title.append(comment)
    return title, promises


def _refuse_slip(comment: str, said_in: str) -> None:
    """A promise that is misspelt would be taken for words, and nobody would hold the table against it."""
    slip = SLIP.fullmatch(comment)
    meant = nearest(slip[1], WORDS, like=0.75) if slip else None
    if meant:
        raise ConfigurationError(f"{said_in}: {comment!r} promises nothing", f"write -- {meant}: …")


def _origin(schema: str, told: Sequence[tuple[int, str]], said_in: str) -> str:
    if schema != "trusted":
        for number, _ in told:
            raise ConfigurationError(
                f"{said_in}, line {number}: a table of {schema} has no origin of its own", "remove that line"
            )
        return ""
    if not told:
        raise ConfigurationError(
            f"{said_in} does not say where the data came from", "add -- origin: Local, or -- origin: TMDB"
        )
    for number, origin in told:
        if not ORIGIN.fullmatch(origin) or len(told) > 1:
            raise ConfigurationError(
                f"{said_in}, line {number}: {origin!r} is no single name of an origin",
                "write -- origin: Local, or -- origin: TMDB, once",
            )
    return told[0][1]


def _grain(told: str, said_in: str) -> list[str]:
    if not GRAIN.fullmatch(told):
        raise ConfigurationError(f"{said_in}: {told!r} is no grain", "write -- grain: kind, imdb_id")
    return [name.strip() for name in told.split(",")]


def _columns(promised: Sequence[tuple[int, str]], said_in: str) -> tuple[ModelColumn, ...]:
    columns: dict[str, ModelColumn] = {}
    for number, told in promised:
        column = _column(told, f"{said_in}, line {number}")
        if column.name in columns:
            raise ConfigurationError(
                f"{said_in}, line {number}: {column.name} is promised twice", "remove one of the lines"
            )
        columns[column.name] = column
    return tuple(columns.values())


def _column(told: str, said_in: str) -> ModelColumn:
    match = COLUMN.fullmatch(told)
    if match is None:
        raise ConfigurationError(
            f"{said_in}: {told!r} promises no column",
            "write -- column: NAME TYPE, 0 to 10: what it holds (or required, at least 0, one of a/b)",
        )
    name, type_, about = match["name"], match["type"].replace(" ", ""), match["about"]
    required, least, most = False, None, None
    values: tuple[str, ...] = ()
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
    if values and type_ != "VARCHAR":
        raise ConfigurationError(f"{said_in}: {name} is {type_}, and only a VARCHAR is one of words", "leave them out")
    if least is not None and (type_.partition("(")[0] not in NUMBERS or type_.endswith("[]")):
        raise ConfigurationError(f"{said_in}: {name} is {type_}, and only numbers have a range", "leave the range out")
    if least is not None and most is not None and least > most:
        raise ConfigurationError(f"{said_in}: no number lies from {least} to {most}", "write the smaller one first")
    return ModelColumn(name, type_, about, required, least, most, values)


def _reference(told: str, said_in: str) -> Reference:
    match = REFERENCE.fullmatch(told)
    if match is None:
        raise ConfigurationError(
            f"{said_in}: {told!r} is no reference", "write -- reference: kind, imdb_id to trusted.titles"
        )
    return Reference(tuple(name.strip() for name in match["columns"].split(",")), match["table"])
