"""One choice a workload: every part of a package follows it, whatever the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_bench.config.policy.file import read_policy
from milo_bench.config.routing.file import RoutingFile
from milo_bench.decide.records import Decision
from milo_bench.decide.routing.rules import RequestFacts, route_request
from milo_bench.decide.wording import sentence_case
from milo_bench.report.runbook.launch import ship_order
from tests.decide.decision_cases import RULES, decided, finding, policy, shown
from tests.decide.evidence_cases import LOST, Made, Row, of

TARGETS = ("small", "middle", "large")
SHIPS = ("keep", "fix")


def slow(good: int, total: int, seconds: float) -> list[Row]:
    return [replace(row, latency_s=seconds) for row in of(good, total)]


def several(*made_of: tuple[str, int, float], hosted: tuple[str, ...] = ()) -> Made:
    made = Made(hosted=set(hosted))
    for target, good, seconds in made_of:
        made.add("notes", target, slow(good, 100, seconds))
    return made


def assert_one_answer(decision: Decision) -> None:
    """Headline, routes, launch and choice name the same target for each workload, or none."""
    file = RoutingFile.model_validate(decision.routing)
    by_id = {one.id: one for one in decision.findings}
    assert [choice.workload for choice in decision.choices] == list(
        dict.fromkeys(f.workload for f in decision.findings)
    )
    assert {one.id for one in ship_order(decision)} == {one.id for one in decision.chosen}
    said = shown(decision.verdict, decision)
    for choice in decision.choices:
        found = by_id[choice.finding]
        assert (choice.workload, choice.target) == (found.workload, found.target)
        mine = [rule for rule in file.rules if choice.workload in rule.when.workload]
        assert mine
        assert {rule.finding for rule in mine} == {choice.finding}
        asked = {rule.target for rule in mine if rule.route in ("local", "mixed", "assist")}
        if found.kind in SHIPS:
            assert f"{found.target} can take over" in said
            replay = next((one for one in decision.replays if one.id == choice.replay), None)
            answers = found.target if replay is None else str(replay.rules[-1].get("target"))
            assert mine[-1].target == answers
        else:
            assert not asked, "work that nobody passed goes to no local model"
            assert " stays with " in said or " stay with " in said
        better = [one for one in decision.findings if one.workload == choice.workload and one.kind in SHIPS]
        assert bool(better) == (found.kind in SHIPS), "a target that passes is never passed over"
        assert sentence_case(shown(choice.reason, decision)).endswith(".")


made_ = st.lists(
    st.tuples(
        st.sampled_from(["notes", "letters"]), st.sampled_from(TARGETS), st.integers(40, 100),
        st.sampled_from([1.0, 2.0, 9.0]),
    ),
    min_size=1, max_size=6, unique_by=lambda one: one[:2],
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    made_,
    st.sampled_from(["cheapest", "quickest", "best"]),
    st.sampled_from(["", "order: [middle, large]"]),
    st.integers(60, 100),
)
def test_no_decision_disagrees_with_itself(
    rows: list[tuple[str, str, int, float]], choose: str, order: str, cloud: int
) -> None:
    made = Made(hosted={"cloud"})
    for workload, target, good, seconds in rows:
        made.add(workload, target, slow(good, 100, seconds))
    for workload in {workload for workload, *_ in rows}:
        made.add(workload, "cloud", slow(cloud, 100, 0.5))
    gates = "gates: [{measure: pass_rate, at_least: 0.8, safety: true}]\n    remedies: [guard_to_review, other_target]"
    by = read_policy(
        f"policy: 1\nchoose: {choose}\n{order}\nworkloads:\n  notes:\n    {gates}\n  letters:\n    {gates}\n{RULES}"
    )
    assert_one_answer(decided(made, by))


@pytest.mark.parametrize(("choose", "target"), [("cheapest", "small"), ("quickest", "small"), ("best", "large")])
def test_the_policy_says_by_which_rule_the_target_is_chosen(choose: str, target: str) -> None:
    made = several(("large", 100, 4.0), ("small", 96, 1.0), ("middle", 97, 2.0))
    decision = decided(made, policy(top=f"choose: {choose}"))
    (choice,) = decision.choices
    assert (choice.target, choice.compared) == (target, "compared/3")


def test_the_reason_of_a_choice_is_printed_with_its_figure() -> None:
    decision = decided(several(("large", 100, 4.0), ("small", 96, 1.0)), policy())
    assert shown(decision.choices[0].reason, decision) == (
        "The cheapest of the <2> compared that passes every gate (<1> of machine time per case)."
    )


def test_a_target_that_passes_as_it_is_comes_before_a_cheaper_one_that_needs_a_fix() -> None:
    made = several(("small", 70, 1.0), ("large", 99, 9.0))
    decision = decided(made, policy(more="    remedies: [guard_to_review, human_review]\n"))
    assert decision.choices[0].target == "large"


def test_where_nothing_passes_the_nearest_is_named_and_people_keep_the_work() -> None:
    decision = decided(several(("small", 20, 1.0), ("large", 82, 9.0)), policy())
    (choice,) = decision.choices
    assert (choice.target, finding(decision, "large").shown_kind) == ("large", "undecided")
    assert decision.routing["rules"][0]["route"] == "human_review"
    assert shown(choice.reason, decision) == "None of the <2> compared passes every gate. large comes nearest."


def test_a_defer_that_somebody_chose_is_not_called_undecided() -> None:
    rules = "findings: [{name: later, when: [any_gate_failed], finding: defer}, {name: rest, when: [], finding: defer}]"
    by = read_policy(f"policy: 1\nworkloads: {{notes: {{gates: [{{measure: pass_rate, at_least: 0.9}}]}}}}\n{rules}")
    assert finding(decided(several(("small", 20, 1.0)), by)).shown_kind == "defer"
    assert finding(decided(several(("small", 92, 1.0)), by)).shown_kind == "undecided"


def test_rules_that_ask_a_model_have_a_flag_that_is_off_until_launch() -> None:
    decision = decided(several(("small", 99, 1.0)), policy())
    file = RoutingFile.model_validate(decision.routing)
    assert (file.flags, file.flags_file) == (("notes",), "flags.yaml")
    assert route_request(file, RequestFacts("notes")).target == "small"
    assert route_request(file, RequestFacts("notes", flags=frozenset())).cause == "flag_off"


def test_work_that_was_lost_everywhere_is_still_one_answer() -> None:
    made = Made()
    made.add("notes", "small", [LOST] * 50)
    made.add("notes", "large", [LOST] * 50)
    assert_one_answer(decided(made, policy()))
