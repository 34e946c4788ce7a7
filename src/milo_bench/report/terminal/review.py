"""A review in, what a person reads on a terminal out: weighted means with intervals, and how far reviewers agree."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milo_bench.core.units import estimate, figure, interval_text
from milo_bench.decide.review import Review


def print_review(review: Review, console: Console) -> None:
    """Means of the population, and agreement."""
    console.print(f"{review.scored} of {review.sampled} items scored by {escape(', '.join(review.reviewers))}")
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("candidate", "question", "mean of 5", "95%", "n"):
        table.add_column(title, justify="right" if title in ("mean of 5", "n") else "left")
    for candidate, measure in review.measures:
        mean = figure(measure.value, "")
        ends = interval_text(measure.interval, "") or measure.note or "too few for an interval"
        table.add_row(escape(candidate.text), measure.name, mean, ends, str(measure.n))
    console.print(table)
    console.print("\nagreement of reviewers (Krippendorff's ordinal alpha: 1 is full, 0 is chance)")
    for one in review.agreements:
        if one.items == 0:
            console.print(f"  {one.question}: no item has two scores")
        else:
            same = one.alpha is None
            shown = "all scores are the same" if same else estimate(one.alpha, one.low, one.high, "")
            console.print(f"  {one.question}: {shown}, {one.items} items")
