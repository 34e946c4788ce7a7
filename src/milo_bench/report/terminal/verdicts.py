"""Verdicts in, what a person reads on a terminal out: a table by check, or one attempt opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from milo_bench.core.records import AnswerSource, Attempt, Fixture, Graded, Span, Verdict
from milo_bench.core.text import visible, visible_in_place
from milo_bench.core.units import seconds
from milo_bench.report.terminal.lines import in_lines
from milo_bench.suites.documents.read_text import read_positions, where_in

VERDICTS_SCHEMA = "milo-bench.verdicts/1"
_STYLES = {"pass": "green", "fail": "red", "flag": "yellow", "skip": "dim", "unjudged": "yellow"}
_MARKED = ("fail", "flag", "unjudged")
_OUTCOMES = ("pass", "fail", "flag", "skip", "unjudged")
_BORDERS = 4  # columns of a panel's frame and the blanks inside it


def verdicts_json(graded: Iterable[Graded]) -> str:
    """``{"schema": …, "graded": […]}``."""
    data = {"schema": VERDICTS_SCHEMA, "graded": list(graded)}
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


def print_check_table(graded: Sequence[Graded], console: Console) -> None:
    """For every workload, target and check: how many passed, failed, were flagged, do not apply, are unjudged."""
    counts: dict[tuple[str, str, str, str], Counter[str]] = {}
    whole: dict[tuple[str, str], Counter[str]] = {}
    for one in graded:
        place = (one.workload, one.key.target)
        outcome = _state(one)
        whole.setdefault(place, Counter())[outcome] += 1
        for verdict in one.verdicts:
            row = counts.setdefault((*place, verdict.check, verdict.version), Counter())
            row[verdict.outcome] += 1
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("workload", "target", "check", "version"):
        table.add_column(title)
    for title in _OUTCOMES:
        table.add_column(title, justify="right")
    for (workload, target), outcomes in whole.items():
        failures = f"  {outcomes['failure']} failures, not judged" if outcomes["failure"] else ""
        table.add_row(
            Text(workload, style="bold"),
            Text(target, style="bold"),
            Text(f"attempts{failures}"),
            "",
            Text(str(outcomes["pass"]), style="bold"),
            Text(str(outcomes["fail"]), style="bold"),
            "",
            "",
            Text(_count(outcomes["unjudged"]), style="bold"),
        )
        for (w, t, check, version), row in counts.items():
            if (w, t) == (workload, target):
                table.add_row("", "", Text(check), version, *(_count(row[o]) for o in _OUTCOMES))
    console.print(table)


def _state(graded: Graded) -> str:
    if graded.passed is None:
        return "unjudged" if graded.unjudged else "failure"
    return "pass" if graded.passed else "fail"


def _count(count: int) -> str:
    return str(count) if count else "·"


def print_judged(attempt: Attempt, fixture: Fixture, graded: Graded, console: Console) -> None:
    """One attempt opened: input on the left, answer on the right, offending spans marked, reasons below."""
    key = attempt.key
    state = {"pass": "passed", "fail": "did not pass"}.get(_state(graded), _state(graded))
    title = f"{key.fixture} on {key.target}, {key.decoding}, repeat {key.repeat}: {state}"
    console.print(Text(title, style="bold"))
    spans = [span for verdict in graded.verdicts if verdict.outcome in _MARKED for span in verdict.spans]
    width = max(40, console.width // 2 - 1)
    texts = (("input", _input(fixture, spans)), ("answer", _answer(attempt, spans)))
    panels = [
        Panel(in_lines(text, width - _BORDERS, console), title=title, title_align="left", width=width)
        for title, text in texts
    ]
    console.print(Columns(panels, padding=(0, 0)))
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for verdict in graded.verdicts:
        name = f"{verdict.check}.{verdict.subject}" if verdict.subject else verdict.check
        said = Text(verdict.reason)
        if verdict.category:
            said = Text(f"{verdict.category}: ", style="bold").append(verdict.reason, style="not bold")
        if place := _place(fixture, verdict):
            said.append(f"  [{place}]", style="dim")
        table.add_row(Text(verdict.outcome, style=_STYLES[verdict.outcome]), Text(name), said)
    console.print(table)
    if attempt.source is not None:
        console.print(Text(_recorded(attempt.source), style="dim"))
    console.print()


def _recorded(source: AnswerSource) -> str:
    """Where an imported answer was recorded, and what that tool said of it: beside our verdicts, not among them."""
    tool = f"{source.tool} {source.version}".strip()
    parts = [f"recorded by {tool} in {source.file} line {source.line}"]
    if source.verdicts:
        said = ", ".join(f"{name} {value}" for name, value in list(source.verdicts.items())[:6])
        parts.append(f"its own verdict: {said}")
    if source.cached:
        parts.append("answered from a cache, so it has no times")
    elif source.times_s:
        parts.append(
            "its times: "
            + ", ".join(f"{name.removesuffix('_s')} {seconds(value)}" for name, value in source.times_s.items())
        )
    return visible(". ".join(parts))


def _place(fixture: Fixture, verdict: Verdict) -> str:
    """Where the first span of an imported document was in its file: ``claim.pdf, page 2, paragraph 3``."""
    text = fixture.input.get("document")
    name = fixture.provenance.get("document")
    span = next((one for one in verdict.spans if one.where == "input.document"), None)
    if span is None or not isinstance(text, str) or not isinstance(name, str):
        return ""
    return f"{name}, {where_in(text, read_positions(fixture.provenance), span.start)}"


def _input(fixture: Fixture, spans: Sequence[Span]) -> Text:
    document = fixture.input.get("document")
    if isinstance(document, str):
        return _marked(document, [span for span in spans if span.where == "input.document"])
    shown = Text()
    for name, value in fixture.input.items():
        shown.append(f"{name}: ", style="bold")
        if name == "case" and isinstance(value, dict):
            shown.append(_case(value))
        else:
            shown.append(value if isinstance(value, str) else msgspec.json.encode(value).decode())
        shown.append("\n")
    return shown


def _case(case: dict[str, Any]) -> str:
    """A case record as lines: what it is, then one line for each event."""
    head = ", ".join(f"{key} {value}" for key, value in case.items() if isinstance(value, str))
    lines = [head]
    for event in case.get("events", ()):
        status = f" [{event['status']}]" if event.get("status") else ""
        corrects = f" (corrects {event['corrects']})" if event.get("corrects") else ""
        lines.append(
            f"{event.get('id')} {event.get('at')} {event.get('source')}{status}{corrects}: {event.get('text')}"
        )
    for request in case.get("requests", ()):
        lines.append(f"requested {request.get('requested_at')}: {request.get('document')} ({request.get('state')})")
    return "\n".join(lines)


def _answer(attempt: Attempt, spans: Sequence[Span]) -> Text:
    if attempt.failure is not None:
        return Text(f"{attempt.failure.kind}: {attempt.failure.message}", style="red")
    if attempt.bypass:
        return Text(attempt.bypass, style="yellow")
    if not attempt.output:
        return Text("(empty)" if not attempt.output_hash else "(not stored)", style="dim")
    return _marked(attempt.output, [span for span in spans if span.where == "output"])


def _marked(text: str, spans: Sequence[Span]) -> Text:
    """``text`` as data (no markup, control characters shown), with ``spans`` reversed."""
    shown = Text(visible_in_place(text))
    for span in spans:
        shown.stylize("reverse", span.start, span.end)
    return shown
