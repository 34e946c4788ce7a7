"""Many rates are compared in one run: a difference that chance gives one of so many is no regression."""

from __future__ import annotations

import pytest

from milo_bench.config.policy.file import read_policy
from milo_bench.decide.changes.standing import StandingReport, check_against
from milo_bench.decide.decide import decide
from milo_bench.decide.evidence import Evidence
from tests.decide.evidence_cases import Made, Row, policy_text

FIXTURES = 150


def evidence(checks: int, broken: int) -> Evidence:
    """``broken`` of the fixtures fail the first check; every other check, and so the pass rate, fails on 40."""
    rows = [
        Row(
            tuple(
                (f"check{number}", "fail" if place < (broken if number == 0 else 40) else "pass", "")
                for number in range(checks)
            )
        )
        for place in range(FIXTURES)
    ]
    made = Made()
    made.add("w", "small", rows)
    return made.evidence()


def stands(checks: int, broken: int) -> StandingReport:
    gates = ", ".join(
        f"{{measure: check_pass_rate, slice: check=check{number}, at_least: 0.2}}" for number in range(checks)
    )
    text = f"policy: 1\nworkloads: {{w: {{gates: [{gates}]}}}}\nfindings: [{{name: rest, when: [], finding: defer}}]\n"
    policy, before = read_policy(text), evidence(checks, 0)
    decision = decide(
        before, policy, economics=None, economics_text=None, policy_text=policy_text(text),
        created_at="2026-05-08T10:00:00Z", tool_version="0",
    )  # fmt: skip
    return check_against(decision, policy, evidence(checks, broken), before)


@pytest.mark.parametrize(("checks", "standing"), [(2, "regressed"), (12, "undecided")])
def test_what_is_worse_alone_may_be_chance_among_many(checks: int, standing: str) -> None:
    worse = next(one for one in stands(checks, 7).results if one.kind == "difference" and "check0" in one.what)
    assert worse.high is not None and worse.high < 0
    assert worse.standing == standing
    assert ("may be chance among" in worse.reason) == (standing == "undecided")


def test_what_is_much_worse_has_regressed_among_many_too() -> None:
    regressed = [one.what for one in stands(12, 12).of("regressed") if one.kind == "difference"]
    assert regressed == ["pass rate of the check check0"]
