"""Axes of a chart: where a value falls, which domain holds every mark whole, and which ticks tell it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cinelake.ask.words import Scale

MARGIN = 0.08
"""Share of the axis beyond the first and the last mark: none is cut at the edge, and a name has room there."""
ALIKE = 1e-9
"""Values that differ by less than this share of their size are drawn as one value is."""
STEPS = (1, 5, 2)
"""Ticks of a decade, those that matter most first."""
TICKS_APART = 0.06
"""Share of the axis between two ticks: nearer ones could not both have their label."""


@dataclass(frozen=True)
class Axis:
    """An axis over values, as Vega draws it."""

    scale: Scale
    domain: tuple[float, float]
    ticks: tuple[float, ...] | None
    """None leaves them to Vega, which is good at them on a linear axis and nowhere else."""

    def share(self, value: float) -> float:
        """Where a value falls, from 0 at the start of the axis to 1 at its end."""
        start, end = (_placed(edge, self.scale) for edge in self.domain)
        return (_placed(value, self.scale) - start) / (end - start)


def axis_over(values: Sequence[float], scale: Scale) -> Axis:
    """An axis that shows all of some values, which must be positive where it is logarithmic."""
    least, greatest = _placed(min(values), scale), _placed(max(values), scale)
    size = max(1.0, abs(least), abs(greatest))
    margin = MARGIN * (greatest - least if greatest - least > size * ALIKE else size)
    bare = Axis(scale, (_valued(least - margin, scale), _valued(greatest + margin, scale)), None)
    return bare if scale == "linear" else Axis(scale, bare.domain, _ticks(bare))


def _ticks(axis: Axis) -> tuple[float, ...]:
    """The round values of the domain, the roundest first to get their place."""
    chosen: list[float] = []
    for value in _round_values(axis):
        share = axis.share(value)
        if 0 <= share <= 1 and all(abs(share - axis.share(other)) >= TICKS_APART for other in chosen):
            chosen.append(value)
    return tuple(sorted(chosen))


def _round_values(axis: Axis) -> Iterator[float]:
    signed = axis.scale == "symlog"
    if signed:
        yield 0
    edges = [abs(edge) for edge in axis.domain if edge]
    first = -2 if signed else math.floor(math.log10(min(edges)))
    for step in STEPS:
        for power in range(math.ceil(math.log10(max(edges))), first - 1, -1):
            value = step * 10**power if power >= 0 else step / 10**-power
            yield value
            if signed:
                yield -value


def _placed(value: float, scale: Scale) -> float:
    match scale:
        case "log":
            return math.log(value)
        case "symlog":
            return math.copysign(math.log1p(abs(value)), value)
        case "linear":
            return float(value)


def _valued(placed: float, scale: Scale) -> float:
    match scale:
        case "log":
            return math.exp(placed)
        case "symlog":
            return math.copysign(math.expm1(abs(placed)), placed)
        case "linear":
            return placed
