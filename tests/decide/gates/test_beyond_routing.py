"""A gate is beyond routing only where no choice among the answers could pass it."""

from __future__ import annotations

from itertools import combinations

import pytest

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.decide.gates.beyond_routing import beyond_routing, only_splits
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


def test_nothing_is_said_of_few_fixtures_of_repeats_and_where_a_fix_changes_answers() -> None:
    assert beyond(policy(PASS_RATE), [BAD] * 9) == []
    assert beyond(policy(PASS_RATE), [BAD] * 40, repeats=2) == []
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


@pytest.mark.parametrize("right", range(9))
def test_the_bound_is_that_of_the_best_rule_there_is(right: int) -> None:
    """Of 8 cases, the share of good ones below bound times share says just what trying every rule says."""
    bound, share, cases = 0.75, 0.5, [1.0] * right + [0.0] * (8 - right)
    rules = [chosen for size in range(4, 9) for chosen in combinations(cases, size)]
    passes = any(sum(chosen) / len(chosen) >= bound for chosen in rules)
    assert passes is (sum(cases) / 8 >= bound * share)


def test_only_rules_that_choose_among_answers_leave_them_as_they_are() -> None:
    assert only_splits(("length_limit", "guard_to_review"))
    assert not only_splits(("length_limit", "constrained_decoding"))
    assert not only_splits(("other_target",))
