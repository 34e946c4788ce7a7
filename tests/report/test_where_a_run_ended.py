"""What a stopping rule or a budget ended is said with how much was asked and why."""

from __future__ import annotations

from milo_bench.core.records import WorkEnd
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.stopped import EndedWork, SpentBudget, stopped_texts
from milo_bench.report.figures import plain_text


def said(*ended: EndedWork, spent: tuple[SpentBudget, ...] = ()) -> list[str]:
    figures = Figures()
    texts = list(stopped_texts(ended, spent, figures))
    return [plain_text(figures.all(), text) for text in texts]


def test_a_work_ends_because_its_gates_are_decided() -> None:
    gates = {"pass_rate at least": "fail", "failure_rate at most": "pass"}
    [text] = said(EndedWork("run.jsonl", WorkEnd("small", "triage", "decided", 23, gates), 70))
    assert text == (
        "triage on small ended after 23 fixtures (planned: 70), because pass rate had failed by bounds that hold at "
        "every look"
    )
    passed = WorkEnd("small", "triage", "decided", 61, {"pass_rate at least": "pass"})
    assert "every gate had passed" in said(EndedWork("run.jsonl", passed, 70))[0]


def test_a_work_that_is_out_of_reach_names_what_its_gate_needs() -> None:
    end = WorkEnd(
        "small",
        "triage",
        "out_of_reach",
        16,
        {"pass_rate at least": "undecided", "recall[class=urgent] at least": "undecided"},
        {"pass_rate at least": 214},
    )
    [text] = said(EndedWork("run.jsonl", end, 60))
    assert "pass rate needs about 214 fixtures and recall of urgent cannot be decided by this run" in text


def test_a_spent_budget_is_said() -> None:
    assert said(spent=(SpentBudget("run.jsonl", 40),)) == [
        "run.jsonl ended after 40 attempts, because the budget of the run was spent"
    ]
