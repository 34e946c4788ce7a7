"""Two uses of one workload get two targets; drafts that staff accept stand beside a reject."""

from __future__ import annotations

import pytest

from milo_bench.config.alarms import read_alarms
from milo_bench.config.economics.file import read_economics
from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.config.routing.file import RoutingFile, read_routing
from milo_bench.core.cases.facts import CaseFacts
from milo_bench.core.errors import ConfigError
from milo_bench.decide.routing.rules import RequestFacts, route_request
from milo_bench.report.package import render_files
from milo_bench.report.runbook.alarms import alarms_yaml
from tests.decide.choosing.test_one_choice import assert_one_answer, slow
from tests.decide.decision_cases import RULES, decided
from tests.decide.evidence_cases import Made, of

USES = """
policy: 1
workloads:
  notes:
    title: Notes
    gates: [{measure: pass_rate, at_least: 0.9}]
    uses:
      preview: {title: Previews for staff, gates: [{measure: pass_rate, at_least: 0.6}]}
      cited: {gates: [{measure: pass_rate, at_least: 0.9}]}
"""


def policy(text: str) -> PolicyFile:
    return read_policy(text + RULES)


def two() -> Made:
    made = Made()
    made.add("notes", "small", slow(80, 100, 1.0))
    made.add("notes", "large", slow(99, 100, 9.0))
    return made


def test_previews_go_to_the_small_target_and_cited_summaries_to_the_large_one() -> None:
    decision = decided(two(), policy(USES))
    assert_one_answer_by_use = [(one.workload, one.target) for one in decision.choices]
    assert assert_one_answer_by_use == [("notes:preview", "small"), ("notes:cited", "large")]
    file = RoutingFile.model_validate(decision.routing)
    assert read_routing(file.to_yaml()).data() == file.data()
    routed = {use: route_request(file, RequestFacts("notes", use=use)) for use in ("preview", "cited", "")}
    assert {use: one.target for use, one in routed.items()} == {"preview": "small", "cited": "large", "": ""}
    assert routed[""].route == "human_review", "a use that nobody decided goes to a person"
    assert file.flags == ("notes:preview", "notes:cited")
    page = render_files(decision)["index.html"].decode()
    assert "Previews for staff" in page and "Notes: cited" in page


def test_a_use_without_gates_has_those_of_its_workload() -> None:
    inherited = policy(USES.replace("cited: {gates: [{measure: pass_rate, at_least: 0.9}]}", "cited: {}"))
    assert inherited.gates_of("notes", "cited") == inherited.gates_of("notes")
    assert [(one.workload, one.target) for one in decided(two(), inherited).choices] == [
        ("notes:preview", "small"),
        ("notes:cited", "large"),
    ]


def test_mistakes_in_the_gates_of_a_use_are_named_with_their_line() -> None:
    twice = USES.replace("at_least: 0.6}", "at_least: 0.6}, {measure: pass_rate, at_least: 0.7}")
    with pytest.raises(ConfigError, match="line 8: the gate on pass_rate is repeated"):
        policy(twice)


COSTS = """
assumptions:
  notes: {unit: note/month, exact: 9000, source: ours}
  saved: {unit: min/note, exact: 1, source: ours}
  wage: {unit: USD/hour, exact: 42, source: ours}
counted: [note]
volumes: {"notes:cited": notes}
lines:
  notes: {kind: capacity_returned, workload: "WORK", volume: notes, time: saved, wage: wage}
"""


def test_an_economics_line_names_the_use_that_it_is_worth() -> None:
    costs = read_economics(COSTS.replace("WORK", "notes:cited"))
    decision = decided(two(), policy(USES), economics=costs)
    assert decision.figures["economics/worth.notes:cited"].value == 6300
    with pytest.raises(ConfigError, match="'notes' is not a use") as caught:
        decided(two(), policy(USES), economics=read_economics(COSTS.replace("WORK", "notes")))
    assert caught.value.hint == "write notes:preview or notes:cited."


def test_alarms_of_a_use_name_the_workload_that_requests_carry() -> None:
    alarms = read_alarms(alarms_yaml(decided(two(), policy(USES)))).alarms
    assert {(one.workload, one.use, one.target) for one in alarms if one.target} == {
        ("notes", "preview", "small"),
        ("notes", "cited", "large"),
    }


def test_a_workload_without_uses_is_decided_as_before() -> None:
    plain = policy(USES.split("    uses:")[0])
    decision = decided(two(), plain)
    assert [one.workload for one in decision.choices] == ["notes"]
    assert_one_answer(decision)


ASSIST = """
policy: 1
workloads:
  notes:
    gates: [{measure: pass_rate, at_least: 0.9, safety: true}]
    assist: {when: {case_status: [closed], risk: low, missing_fields: false, template_current: true}}
"""


def test_reject_for_autonomous_use_and_assist_for_staff_are_both_true() -> None:
    made = Made()
    made.add("notes", "small", of(60, 100))
    decision = decided(made, policy(ASSIST))
    assert decision.findings[0].kind == "reject"
    file = RoutingFile.model_validate(decision.routing)
    safe = CaseFacts("closed", "low", False, True)
    drafted = route_request(file, RequestFacts("notes", case=safe, flags=frozenset({"notes.assist"})))
    assert (drafted.route, drafted.target, drafted.automated) == ("assist", "small", False)
    assert route_request(file, RequestFacts("notes", case=safe, flags=frozenset())).route == "human_review"
    assert route_request(file, RequestFacts("notes")).route == "human_review"
    assert "may draft for staff while its flag is on" in render_files(decision)["index.html"].decode()


def test_what_an_assist_asks_of_a_case_is_known_before_the_draft() -> None:
    with pytest.raises(ConfigError, match="which cases get a draft"):
        policy(ASSIST.replace("risk: low", "local_label: [routine]"))
