"""Summaries that people labelled as consistent or not in; precision and recall of ``unsupported_facts`` by half out."""

from __future__ import annotations

from pathlib import Path

from benchmarks.recorded.data import rows
from milo_bench.guards.facts import unsupported_facts
from milo_bench.stats.intervals import wilson


def report(path: Path) -> int:
    """Print the figures; how many promises are broken."""
    items = list(rows(path))
    halves = {"first half": items[: len(items) // 2], "second half": items[len(items) // 2 :]}
    print(f"\nfaithfulness: unsupported_facts on {len(items)} summaries of {path.name}")
    print(f"  {'':<12} {'summaries':>9} {'inconsistent':>12} {'precision':>22} {'recall':>22} {'false flags':>22}")
    for name, half in halves.items():
        flagged = [bool(unsupported_facts(row["summary"], [row["source"]])) for row in half]
        wrong = [not _is_consistent(row) for row in half]
        hits = sum(flag and bad for flag, bad in zip(flagged, wrong, strict=True))
        false = sum(flag and not bad for flag, bad in zip(flagged, wrong, strict=True))
        print(
            f"  {name:<12} {len(half):>9} {sum(wrong):>12} {_shown(hits, sum(flagged)):>22} "
            f"{_shown(hits, sum(wrong)):>22} {_shown(false, len(half) - sum(wrong)):>22}"
        )
    print("  a flag asks for review; it never passes or fails an answer")
    return 0


def _is_consistent(row: dict[str, object]) -> bool:
    value = row.get("consistent", row.get("label"))
    return value in (True, 1, "1", "yes", "consistent")


def _shown(k: int, n: int) -> str:
    interval = wilson(k, n)
    if interval is None or interval.low is None or interval.high is None:
        return "none"
    return f"{k / n:.1%} ({interval.low:.1%}–{interval.high:.1%})"
