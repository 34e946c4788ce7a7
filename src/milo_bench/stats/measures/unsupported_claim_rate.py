"""Of the answers that were checked for it, those with a claim that rules flag as one the record does not support."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import judged, rate

MEASURES.add(
    "unsupported_claim_rate",
    rate(
        good="low",
        title="flagged as unsupported",
        says="answers with a claim that rules flag as one the record does not support",
        order=90,
        rows=lambda cases, own: judged(cases.unsupported, cases, "no check looks for unsupported claims"),
        phrase="unsupported claim rate",
        asked="unsupported_claims",
        settled="unsupported claims",
    ),
)
