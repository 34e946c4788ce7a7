"""What a person said of sampled labels in, how far figures that rest on such labels can be trusted out."""

from __future__ import annotations

from typing import Final

from milo_bench.config.policy.measures import split_slice
from milo_bench.core import units
from milo_bench.core.records.roles import SilverLabels
from milo_bench.stats.intervals import wilson

CHECK: Final = "review_verdict"  # what judges answers by mined labels
_RESTS: Final = frozenset({"pass_rate", "pass_rate_of_answers", "check_pass_rate"})


def rests_on_labels(measure: str, slice: str = "") -> bool:
    """Whether a measure of a workload with ``CHECK`` counts answers that its labels call right."""
    checks = [part for part in split_slice(slice) if part.startswith("check=")]
    return measure in _RESTS and all(part == f"check={CHECK}" for part in checks)


def silver_text(labels: SilverLabels) -> str:
    """The precision of the labels with its 95% interval, as a clause without a full stop."""
    judged = labels.right + labels.wrong
    interval = wilson(labels.right, judged)
    if interval is None or interval.low is None or interval.high is None:
        return f"review labels are silver and none of {labels.sampled} sampled labels is confirmed by hand"
    left = f", {labels.sampled - judged} sampled labels are open" if labels.sampled > judged else ""
    return (
        f"review labels are silver: {labels.right} of {judged} confirmed by hand, precision "
        f"{units.share(labels.right / judged)} ({units.share(interval.low)} to {units.share(interval.high)}){left}"
    )
