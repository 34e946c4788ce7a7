"""Of the answers that should be JSON, those that are."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import judged, missed_once, rate

MEASURES.add(
    "json_valid_rate",
    rate(
        good="high",
        title="valid JSON",
        says="answers that are valid JSON of the required shape",
        order=30,
        rows=lambda cases, own: judged(cases.held.get("json_reading"), cases, "no answer was read as JSON"),
        missed=missed_once,
        phrase="JSON validity",
    ),
)
