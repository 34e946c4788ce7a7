"""Sends cases with a keyword to human review, whatever the model says."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import Ground, RemedyChange, judged_checks, rule_id

_READABLE = ("answer_present", "json_reading", "schema")  # without these an answer has no label


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    if not ground.texts_known:
        yield RemedyChange(name, why_not="the logs have no text, so keyword matches are unknown")
        return
    here = {"workload": [ground.base.workload]}
    before = {"id": rule_id(ground.base.workload, "keywords"), "when": {**here, "keywords": ["any"]}}
    after = []
    expected = set(ground.recorded.wanted[ground.recorded.wanted >= 0].tolist())
    labels = [label for place, label in enumerate(ground.recorded.labels) if place in expected]
    if remedy.safe_label and remedy.safe_label in labels:
        unsafe = sorted(label for label in labels if label != remedy.safe_label)
        if unsafe:
            after.append(
                {
                    "id": rule_id(ground.base.workload, "downgrade-nothing"),
                    "when": {**here, "local_label": unsafe},
                    "route": "human_review",
                    "why": "the model cannot lower a label, only flag cases for human review",
                }
            )
        readable = [check for check in _READABLE if check in judged_checks(ground, ground.base)]
        if readable:
            when = {**here, "failed_checks": readable}
            after.append({"id": rule_id(ground.base.workload, "unreadable"), "when": when, "route": "human_review"})
    rail = {**before, "route": "human_review", "why": "too many keyword matches are better than a missed one"}
    yield RemedyChange(name, before=(rail,), after=tuple(after), params={"safe_label": remedy.safe_label})


REMEDIES.add(
    "keyword_rule",
    RemedyDefinition(
        title="a keyword rule that the model cannot override",
        short="keyword rule",
        step="Send cases with risk words to people",
        says="sends cases with a keyword to human review, whatever the model says",
        settings="`safe_label`: the one label of the model that needs no human review",
        hours=(4.0, 6.0, 10.0),
        done_when="the rule runs before the model, the model cannot override it, and a test covers both",
        changes=_changes,
        splits=True,
    ),
)
