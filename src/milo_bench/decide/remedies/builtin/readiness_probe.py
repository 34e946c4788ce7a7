"""Lets traffic in when the server has generated a token."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.facts import CandidateFacts
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Remedy
from milo_bench.decide.remedies.plans import not_replayable
from milo_bench.decide.wording import capitalise, join_words

# Probes whose failure a readiness probe in front of the server repairs.
LIFECYCLE = ("readiness", "cold_start")


def _probe(seen: CandidateFacts, figures: Figures) -> Remedy | None:
    late = [result.probe for result in seen.failed_probes if result.probe in LIFECYCLE]
    if not late:
        return None
    reason = f"the probe {join_words(late)} failed: the server reports ready too early"
    title = REMEDIES.get("readiness_probe").title
    return Remedy("readiness_probe", title, capitalise((reason,)), params={"probes": late})


REMEDIES.add(
    "readiness_probe",
    RemedyDefinition(
        title="a readiness probe",
        short="warm-start check",
        step="Add a warm-start check",
        says="lets traffic in when the server has generated a token",
        hours=(2.0, 4.0, 6.0),
        done_when="traffic waits for a generated token and the readiness probe passes",
        changes=not_replayable("it changes how the target runs, not which cases it gets"),
        follows=_probe,
    ),
)
