"""Nobody is asked to mend a target whose work another one does as it is."""

from __future__ import annotations

from tests.decide.decision_cases import decided, policy
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
