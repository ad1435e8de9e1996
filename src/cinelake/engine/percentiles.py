"""Percentiles spelled out, so that every engine and every processor gives the same digits.

An engine's own `PERCENTILE_CONT` interpolates as its compiler likes it: with a fused multiplication here, without one
there. Written as SQL, each step is rounded by itself.
"""

import sqlglot
from sqlglot import exp

from cinelake.errors import DataError

PLACE = "CAST(FLOOR(({size} - 1) * CAST({share} AS DOUBLE)) AS BIGINT)"
"""Of the value below, from 0; linear interpolation between it and the next, as PERCENTILE_CONT is defined."""
PART = "(({size} - 1) * CAST({share} AS DOUBLE) - FLOOR(({size} - 1) * CAST({share} AS DOUBLE)))"
FORMS = {
    "duckdb": (
        "LIST_TRANSFORM([LIST(CAST({value} AS DOUBLE) ORDER BY {value}) FILTER (WHERE NOT {value} IS NULL)], "
        "LAMBDA v : v[{place} + 1] + (v[LEAST({place} + 2, {size})] - v[{place} + 1]) * {part})[1]",
        "LEN(v)",
    ),
    "spark": (
        "TRANSFORM(ARRAY(SORT_ARRAY(COLLECT_LIST(CAST({value} AS DOUBLE)))), v -> CASE WHEN SIZE(v) > 0 THEN "
        "ELEMENT_AT(v, CAST({place} + 1 AS INT)) + (ELEMENT_AT(v, CAST(LEAST({place} + 2, {size}) AS INT)) "
        "- ELEMENT_AT(v, CAST({place} + 1 AS INT))) * {part} END)[0]",
        "SIZE(v)",
    ),
}
"""The expression in each dialect, and the number of values."""


def spell_out(tree: exp.Expr, dialect: str) -> exp.Expr:
    """A query whose percentiles are written as arithmetic; those over windows stay.

    Raises:
        DataError: one is over descending values.
    """

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node.parent, exp.Window):
            return node
        if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileCont):
            return _of_order(node.this.this, node.expression)
        if isinstance(node, exp.PercentileCont) and isinstance(node.expression, exp.Order):
            return _of_order(node.expression.this, node.expression)
        if isinstance(node, exp.PercentileCont) and node.expression is not None:
            return _expression(node.this, node.expression)
        if isinstance(node, exp.Median):
            return _expression(node.this, exp.Literal.number("0.5"))
        return node

    def _of_order(share: exp.Expr, order: exp.Expr) -> exp.Expr:
        [ordered] = order.expressions
        if ordered.args.get("desc"):
            raise DataError("a percentile over descending values", "order them ascending, and take 1 - q")
        return _expression(ordered.this, share)

    def _expression(value: exp.Expr, share: exp.Expr) -> exp.Expr:
        form, size = FORMS[dialect]
        told = {"share": share.sql(dialect), "size": size}
        place, part = PLACE.format(**told), PART.format(**told)
        text = form.format(value=value.sql(dialect), place=place, part=part, size=size)
        return sqlglot.parse_one(text, dialect=dialect)

    return tree.transform(change)


def spell_out_for_duckdb(select: str) -> str:
    """A SELECT in DuckDB's dialect, as `spell_out` has it.

    Raises:
        DataError: one is over descending values.
    """
    return spell_out(sqlglot.parse_one(select, dialect="duckdb"), "duckdb").sql("duckdb")
