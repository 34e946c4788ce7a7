"""Ranges of assumptions in, the lowest and the highest that a formula can give out.

Interval arithmetic (Moore 1966) that carries, beside each range, the range of its slope in every
assumption. Where a slope never changes sign over the whole box, the extreme lies at an end of that
assumption, and working the formula out there gives the exact bound, also where one name stands
twice (``saved - saved * fallback``). Names whose slope can change sign keep their range, which
gives a bound that holds and may be wider than needed; it is never too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct, field

from milo_bench.core.errors import DataError
from milo_bench.economics.formulas import Operator

RangeEnds: TypeAlias = tuple[float, float]


class Spread(Struct, frozen=True):
    """``low`` to ``high``; ``slopes`` maps an assumption to the range of the partial derivative in it."""

    low: float
    high: float
    slopes: Mapping[str, RangeEnds] = field(default_factory=dict)

    @property
    def ends(self) -> RangeEnds:
        return self.low, self.high


class SpreadAlgebra:
    """Formulas in ranges with slopes. A divisor whose range reaches zero is a DataError."""

    def number(self, value: float) -> Spread:
        return Spread(value, value)

    def apply(self, operator: Operator, left: Spread, right: Spread) -> Spread:
        a, b = left.ends, right.ends
        if operator == "+":
            return _spread(_add(a, b), left, right, (1.0, 1.0), (1.0, 1.0))
        if operator == "-":
            return _spread(_add(a, _minus(b)), left, right, (1.0, 1.0), (-1.0, -1.0))
        if operator == "*":
            return _spread(_multiply(a, b), left, right, b, a)
        if b[0] > 0:
            quotient = _divide(a, b)
            inverse = (1 / b[1], 1 / b[0])
            return _spread(quotient, left, right, inverse, _multiply(_minus(quotient), inverse))
        if operator == "over":
            return _over(left, right)
        message = "A formula divides by a figure that can be zero."
        raise DataError(message, hint="give the divisor a low above zero, or write over(a, b).")


def _over(left: Spread, right: Spread) -> Spread:
    """a / b where ``b`` reaches zero or less: endless there."""
    a, b = left.ends, right.ends
    if b[1] <= 0:
        return Spread(math.inf, math.inf)
    low = a[0] / b[1] if a[0] >= 0 else -math.inf
    falls = (-math.inf, 0.0) if a[0] >= 0 else (-math.inf, math.inf)
    return _spread((low, math.inf), left, right, (1 / b[1], math.inf), falls)


def exact_range(work_out: Callable[[Mapping[str, Spread]], Spread], box: Mapping[str, RangeEnds]) -> RangeEnds:
    """The range of a formula over ``box``. ``work_out`` gives its spread for spreads of the assumptions."""
    wide = {name: Spread(*ends, {name: (1.0, 1.0)}) for name, ends in box.items()}
    rough = work_out(wide)
    at_low, at_high = dict(wide), dict(wide)
    for name, (low, high) in box.items():
        steepest = rough.slopes.get(name, (0.0, 0.0))
        if steepest[0] >= 0:
            at_low[name], at_high[name] = Spread(low, low), Spread(high, high)
        elif steepest[1] <= 0:
            at_low[name], at_high[name] = Spread(high, high), Spread(low, low)
    return work_out(at_low).low, work_out(at_high).high


def _spread(ends: RangeEnds, left: Spread, right: Spread, by_left: RangeEnds, by_right: RangeEnds) -> Spread:
    """The chain rule: slope = by_left * left' + by_right * right'."""
    slopes: dict[str, RangeEnds] = {}
    for side, by in ((left, by_left), (right, by_right)):
        for name, slope in side.slopes.items():
            part = _multiply(slope, by)
            slopes[name] = _add(slopes[name], part) if name in slopes else part
    return Spread(*ends, slopes)


def _minus(a: RangeEnds) -> RangeEnds:
    return -a[1], -a[0]


def _add(a: RangeEnds, b: RangeEnds) -> RangeEnds:
    low, high = a[0] + b[0], a[1] + b[1]
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


def _multiply(a: RangeEnds, b: RangeEnds) -> RangeEnds:
    # Nothing of something endless is nothing: inf stands for "as large as you like", not for a value.
    products = [0.0 if x == 0 or y == 0 else x * y for x in a for y in b]
    return min(products), max(products)


def _divide(a: RangeEnds, b: RangeEnds) -> RangeEnds:
    quotients = [0.0 if x == 0 else (math.copysign(math.inf, x) if math.isinf(x) else x / y) for x in a for y in b]
    return min(quotients), max(quotients)
