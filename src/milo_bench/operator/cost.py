"""Operator work and assumptions in, what a trusted point costs out: tokens, energy and clean-up, failures included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from milo_bench.core.errors import DataError
from milo_bench.core.records import Episode, Frozen, Interval, Price, TargetRecord
from milo_bench.economics.assumptions import Assumption
from milo_bench.economics.units import parse_unit
from milo_bench.operator.totals import count_kinds, pass_rate
from milo_bench.operator.trials import OperatorRun, Trial

# The unit that each assumption must be of.
ASSUMED: Final[Mapping[str, str]] = {
    "clean_up_of_a_failed_trial": "min",
    "clean_up_of_a_minefield": "min",
    "operator_pay": "USD/hour",
    "power": "W",
    "electricity": "USD/kWh",
}
POINTS_OF_A_TRIAL: Final = 25


class OperatorWork(Frozen, frozen=True, omit_defaults=False):
    """What one target did. ``trials`` counts those that say something about it; ``failed`` those of them that did
    not pass and stepped on no minefield. Tokens and ``busy_s`` are of every episode, void ones too.
    ``uncounted_turns`` are answers for which the server gave no token counts. ``pass_interval`` is of passes / trials.
    """

    target: str
    hosted: bool
    price: Price | None
    prompt_tokens: int
    completion_tokens: int
    uncounted_turns: int
    busy_s: float
    trials: int
    passed: int
    failed: int
    minefields: int
    pass_interval: Interval | None


class Amounts(Frozen, frozen=True, omit_defaults=False):
    """A figure at the low, base and high end; None where it has no bound (nothing trusted to divide by)."""

    low: float | None
    base: float | None
    high: float | None


class OperatorCost(Frozen, frozen=True, omit_defaults=False):
    """Costs in US dollars of all trials together, and of one trusted point: a point of a trial that passed whole.

    ``usd_per_trusted_point`` and ``trusted_points_per_usd`` range over the assumptions and over the
    interval of the pass rate. They are None where a cost is not known; ``notes`` say which.
    """

    target: str
    trusted_points: int
    tokens_usd: float | None
    energy_usd: Amounts | None
    clean_up_usd: Amounts
    total_usd: Amounts | None
    usd_per_trusted_point: Amounts | None
    trusted_points_per_usd: Amounts | None
    assumptions: tuple[Assumption, ...]
    notes: tuple[str, ...]


def operator_cost(work: OperatorWork, assumptions: Mapping[str, Assumption]) -> OperatorCost:
    """What the work cost. Raises DataError for an assumption that is missing or of another unit.

    Cost of a trial at pass rate p: tokens + energy + (1 - p - m) · clean-up + m · clean-up of a
    minefield, for a share m of trials on minefields; divided by 25 p. It falls with p and rises
    with each assumption, so its ends are exact: everything high at the low end of p, and the reverse.
    """
    _check(assumptions)
    notes: list[str] = []
    tokens_usd = _tokens_usd(work, notes)
    energy = None if work.hosted else _each(lambda at: _energy_usd(work, assumptions, at))
    clean_up = _each(lambda at: work.failed * _failure(assumptions, at) + work.minefields * _mine(assumptions, at))
    if tokens_usd is None:
        return OperatorCost(
            work.target,
            POINTS_OF_A_TRIAL * work.passed,
            None,
            energy,
            clean_up,
            None,
            None,
            None,
            tuple(assumptions[name] for name in ASSUMED),
            tuple(notes),
        )
    fixed = Amounts(*(tokens_usd + (getattr(energy, at) if energy else 0.0) for at in ("low", "base", "high")))
    total = Amounts(*(getattr(fixed, at) + getattr(clean_up, at) for at in ("low", "base", "high")))
    per_point = _per_point(work, fixed, assumptions)
    if work.passed == 0:
        notes.append("No full pass, so the cost of a trusted point has no upper limit.")
    return OperatorCost(
        target=work.target,
        trusted_points=POINTS_OF_A_TRIAL * work.passed,
        tokens_usd=tokens_usd,
        energy_usd=energy,
        clean_up_usd=clean_up,
        total_usd=total,
        usd_per_trusted_point=per_point,
        trusted_points_per_usd=Amounts(_over(per_point.high), _over(per_point.base), _over(per_point.low)),
        assumptions=tuple(assumptions[name] for name in ASSUMED),
        notes=tuple(notes),
    )


def _per_point(work: OperatorWork, fixed: Amounts, assumptions: Mapping[str, Assumption]) -> Amounts:
    n = work.trials
    if n == 0:
        return Amounts(None, None, None)
    interval = work.pass_interval
    mined = work.minefields / n
    rate = work.passed / n
    likely = {"low": rate, "base": rate, "high": rate}
    if interval is not None and interval.low is not None and interval.high is not None:
        likely = {"low": min(interval.high, 1 - mined), "base": rate, "high": interval.low}

    def at_end(at: str) -> float | None:
        passing = max(0.0, likely[at])
        if passing <= 1e-12:
            return None
        each = float(getattr(fixed, at)) / n
        failing = max(0.0, 1 - passing - mined)
        cost = each + failing * _failure(assumptions, at) + mined * _mine(assumptions, at)
        return cost / (POINTS_OF_A_TRIAL * passing)

    return Amounts(at_end("low"), at_end("base"), at_end("high"))


def _tokens_usd(work: OperatorWork, notes: list[str]) -> float | None:
    if work.price is None and work.hosted:
        notes.append("This hosted target has no price in bench.yaml, so its cost is unknown.")
        return None
    if work.price is None:
        return 0.0
    if work.uncounted_turns:
        notes.append(f"{work.uncounted_turns} answers have no token counts, so the token cost is a lower limit.")
    paid = work.prompt_tokens * work.price.input_usd_per_mtok + work.completion_tokens * work.price.output_usd_per_mtok
    return paid / 1e6


def _energy_usd(work: OperatorWork, assumptions: Mapping[str, Assumption], at: str) -> float:
    watts = _value(assumptions["power"], "W", at)
    return watts * work.busy_s / 3.6e6 * _value(assumptions["electricity"], "USD/kWh", at)


def _failure(assumptions: Mapping[str, Assumption], at: str) -> float:
    """US dollars of a person's time for one failed trial."""
    minutes = _value(assumptions["clean_up_of_a_failed_trial"], "min", at)
    return minutes / 60 * _value(assumptions["operator_pay"], "USD/hour", at)


def _mine(assumptions: Mapping[str, Assumption], at: str) -> float:
    minutes = _value(assumptions["clean_up_of_a_minefield"], "min", at)
    return minutes / 60 * _value(assumptions["operator_pay"], "USD/hour", at)


def _value(assumption: Assumption, unit: str, at: str) -> float:
    return float(getattr(assumption, at)) * assumption.unit.factor / parse_unit(unit).factor


def _each(formula: Callable[[str], float]) -> Amounts:
    return Amounts(formula("low"), formula("base"), formula("high"))


def _over(value: float | None) -> float | None:
    """One over it: nothing for a dollar where a point has no bound on its cost, no bound where points are free."""
    if value is None:
        return 0.0
    return 1 / value if value > 0 else None


def _check(assumptions: Mapping[str, Assumption]) -> None:
    for name, unit in ASSUMED.items():
        if name not in assumptions:
            raise DataError(f"The cost of operator work needs the assumption '{name}'.", hint=f"state it in {unit}.")
        if not assumptions[name].unit.alike(parse_unit(unit)):
            given = assumptions[name].unit.text
            raise DataError(f"'{name}' is in {given}, but must be in {unit}.", hint=f"write unit: {unit}.")


def work_of(target: TargetRecord, runs: Sequence[OperatorRun], trials: Sequence[Trial]) -> OperatorWork:
    """Tokens and busy time of every episode of ``target``, retries and void ones too, and what its trials became."""
    mine = [episode for run in runs for episode in run.episodes if episode.key.target == target.name]
    turns = [turn for episode in mine for turn in episode.turns]
    rows = [trial for trial in trials if trial.target == target.name]
    kinds = count_kinds(rows)
    counted = len(rows) - kinds["void"] - kinds["missing"]
    played = [trial for trial in rows if trial.kind != "missing"]
    return OperatorWork(
        target=target.name,
        hosted=target.hosted,
        price=target.price,
        prompt_tokens=sum(turn.usage.prompt_tokens or 0 for turn in turns),
        completion_tokens=sum(turn.usage.completion_tokens or 0 for turn in turns),
        uncounted_turns=sum(turn.failure is None and turn.usage.completion_tokens is None for turn in turns),
        busy_s=sum(_busy_s([episode for episode in run.episodes if episode.key.target == target.name]) for run in runs),
        trials=counted,
        passed=kinds["passed"],
        failed=counted - kinds["passed"] - kinds["minefield"],
        minefields=kinds["minefield"],
        pass_interval=pass_rate(played).interval,
    )


def _busy_s(episodes: Sequence[Episode]) -> float:
    """Seconds in which at least one episode was under way; episodes played at once are not counted twice."""
    total, end_s = 0.0, float("-inf")
    for episode in sorted(episodes, key=lambda episode: episode.started_s):
        start_s = max(episode.started_s, end_s)
        if episode.ended_s > start_s:
            total += episode.ended_s - start_s
            end_s = episode.ended_s
    return total
