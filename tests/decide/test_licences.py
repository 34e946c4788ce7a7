"""The licence of the weights, held against those that the policy lists; an unknown one keeps nothing."""

from __future__ import annotations

import pytest
from msgspec import structs
from msgspec.structs import replace

from milo_bench.core.records import Identity
from milo_bench.decide.decide import decide
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Finding
from tests.decide.decision_cases import policy
from tests.decide.evidence_cases import Made, of, policy_text


def found(licence: str, allowed: tuple[str, ...], *, hosted: bool = False) -> Finding:
    made = Made()
    made.add("notes", "small", of(97, 100))
    evidence: Evidence = made.evidence()
    target = structs.replace(evidence.targets["small"], identity=Identity(licence=licence), hosted=hosted)
    evidence = replace(evidence, targets={"small": target})
    rules = policy().model_copy(update={"licences": allowed})
    decision = decide(
        evidence, rules, economics=None, economics_text=None, policy_text=policy_text("policy: 1"),
        created_at="2026-05-08T10:00:00Z", tool_version="0",
    )  # fmt: skip
    (one,) = decision.findings
    return one


@pytest.mark.parametrize(
    ("licence", "allowed", "kind", "rule"),
    [
        ("apache-2.0", ("apache-2.0", "mit"), "keep", "adequate"),
        ("Apache-2.0", ("apache-2.0",), "keep", "adequate"),
        ("llama3.1", ("apache-2.0", "mit"), "reject", "licence"),
        ("", ("apache-2.0",), "defer", "licence"),
        ("llama3.1", (), "keep", "adequate"),
    ],
)
def test_a_licence_is_among_those_allowed_or_its_weights_are_not_used(
    licence: str, allowed: tuple[str, ...], kind: str, rule: str
) -> None:
    one = found(licence, allowed)
    assert (one.kind, one.rule) == (kind, rule)
    if rule == "licence":
        assert "licence" in str(one.reasons[0]) and one.route != "local"


def test_an_unknown_licence_is_undecided_and_not_a_verdict() -> None:
    one = found("", ("mit",))
    assert one.undecided and "unknown" in str(one.reasons[0])


def test_the_weights_of_a_hosted_model_are_not_yours_to_license() -> None:
    assert found("", ("mit",), hosted=True).rule != "licence"
