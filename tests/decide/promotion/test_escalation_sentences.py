"""What a person reads of an escalation."""

from __future__ import annotations

from milo_bench.core.records.roles import EscalationReport, EscalationStep
from milo_bench.decide.promotion.escalation import escalation_sentences


def _said(*, accepted: int, failed: int, cost: float | None) -> str:
    each = cost / accepted if cost is not None and accepted else None
    step = EscalationStep("big", 1, 8, accepted, 3, accepted, 0, cost, each, cost, 2.0, "x.jsonl", failed)
    _, said = escalation_sentences([EscalationReport("review", "small", 10, 8, (step,), 5)])
    return said


def test_a_step_says_how_many_requests_got_no_answer_and_what_it_cost() -> None:
    said = _said(accepted=0, failed=6, cost=0.0)
    assert "0 of 8 answers passed, 3 accepted the change. 6 of 8 requests got no answer." in said
    assert "The step cost $0. Sending it all 10 reviews at once would cost $0." in said
    said = _said(accepted=2, failed=0, cost=0.5)
    assert "no answer" not in said
    assert "The step cost $0.50, $0.25 per answer that passed." in said
    assert "The step cost an unknown amount." in _said(accepted=0, failed=0, cost=None)
