"""A comparison in, a table for a terminal out."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core.records import Interval
from milo_bench.core.units import change_text, figure, p_value, share
from milo_bench.decide.wording import sentence_case
from milo_bench.report.terminal.scorecard import print_rules
from milo_bench.stats.compare import Comparison, RateComparison

SURE = 0.05


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Pass rates with their test, then means, then what else differs between the sides."""
    console.print(Text(f"{comparison.first}  against  {comparison.second}", style="bold"))
    if comparison.differs:
        console.print(Text("differences: " + ", ".join(comparison.differs)))
    unpaired = comparison.only_in_first + comparison.only_in_second
    if unpaired:
        console.print(Text(f"{unpaired} fixtures are on one side only and left out"))
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("workload", "measure", "first", "second", "difference", "pairs", ""):
        left = title in ("workload", "measure", "")
        table.add_column(title, justify="left" if left else "right", no_wrap=True)
    for rate in comparison.rates:
        table.add_row(
            _workload(rate),
            "pass rate",
            share(rate.first_rate),
            share(rate.second_rate),
            _moved(rate.difference, rate.interval, "share"),
            str(rate.pairs),
            "differs" if rate.p_adjusted < SURE else "undecided",
        )
        p = p_value(rate.p_adjusted)
        dim = [f"{len(side)}" for side in (rate.only_first, rate.only_second)]
        table.add_row("", Text("passed on one side", style="dim"), *dim, p)
        for mean in comparison.means:
            if (mean.workload, mean.decoding) == (rate.workload, rate.decoding):
                table.add_row(
                    "",
                    Text(mean.name.removesuffix("_s").replace("_", " "), style="dim"),
                    figure(mean.first_mean, mean.unit),
                    figure(mean.second_mean, mean.unit),
                    _moved(mean.difference, mean.interval, mean.unit),
                    str(mean.pairs),
                    _bounded(mean.interval),
                )
    console.print(table)
    if any(rate.decoding == "constrained" for rate in comparison.rates):
        console.print(Text("* decoded within the answer schema", style="dim"))
    for said in dict.fromkeys(comparison.silver.get(rate.workload, "") for rate in comparison.rates):
        if said:
            console.print(Text(f"{sentence_case(said)}.", style="yellow"), soft_wrap=True)
    methods = ", ".join(dict.fromkeys(rate.method for rate in comparison.rates))
    means = ", means by paired bootstrap, both at 95%" if comparison.means else ", at 95%"
    console.print(Text(f"pass rates by {methods} with Holm over workloads{means}", style="dim"))
    console.print(Text("undecided: a difference may still exist, see its interval", style="dim"))
    print_rules(comparison.rules, console)
    console.print()


def _workload(rate: RateComparison) -> str:
    return f"{rate.workload}*" if rate.decoding == "constrained" else rate.workload


def _moved(value: float, interval: Interval | None, unit: str) -> str:
    low, high = (interval.low, interval.high) if interval is not None else (None, None)
    return change_text(value, low, high, unit)


def _bounded(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return "too few pairs"
    return "differs" if interval.low > 0 or interval.high < 0 else "undecided"
