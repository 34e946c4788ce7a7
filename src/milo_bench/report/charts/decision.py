"""A decision in, all of its charts as static SVG out; every number drawn is a figure of the decision."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from milo_bench.decide.records import Decision
from milo_bench.report.charts.counts import confusion_chart, error_chart, tornado_chart
from milo_bench.report.charts.load import latency_chart, load_targets, quantile_chart, throughput_chart
from milo_bench.report.charts.style import Chart
from milo_bench.report.charts.trade import frontier_chart, trade_chart

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


def workloads_of(decision: Decision) -> tuple[str, ...]:
    """Every workload that a finding judges, in the order of the findings."""
    return tuple(dict.fromkeys(finding.workload for finding in decision.findings))


def chart_list(decision: Decision) -> tuple[Chart, ...]:
    """The charts that the decision has data for: by workload, then by target, then of the whole.

    A name (``gates-1-escalation``) is made of letters, digits and ``-`` alone and is no other's.
    """
    named: list[Chart] = []
    for chart in _all(decision):
        parts = (chart.name, str(len(named) + 1), chart.workload, chart.target)
        name = "-".join(filter(None, (_NOT_A_NAME.sub("-", part.lower()).strip("-")[:40] for part in parts)))
        named.append(replace(chart, name=name))
    return tuple(named)


def charts(decision: Decision) -> dict[str, str]:
    """Every chart as SVG by its name. The same decision gives the same bytes."""
    return {chart.name: chart.svg() for chart in chart_list(decision)}


_OF_WORKLOAD: tuple[Callable[[Decision, str], Chart | None], ...] = (
    trade_chart,
    error_chart,
    frontier_chart,
)
_OF_TARGET: tuple[Callable[[Decision, str], Chart | None], ...] = (latency_chart, quantile_chart, throughput_chart)


def _all(decision: Decision) -> Iterator[Chart]:
    made: list[Chart | None] = []
    for workload in workloads_of(decision):
        made += [make(decision, workload) for make in _OF_WORKLOAD]
        made += [confusion_chart(decision, one) for one in decision.confusions if one.candidate.workload == workload]
    made += [make(decision, target) for target in load_targets(decision) for make in _OF_TARGET]
    made.append(tornado_chart(decision))
    return (chart for chart in made if chart is not None)
