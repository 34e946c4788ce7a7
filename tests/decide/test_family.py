"""Among several candidates a keep needs more, so that any wrong one is as rare as the policy says."""

from __future__ import annotations

import pytest

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.core.errors import ConfigError
from milo_bench.decide.decide import decide
from milo_bench.decide.gates.family import family_confidences
from milo_bench.decide.records import Candidate, Decision, Ref
from tests.decide.evidence_cases import Made, of, policy_text

RULES = (
    "[{name: unsafe, when: [probe_failed_critical], finding: reject}, "
    "{name: adequate, when: [all_gates_pass], finding: keep}, {name: rest, when: [], finding: defer}]"
)


def policy(top: str = "", bound: float = 0.8) -> PolicyFile:
    gates = f"[{{measure: pass_rate, at_least: {bound}}}]"
    return read_policy(f"policy: 1\n{top}\nworkloads: {{w: {{gates: {gates}}}}}\nfindings: {RULES}\n")


def several(good: dict[str, int], total: int = 70) -> Made:
    made = Made()
    for target, passed in good.items():
        made.add("w", target, of(passed, total))
    return made


def decided(made: Made, by: PolicyFile) -> Decision:
    return decide(
        made.evidence(), by, economics=None, economics_text=None, policy_text=policy_text(by.text),
        created_at="2026-05-08T12:00:00Z", tool_version="1",
    )  # fmt: skip


def kinds(made: Made, by: PolicyFile) -> dict[str, str]:
    return {finding.target: finding.kind for finding in decided(made, by).findings}


NARROW = 62  # of 70 proves .80 alone, and not among six


def test_a_target_that_passes_alone_needs_more_among_six() -> None:
    others = dict.fromkeys(["b", "c", "d", "e", "f"], 50)
    assert kinds(several({"a": NARROW}), policy())["a"] == "keep"
    assert kinds(several({"a": NARROW} | others), policy())["a"] == "defer"
    assert kinds(several({"a": NARROW} | others), policy("error_family: candidate"))["a"] == "keep"
    assert kinds(several({"a": NARROW} | others), policy("order: [a, b, c, d, e, f]"))["a"] == "keep"


def test_holm_asks_less_of_the_second_once_the_first_is_kept() -> None:
    found = family_confidences(policy(), several({"a": 70, "b": NARROW}).evidence(), [_of("a"), _of("b")])
    assert found[_of("a")] == pytest.approx(0.975)
    assert found[_of("b")] == 0.95


def test_nothing_is_kept_after_the_first_in_the_order_that_is_not() -> None:
    made = several({"a": 50, "b": 70})
    by = policy("order: [a, b]")
    assert kinds(made, by) == {"a": "defer", "b": "defer"}
    (late,) = next(finding for finding in decided(made, by).findings if finding.target == "b").gates
    assert "not tested" in str(late.reason)


def test_a_failed_gate_needs_no_more_among_several() -> None:
    made = several({"a": 40} | dict.fromkeys(["b", "c", "d"], 70))
    (gate,) = next(finding for finding in decided(made, policy()).findings if finding.target == "a").gates
    assert gate.outcome == "fail"


def test_the_headline_says_of_how_many_and_its_rate_is_of_fixtures_that_did_not_choose() -> None:
    decision = decided(several({"a": 68, "b": 70, "c": 66}), policy())
    refs = [part.figure for part in decision.verdict if isinstance(part, Ref)]
    assert decision.figures["compared/3"].value == 3
    assert "compared/3" in refs
    (rate,) = [decision.figures[ref] for ref in refs if ref.startswith("selected/")]
    assert rate.n == 42
    assert rate.low is not None
    assert rate.confidence == pytest.approx(1 - 0.05 / 3)


def test_one_target_alone_is_compared_with_nothing() -> None:
    decision = decided(several({"a": 70}), policy())
    assert not [name for name in decision.figures if name.startswith(("compared/", "selected/"))]


def test_a_target_named_twice_in_the_order_is_refused() -> None:
    with pytest.raises(ConfigError, match="repeated"):
        policy("order: [a, a]")


def _of(target: str) -> Candidate:
    return Candidate("w", target)
