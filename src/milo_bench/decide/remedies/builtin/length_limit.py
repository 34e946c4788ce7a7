"""Sends cases above a length to another route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from milo_bench.config.policy.models import RemedyConfig
from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.baseline import passing_baseline
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.remedies.plans import Ground, RemedyChange, hosted_baseline, rule_id
from milo_bench.decide.replay.gates import routing_can_change


def _changes(ground: Ground, name: str, remedy: RemedyConfig) -> Iterator[RemedyChange]:
    limit = ground.limit
    if limit is None:
        why = "no length was found above which errors increase"
        yield RemedyChange(name, why_not=why if ground.texts_known else "the logs have no text, so lengths are unknown")
        return
    workload = ground.base.workload
    when: dict[str, Any] = {"workload": [workload], "words": {"over": limit.words}}
    hosted = _fit_for_long(ground, limit.words) if remedy.past == "hosted" else None
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


def _fit_for_long(ground: Ground, words: int) -> str | None:
    """The hosted baseline where it passes the gates of the work and fails none on the long cases; else None."""
    name, evidence = hosted_baseline(ground), ground.recorded.evidence
    passing = passing_baseline(ground.policy, evidence, ground.base)
    if name is None or passing is None or passing.target != name:
        return None
    cases = evidence.cases[passing]
    long = evidence.fixtures.words[cases.fixture] > words
    results = judge_gates(ground.policy, evidence, passing, Figures(), rows=long)
    on_answers = (gate for gate in results if gate.against == "bound" and routing_can_change(gate))
    return None if any(gate.outcome == "fail" for gate in on_answers) else name


REMEDIES.add(
    "length_limit",
    RemedyDefinition(
        title="a length limit with a route for longer cases",
        short="length rule",
        step="Send long files another way",
        says="sends cases above a length to another route",
        settings="`past`: `hosted` (a baseline that passes the same gates, else people) or `human_review`. "
        "The limit is found from the data",
        hours=(2.0, 4.0, 6.0),
        done_when="longer cases take their own route and a test covers both sides of the limit",
        changes=_changes,
        splits=True,
    ),
)
