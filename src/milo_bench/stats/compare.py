"""Two sides graded on the same fixtures in, paired differences out; fixtures that differ are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt, Decoding, Fixture, Frozen, Graded, Interval
from milo_bench.stats.paired import (
    bootstrap_difference,
    holm,
    mcnemar_exact,
    rate_difference,
    share_difference,
    sign_flip_exact,
)


class RateComparison(Frozen, frozen=True):
    """Pass rates of two sides on the same fixtures of one workload.

    ``only_first`` and ``only_second`` count the fixtures (with repeats: those with a higher
    share) that one side alone passed. ``difference`` is first minus second. ``p_adjusted`` is
    Holm's over the workloads compared together.
    """

    workload: str
    decoding: Decoding
    pairs: int
    first_rate: float
    second_rate: float
    difference: float
    interval: Interval | None
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    p_value: float
    p_adjusted: float
    method: str


class MeanComparison(Frozen, frozen=True):
    """A mean of paired differences, first minus second, over fixtures that both sides answered."""

    name: str
    workload: str
    decoding: Decoding
    unit: str
    pairs: int
    first_mean: float
    second_mean: float
    difference: float
    interval: Interval | None


class Comparison(Frozen, frozen=True):
    """All differences between two sides, with what else differs between them."""

    first: str
    second: str
    rates: tuple[RateComparison, ...]
    means: tuple[MeanComparison, ...]
    only_in_first: int
    only_in_second: int
    differs: tuple[str, ...] = ()


@dataclass
class _Outcome:
    fixture_hash: str
    workload: str
    decoding: Decoding
    passed: list[bool] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def rate(self) -> Fraction:
        return Fraction(sum(self.passed), len(self.passed))


UNITS = {"latency_s": "s", "ttft_s": "s", "output_tokens": "tokens", "field_accuracy": "share"}


class Side:
    """One side of a comparison: one target's attempts, added one at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._outcomes: dict[tuple[str, Decoding], _Outcome] = {}

    def add(self, attempt: Attempt, graded: Graded, fixture: Fixture) -> None:
        place = (fixture.id, attempt.key.decoding)
        outcome = self._outcomes.get(place)
        if outcome is None:
            outcome = self._outcomes[place] = _Outcome(fixture.hash, fixture.workload, attempt.key.decoding)
        outcome.passed.append(graded.passed is True)
        if attempt.failure is not None or attempt.bypass:
            return
        outcome.figures["latency_s"].append(attempt.timings.latency_s)
        if attempt.timings.ttft_s is not None:
            outcome.figures["ttft_s"].append(attempt.timings.ttft_s)
        if attempt.usage.completion_tokens is not None:
            outcome.figures["output_tokens"].append(float(attempt.usage.completion_tokens))
        fields = [verdict.outcome == "pass" for verdict in graded.verdicts if verdict.check == "exact_fields"]
        if fields:
            outcome.figures["field_accuracy"].append(sum(fields) / len(fields))

    def outcomes(self) -> dict[tuple[str, Decoding], _Outcome]:
        return self._outcomes


def compare_sides(first: Side, second: Side, *, differs: Sequence[str] = (), seed: int = 0) -> Comparison:
    """Pair two sides fixture by fixture.

    Raises DataError where a fixture of the same id has another hash, or nothing pairs.
    """
    ours, theirs = first.outcomes(), second.outcomes()
    shared = [place for place in ours if place in theirs]
    changed = sorted({place[0] for place in shared if ours[place].fixture_hash != theirs[place].fixture_hash})
    if changed:
        listed = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        noun = "fixture differs" if len(changed) == 1 else "fixtures differ"
        message = f"{len(changed)} {noun} between the two sides: {listed}."
        raise DataError(
            message, hint="a comparison needs the same fixtures; run both sides on one version of the suite."
        )
    if not shared:
        message = f"'{first.name}' and '{second.name}' have no fixture in common."
        raise DataError(message, hint="compare runs of the same suite, or targets of one run.")
    groups: dict[tuple[str, Decoding], list[tuple[str, Decoding]]] = defaultdict(list)
    for place in shared:
        groups[(ours[place].workload, place[1])].append(place)
    rates, means = [], []
    for (workload, decoding), places in groups.items():
        pairs = [(place[0], ours[place], theirs[place]) for place in places]
        rates.append(_rates(workload, decoding, pairs))
        means += _means(workload, decoding, pairs, seed)
    adjusted = holm([rate.p_value for rate in rates])
    return Comparison(
        first=first.name,
        second=second.name,
        rates=tuple(_with_adjusted(rate, p) for rate, p in zip(rates, adjusted, strict=True)),
        means=tuple(means),
        only_in_first=len(ours) - len(shared),
        only_in_second=len(theirs) - len(shared),
        differs=tuple(differs),
    )


def _rates(workload: str, decoding: Decoding, pairs: list[tuple[str, _Outcome, _Outcome]]) -> RateComparison:
    differences = [a.rate() - b.rate() for _, a, b in pairs]
    only_first = tuple(name for (name, _, _), d in zip(pairs, differences, strict=True) if d > 0)
    only_second = tuple(name for (name, _, _), d in zip(pairs, differences, strict=True) if d < 0)
    once = all(len(a.passed) == 1 and len(b.passed) == 1 for _, a, b in pairs)
    if once:
        p_value, method = mcnemar_exact(len(only_first), len(only_second)), "exact McNemar"
        interval = rate_difference(len(only_first), len(only_second), len(pairs))
    else:
        p_value, method = sign_flip_exact(differences), "exact sign flip over fixtures"
        interval = share_difference([float(d) for d in differences])
    return RateComparison(
        workload=workload,
        decoding=decoding,
        pairs=len(pairs),
        first_rate=float(sum((a.rate() for _, a, _ in pairs), Fraction()) / len(pairs)),
        second_rate=float(sum((b.rate() for _, _, b in pairs), Fraction()) / len(pairs)),
        difference=float(sum(differences, Fraction()) / len(pairs)),
        interval=interval,
        only_first=only_first,
        only_second=only_second,
        p_value=p_value,
        p_adjusted=p_value,
        method=method,
    )


def _means(
    workload: str, decoding: Decoding, pairs: list[tuple[str, _Outcome, _Outcome]], seed: int
) -> list[MeanComparison]:
    means = []
    for name, unit in UNITS.items():
        both = [(a.figures[name], b.figures[name]) for _, a, b in pairs if a.figures.get(name) and b.figures.get(name)]
        if not both:
            continue
        firsts = [sum(a) / len(a) for a, _ in both]
        seconds = [sum(b) / len(b) for _, b in both]
        differences = [a - b for a, b in zip(firsts, seconds, strict=True)]
        means.append(
            MeanComparison(
                name=name,
                workload=workload,
                decoding=decoding,
                unit=unit,
                pairs=len(both),
                first_mean=sum(firsts) / len(both),
                second_mean=sum(seconds) / len(both),
                difference=sum(differences) / len(both),
                interval=bootstrap_difference(differences, seed=seed),
            )
        )
    return means


def _with_adjusted(rate: RateComparison, p_adjusted: float) -> RateComparison:
    return msgspec.structs.replace(rate, p_adjusted=p_adjusted)
