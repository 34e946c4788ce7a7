"""What a run will take in, a table of requests, minutes and dollars, likely and at most, out."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core import units
from milo_bench.core.units import NOTHING, dollars, seconds
from milo_bench.run.estimate import Estimate, RunEstimate


def print_estimate(estimate: RunEstimate, console: Console) -> None:
    """A row for each target and one for all; then how many fixtures there are, and what no number of them decides."""
    table = Table(pad_edge=False, box=None, padding=(0, 2))
    table.add_column("target")
    for name in ("requests", "at most", "time", "at most", "cost", "at most"):
        table.add_column(name, justify="right")
    for one in estimate.targets:
        table.add_row(one.target, *_cells(one))
    if len(estimate.targets) > 1 or estimate.budget.is_set:
        name = "within the budget" if estimate.budget.is_set else "all"
        table.add_row(
            name,
            f"{estimate.requests_likely:,}",
            f"{estimate.requests_at_most:,}",
            _time(estimate.likely_s),
            _time(estimate.at_most_s),
            _usd(estimate.likely_usd),
            _usd(estimate.at_most_usd),
            style="bold",
        )
    console.print(table)
    for line in _lines(estimate):
        console.print(Text(line))


def _cells(one: Estimate) -> tuple[str, ...]:
    return (
        f"{one.requests_likely:,}",
        f"{one.requests_at_most:,}",
        _time(one.likely_s),
        _time(one.at_most_s),
        _usd(one.likely_usd),
        _usd(one.at_most_usd),
    )


def _lines(estimate: RunEstimate) -> list[str]:
    found = []
    for name, extent in estimate.fixtures.items():
        likely = f"about {units.number(extent.likely)} fixtures {extent.why}, " if extent.why else ""
        found.append(f"{name}: {likely}at most {units.number(extent.at_most)} fixtures")
        for gate, least in estimate.least.items():
            if gate.startswith(f"{name}: "):
                found.append(
                    f"  {gate.removeprefix(f'{name}: ')}: at least {least:,} fixtures, if every answer is good"
                )
    for gate in estimate.beyond:
        found.append(f"{gate} cannot be decided: it needs {estimate.least[gate]:,} fixtures at the least")
    for one in estimate.targets:
        if one.pace is not None:
            found.append(f"{one.target}: {seconds(one.pace.latency_s)} for an answer in {one.pace.source}")
        else:
            found.append(f"{one.target}: no earlier run says how fast it is. At most is every time limit reached")
    return found


def _time(value_s: float | None) -> str:
    return NOTHING if value_s is None else seconds(value_s)


def _usd(value: float | None) -> str:
    return NOTHING if value is None else dollars(value)
