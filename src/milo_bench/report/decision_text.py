"""A decision in, what a person reads on a terminal out: the verdict, a row for each finding, and why."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milo_bench.core.records import Interval
from milo_bench.core.units import figure as figure_text
from milo_bench.core.units import interval_text
from milo_bench.decide.records import Decision, Figure, Finding, GateResult, Ref, Text

_STYLES = {"keep": "green", "fix": "yellow", "defer": "cyan", "reject": "red"}
_MARKS = {"pass": "✓", "fail": "✗", "undecided": "?"}


def print_decision(decision: Decision, console: Console) -> None:
    """Verdict, findings with their gates, what was proposed, and what evidence is missing."""
    console.print(escape(plain(decision.figures, decision.verdict)), soft_wrap=True)
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("workload", "target", "finding", "route", "gates"):
        table.add_column(title, no_wrap=title != "gates", overflow="fold")
    for finding in decision.findings:
        kind = f"[{_STYLES[finding.kind]}]{finding.kind}[/]"
        table.add_row(escape(finding.workload), escape(finding.target), kind, finding.route, _tally(finding.gates))
    console.print(table)
    for finding in decision.findings:
        _print_finding(decision, finding, console)
    if decision.missing:
        console.print()
        console.print("not there:")
        for text in decision.missing:
            console.print(f"  {escape(plain(decision.figures, text))}", soft_wrap=True)


def plain(figures: Mapping[str, Figure], text: Text) -> str:
    """A sentence with its figures written out."""
    return "".join(part if isinstance(part, str) else ref_text(figures, part) for part in text)


def ref_text(figures: Mapping[str, Figure], ref: Ref) -> str:
    """``94 %``; with ``whole`` also interval and n: ``94 % (88–97 %, n 70)``."""
    figure = figures[ref.figure]
    number = getattr(figure, ref.part)
    if ref.part in ("n", "k"):
        return figure_text(None if number is None else float(number), "count")
    shown = figure_text(number, figure.unit)
    if not ref.whole:
        return shown
    ends = Interval(figure.low, figure.high, figure.confidence or 0.0, figure.method)
    inside = [interval_text(ends, figure.unit), "" if figure.n is None else f"n {figure.n:,}"]
    said = ", ".join(part for part in inside if part)
    return f"{shown} ({said})" if said else shown


def _print_finding(decision: Decision, finding: Finding, console: Console) -> None:
    console.print()
    style = _STYLES[finding.kind]
    console.print(f"[{style}]{finding.kind}[/]  {escape(finding.workload)} on {escape(finding.target)}")
    said_by_gates = {gate.reason for gate in finding.gates}
    for text in finding.reasons:
        if text in said_by_gates:
            continue
        console.print(f"  {escape(plain(decision.figures, text))}", soft_wrap=True)
    for gate in finding.gates:
        reason = escape(plain(decision.figures, gate.reason))
        console.print(f"    {_MARKS[gate.outcome]} {gate.outcome:<9} {reason}", soft_wrap=True)
    for remedy in finding.remedies:
        console.print(f"  remedy: {escape(plain(decision.figures, remedy.reason))}", soft_wrap=True)
    for text in finding.would_change:
        console.print(f"  would change it: {escape(plain(decision.figures, text))}", soft_wrap=True)


def _tally(gates: tuple[GateResult, ...]) -> str:
    counts = {outcome: sum(gate.outcome == outcome for gate in gates) for outcome in _MARKS}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
