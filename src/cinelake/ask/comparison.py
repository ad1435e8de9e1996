"""Two groups side by side: the difference of their means, its interval, and what may be said of it.

The sums come from SQL, exact to the last digit; what no SQL has, the quantile of Student's t, is here.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist
from typing import Any

CONFIDENCE = 0.95
NO_DATA, TOO_CLOSE = "no_data", "too_close"
"""Verdicts, where neither side's name is one."""
SUMS = ("n", "sum", "squares")
"""What is known of a group: how many values, their sum, and that of their squares. All are exact: no floats."""
ROUNDED = "rounded"
"""The sum of the values as they were squared, where these had to be rounded for it."""
STEPS = 100
"""Of Newton's method; it takes fewer than ten."""
TERMS = 10_000
"""Of the continued fraction; it takes about the square root of the degrees of freedom."""
NEARLY_NORMAL_FROM = 1e5
"""Degrees of freedom from which on the first step from the normal distribution to Student's t leaves less than 1e-9."""
TINY = 1e-300
PRECISE = 1e-15


@dataclass(frozen=True)
class Group:
    """What is known of one side's values."""

    size: int
    mean: Fraction
    variance: Fraction | None
    """Of a sample (divided by size − 1); None of a single value."""

    @property
    def error(self) -> Fraction | None:
        """The squared standard error of the mean."""
        return None if self.variance is None else self.variance / self.size

    def interval(self) -> tuple[float, float] | None:
        """The mean's interval of 95 % by Student's t (Student 1908, Biometrika 6); None of a single value."""
        if self.error is None:
            return None
        return _around(self.mean, self.error, self.size - 1)


def group_of(row: Mapping[str, Any], prefix: str = "") -> Group | None:
    """The group that a row tells of in `PREFIXn`, `PREFIXsum` and `PREFIXsquares`; None of one without values."""
    size, total, squares = (row[f"{prefix}{name}"] for name in SUMS)
    if not size:
        return None
    total, squares = Fraction(Decimal(total)), Fraction(Decimal(squares))
    squared = Fraction(Decimal(row[f"{prefix}{ROUNDED}"])) if f"{prefix}{ROUNDED}" in row else total
    # What a user's SQL rounded may leave less than nothing.
    spread = max(squares - squared * squared / size, Fraction(0))
    return Group(size, total / size, spread / (size - 1) if size > 1 else None)


def mean_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with `mean`, `low` and `high` (95 %) in place of `sum` and `squares`; unknown where there are no values."""
    group = group_of(row)
    low, high = (group.interval() if group else None) or (None, None)
    told = {name: value for name, value in row.items() if name not in (*SUMS[1:], ROUNDED)}
    return told | {"mean": float(group.mean) if group else None, "low": low, "high": high}


def compare(row: Mapping[str, Any], sides: tuple[str, str]) -> dict[str, Any]:
    """A row with its two sides compared in place of their sums.

    Args:
        row: for each side `SIDE_n`, `SIDE_sum` and `SIDE_squares`; see `SUMS`.
        sides: by name; the difference is the first one's mean less the second one's.

    Returns:
        The row's other columns, each side's `SIDE_mean`, then `difference`, `ci_low` and `ci_high` (95 %) and
        `verdict`: the side whose mean is greater, `too_close` where the interval holds zero or cannot be told,
        `no_data` where a side has no values.
    """
    first, second = (group_of(row, f"{side}_") for side in sides)
    told = {name: value for name, value in row.items() if not _is_sum(name, sides)}
    for side, group in zip(sides, (first, second), strict=True):
        told[f"{side}_mean"] = float(group.mean) if group else None
    if first is None or second is None:
        return told | {"difference": None, "ci_low": None, "ci_high": None, "verdict": NO_DATA}
    low, high = welch_interval(first, second) or (None, None)
    return told | {
        "difference": float(first.mean - second.mean),
        "ci_low": low,
        "ci_high": high,
        "verdict": _verdict(low, high, sides),
    }


def welch_interval(first: Group, second: Group) -> tuple[float, float] | None:
    """The interval of 95 % of the difference of two means whose variances may differ; None where one is unknown.

    Welch 1947, Biometrika 34, "The generalization of 'Student's' problem"; the degrees of freedom are Satterthwaite's.
    """
    if first.error is None or second.error is None:
        return None
    error = first.error + second.error
    weights = first.error**2 / (first.size - 1) + second.error**2 / (second.size - 1)
    freedom = float(error**2 / weights) if weights else math.inf
    return _around(first.mean - second.mean, error, freedom)


def _around(middle: Fraction, error: Fraction, freedom: float) -> tuple[float, float]:
    if not error:
        return float(middle), float(middle)
    half = student_quantile((1 + CONFIDENCE) / 2, freedom) * math.sqrt(error)
    return float(middle) - half, float(middle) + half


def _verdict(low: float | None, high: float | None, sides: tuple[str, str]) -> str:
    if low is None or high is None or low <= 0 <= high:
        return TOO_CLOSE
    return sides[0] if low > 0 else sides[1]


def _is_sum(name: str, sides: tuple[str, str]) -> bool:
    return name in {f"{side}_{end}" for side in sides for end in (*SUMS[1:], ROUNDED)}


def student_quantile(share: float, freedom: float) -> float:
    """The value that so large a share of Student's t distribution lies below.

    Args:
        share: above 0.5, below 1.
        freedom: degrees of freedom, at least 1.
    """
    value = NormalDist().inv_cdf(share)
    if freedom >= NEARLY_NORMAL_FROM:
        return value + (value**3 + value) / (4 * freedom)  # Abramowitz and Stegun 26.7.5
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    # From the normal quantile, which is never greater, Newton's steps rise to the value and not beyond: on this side
    # of the middle the distribution is concave.
    for _ in range(STEPS):
        density = math.exp(log_scale - (freedom + 1) / 2 * math.log1p(value * value / freedom))
        step = (share - (1 - _tails(value, freedom) / 2)) / density
        value += step
        if abs(step) <= PRECISE * value:
            break
    return value


def _tails(value: float, freedom: float) -> float:
    """The share of Student's t beyond a positive value on either side: I_x(freedom/2, 1/2), x = freedom/(freedom+t²).

    Abramowitz and Stegun 26.7.1.
    """
    square = value * value
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square))


def _incomplete_beta(first: float, second: float, share: float, rest: float) -> float:
    """The regularized incomplete beta function I_x(a, b), with x and 1 − x given so that neither is rounded away."""
    scale = math.lgamma(first + second) - math.lgamma(first) - math.lgamma(second)
    front = math.exp(scale + first * math.log(share) + second * math.log(rest))
    # The fraction converges quickly below the mean of the distribution; above it I_x(a, b) = 1 − I_{1−x}(b, a).
    if share < (first + 1) / (first + second + 2):
        return front / first / _fraction(first, second, share)
    return 1 - front / second / _fraction(second, first, rest)


def _fraction(first: float, second: float, share: float) -> float:
    """The continued fraction 1 + d1/(1 + d2/(1 + …)) of DLMF 8.17.22, by Lentz's method."""
    value = numerator = 1.0
    denominator = 0.0
    for term in _terms(first, second, share):
        denominator = 1 / (1 + term * denominator or TINY)
        numerator = 1 + term / numerator or TINY
        value *= numerator * denominator
        if abs(numerator * denominator - 1) <= PRECISE:
            break
    return value


def _terms(first: float, second: float, share: float) -> Iterator[float]:
    """DLMF 8.17.23: d(2m+1), then d(2m)."""
    for m in range(TERMS):
        even = first + 2 * m
        yield -(first + m) * (first + second + m) * share / (even * (even + 1))
        yield (m + 1) * (second - m - 1) * share / ((even + 1) * (even + 2))
