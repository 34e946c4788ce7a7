"""A gate is beyond routing only where no choice among the answers could pass it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.decide.gates.beyond_routing import best_of_clusters, beyond_routing, only_splits
from tests.decide.decision_cases import RULES
from tests.decide.evidence_cases import BAD, GOOD, LOST, Made, Row

OTHER_CHECK = Row((("length", "pass", ""),))


def policy(gate: str, *, share: float = 0.5, remedies: str = "length_limit, human_review") -> PolicyFile:
    more = f"    remedies: [{remedies}]\n    min_automated_share: {share}\n"
    return read_policy(f"policy: 1\nworkloads:\n  notes:\n    gates: [{gate}]\n{more}{RULES}")


def beyond(by: PolicyFile, rows: list[Row], *, repeats: int = 1) -> list[str]:
    made = Made()
    candidate = made.add("notes", "small", rows, repeats=repeats)
    return [gate.measure for gate in beyond_routing(by, made.evidence(), candidate)]


PASS_RATE = "{measure: pass_rate, at_least: 0.8}"


def test_a_model_that_is_never_right_is_beyond_routing_and_one_that_is_right_half_the_time_is_not() -> None:
    assert beyond(policy(PASS_RATE), [BAD] * 20) == ["pass_rate"]
    assert beyond(policy(PASS_RATE), [LOST] * 20) == ["pass_rate"]
    assert beyond(policy(PASS_RATE), [GOOD, BAD] * 200) == []
    assert beyond(policy(PASS_RATE), [GOOD, BAD, BAD, BAD] * 100) == ["pass_rate"]
    assert beyond(policy(PASS_RATE, share=0.2), [GOOD, BAD, BAD, BAD] * 100) == []


def test_nothing_is_said_of_few_fixtures_and_where_a_fix_changes_answers() -> None:
    assert beyond(policy(PASS_RATE), [BAD] * 9) == []
    assert beyond(policy(PASS_RATE, remedies="citation_filter, human_review"), [BAD] * 40) == []
    assert beyond(policy(PASS_RATE, share=0), [BAD] * 40) == []


def test_cases_that_a_gate_is_not_about_may_be_let_through() -> None:
    gate = "{measure: check_pass_rate, slice: check=schema, at_least: 0.8}"
    assert beyond(policy(gate), [BAD] * 40) == ["check_pass_rate"]
    assert beyond(policy(gate), [BAD, OTHER_CHECK] * 100) == [], "all of the other half makes half of all"
    assert beyond(policy(gate, share=0.9), [BAD, OTHER_CHECK] * 100) == ["check_pass_rate"]


def test_rates_of_calls_and_rates_that_people_decide_are_never_beyond_routing() -> None:
    assert beyond(policy("{measure: failure_rate, at_most: 0.05}"), [LOST] * 40) == []
    flagged = Row((("unsupported_facts", "fail", "9 March"),))
    assert beyond(policy("{measure: unsupported_claim_rate, at_most: 0.1, safety: true}"), [flagged] * 40) == []


def test_of_repeats_the_best_counts_since_a_rule_may_choose_it() -> None:
    assert beyond(policy(PASS_RATE), [BAD] * 40, repeats=2) == ["pass_rate"]
    assert beyond(policy(PASS_RATE), [GOOD, BAD, BAD] * 60, repeats=3) == []
    assert beyond(policy(PASS_RATE), [GOOD, BAD, BAD] * 200) == ["pass_rate"]


def needed(bound: float, share: float, sizes: NDArray[np.int64]) -> float:
    return float(bound * share * sizes.mean() / sizes.max())


def best_mean(good: NDArray[np.float64], sizes: NDArray[np.int64]) -> float:
    held, asked = best_of_clusters(good, np.repeat(np.arange(len(sizes), dtype=np.int32), sizes))
    return float(held.sum() / asked.sum())


def some_rule_passes(good: NDArray[np.float64], sizes: NDArray[np.int64], bound: float, share: float) -> bool:
    """Every rule tried: by groups that count once each, or by cases."""
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    for count in range(1, len(good) + 1):
        if count < share * len(good):
            continue
        for chosen in map(list, combinations(range(len(good)), count)):
            by_group = [good[chosen][cluster[chosen] == group].mean() for group in np.unique(cluster[chosen])]
            if np.mean(by_group) >= bound or good[chosen].mean() >= bound:
                return True
    return False


@pytest.mark.parametrize(
    ("sizes", "good", "bound", "share"),
    [
        ([3, 1, 1, 1], [1, 1, 1, 0, 0, 0], 0.9, 0.5),  # one large group is half of all cases
        ([3, 1, 1, 1], [0, 0, 0, 1, 1, 1], 0.75, 0.8),  # a large group that is wrong counts once
        ([2, 2], [1, 0, 1, 0], 0.9, 0.5),  # the right half of each group
    ],
)
def test_groups_let_a_rule_pass_with_few_right_answers(
    sizes: list[int], good: list[float], bound: float, share: float
) -> None:
    values, counts = np.array(good, dtype=np.float64), np.array(sizes)
    assert some_rule_passes(values, counts, bound, share)
    assert best_mean(values, counts) >= needed(bound, share, counts)


@pytest.mark.parametrize("seed", range(60))
def test_where_a_rule_passes_the_mean_is_never_below_what_is_needed(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 4, size=int(random.integers(2, 5)))
    of_group = random.choice([0.0, 1.0], size=len(sizes), p=[0.6, 0.4])
    good = np.where(random.random(int(sizes.sum())) < 0.8, np.repeat(of_group, sizes), 0.5)
    bound, share = float(random.choice([0.5, 0.75, 0.9])), float(random.choice([0.3, 0.5, 0.8]))
    if best_mean(good, sizes) < needed(bound, share, sizes) - 1e-9:
        assert not some_rule_passes(good, sizes, bound, share)


def test_only_rules_that_choose_among_answers_leave_them_as_they_are() -> None:
    assert only_splits(("length_limit", "guard_to_review"))
    assert not only_splits(("length_limit", "constrained_decoding"))
    assert not only_splits(("other_target",))
