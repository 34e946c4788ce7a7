"""Of the sentences that claim something, those with a citation."""

from __future__ import annotations

import numpy as np

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.columns import Cases
from milo_bench.stats.cases.kinds import Own, missed_once, rate, share
from milo_bench.stats.cases.rows import RateRows


def _coverage(cases: Cases, own: Own) -> RateRows:
    if "citation_coverage" not in cases.parts:
        none = np.zeros(len(cases))
        return share(none, none, "no answer was judged by the check 'citation_coverage'")
    return share(*cases.parts["citation_coverage"])


MEASURES.add(
    "citation_coverage",
    rate(
        good="high",
        title="citation coverage",
        says="claim sentences with a citation",
        order=80,
        rows=_coverage,
        missed=missed_once,
    ),
)
