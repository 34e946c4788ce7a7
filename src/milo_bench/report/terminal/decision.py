"""A decision in, what a person reads on a terminal out: the verdict, a row for each finding, and why."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milo_bench.decide.records import Decision, Finding, GateResult
from milo_bench.decide.wording import sentence_case
from milo_bench.operator.permit.records import LEVEL_NAMES
from milo_bench.report.figures import plain_text, whole_text

_STYLES = {"keep": "green", "fix": "yellow", "undecided": "blue", "defer": "cyan", "reject": "red"}
_MARKS = {"fail": "✗", "undecided": "?", "pass": "✓"}  # in the order in which they are shown


def print_decision(decision: Decision, console: Console, *, brief: bool = False) -> None:
    """Verdict, findings with gates, what was proposed, what evidence is missing; ``brief`` stops at the table."""
    console.print(escape(plain_text(decision.figures, decision.verdict)), soft_wrap=True)
    console.print()
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("workload", "target", "finding", "route", "gates"):
        table.add_column(title, no_wrap=title != "gates", overflow="fold")
    for finding in decision.findings:
        kind = f"[{_STYLES[finding.shown_kind]}]{finding.shown_kind}[/]"
        table.add_row(escape(finding.workload), escape(finding.target), kind, finding.route, _tally(finding.gates))
    if decision.findings or not decision.permits:
        console.print(table)
    if decision.permits:
        _print_permits(decision, console)
    if brief:
        return
    for finding in decision.findings:
        _print_finding(decision, finding, console)
    if decision.findings and (sure := decision.figures.get("policy/confidence")) is not None:
        console.print()
        said = f"Brackets show intervals. Each end of a gate's interval is one-sided at {whole_text(sure)}"
        console.print(f"{said}, and higher where several targets share the error.", soft_wrap=True)
    _print_rules(decision, console)
    for judge in decision.judges:
        state = f"not counted: {judge.problem}" if judge.problem else f"licensed until {judge.expires}"
        console.print()
        console.print(f"judge {escape(judge.name)}: {escape(state)}", soft_wrap=True)
        for id in judge.figures.values():
            figure = decision.figures[id]
            console.print(f"    {escape(figure.title)}: {whole_text(figure)}", soft_wrap=True)
    if decision.stopped:
        console.print()
        console.print("where the run ended:")
        for text in decision.stopped:
            console.print(f"  {escape(plain_text(decision.figures, text))}", soft_wrap=True)
    if decision.missing:
        console.print()
        console.print("missing evidence:")
        for text in decision.missing:
            console.print(f"  {escape(plain_text(decision.figures, text))}", soft_wrap=True)


def _print_permits(decision: Decision, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("operator work", "kind of work", "permitted", "next level", "until"):
        table.add_column(title, no_wrap=title != "kind of work", overflow="fold")
    for one in decision.permits:
        for kind in one.kinds:
            after = f"{LEVEL_NAMES[kind.next_level]}: {kind.next_outcome}" if kind.next_level else "—"
            words = (one.permit.target, kind.title, LEVEL_NAMES[kind.level], after, one.permit.expires)
            table.add_row(*[escape(word) for word in words])
    console.print(table)


def _print_finding(decision: Decision, finding: Finding, console: Console) -> None:
    console.print()
    style = _STYLES[finding.shown_kind]
    console.print(f"[{style}]{finding.shown_kind}[/]  {escape(finding.workload)} on {escape(finding.target)}")
    said_by_gates = {plain_text(decision.figures, gate.reason).casefold() for gate in finding.gates}
    for text in finding.reasons:
        said = plain_text(decision.figures, text)
        if said.casefold() not in said_by_gates:
            console.print(f"  {escape(said)}", soft_wrap=True)
    for gate in sorted(finding.gates, key=lambda gate: list(_MARKS).index(gate.outcome)):
        reason = escape(plain_text(decision.figures, gate.reason))
        console.print(f"    {_MARKS[gate.outcome]} {gate.outcome:<9} {reason}", soft_wrap=True)
    chosen = {replay.id for replay in decision.replays if replay.chosen}
    for remedy in finding.remedies:
        repairs = finding.kind == "fix" and (not remedy.replay or remedy.replay in chosen)
        reason = plain_text(decision.figures, remedy.reason)
        named = reason.casefold().startswith(remedy.title.casefold())
        said = reason if named else f"{sentence_case(remedy.title)}. {reason}"
        console.print(f"  {'fix' if repairs else 'tried'}: {escape(said)}", soft_wrap=True)


def _print_rules(decision: Decision, console: Console) -> None:
    """How good the rules and labels are that gates rest on: once, because many gates rest on the same ones."""
    gates = [gate for finding in decision.findings for gate in finding.gates if gate.beside]
    said = [(plain_text(decision.figures, gate.beside), plain_text(decision.figures, gate.reason)) for gate in gates]
    for number, clause in enumerate(dict.fromkeys(clause for clause, reason in said if clause not in reason)):
        if not number:
            console.print()
            console.print(f"how good the {'rules and labels' if decision.silver else 'rules'} are:")
        console.print(f"  {escape(sentence_case(clause))}.", soft_wrap=True)


def _tally(gates: tuple[GateResult, ...]) -> str:
    counts = {outcome: sum(gate.outcome == outcome for gate in gates) for outcome in _MARKS}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
