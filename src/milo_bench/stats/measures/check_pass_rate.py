"""Of the answers that one check judged, those that passed it."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import judged, missed_once, rate

MEASURES.add(
    "check_pass_rate",
    rate(
        good="high",
        title="passed one check",
        says="answers that pass one check",
        order=140,
        rows=lambda cases, own: judged(
            cases.held.get(own["check"]), cases, f"the check '{own['check']}' judged no answer"
        ),
        missed=missed_once,
        phrase="check pass rate",
        needs="check",
        at_terminal=False,
    ),
)
