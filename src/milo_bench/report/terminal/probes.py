"""Probe results in, a table for the terminal or one JSON document out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core.records import ProbeResult
from milo_bench.core.text import one_line

PROBES_SCHEMA = "milo-bench.probes/1"
_STYLES: dict[str, str] = {"pass": "green", "fail": "red", "undecided": "yellow"}


def probes_json(target: str, results: Sequence[ProbeResult]) -> str:
    """``{"schema", "target", "counts": {"pass", "fail", "undecided"}, "results": […]}``."""
    counts: Counter[str] = Counter(result.outcome for result in results)
    data = {
        "schema": PROBES_SCHEMA,
        "target": target,
        "counts": {outcome: counts[outcome] for outcome in _STYLES},
        "results": list(results),
    }
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def print_probes(results: Sequence[ProbeResult], console: Console) -> None:
    """Probe, outcome, severity of a failure, finding; then the counts in a line."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for title in ("probe", "outcome", "severity"):
        table.add_column(title, no_wrap=True)
    table.add_column("finding", overflow="fold")
    for result in results:
        table.add_row(
            Text(result.probe, style="bold"),
            Text(result.outcome, style=_STYLES[result.outcome]),
            Text(result.severity if result.outcome == "fail" else "", style="dim"),
            Text(one_line(result.finding, None)),
        )
    console.print(table)
    counts: Counter[str] = Counter(result.outcome for result in results)
    console.print(Text(", ".join(f"{counts[outcome]} {outcome}" for outcome in _STYLES), style="bold"))
