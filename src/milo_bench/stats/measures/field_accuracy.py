"""Of the fields that answers should have, those that match exactly."""

from __future__ import annotations

import numpy as np

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.arrays import Floats
from milo_bench.stats.cases.columns import Cases
from milo_bench.stats.cases.kinds import Own, judged, rate, share, unjudged_by
from milo_bench.stats.cases.rows import Missed, RateRows


def _fields(cases: Cases, own: Own) -> RateRows:
    if "field" in own:
        found = judged(cases.fields.get(own["field"]), cases, f"no answer has a field '{own['field']}'")
        return share(found.held, found.asked, found.why_none, unjudged_by(cases, "exact_fields"))
    held, asked = np.zeros(len(cases)), np.zeros(len(cases))
    for column in cases.fields.values():
        held += column == 1
        asked += column >= 0
    unjudged = unjudged_by(cases, "exact_fields") * float(max(1, len(cases.fields)))
    return share(held, asked, "no answer has a field that was judged", unjudged)


def _missed(cases: Cases, own: Own, missed: Missed) -> Floats:
    return np.full(len(cases), 1.0 if "field" in own else float(len(cases.fields)))


MEASURES.add(
    "field_accuracy",
    rate(
        good="high",
        title="field accuracy",
        says="fields that match exactly",
        order=40,
        rows=_fields,
        missed=_missed,
        takes="field",
    ),
)
