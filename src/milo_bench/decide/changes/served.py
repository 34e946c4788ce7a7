"""A decision and counts of what was served since in; what held or regressed without a right answer out. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from milo_bench.core.errors import DataError
from milo_bench.core.records import Interval
from milo_bench.decide.changes.standing import (
    TOLERANCE,
    Result,
    StandingReport,
    as_error_family,
    chance_of_worse,
    difference_text,
    standing_of,
    worst_of,
)
from milo_bench.decide.records import Candidate, Decision, Figure
from milo_bench.decide.wording import spell_out
from milo_bench.stats.paired import independent_difference

_SLOW = "answers slower than the measured p95"


@dataclass
class ServedCounts:
    """Calls of one workload to one target, as the audit has them: failures, failed checks, seconds of each answer."""

    workload: str
    target: str
    calls: int = 0
    failures: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return self.calls - self.failures


def check_served(decision: Decision, served: Sequence[ServedCounts], *, tolerance: float = TOLERANCE) -> StandingReport:
    """Compare what was served with what was measured, as unrelated samples.

    Failures, each check that was measured and can be known while work is served, and the share of answers slower than
    the measured p95. A rate regresses as in ``check_against``. Raises DataError where nothing of the decision was
    served.
    """
    found: list[tuple[Result, float]] = []
    seen: set[str] = set()
    for counts in served:
        candidate = _candidate(decision, counts)
        if candidate is not None and counts.calls:
            seen.add(candidate.text)
            found += _compared(decision, candidate, counts, tolerance)
    if not found:
        message = "The audit has nothing in common with the baseline."
        raise DataError(message, hint=f"the baseline covers: {', '.join(sorted(decision.measures)) or 'nothing'}.")
    results = as_error_family([result for result, _ in found], found, tolerance)
    return StandingReport(
        standing=worst_of({result.standing for result in results}),
        results=tuple(results),
        changed=(),
        not_run=tuple(sorted(set(decision.measures) - seen)),
        added=tuple(
            sorted(f"{one.workload} {one.target}" for one in served if one.calls and not _candidate(decision, one))
        ),
        notes=(
            "The audit has no right answers: only failures, checks and times are compared. To look at it again and "
            "again, use alarms (milo-bench audit watch): they stay right however often you look.",
        ),
    )


def _candidate(decision: Decision, counts: ServedCounts) -> Candidate | None:
    """The candidate that ships for this workload and target, else the one that was measured."""
    of_it = [one for one in decision.findings if (one.workload, one.target) == (counts.workload, counts.target)]
    shipped = sorted(of_it, key=lambda one: one.kind not in ("keep", "fix"))
    return next((one.candidate for one in shipped if one.candidate.text in decision.measures), None)


def _compared(
    decision: Decision, candidate: Candidate, counts: ServedCounts, tolerance: float
) -> Iterator[tuple[Result, float]]:
    base = f"measure/{candidate.text}"
    failures = decision.figures.get(f"{base}/failure_rate")
    if failures is not None:
        yield from _rate(candidate, "failure_rate", failures, counts.failures, counts.calls, -1.0, tolerance)
    for check in sorted(counts.failed):
        name = f"check_pass_rate[check={check}]"
        passed = decision.figures.get(f"{base}/{name}")
        if passed is not None:
            yield from _rate(
                candidate, name, passed, counts.answers - counts.failed[check], counts.answers, 1.0, tolerance
            )
    slow = decision.figures.get(f"{base}/latency_p95_s")
    if slow is not None and slow.value and slow.n and counts.took_s:
        past, limit = sum(one > slow.value for one in counts.took_s), slow.n - math.ceil(0.95 * slow.n)
        yield from _difference(candidate, _SLOW, (limit, slow.n), (past, len(counts.took_s)), -1.0, tolerance)


def _rate(
    candidate: Candidate, name: str, before: Figure, k: int, n: int, sign: float, tolerance: float
) -> Iterator[tuple[Result, float]]:
    if before.k is not None and before.n and n:
        yield from _difference(candidate, spell_out(name), (before.k, before.n), (k, n), sign, tolerance)


def _difference(
    candidate: Candidate, what: str, before: tuple[int, int], now: tuple[int, int], sign: float, tolerance: float
) -> Iterator[tuple[Result, float]]:
    (k_before, n_before), (k, n) = before, now

    def interval_at(confidence: float) -> Interval | None:
        return independent_difference(k, n, k_before, n_before, confidence)

    interval = interval_at(0.95)
    if interval is None:
        return
    was, is_now = k_before / n_before, k / n
    method = f"{interval.method}, {n:,} served against {n_before:,} measured"
    result = Result(
        candidate=candidate,
        what=what,
        kind="difference",
        standing=standing_of(interval.low, interval.high, sign, tolerance),
        reason=difference_text(is_now - was, interval.low, interval.high, was, is_now, method),
        before=was,
        now=is_now,
        difference=is_now - was,
        low=interval.low,
        high=interval.high,
        method=method,
    )
    yield result, chance_of_worse(interval_at, sign)
