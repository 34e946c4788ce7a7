"""Sampled live work in, how much of it there is by workload and outcome out; no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from milo_bench.core.text import one_line
from milo_bench.report.terminal.console import stdout_console
from milo_bench.report.terminal.serving.gateway import date_text
from milo_bench.store.state.samples import SampledWork


def print_samples(found: Sequence[SampledWork]) -> None:
    """One row for each workload and outcome."""
    if not found:
        click.echo("Nothing was sampled. Set gateway.sample in bench.yaml.")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("workload", "outcome", "requests", "first", "last"):
        table.add_column(name, justify="right" if name == "requests" else "left")
    for row in sample_counts(found):
        cells = (row["workload"], row["outcome"], f"{row['requests']:,}", row["first"], row["last"])
        table.add_row(*[Text(one_line(cell, 80)) for cell in cells])
    stdout_console().print(table)


def sample_counts(found: Sequence[SampledWork]) -> list[dict[str, Any]]:
    """Plain data of those rows."""
    counts = Counter((one.workload, one.outcome) for one in found)
    rows = []
    for (workload, outcome), count in sorted(counts.items()):
        times = [one.at for one in found if (one.workload, one.outcome) == (workload, outcome)]
        rows.append(
            {
                "workload": workload, "outcome": outcome, "requests": count, "first": date_text(min(times)),
                "last": date_text(max(times)),
            }
        )  # fmt: skip
    return rows
