"""What a query gave, as values that lose nothing: in Python, and in JSON."""

import re
from decimal import Decimal
from math import isinf, isnan
from typing import Any

AS_TEXT = re.compile(
    r"""("(?:[^"]|"")*"|'(?:[^']|'')*')"""
    r"|\b(?:DATE|TIMESTAMP WITH TIME ZONE|TIMESTAMP_S|TIMESTAMP_MS|TIMESTAMP_NS|TIMESTAMP|TIME WITH TIME ZONE|TIME_NS"
    r"|TIME|INTERVAL|BLOB)(?=[,)\[]|$)"
)
"""Types whose values Python would round or lose: `infinity`, months of an interval, nanoseconds, years before Christ. A
type stands before a comma, a bracket or the end; the name of a field stands before a blank, or in quotes, which the
first group takes."""


def readable_type(sql_type: str) -> str:
    """The type to which a column is cast before it is read: with text for what Python cannot hold, at any depth."""
    return AS_TEXT.sub(lambda found: found[1] or "VARCHAR", sql_type)


def plain_value(value: Any) -> Any:
    """A value as JSON can hold it.

    A DECIMAL is a number where the nearest double has all of its digits, else text: readers of JSON take numbers for
    doubles. Whole numbers are numbers, of whatever length. NaN and the infinities are the texts `NaN`, `Infinity` and
    `-Infinity`. A list is a list; a struct and a map are objects.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return _plain_float(value)
        case Decimal():
            nearest = float(value)
            return nearest if Decimal(repr(nearest)) == value else f"{value:f}"
        case list() | tuple():
            return [plain_value(each) for each in value]
        case dict():
            return {str(name): plain_value(each) for name, each in value.items()}
        case _:
            return str(value)


def _plain_float(value: float) -> float | str:
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
