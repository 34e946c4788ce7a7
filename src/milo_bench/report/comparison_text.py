"""A comparison in, a table for a terminal out."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core.records import Interval
from milo_bench.core.units import figure, share
from milo_bench.stats.compare import Comparison, MeanComparison, RateComparison

SURE = 0.05


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Pass rates with their test, then means, then what else differs between the sides."""
    console.print(Text(f"{comparison.first}  against  {comparison.second}", style="bold"))
    if comparison.differs:
        console.print(Text("what differs: " + "; ".join(comparison.differs)))
    unpaired = comparison.only_in_first + comparison.only_in_second
    if unpaired:
        console.print(Text(f"{unpaired} fixtures stand on one side only and are left out"))
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("workload", "measure", "first", "second", "difference", "pairs", "evidence"):
        table.add_column(title, justify="left" if title in ("workload", "measure", "evidence") else "right")
    for rate in comparison.rates:
        table.add_row(
            _workload(rate),
            "pass rate",
            share(rate.first_rate),
            share(rate.second_rate),
            _points(rate.difference, rate.interval),
            str(rate.pairs),
            _evidence(rate),
        )
        for mean in comparison.means:
            if (mean.workload, mean.decoding) == (rate.workload, rate.decoding):
                table.add_row(
                    "",
                    Text(mean.name.removesuffix("_s").replace("_", " "), style="dim"),
                    figure(mean.first_mean, mean.unit),
                    figure(mean.second_mean, mean.unit),
                    _difference(mean),
                    str(mean.pairs),
                    _bounded(mean.interval),
                )
    console.print(table)
    console.print()


def _workload(rate: RateComparison) -> str:
    return f"{rate.workload}, {rate.decoding}" if rate.decoding == "constrained" else rate.workload


def _points(difference: float, interval: Interval | None) -> str:
    text = f"{difference * 100:+.0f} points"
    if interval is None or interval.low is None or interval.high is None:
        return text
    return f"{text} ({interval.low * 100:+.0f} to {interval.high * 100:+.0f})"


def _difference(mean: MeanComparison) -> str:
    def signed(value: float) -> str:
        sign = "-" if value < 0 else "+"
        return f"{value * 100:+.1f} points" if mean.unit == "share" else sign + figure(abs(value), mean.unit)

    interval = mean.interval
    if interval is None or interval.low is None or interval.high is None:
        return signed(mean.difference)
    return f"{signed(mean.difference)} ({signed(interval.low)} to {signed(interval.high)})"


def _evidence(rate: RateComparison) -> str:
    counts = f"{len(rate.only_first)} only first, {len(rate.only_second)} only second"
    p = f"p {rate.p_adjusted:.3f}" if rate.p_adjusted >= 0.001 else "p < 0.001"
    verdict = "differs" if rate.p_adjusted < SURE else "no difference shown"
    return f"{verdict}: {counts}, {rate.method}, {p} (Holm)"


def _bounded(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return "too few pairs"
    return "differs" if interval.low > 0 or interval.high < 0 else "no difference shown"
