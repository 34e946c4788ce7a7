"""The backlog asks for what would decide or mend the work, and for nothing that would not."""

from __future__ import annotations

from tests.decide.decision_cases import decided, policy, shown
from tests.decide.evidence_cases import Made, of

GATES = "[{measure: pass_rate, at_least: 0.8}]"


def test_a_fix_is_no_work_where_another_target_is_kept() -> None:
    made = Made()
    made.add("notes", "small", of(50, 100))
    made.add("notes", "large", of(99, 100))
    decision = decided(made, policy(GATES, "    remedies: [other_target, human_review]\n"))
    kinds = {one.target: one.kind for one in decision.findings}
    assert kinds == {"small": "fix", "large": "keep"}
    assert decision.backlog == ()


def test_what_is_too_close_to_call_asks_for_a_better_model_and_not_for_fixtures() -> None:
    made = Made()
    made.add("notes", "small", of(97, 120))
    decision = decided(made, policy(GATES))
    (item,) = decision.backlog
    assert (item.work, item.title) == ("better_model", "A better model for notes")
    assert shown(item.reason, decision) == "Pass rate: too close to call on small"
    assert "The next step is to try a better model for notes, about <16> of work." in shown(decision.verdict, decision)


def test_what_a_few_hundred_fixtures_decide_asks_for_them() -> None:
    made = Made()
    made.add("notes", "small", of(84, 100))
    (item,) = decided(made, policy(GATES)).backlog
    assert item.work == "more_fixtures"


def test_where_each_case_went_well_more_of_them_are_asked_for_however_few_there_were() -> None:
    made = Made()
    made.add("notes", "small", of(4, 4))
    decision = decided(made, policy("[{measure: pass_rate, at_least: 0.995}]"))
    (gate,) = decision.findings[0].gates
    assert (decision.figures[gate.further].value or 0) > 200
    assert decision.figures[gate.further].note == ""
    (item,) = decision.backlog
    assert item.work == "more_fixtures"
