"""Answers that send a case to a person, in whatever a model puts around the mark; and those that do not."""

from __future__ import annotations

import pytest

from milo_bench.guards.sent_on import escalation_reason, plain_escalation, sends_on

SENT_ON = {
    "HUMAN_REVIEW": "",
    "**HUMAN_REVIEW**": "",
    "`HUMAN_REVIEW`": "",
    "“HUMAN_REVIEW”": "",
    '"HUMAN_REVIEW: conflict"': "conflict",
    "# HUMAN_REVIEW": "",
    "human_review": "",
    "Human review.": "",
    "HUMAN_REVIEW: The newest statuses contradict each other [E-1, E-2].": "The newest statuses contradict each other "
    "[E-1, E-2]",
    "HUMAN_REVIEW - approved and closed": "approved and closed",
    "HUMAN_REVIEW – two statuses of 3 May": "two statuses of 3 May",
    "**HUMAN_REVIEW:** conflict": "conflict",
    "HUMAN_REVIEW (statuses conflict)": "statuses conflict",
    "HUMAN_REVIEW. The statuses conflict.": "The statuses conflict",
    "HUMAN_REVIEW\nReason: two statuses": "two statuses",
    "HUMAN_REVIEW\n\n**Reason:** two statuses": "two statuses",
    "HUMAN_REVIEW because the statuses conflict": "because the statuses conflict",
    "HUMAN_REVIEW is required": "is required",
    "```\nHUMAN_REVIEW\n```": "",
    '```json\n{"route": "HUMAN_REVIEW"}\n```': "",
    '{"human_review": true}': "",
    '{"case_id": "C-1", "action": "HUMAN_REVIEW", "reason": "two statuses"}': "two statuses",
    '{"HUMAN_REVIEW": "two statuses"}': "two statuses",
    "HUMAN_REVIEW: no longer clear which status holds": "no longer clear which status holds",
    "ESCALATE: risk is high": "risk is high",
    "**ESCALATE:** risk is high": "risk is high",
    "ESCALATE - no rule fits": "no rule fits",
    "ESCALATE: not enough is known": "not enough is known",
    "ESCALATE: none of the rules fits": "none of the rules fits",
    '{"action": "ESCALATE", "reason": "risk is high"}': "risk is high",
    "ESCALATE:": "",
}
ANSWERED = [
    "",
    "{}",
    "{" * 5_000,
    "HUMAN_REVIEW is not needed.",
    "HUMAN_REVIEW: no",
    "HUMAN_REVIEW: false",
    "Human review: none.",
    "HUMAN_REVIEW: not needed, the case is approved [E-2].",
    "HUMAN_REVIEW not required: the case is approved [E-3].",
    "No HUMAN_REVIEW needed.",
    "HUMAN_REVIEW was finished on 3 May [E-1].",
    "HUMAN_REVIEWED",
    "The case is under human review [E-1].",
    "Human review of the case found nothing [E-1]. It is approved [E-2].",
    '{"human_review": false}',
    '{"human_review": "no"}',
    '{"summary": "The case is approved [E-1].", "route": "HUMAN_REVIEW"}',
    "ESCALATED to the manager",
    "ESCALATE is not needed",
]


@pytest.mark.parametrize("text", SENT_ON)
def test_an_answer_sends_the_case_on_whatever_is_around_the_mark(text: str) -> None:
    assert escalation_reason(text) == SENT_ON[text]
    assert sends_on(text)
    plain = plain_escalation(text)
    assert plain is not None
    assert plain.startswith(("HUMAN_REVIEW", "ESCALATE"))
    assert escalation_reason(plain) == SENT_ON[text]


@pytest.mark.parametrize("text", ANSWERED)
def test_an_answer_that_denies_the_mark_or_answers_as_well_is_an_answer(text: str) -> None:
    assert escalation_reason(text) is None
    assert not sends_on(text)
    assert plain_escalation(text) is None


@pytest.mark.parametrize("text", ["HUMAN_REVIEW\n\nThe case is approved [E-1].", "HUMAN_REVIEW: conflict\nIt is open."])
def test_what_is_sent_on_and_summarised_anyway_is_no_plain_escalation(text: str) -> None:
    assert sends_on(text)
    assert escalation_reason(text) is None


def test_only_the_marks_that_a_suite_names_count() -> None:
    assert not sends_on("HUMAN_REVIEW", marks=())
    assert sends_on("**TO_STAFF** - conflict", marks=("TO_STAFF",))
    assert not sends_on("HUMAN_REVIEW", marks=("TO_STAFF",))
