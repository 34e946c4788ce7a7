"""Sends cases above a length to another route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.remedies.plans import Ground, RemedyChange, hosted_baseline, rule_id


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    limit = ground.limit
    if limit is None:
        why = "no length was found above which errors increase"
        yield RemedyChange(name, why_not=why if ground.texts_known else "the logs have no text, so lengths are unknown")
        return
    workload = ground.base.workload
    when: dict[str, Any] = {"workload": [workload], "words": {"over": limit.words}}
    hosted = hosted_baseline(ground) if remedy.past == "hosted" else None
    rules = []
    if hosted is not None:
        table, here = ground.recorded.evidence.fixtures, ground.recorded.fixture
        if table.sensitive[here].any():
            sensitive = {**when, "sensitive": True}
            rules.append({"id": rule_id(workload, "long-sensitive"), "when": sensitive, "route": "human_review"})
        rules.append({"id": rule_id(workload, "long"), "when": when, "route": "hosted", "target": hosted})
    else:
        rules.append({"id": rule_id(workload, "long"), "when": when, "route": "human_review"})
    yield RemedyChange(name, before=tuple(rules), params={"max_words": limit.words, "past": hosted or "human_review"})


REMEDIES.add(
    "length_limit",
    RemedyDefinition(
        title="a length limit with a route for longer cases",
        short="length rule",
        step="Send long files another way",
        says="sends cases above a length to another route",
        settings="`past`: `hosted` or `human_review`. The limit is found from the data",
        hours=(2.0, 4.0, 6.0),
        done_when="longer cases take their own route and a test covers both sides of the limit",
        changes=_changes,
        splits=True,
    ),
)
