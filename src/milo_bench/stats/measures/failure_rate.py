"""Of all attempts, those that gave no answer; by kind of failure, too."""

from __future__ import annotations

from milo_bench.config.policy.measures import MEASURES
from milo_bench.stats.cases.columns import Cases
from milo_bench.stats.cases.kinds import Own, of_all, rate
from milo_bench.stats.cases.rows import RateRows, failed


def _failures(cases: Cases, own: Own) -> RateRows:
    if "kind" not in own:
        return of_all(failed(cases))
    kinds = cases.failure_kinds
    return of_all(cases.failure_kind == (kinds.index(own["kind"]) if own["kind"] in kinds else -2))


MEASURES.add(
    "failure_rate",
    rate(
        good="low",
        title="failures",
        says="attempts without an answer: time-outs, resets, errors",
        order=130,
        rows=_failures,
        phrase="failure rate",
        takes="kind",
        of_calls=True,
    ),
)
