"""Percentiles spelled out, so that every engine and every processor gives the same digits.

An engine's own `PERCENTILE_CONT` interpolates as its compiler likes it: with a fused multiplication here, without one
there. Written as SQL, each step is rounded by itself.
"""

from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

PLACE = "CAST(FLOOR(({size} - 1) * CAST({share} AS DOUBLE)) AS BIGINT)"
"""Of the value below, from 0; linear interpolation between it and the next, as PERCENTILE_CONT is defined."""
PART = "(({size} - 1) * CAST({share} AS DOUBLE) - FLOOR(({size} - 1) * CAST({share} AS DOUBLE)))"
BETWEEN = "CASE WHEN {part} = 0 OR {low} = {high} THEN {low} ELSE {low} + ({high} - {low}) * {part} END"
FORMS = {
    "duckdb": (
        "LIST_TRANSFORM([LIST(CAST({value} AS DOUBLE) ORDER BY {value}) FILTER (WHERE NOT {value} IS NULL)], "
        "LAMBDA v : {between})[1]",
        "v[{place} + 1]",
        "v[LEAST({place} + 2, {size})]",
        "LEN(v)",
    ),
    "spark": (
        "TRANSFORM(ARRAY(SORT_ARRAY(COLLECT_LIST(CAST({value} AS DOUBLE)))), v -> "
        "CASE WHEN SIZE(v) > 0 THEN {between} END)[0]",
        "ELEMENT_AT(v, CAST({place} + 1 AS INT))",
        "ELEMENT_AT(v, CAST(LEAST({place} + 2, {size}) AS INT))",
        "SIZE(v)",
    ),
}
"""In each dialect the expression, the values below and above, and the number of values."""
VALUE = "value_of_percentile"
WRITE = "write PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(x AS DOUBLE)), without FILTER, DISTINCT, DESC or OVER"


def spell_out(tree: exp.Expr, dialect: str) -> exp.Expr:
    """A query whose percentiles are written as arithmetic.

    That is `PERCENTILE_CONT(q) WITHIN GROUP (ORDER BY x)` with a number for q. Whatever else an engine has for such,
    as over windows or with a filter, stays as it is: see `other_percentile`.
    """

    def change(node: exp.Expr) -> exp.Expr:
        found = _percentile(node)
        if found is None:
            return node
        value, share = found
        spelled = _shape(share.sql(dialect), dialect).transform(
            lambda part: value.copy() if isinstance(part, exp.Column) and part.name == VALUE else part
        )
        # What has no name is called by what was written.
        return exp.alias_(spelled, node.sql(dialect), quoted=True) if isinstance(node.parent, exp.Select) else spelled

    return tree.transform(change)


@cache
def _shape(share: str, dialect: str) -> exp.Expr:
    """The arithmetic of a share, over a column that stands for the values: to parse it takes long."""
    form, low, high, size = FORMS[dialect]
    told = {"share": share, "size": size}
    place, part = PLACE.format(**told), PART.format(**told)
    low, high = (each.format(place=place, size=size) for each in (low, high))
    between = BETWEEN.format(low=low, high=high, part=part)
    return sqlglot.parse_one(form.format(value=VALUE, between=between), dialect=dialect)


def other_percentile(tree: exp.Expr) -> exp.Expr | None:
    """A percentile that `spell_out` leaves as it is, if there is one: engines give other digits for it."""
    others = (exp.PercentileCont, exp.PercentileDisc, exp.Median, exp.Quantile, exp.ApproxQuantile)
    return next((node for node in tree.find_all(*others) if _percentile(node) is None and not _within(node)), None)


def _within(node: exp.Expr) -> bool:
    """Whether it is the inner part of one that is spelled out."""
    return node.parent is not None and _percentile(node.parent) is not None


def _percentile(node: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """The values and the share of a percentile that can be spelled out."""
    if isinstance(node.parent, exp.Window | exp.Filter):
        return None
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileCont):
        share, order = node.this.this, node.expression
    elif isinstance(node, exp.PercentileCont) and isinstance(node.expression, exp.Order):
        if isinstance(node.parent, exp.WithinGroup):
            return None
        share, order = node.expression.this, node.expression
    else:
        return None
    ordered = order.expressions
    if len(ordered) != 1 or ordered[0].args.get("desc") or not isinstance(share, exp.Literal) or share.is_string:
        return None
    return (ordered[0].this, share) if 0 <= float(share.name) <= 1 else None


def spell_out_for_duckdb(select: str) -> str:
    """A SELECT in DuckDB's dialect, as `spell_out` has it; one that cannot be parsed stays as it is."""
    try:
        return spell_out(sqlglot.parse_one(select, dialect="duckdb"), "duckdb").sql("duckdb")
    except SqlglotError:
        return select
