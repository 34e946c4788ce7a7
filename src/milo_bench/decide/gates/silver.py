"""Sampled labels of a workload in, a clause on how far figures that rest on such labels can be trusted out."""

from __future__ import annotations

from milo_bench.core.records.roles import SilverLabels
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Figure, LinkedText, Source
from milo_bench.stats.intervals import wilson


def said_of_labels(workload: str, labels: SilverLabels | None, figures: Figures) -> LinkedText:
    """The clause with its figures; () for a workload whose labels were not mined."""
    if labels is None:
        return ()
    judged = labels.right + labels.wrong
    sampled = figures.add(_count(workload, "sampled", "sampled labels", labels.sampled))
    interval = wilson(labels.right, judged)
    if interval is None:
        return ("review labels are silver and none of ", figures.ref(sampled), " sampled labels is confirmed by hand")
    precision = figures.add(
        Figure(
            id=f"silver/{workload}/precision",
            title=f"precision of the mined labels of {workload}",
            value=labels.right / judged,
            unit="share",
            source=Source("review", "precision of labels", workload),
            n=judged,
            k=labels.right,
            low=interval.low,
            high=interval.high,
            confidence=interval.confidence,
            method=interval.method,
        )
    )
    said: LinkedText = ("review labels are silver, of precision ", figures.ref(precision, whole=True))
    if judged == labels.sampled:
        return said
    left = figures.add(_count(workload, "open", "sampled labels that are open", labels.sampled - judged))
    return (*said, ", and ", figures.ref(left), " of ", figures.ref(sampled), " sampled labels are open")


def _count(workload: str, what: str, title: str, count: int) -> Figure:
    source = Source("review", f"{what} of labels", workload)
    return Figure(f"silver/{workload}/{what}", f"{title}, {workload}", float(count), "count", source)
