"""A sheet and a seed in, what is likely (rather than merely possible) for its figures out.

Method: Monte Carlo. A stated assumption is drawn from the triangular distribution with its low,
base and high as minimum, mode and maximum. A measured one is drawn from two half normals that
meet at the measured value, scaled so that the ends of its interval are passed as often as its
confidence says; shares are held within 0 and 1, all else at 0 or above. Draws are independent of
each other: where two assumptions move together (wages, volumes), the true spread is wider, so the
range of ``Figure`` stands beside it and is the one to rely on. The stream of each assumption
follows from the seed and its name, so that adding one leaves the others' draws as they were.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.errors import DataError
from milo_bench.core.records import Frozen
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.figures import Sheet
from milo_bench.economics.formulas import Operator, none_if_infinite

Draws: TypeAlias = NDArray[np.float64]
METHOD = (
    "Monte Carlo, independent draws: triangular for stated ranges, two half normals fitted to the "
    "interval for measured ones"
)
MOST_DRAWS = 1_000_000


class Likely(Frozen, frozen=True, omit_defaults=False):
    """Nine draws of ten lie between ``p05`` and ``p95``. ``above_zero`` is the share of draws above 0.

    In the figure's unit; None is endless.
    """

    figure: str
    p05: float | None
    p50: float | None
    p95: float | None
    above_zero: float
    unit: str
    draws: int
    seed: int


class _DrawAlgebra:
    def number(self, value: float) -> Draws:
        return np.array([value], dtype=np.float64)

    def apply(self, operator: Operator, left: Draws, right: Draws) -> Draws:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/" | "over":
                # A drawn divisor can reach zero where its range does not; "/" then has no end either.
                safe = np.where(right > 0, right, 1.0)
                return np.where(right > 0, left / safe, np.inf)


def simulate(sheet: Sheet, figures: tuple[str, ...], *, seed: int, draws: int = 10_000) -> tuple[Likely, ...]:
    """What is likely for ``figures``. The same sheet, seed and draws give the same answer."""
    if not 100 <= draws <= MOST_DRAWS:
        message = f"{draws:,} draws is outside 100 to {MOST_DRAWS:,}."
        raise DataError(message, hint="10,000 are enough for two digits.")
    drawn: dict[str, Draws] = {}

    def of(name: str) -> Draws:
        if name not in drawn:
            drawn[name] = _draw(sheet.assumptions[name], seed, draws) * sheet.assumptions[name].unit.factor
        return drawn[name]

    found = []
    for name in figures:
        sheet.rests_on(name)
        unit = sheet.definitions[name].unit
        values = np.broadcast_to(sheet.work_out(name, _DrawAlgebra(), of), (draws,)) / unit.factor
        # inverted_cdf takes values that were drawn; interpolation beside an endless one would be no number.
        low, middle, high = (float(q) for q in np.quantile(values, (0.05, 0.5, 0.95), method="inverted_cdf"))
        above = float(np.mean(values > 0))
        found.append(
            Likely(
                name,
                none_if_infinite(low),
                none_if_infinite(middle),
                none_if_infinite(high),
                above,
                unit.text,
                draws,
                seed,
            )
        )
    return tuple(found)


def _draw(assumption: Assumption, seed: int, draws: int) -> Draws:
    low, base, high = assumption.low, assumption.base, assumption.high
    if low == high:
        return np.full(draws, base)
    stream = np.random.default_rng(np.random.SeedSequence([seed, *assumption.name.encode()]))
    if assumption.confidence is None:
        return stream.triangular(low, base, high, draws)
    reach = NormalDist().inv_cdf(0.5 + assumption.confidence / 2)
    steps = stream.standard_normal(draws)
    values = base + steps * np.where(steps < 0, base - low, high - base) / reach
    most = 1 / assumption.unit.factor if assumption.is_share else np.inf
    return np.clip(values, 0.0, most)
