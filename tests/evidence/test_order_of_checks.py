"""Columns are in the order of the verdicts, never in that of a set: a decision and its check run in two processes."""

from __future__ import annotations

import pytest

from tests.decide.evidence_cases import Made, Row

# Of these the order that a set gives is almost never this one.
CHECKS = ("unsupported_facts", "banned_commitments", "policy_text", "language", "certainty", "current_status", "a", "z")


@pytest.mark.parametrize("order", [CHECKS, CHECKS[::-1]])
def test_checks_that_could_not_judge_keep_the_order_of_the_suite(order: tuple[str, ...]) -> None:
    made = Made()
    made.add("w", "small", [Row(tuple((check, "unjudged", "") for check in order))])
    [cases] = made.evidence().cases.values()
    assert list(cases.held) == list(order)


@pytest.mark.parametrize("order", [CHECKS, CHECKS[::-1]])
def test_checks_that_judged_a_part_keep_the_order_of_the_suite(order: tuple[str, ...]) -> None:
    verdicts = [(check, outcome, "") for check in order for outcome in ("unjudged", "pass")]
    made = Made()
    made.add("w", "small", [Row(tuple(verdicts))])
    [cases] = made.evidence().cases.values()
    assert list(cases.partly_unjudged) == list(order)
