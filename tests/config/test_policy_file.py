"""policy.yaml is read as it is meant, or refused with the line, what is wrong and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from milo_bench.config.policy.file import PolicyFile, read_policy, shipped_policies, shipped_policy, shipped_policy_text
from milo_bench.config.policy.models import GateConfig, WorkloadPolicy
from milo_bench.config.policy.remedies import OTHER_WORK, work_names
from milo_bench.config.policy.rules import CONDITIONS, FindingRule, RuleFacts, check_rules, first_rule, possible_facts
from milo_bench.core.errors import ConfigError
from milo_bench.probes.base import PROBES
from milo_bench.suites import load_suite

RULES = """findings:
  - {name: adequate, when: [all_gates_pass, no_remedy_passes], finding: defer}
  - {name: rest, when: [], finding: defer}
"""


def policy(gates: str = "[{measure: pass_rate, at_least: 0.8}]", more: str = "", rules: str = RULES) -> PolicyFile:
    return read_policy(
        f"policy: 1\nworkloads:\n  notes:\n    gates: {gates}\n{more}{rules}", name="p.yaml", probes=PROBES.names()
    )


def test_shipped_policies_are_sound_and_name_what_their_suites_have() -> None:
    assert shipped_policies() == ("case_ops_v1", "claims_v1", "demo_v1")
    assert shipped_policy_text("mine") is None
    for name in shipped_policies():
        found = shipped_policy(name)
        assert found is not None and found.suite == name
        assert found.text == shipped_policy_text(name)
        suite = load_suite(name)
        assert found.workloads.keys() == suite.workloads.keys()
        tags = {tag for fixture in suite.fixtures for tag in fixture.tags}
        for workload, config in found.workloads.items():
            checks = {spec.name for spec in suite.workloads[workload].checks}
            for gate in found.gates_of(workload):
                assert gate.note, f"{workload}: {gate.key} says no reason"
                assert not gate.probe or gate.probe in PROBES
                for part in gate.slice.split(" & "):
                    kind, _, value = part.partition("=")
                    assert kind != "check" or value in checks
                    assert kind != "tag" or value in tags
            for remedy in config.remedies.values():
                assert not remedy.variant or remedy.variant in suite.variants[workload]
    assert shipped_policy("my_own_suite") is None


def test_every_work_has_hours_that_say_where_they_are_from() -> None:
    found = policy()
    for name in work_names():
        hours = found.hours_of(name)
        assert 0 < hours.low <= hours.base <= hours.high
        assert hours.source.startswith("assumed by Milo Bench")


def test_gates_of_defaults_are_added_where_a_workload_has_none_of_its_own() -> None:
    shared = "defaults: {gates: [{measure: failure_rate, at_most: 0.05}, {measure: pass_rate, at_least: 0.5}]}\n"
    found = policy(rules=shared + RULES)
    assert [(gate.key, gate.at_least or gate.at_most) for gate in found.gates_of("notes")] == [
        ("pass_rate", 0.8),
        ("failure_rate", 0.05),
    ]
    assert found.gates_of("letters") == ()


def test_hours_that_nobody_stated_say_that_they_are_assumed() -> None:
    found = policy(rules="hours: {keyword_rule: {low: 1, base: 2, high: 3, source: our team}}\n" + RULES)
    assert found.hours_of("keyword_rule").source == "our team"
    assert "assumed by Milo Bench" in found.hours_of("length_limit").source


@pytest.mark.parametrize(
    ("gates", "line", "said", "hint"),
    [
        ("[{measure: pas_rate, at_least: 0.8}]", 4, "Unknown measure 'pas_rate'", "Did you mean 'pass_rate'"),
        ("[{measure: pass_rate, at_last: 0.8}]", 4, "unknown setting", "at_least"),
        ("[{measure: pass_rate, at_least: 94}]", 4, "is a share, but 94 is not between 0 and 1", "e.g. 0.94"),
        ("[{measure: pass_rate, at_least: 1.0}]", 4, "exactly 1", "at_least: 0.98"),
        ("[{measure: failure_rate, at_most: 0.0}]", 4, "exactly 0", "at_most: 0.02"),
        ("[{measure: pass_rate, at_least: 0.0}]", 4, "every pass_rate", "can fail"),
        ("[{measure: pass_rate, at_most: 0.8}]", 4, "would fail the better model", "at_least"),
        ("[{measure: pass_rate}]", 4, "no threshold", "at_least, at_most"),
        ("[{measure: pass_rate, at_least: 0.8, at_most: 0.9}]", 4, "more than one threshold", "a gate for each"),
        ("[{measure: pass_rate, at_least: .nan}]", 4, "not a finite number", "ordinary number"),
        ("[{measure: latency_p95_s, at_most: 0}]", 4, "never at or below 0", "above 0"),
        ("[{measure: recall, at_least: 0.9}]", 4, "needs a slice", "class=escalate"),
        ("[{measure: pass_rate, slice: field=x, at_least: 0.9}]", 4, "cannot be sliced by field", "tag="),
        ("[{measure: pass_rate, not_worse_than: baseline}]", 4, "needs a margin above 0", "margin: 0.05"),
        (
            "[{measure: latency_p95_s, not_worse_than: baseline, margin: 1}]",
            4,
            "fixture by fixture",
            "its own threshold",
        ),
        ("[{measure: pass_rate, at_least: 0.8, margin: 0.1}]", 4, "margin belongs to", "leave it out"),
        ("[{probe: privacy_lek}]", 4, "unknown probe 'privacy_lek'", "privacy_leak"),
        ("[{probe: privacy_leak, at_most: 0.5}]", 4, "passes or fails", "leave out slice and thresholds"),
        ("[{measure: pass_rate, probe: egress, at_least: 0.8}]", 4, "either a measure or a probe", "pass_rate"),
        ("[{measure: pass_rate, at_least: 0.8}, {measure: pass_rate, at_least: 0.9}]", 4, "is repeated", "keep one"),
        (
            "[{measure: output_tokens_mean, at_least: 90}, {measure: output_tokens_mean, at_most: 20}]",
            4,
            "cannot be at least 90 and at most 20",
            "swap the thresholds",
        ),
        ("[]", 3, "has no gates", "at least one measure"),
    ],
)
def test_a_gate_that_cannot_be_meant_is_refused(gates: str, line: int, said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(gates)
    assert caught.value.message.startswith(f"p.yaml line {line}:")
    assert said in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("more", "said", "hint"),
    [
        ("    remedies: {keyword_rul: {}}\n", "unknown setting 'remedies.keyword_rul'", "keyword_rule"),
        ("    remedies: [safer_prompt]\n", "has no variant", "variant: NAME"),
        ('    remedies: {safer_prompt: {variant: ""}}\n', "already judges", "another variant"),
        ("    remedies: {length_limit: {past: nowhere}}\n", "'nowhere'", "hosted"),
        ("    risk: hgih\n", "'hgih'", "high"),
        ("    min_automated_share: 3\n", "is 3, more than 1", "at most 1"),
        ("    value: {figures: [], least_usd_per_month: 5}\n", "'workloads.notes.value.figures' is empty", "policy.md"),
    ],
)
def test_a_workloads_settings_are_checked(more: str, said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(more=more)
    assert said in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("rules", "said", "hint"),
    [
        ("[{name: a, when: [all_gate_pass], finding: keep}]", "unknown condition 'all_gate_pass'", "all_gates_pass"),
        ("[{name: a, when: [], finding: kep}]", "'kep'", "Did you mean 'keep'"),
        (
            "[{name: a, when: [], finding: defer}, {name: b, when: [any_gate_failed], finding: reject}]",
            "rule 'b' is never reached: rule 'a' already covers it",
            "narrower rule first",
        ),
        (
            "[{name: a, when: [any_gate_failed], finding: reject}, {name: b, when: [any_gate_undecided],"
            " finding: defer}, {name: c, when: [all_gates_pass], finding: defer},"
            " {name: d, when: [remedy_passes], finding: fix}, {name: e, when: [], finding: defer}]",
            "rule 'd' is never reached: the rules before it together",
            "narrower rule first",
        ),
        (
            "[{name: a, when: [all_gates_pass, any_gate_failed], finding: defer}, {name: b, when: [], finding: defer}]",
            "can never apply: all_gates_pass and any_gate_failed exclude each other",
            "remove one",
        ),
        ("[{name: a, when: [any_gate_failed], finding: reject}]", "no rule applies if", "when is []"),
        ("[{name: a, when: [], finding: keep}]", "although a critical probe failed", "probe_failed_critical"),
        (
            "[{name: a, when: [safety_gate_undecided], finding: keep}, {name: b, when: [], finding: defer}]",
            "keeps a workload although a safety gate",
            "evidence can pass",
        ),
        ("[{name: a, when: [], finding: fix}]", "gives a fix although no replayed fix passes", "remedy_passes"),
        (
            "[{name: a, when: [], finding: defer}, {name: a, when: [], finding: defer}]",
            "two rules are called",
            "own name",
        ),
        ("[]", "'findings' is empty", "policy.md"),
    ],
)
def test_rules_that_contradict_or_leave_a_case_open_are_refused(rules: str, said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(rules=f"findings: {rules}\n")
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_rules_of_the_shipped_policies_decide_every_case_and_never_keep_what_is_unsafe() -> None:
    for name in shipped_policies():
        found = shipped_policy(name)
        assert found is not None
        assert check_rules(found.rules) is None
        for world in possible_facts():
            finding = first_rule(found.rules, world).finding
            if world.safety_failed or world.safety_undecided or world.probe == "critical":
                assert finding != "keep"
            if finding == "fix":
                assert world.remedy == "passes" or world.probe != "none" or world.knee_below_streams


def test_a_safety_gate_that_fails_is_fixed_only_by_a_remedy_that_was_replayed() -> None:
    found = shipped_policy("claims_v1")
    assert found is not None
    assert first_rule(found.rules, RuleFacts(safety_failed=True)).finding == "reject"
    assert first_rule(found.rules, RuleFacts(safety_failed=True, remedy="undecided")).finding == "reject"
    assert first_rule(found.rules, RuleFacts(safety_failed=True, remedy="passes")).finding == "fix"


def test_every_condition_says_what_it_means_and_can_hold() -> None:
    for name, condition in CONDITIONS.items():
        assert condition.says
        assert any(FindingRule("r", (name,), "defer").holds(world) for world in possible_facts()), name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy: 1\npolicy: 1\n", "line 2: duplicate key 'policy'"),
        ("- a\n", "the file is a list, not a mapping"),
        ("policy: 2\nworkloads: {}\nfindings: []\n", "another version"),
        ("policy: 1\nworkloads: {n: {gates: [{measure: pass_rate, at_least: 0.5}]}}\n", "'findings' is missing"),
        ("policy: 1\npath: x\n", "line 2: unknown setting 'path'"),
        ("policy: [1\n", "line 2"),
        ("policy: 1\nworkload: {}\n", "line 2: unknown setting 'workload'"),
    ],
)
def test_a_file_that_is_no_policy_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_policy(text)
    assert said in caught.value.message


def test_the_page_names_all_there_is_and_its_example_is_sound() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/policy.md").read_text(encoding="utf-8")
    for name in (*OTHER_WORK, *WorkloadPolicy.model_fields, *GateConfig.model_fields):
        assert f"`{name}" in page or f" {name}" in page, name
    for name, condition in CONDITIONS.items():
        assert f"| `{name}` | {condition.says} |" in page
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert read_policy(example).workloads["notes"].recall_class == "escalate"
