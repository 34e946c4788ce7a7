"""Work that the policy refuses whatever was measured: the first rules of the table, and part of every replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.planted.models import PlantedModel
from benchmarks.planted.record import record_run
from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.core.errors import ConfigError
from milo_bench.decide.decide import decide
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.records import Candidate, Decision
from milo_bench.evidence.gather import gather_evidence
from tests.decide.decision_cases import RULES
from tests.decide.evidence_cases import policy_text

GATES = "    gates: [{measure: pass_rate, at_least: 0.7}]\n"
MODEL = PlantedModel("small", "m", errors={"handoff": {"uncited": 60}})


HANDOFF = f"  handoff:\n{GATES}    remedies: [citation_filter, human_review]\n"


def policy(refuse: str, workload: str = HANDOFF) -> PolicyFile:
    return read_policy(f"policy: 1\nrefuse:\n{refuse}workloads:\n{workload}{RULES}")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    path: Path = tmp_path_factory.mktemp("refused") / "run.jsonl"
    record_run("claims_v1", [MODEL], path, workloads=["handoff"])
    return gather_evidence({path: "run.jsonl"})


def decided(evidence: Evidence, by: PolicyFile) -> Decision:
    return decide(
        evidence, by, economics=None, economics_text=None, policy_text=policy_text(by.text),
        created_at="2026-05-08T12:00:00Z", tool_version="1",
    )  # fmt: skip


def test_sentences_that_cite_no_line_are_cut_and_nothing_else_changes(evidence: Evidence) -> None:
    base = evidence.cases[Candidate("handoff", "small")]
    cut = evidence.cut[Candidate("handoff", "small", CUT_UNCITED)]
    assert int((base.outcome == 1).sum()) == 90
    assert int((cut.outcome == 1).sum()) == 150
    assert (cut.fixture == base.fixture).all()


def test_what_is_refused_comes_first_and_once_and_in_every_replay(evidence: Evidence) -> None:
    decision = decided(evidence, policy("  - {when: {tags: [legal_hold]}, note: counsel reads it}\n"))
    file = RoutingFile.model_validate(decision.routing)
    first, last = file.rules
    assert (first.id, first.route, first.when.tags, first.why) == (
        "refused", "refuse", ("legal_hold",), "counsel reads it",
    )  # fmt: skip
    assert CUT_UNCITED in last.guardrails
    assert all(one.rules[0]["route"] == "refuse" for one in decision.replays)


def test_refused_fixtures_count_in_no_figure_of_a_fix(evidence: Evidence) -> None:
    tag = next(tag for tag, there in sorted(evidence.fixtures.tags.items()) if 10 < there.sum() < 100)
    decision = decided(evidence, policy(f"  - {{when: {{tags: ['{tag}']}}, note: counsel reads it}}\n"))
    filtered = next(one for one in decision.replays if one.remedies == ("citation_filter",))
    share = decision.figures[filtered.figures["refused_share"]].value
    assert share is not None and 0 < share < 1


USES = f"  handoff:\n{GATES}    uses: {{preview: {{}}, takeover: {{}}}}\n"


@pytest.mark.parametrize(
    ("refuse", "said"),
    [
        ("  - {note: why}\n", "refuse.when is empty"),
        ("  - {when: {tags: [a]}}\n", "note"),
        ("  - {when: {local_label: a}, note: why}\n", "known before a model is called"),
        ("  - {when: {target_health: {small: [down]}}, note: why}\n", "known before a model is called"),
        ("  - {when: {workload: hand}, note: why}\n", "the workload 'hand', which this policy does not decide"),
        ("  - {when: {workload: handoff}, note: why}\n", "covers all of 'handoff:preview'"),
        ("  - {when: {workload: handoff, use: takeover}, note: why}\n", "covers all of 'handoff:takeover'"),
        (
            "  - {when: {words: {over: 9}}, note: a}\n  - {when: {words: {over: 20}}, note: b}\n",
            "above this one covers",
        ),
    ],
)
def test_a_refusal_that_says_nothing_or_too_much_is_named(refuse: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        policy(refuse, USES)


def test_a_use_that_nobody_decided_may_be_refused_whole(evidence: Evidence) -> None:
    by = policy("  - {when: {workload: handoff, use: outside}, note: why}\n  - {when: {sensitive: true}, note: b}\n")
    file = RoutingFile.model_validate(decided(evidence, by).routing)
    assert [(rule.id, rule.route) for rule in file.rules][:2] == [("refused.1", "refuse"), ("refused.2", "refuse")]
    assert (file.rules[0].when.workload, file.rules[0].when.use) == (("handoff",), ("outside",))


@pytest.mark.parametrize("when", ["{keywords: any}", "{keywords: [threat, injury]}", "{words: {over: 5}, tags: [a]}"])
def test_a_fix_for_cases_that_are_refused_before_it_is_left_out_of_the_table(evidence: Evidence, when: str) -> None:
    fixes = "    remedies: {keyword_rule: , length_limit: , citation_filter: , human_review: }\n"
    decision = decided(evidence, policy(f"  - {{when: {when}, note: why}}\n", f"  handoff:\n{GATES}{fixes}"))
    rules = RoutingFile.model_validate(decision.routing).rules
    assert rules[0].route == "refuse"
    for one in decision.replays:
        covered = [rule for rule in one.rules if rule["when"].get("keywords") == ["any"] and rule["route"] != "refuse"]
        assert not (covered and when == "{keywords: any}")
