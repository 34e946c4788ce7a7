"""Several targets at the threshold in, how often a headline keeps any of them, and how good it calls the best, out."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.soundness.candidates import evidence, policy
from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.config.policy.file import PolicyFile
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.family import family_confidences
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate, Finding
from milo_bench.decide.selection import choose_findings
from milo_bench.stats.exact import exact_ends

FIXTURES = 70
BOUND = 0.8


def _kept(by: PolicyFile, seen: Evidence) -> list[Candidate]:
    needed = family_confidences(by, seen, tuple(seen.cases))
    found = []
    for candidate in seen.cases:
        (gate,) = judge_gates(by, seen, candidate, Figures(), confidence=needed[candidate])
        if gate.outcome == "pass":
            found.append(candidate)
    return found


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """All targets exactly at the threshold; then one good target among five that are at it."""
    rows = []
    for targets, workloads in ((1, 1), (6, 1), (6, 3)):
        now = before = ordered = each = 0
        alone = policy(BOUND, workloads, "error_family: candidate")
        order = "order: [" + ", ".join(f"t{n}" for n in range(targets)) + "]"
        for _ in range(runs):
            seen = evidence({(w, t): random.random(FIXTURES) < BOUND for w in range(workloads) for t in range(targets)})
            before += bool(_kept(alone, seen))
            now += bool(_kept(policy(BOUND, workloads), seen))
            each += workloads > 1 and bool(_kept(policy(BOUND, workloads, "error_family: workload"), seen))
            ordered += bool(_kept(policy(BOUND, workloads, order), seen))
        name = f"targets at the threshold: {targets}, workloads: {workloads}"
        rows.append(Row(f"any wrong keep, {name}", 0.05, Found(now, runs), Found(before, runs)))
        if workloads > 1:
            rows.append(Row("  the same with one family a workload", 1 - 0.95**workloads, Found(each, runs)))
        rows.append(Row("  the same with a stated order", 0.05, Found(ordered, runs), Found(before, runs)))
    lost = lost_alone = lost_ordered = 0
    for _ in range(runs):
        good = {(0, 0): random.random(FIXTURES) < 0.94}
        seen = evidence(good | {(0, t): random.random(FIXTURES) < BOUND for t in range(1, 6)})
        first = Candidate("w0", "t0")
        lost += first not in _kept(policy(BOUND), seen)
        lost_alone += first not in _kept(policy(BOUND, 1, "error_family: candidate"), seen)
        lost_ordered += first not in _kept(policy(BOUND, 1, "order: [t0, t1, t2, t3, t4, t5]"), seen)
    rows.append(Row("right keep missed, truth .94 among five at .8", None, Found(lost, runs), Found(lost_alone, runs)))
    rows.append(Row("  the same with a stated order", None, Found(lost_ordered, runs), Found(lost_alone, runs)))
    rows.append(_named_rate(runs, random))
    return rows


def _named_rate(runs: int, random: Random) -> Row:
    """Six targets that are alike: how often, and by how much, the rate of the one that is named is too high."""
    truth, targets = 0.9, 6
    by = policy(BOUND, 1, "choose: best")
    over = over_naive = 0
    away = away_naive = 0.0
    for _ in range(runs):
        right = {(0, t): random.random(FIXTURES) < truth for t in range(targets)}
        seen, figures = evidence(right), Figures()
        found = [
            Finding(f"F{n}", "w0", one.target, one, "keep", "all", "local", (), (), (), ())
            for n, one in enumerate(seen.cases)
        ]
        (choice,) = choose_findings(found, (), by, seen, figures)
        rate = figures[choice.rate]
        assert rate.value is not None
        assert rate.low is not None
        best = max(int(one.sum()) for one in right.values())
        over += rate.low > truth
        over_naive += exact_ends(best, FIXTURES, 0.95)[0] > truth
        away += rate.value - truth
        away_naive += best / FIXTURES - truth
    name = f"best of {targets}: low end above the truth (rate {away / runs:+.1%}, naive {away_naive / runs:+.1%})"
    return Row(name, 0.05, Found(over, runs), Found(over_naive, runs))


ROAD = Road("best of several", f"n = {FIXTURES}, threshold {BOUND}; naive: each target on its own", simulate)
