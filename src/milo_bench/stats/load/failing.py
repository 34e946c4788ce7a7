"""A window's rows in, whether most of its requests failed, and how, out. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final

from milo_bench.core.units import share
from milo_bench.run.load.rows import WindowRows

MOST: Final = 0.5  # of the requests


def mostly_failed(window: WindowRows) -> str:
    """The share of failures by kind, where most of the requests sent failed; "" elsewhere.

    Of the measured part; of the whole window where nothing was sent in that. What was never sent, or was still on its
    way, did not fail.
    """
    rows = [row for row in window.measured if row.failure != "unsent"] or window.rows
    kinds = Counter(row.failure for row in rows if row.failure not in (None, "unsent", "unfinished"))
    if kinds.total() <= MOST * len(rows):
        return ""
    said = ", ".join(f"{kind} {share(count / len(rows))}" for kind, count in kinds.most_common())
    return f"{kinds.total():,} of {len(rows):,} requests failed ({said}): the figures are of the few that did not"
