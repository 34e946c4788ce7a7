"""Of the answers, those that people would accept: a licensed judge's verdicts, corrected for its measured errors."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES, MeasureDefinition

MEASURES.add(
    "judged_rate",
    MeasureDefinition(
        kind="judged",
        unit="share",
        good="high",
        title="accepted by judge",
        says="answers that people would accept, by a licensed model judge and corrected for its errors",
        order=340,
        phrase="judged rate",
        needs="judge",
    ),
)
