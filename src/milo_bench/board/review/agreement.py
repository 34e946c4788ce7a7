"""Scores of pairs of people in, how far they agree out; it moves once in ten answers, so that it gives nothing away."""

from __future__ import annotations

from typing import Any, Final

from milo_bench.board.review.standing import BatchStanding
from milo_bench.decide.review import AGREEMENT_BAR
from milo_bench.stats.agreement import alpha_interval, krippendorff_alpha

STEP: Final = 10
_WIDTH: Final = 120
_EDGE: Final = 6


def agreement_data(standing: BatchStanding) -> dict[str, Any]:
    """Krippendorff's alpha of each question, on the first answers that were scored twice, in tens."""
    doubled = standing.doubled()
    counted = doubled - doubled % STEP
    questions = []
    for question, pairs in standing.pairs().items():
        taken = pairs[:counted]
        alpha, interval = krippendorff_alpha(taken), alpha_interval(taken)
        low = None if interval is None else interval.low
        high = None if interval is None else interval.high
        enough = low is not None and low >= AGREEMENT_BAR
        questions.append(
            {
                "question": question,
                "items": len(taken),
                "alpha": None if alpha is None else round(alpha, 2),
                "low": None if low is None else round(low, 2),
                "high": None if high is None else round(high, 2),
                "outcome": "pass" if enough else "undecided",
                "bar": _bar(alpha, low, high),
            }
        )
    return {"counted": counted, "doubled": doubled, "step": STEP, "threshold": AGREEMENT_BAR, "questions": questions}


def _bar(alpha: float | None, low: float | None, high: float | None) -> dict[str, float]:
    """Places from 0 to 120; left is better, so 1 is at the left end and 0 at the right one."""
    if alpha is None or low is None or high is None:
        return {}

    def at(value: float) -> float:
        return round(_EDGE + (_WIDTH - 2 * _EDGE) * (1 - min(1.0, max(0.0, value))), 1)

    return {"value": at(alpha), "low": at(high), "high": at(low), "gate": at(AGREEMENT_BAR)}
