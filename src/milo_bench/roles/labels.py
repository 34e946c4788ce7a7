"""Review cases in, a sheet for confirming a sample of their labels by hand out; and back, how many were right."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from milo_bench.core import units
from milo_bench.stats.intervals import wilson

LABELS: Final = "review_labels.csv"
_SAMPLE: Final = 12
_COLUMNS: Final = ("fixture", "commit", "fix", "lines", "confirmed")


def labels_sheet(fixtures: Iterable[dict[str, Any]], before: str, seed: int) -> str:
    """A row for each sampled faulty case; what ``before`` confirmed is kept. ``confirmed`` is yes, no or ""."""
    known = {row["fixture"]: row for row in _rows(before)}
    faulty = {one["id"]: one for one in fixtures if "faulty" in one["tags"]}
    order = sorted(faulty)
    random.Random(seed).shuffle(order)  # noqa: S311  a sample, not a secret
    chosen = [name for name in known if name in faulty]
    chosen += [name for name in order if name not in known][: max(0, _SAMPLE - len(chosen))]
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name in chosen:
        expect = faulty[name]["expect"]["review"]
        lines = "; ".join(f"{path}:{','.join(map(str, numbers))}" for path, numbers in expect["lines"].items())
        writer.writerow(
            {
                "fixture": name,
                "commit": faulty[name]["provenance"]["commit"],
                "fix": " ".join(expect["fixes"]),
                "lines": lines,
                "confirmed": known.get(name, {}).get("confirmed", ""),
            }
        )
    return out.getvalue()


def label_precision(folder: Path) -> str:
    """How far the labels of the folder's review cases can be trusted, as a sentence. "" where it has none."""
    try:
        text = (folder / LABELS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    said = [row.get("confirmed", "").strip().lower() for row in _rows(text)]
    right, wrong = sum(one in ("yes", "y") for one in said), sum(one in ("no", "n") for one in said)
    interval = wilson(right, right + wrong)
    if interval is None or interval.low is None or interval.high is None:
        return f"review labels are silver and unconfirmed: fill 'confirmed' in {LABELS} with yes or no"
    return (
        f"review labels are silver: {right} of {right + wrong} confirmed by hand, precision "
        f"{units.share(right / (right + wrong))} ({units.share(interval.low)} to {units.share(interval.high)})"
    )


def _rows(text: str) -> list[dict[str, str]]:
    return [row for row in csv.DictReader(io.StringIO(text)) if row.get("fixture")]
