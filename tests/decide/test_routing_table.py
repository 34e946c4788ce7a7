"""The routing table of a decision: adequate work local, the rest elsewhere, limits as measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.config.routing.file import RoutingFile, read_routing
from milo_bench.core.records import CheckSpec, Workload
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Candidate, Figure, Finding, Remedy, Replay, Source
from milo_bench.decide.remedies.choose import replays_for
from milo_bench.decide.routing.rules import RequestFacts, route_request
from milo_bench.decide.routing.table import make_routing
from milo_bench.decide.selection import choose_findings
from tests.decide.replay.replay_cases import WORK, cases, evidence, table


def policy(
    *, baseline: str = "big", least: float = 0.9, remedies: str = "[guard_to_review, human_review]"
) -> PolicyFile:
    return read_policy(
        f"""
policy: 1
baseline: {baseline}
workloads: {{{WORK}: {{gates: [{{measure: pass_rate, at_least: {least}}}], remedies: {remedies}}}}}
findings: [{{name: rest, when: [], finding: defer}}]
"""
    )


def finding(kind: Any, target: str = "small", id: str = "F1", remedies: tuple[Remedy, ...] = ()) -> Finding:
    return Finding(id, WORK, target, Candidate(WORK, target), kind, "rule", "local", (), (), remedies)


def measured(*targets: str, n: int = 60, hosted: tuple[str, ...] = ("big",)) -> Evidence:
    bad = np.arange(n) % 4 == 0
    held = {"schema": (~bad).astype(int).tolist()}
    made = [cases(name, (~bad).astype(int).tolist(), held=held, cost_usd=0.01) for name in targets]
    found = evidence(table(n, words=list(range(100, 100 + n))), *made, hosted=hosted)
    checks = tuple(CheckSpec(name) for name in ("answer_present", "schema", "exact_fields", "unsupported_facts"))
    contract = Workload(WORK, "notes_v1", "", "", checks, prepare={"select_events": {}})
    return replace(found, workloads={(WORK, ""): contract})


def made(findings: list[Finding], found: Evidence, rules: PolicyFile | None = None, *, replays: tuple[Replay, ...] = (),
         figures: Figures | None = None) -> RoutingFile:  # fmt: skip
    by, counted = rules or policy(), figures or Figures()
    choices = choose_findings(findings, replays, by, found, counted)
    file = make_routing(findings, choices, replays, found, by, counted)
    assert read_routing(file.to_yaml()).data() == file.data()
    return file


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("", "report"),
        ("on_drift: roll_back", "roll_back"),
        ("on_drift: report", "report"),
    ],
)
@pytest.mark.parametrize("of_all", [False, True])
def test_what_the_policy_says_of_drift_is_in_the_rules(said: str, wanted: str, of_all: bool) -> None:
    text = f"policy: 1\n{'on_drift: roll_back' if of_all else ''}\n"
    own = f", {said}" if said else ""
    text += f"workloads: {{{WORK}: {{gates: [{{measure: pass_rate, at_least: 0.9}}]{own}}}}}\n"
    rules = read_policy(f"{text}findings: [{{name: rest, when: [], finding: defer}}]\n")
    file = made([finding("keep")], measured("small"), rules)
    step = "roll_back" if of_all and not said else wanted
    assert [rule.on_drift for rule in file.rules if rule.target == "small"] == [step]
    assert ("until live work differs" in file.to_yaml()) == (step == "roll_back")


def test_adequate_work_stays_local_with_guardrails_from_its_own_contract() -> None:
    file = made([finding("keep")], measured("small"))
    rule = file.rules[0]
    assert (rule.route, rule.target, rule.finding, rule.prompt) == ("local", "small", "F1", "notes_v1")
    assert rule.guardrails == ("event_selection", "conflict_bypass", "answer_present", "schema")
    assert file.targets["small"].model_digest == "sha256:small"
    assert file.default.route == "human_review"


def test_inputs_longer_than_any_that_was_measured_go_to_a_person() -> None:
    file = made([finding("keep")], measured("small"))
    assert file.rules[0].limits.max_words == 159
    assert route_request(file, RequestFacts(WORK, words=159)).route == "local"
    assert route_request(file, RequestFacts(WORK, words=160)).route == "human_review"


def test_concurrency_is_capped_at_the_lower_end_of_the_measured_knee() -> None:
    figures = Figures()
    figures.add(Figure("load/small/knee", "knee", 4.4, "streams", Source("load", "knee", "small"), low=3.2, high=5.0))
    file = made([finding("keep")], measured("small"), figures=figures)
    assert file.rules[0].limits.concurrency == 3


def test_of_two_adequate_targets_the_quicker_one_gets_the_work() -> None:
    figures = Figures()
    for name, seconds in (("small", 4.0), ("large", 2.0)):
        id = f"measure/{WORK}/{name}/latency_p50_s"
        figures.add(Figure(id, "latency", seconds, "s", Source("measure", "latency_p50_s", f"{WORK}/{name}")))
    found = measured("small", "large")
    file = made(
        [finding("keep"), finding("keep", "large", "F2"), finding("fix", "small", "F3")], found, figures=figures
    )
    assert file.rules[-1].target == "large"


def test_fixed_work_runs_under_the_rules_that_were_replayed() -> None:
    found, rules, figures = measured("small", "big", n=400), policy(), Figures()
    replayed = replays_for(WORK, "small", found, rules, {}, figures)
    assert replayed.chosen is not None
    file = made([finding("fix")], found, rules, replays=replayed.replays, figures=figures)
    assert [rule.id for rule in file.rules] == [rule["id"] for rule in replayed.chosen.rules]
    assert file.rules[0].when.failed_checks == ("schema",)
    assert "schema" not in file.rules[-1].guardrails, "one rule stops an answer, not two"
    assert {rule.finding for rule in file.rules} == {"F1"}


@pytest.mark.parametrize("kind", ["reject", "defer"])
def test_work_that_is_not_fit_goes_to_the_measured_baseline_else_to_people_else_is_refused(kind: str) -> None:
    assert made([finding(kind)], measured("small", "big")).rules[0].route == "human_review", "big fails the gate too"
    lower = policy(least=0.5)
    file = made([finding(kind)], measured("small", "big"), lower)
    assert (file.rules[0].route, file.rules[0].target) == ("hosted", "big")
    assert route_request(file, RequestFacts(WORK, sensitive=True)).route == "human_review"
    assert made([finding(kind)], measured("small")).rules[0].route == "human_review"
    alone = policy(remedies="[guard_to_review]")
    assert made([finding(kind)], measured("small"), alone).rules[0].route == "refuse"


def test_a_target_that_was_not_ready_when_it_said_so_gets_nothing_until_it_is() -> None:
    late = finding("keep", remedies=(Remedy("readiness_probe", "a readiness probe", ("late",)),))
    file = made([late], measured("small"))
    assert route_request(file, RequestFacts(WORK, words=100, health={"small": "degraded"})).route == "human_review"
    assert route_request(file, RequestFacts(WORK, words=100)).route == "local"


def test_the_table_says_what_it_rests_on() -> None:
    rules = policy()
    file = made([finding("keep")], measured("small"), rules)
    assert file.validity.void_when == "model_digest_changes"
    assert len(file.validity.policy_sha256) == 64
    assert "Void for a target whose model digest differs" in file.to_yaml()
