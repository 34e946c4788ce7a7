"""Of the labels that were given, those that would be correct had the most common class always been answered."""

from __future__ import annotations

import numpy as np

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.columns import Cases
from milo_bench.stats.cases.kinds import Own, rate, share
from milo_bench.stats.cases.rows import RateRows


def _always(cases: Cases, own: Own) -> RateRows:
    known = cases.want >= 0
    if not known.any():
        return share(known, known, "no fixture has a label")
    most = np.bincount(cases.want[known]).argmax()
    return share(cases.want == most, known)


MEASURES.add(
    "null_accuracy",
    rate(
        good="neither",
        title="null model",
        phrase="accuracy of the null model",
        says="correct labels if the most common one is always given",
        order=51,
        rows=_always,
    ),
)
