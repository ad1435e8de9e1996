"""What a model promises of its table, held against the table: by the engine, where the rows are."""

from collections.abc import Iterator

from cinelake.build.models import Model, ModelColumn
from cinelake.engine.interface import Engine
from cinelake.engine.quoting import identifier, text
from cinelake.errors import DataError

UNPUBLISHED = "nothing was published"


def check_table(engine: Engine, model: Model) -> None:
    """Columns, types, values, keys and references of the table that a model has just made.

    Raises:
        DataError: names the table, what was promised, and one row that breaks it.
    """
    _check_columns(engine, model)
    _check_names(engine, model)
    _check_values(engine, model)
    _check_grain(engine, model)
    _check_references(engine, model)


def _check_columns(engine: Engine, model: Model) -> None:
    if not model.columns:
        return
    there = dict(engine.columns_of(model.query.name))
    promised = {column.name: column.type for column in model.columns}
    if list(there.items()) == list(promised.items()):
        return
    told = [f"{name} {type_}" for name, type_ in there.items() if promised.get(name) != type_]
    told += [f"no {name}" for name in promised if name not in there]
    raise DataError(
        f"{model.query.name} has {', '.join(told) or 'its columns in another order'}; "
        f"promised were {', '.join(f'{name} {type_}' for name, type_ in promised.items())}",
        f"mend {model.query.said_in}; {UNPUBLISHED}",
    )


def _check_names(engine: Engine, model: Model) -> None:
    """Grain and references name columns that are there, in both tables."""
    named = [(model.query.name, name, "grain") for name in model.grain]
    for reference in model.references:
        for name in reference.columns:
            named += [(model.query.name, name, "reference"), (reference.table, name, "reference")]
    columns = {table: engine.columns_of(table) for table in dict.fromkeys(table for table, _, _ in named)}
    for table, name, promise in named:
        there = columns[table]
        if name not in there:
            raise DataError(
                f"{table} has no column {name}, which a {promise} of {model.query.name} names",
                f"its columns are {', '.join(there)}: mend {model.query.said_in}; {UNPUBLISHED}",
            )


def _check_values(engine: Engine, model: Model) -> None:
    """All promises about values in one walk through the table."""
    promises = [(column, told, broken) for column in model.columns for told, broken in _promises(column)]
    if not promises:
        return
    sums = ", ".join(
        f"SUM(CASE WHEN {broken} THEN 1 ELSE 0 END) AS broken_{number}"
        for number, (_, _, broken) in enumerate(promises)
    )
    [counts] = engine.query(f"SELECT {sums} FROM {model.query.name}").rows
    for (column, told, broken), count in zip(promises, counts, strict=True):
        if count:
            names = ", ".join(identifier(each) for each in dict.fromkeys([*model.grain, column.name]))
            example = engine.query(f"SELECT {names} FROM {model.query.name} WHERE {broken} LIMIT 1").records()[0]
            rows = f"{count:,} {'row' if count == 1 else 'rows'}"
            raise DataError(
                f"{model.query.name}: {column.name} {told}, but not in {rows}, such as {_row(example)}",
                f"mend {model.query.said_in}; {UNPUBLISHED}",
            )


def _promises(column: ModelColumn) -> Iterator[tuple[str, str]]:
    """What is promised of a column's values in words, and a condition of the rows that break it."""
    name = identifier(column.name)
    if column.required:
        yield "is never unknown", f"{name} IS NULL"
    if column.values:
        listed = ", ".join(text(value) for value in column.values)
        yield f"is one of {', '.join(column.values)}", f"{name} NOT IN ({listed})"
    if column.minimum is not None and column.maximum is not None:
        yield (
            f"lies from {column.minimum} to {column.maximum}",
            f"NOT {name} BETWEEN {column.minimum} AND {column.maximum}",
        )
    elif column.minimum is not None:
        # NaN is greater than any number.
        no_number = f" OR ISNAN({name})" if column.type in ("DOUBLE", "FLOAT") else ""
        yield f"is at least {column.minimum}", f"{name} < {column.minimum}{no_number}"


def _check_grain(engine: Engine, model: Model) -> None:
    if not model.grain:
        return
    columns = ", ".join(identifier(column) for column in model.grain)
    doubled = engine.query(
        f"SELECT {columns}, COUNT(*) AS times FROM {model.query.name} GROUP BY {columns} HAVING COUNT(*) > 1 LIMIT 1"
    )
    if doubled.rows:
        *values, times = doubled.rows[0]
        raise DataError(
            f"{model.query.name} has {times} rows for {', '.join(str(value) for value in values)}; one was promised",
            f"mend {model.query.said_in}; {UNPUBLISHED}",
        )


def _check_references(engine: Engine, model: Model) -> None:
    for reference in model.references:
        same = " AND ".join(f"there.{identifier(name)} = here.{identifier(name)}" for name in reference.columns)
        known = " AND ".join(f"here.{identifier(name)} IS NOT NULL" for name in reference.columns)
        names = ", ".join(f"here.{identifier(name)}" for name in reference.columns)
        lost = engine.query(
            f"SELECT {names} FROM {model.query.name} AS here "
            f"WHERE {known} AND NOT EXISTS (SELECT 1 FROM {reference.table} AS there WHERE {same}) LIMIT 1"
        )
        if lost.rows:
            raise DataError(
                f"{model.query.name} has {_row(lost.records()[0])}, which {reference.table} does not have",
                f"mend {model.query.said_in}; {UNPUBLISHED}",
            )


def _row(record: dict[str, object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in record.items())
