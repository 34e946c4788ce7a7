"""Of all attempts, those that passed every check."""

from __future__ import annotations

import numpy as np

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.kinds import passed, rate

MEASURES.add(
    "pass_rate",
    rate(
        good="high",
        title="pass rate",
        says="attempts that pass every check, failed attempts included",
        order=10,
        rows=lambda cases, own: passed(cases, np.ones(len(cases), dtype=np.bool_)),
        by_tag=True,
    ),
)
