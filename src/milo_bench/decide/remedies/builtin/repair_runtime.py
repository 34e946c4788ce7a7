"""Repairs what a probe of the runtime found."""

from __future__ import annotations

from milo_bench.config.policy.remedies import REMEDIES, RemedyDefinition
from milo_bench.decide.facts import CandidateFacts
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Remedy
from milo_bench.decide.remedies.builtin.readiness_probe import LIFECYCLE
from milo_bench.decide.remedies.plans import not_replayable
from milo_bench.decide.wording import capitalise, join_words


def _repair(seen: CandidateFacts, figures: Figures) -> Remedy | None:
    found = [result for result in seen.failed_probes if result.probe not in LIFECYCLE]
    if not found:
        return None
    names = join_words([result.probe for result in found])
    severity = "critical" if any(result.severity == "critical" for result in found) else "major"
    reason = f"the probe {names} failed ({severity}). The work is settled when the probe passes"
    params = {"probes": [result.probe for result in found], "severity": severity}
    title = REMEDIES.get("repair_runtime").title
    return Remedy("repair_runtime", title, capitalise((reason,)), params=params)


REMEDIES.add(
    "repair_runtime",
    RemedyDefinition(
        title="a repair of the runtime",
        short="runtime repair",
        step="Repair the runtime",
        says="repairs what a probe of the runtime found, such as text in a log",
        hours=(4.0, 8.0, 24.0),
        done_when="the probe passes on this target",
        changes=not_replayable("it changes how the target runs, not which cases it gets"),
        follows=_repair,
    ),
)
