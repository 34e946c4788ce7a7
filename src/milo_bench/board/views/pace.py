"""What the index of a log knows of its times in, the rate and the time left out."""

from __future__ import annotations

from typing import Any

from milo_bench.board.index.records import LogIndex
from milo_bench.core import units

_LAST = 60  # answers that the rate is of


def pace_of(index: LogIndex) -> dict[str, Any]:
    """``per_minute`` over the last answers, ``left`` in words, "" where it cannot be said."""
    done = index.count()
    ends = sorted(index.ends_s)[-_LAST:]
    rate = (len(ends) - 1) / (ends[-1] - ends[0]) if len(ends) > 1 and ends[-1] > ends[0] else None
    to_come = max(0, index.planned - done)
    left = units.seconds(to_come / rate) if rate and to_come else ""
    return {
        "per_minute": None if rate is None else round(rate * 60, 2),
        "of_last": len(ends),
        "left": left,
        "to_come": to_come,
        "done_width": round(100 * done / index.planned, 1) if index.planned else 0,
        "spent": units.seconds(index.last_s) if index.last_s else "",
        "spark": _spark(ends),
    }


def _spark(ends: list[float]) -> str:
    """A path of answers over time: how many ended in each of twenty equal parts, 120 by 24 units."""
    if len(ends) < 8 or ends[-1] <= ends[0]:
        return ""
    parts = [0] * 20
    for end in ends:
        parts[min(19, int(20 * (end - ends[0]) / (ends[-1] - ends[0])))] += 1
    most = max(parts)
    points = (f"{6 * n} {round(22 - 20 * part / most, 1)}" for n, part in enumerate(parts))
    return "M" + "L".join(points)
