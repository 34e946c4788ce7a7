"""Final attempts of one candidate in; the same with failed repeats set aside in the share of the answered ones out."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from milo_bench.run.asked.failed_repeats import RepeatCounts, set_aside
from milo_bench.stats.cases.columns import Cases


def with_failures_aside(cases: Cases) -> Cases:
    """``cases`` with some failed repeats infinitely slow among the warm times, and no longer among the others.

    See ``failed_repeats.set_aside``. The order of the rows does not matter.
    """
    warm = ~np.isnan(cases.warm_latency_s)
    if not warm.any():
        return cases
    failed = np.isinf(cases.latency_s)
    answered = warm | np.isfinite(cases.latency_s)
    repeated = cases.repeat > 0
    places = np.flatnonzero(failed & repeated)
    places = places[np.lexsort((cases.repeat[places], cases.fixture[places]))]
    asked = RepeatCounts(
        answered=int(answered.sum()),
        warm=int(warm.sum()),
        repeats=int((answered & repeated).sum()),
        warm_repeats=int((warm & repeated).sum()),
        failures=int(failed.sum()),
        failed_repeats=len(places),
    )
    aside = places[set_aside(asked)]
    if not len(aside):
        return cases
    columns = {}
    for cold, beside in (("latency_s", "warm_latency_s"), ("ttft_s", "warm_ttft_s")):
        columns[cold], columns[beside] = getattr(cases, cold).copy(), getattr(cases, beside).copy()
        columns[cold][aside], columns[beside][aside] = np.nan, np.inf
    if "first_text_s" in cases.thinking:
        first_text_s = cases.thinking["first_text_s"].copy()
        first_text_s[aside] = np.nan
        columns["thinking"] = {**cases.thinking, "first_text_s": first_text_s}
    return replace(cases, **columns)
