"""A standing report in, what a person and a CI system read out: lines by outcome, or one JUnit XML document."""

from __future__ import annotations

from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape

from milo_bench.core.text import visible
from milo_bench.decide.changes.records import Changes
from milo_bench.decide.changes.standing import StandingReport

_STYLES = {"held": "green", "regressed": "red", "undecided": "yellow"}
_TITLES = {"regressed": "regressed", "undecided": "undecided", "held": "held"}


def print_standing(report: StandingReport, console: Console) -> None:
    """What regressed first, with by how much."""
    for text in report.changed:
        console.print(f"changed: {escape(text)}", soft_wrap=True)
    for one in report.answered:
        shown = f"what answered, {one.target}: {one.standing}: {one.reason}"
        console.print(f"[{_STYLES[one.standing]}]{escape(shown)}[/]", soft_wrap=True)
    for standing in ("regressed", "undecided", "held"):
        results = report.of(standing)
        if not results:
            continue
        console.print(f"\n[{_STYLES[standing]}]{_TITLES[standing]}[/] ({len(results)})")
        for result in results:
            line = f"  {result.candidate.text}: {result.what}: {result.reason}"
            console.print(escape(line), soft_wrap=True)
    if report.not_run:
        console.print(escape(f"\nnot run again: {', '.join(report.not_run)}"), soft_wrap=True)
    for note in report.notes:
        console.print(f"note: {escape(note)}", soft_wrap=True)
    if report.added:
        console.print(escape(f"not in the baseline: {', '.join(report.added)}"), soft_wrap=True)


def standing_junit(report: StandingReport) -> str:
    """A testsuite for each candidate; what regressed is a ``failure``, what is undecided is ``skipped``."""
    root = ElementTree.Element("testsuites", name="milo-bench gate")
    for name in dict.fromkeys(result.candidate.text for result in report.results):
        results = [result for result in report.results if result.candidate.text == name]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=visible(name),
            tests=str(len(results)),
            failures=str(sum(result.standing == "regressed" for result in results)),
            errors="0",
            skipped=str(sum(result.standing == "undecided" for result in results)),
        )
        for result in results:
            title = f"{result.what} ({result.kind})"
            case = ElementTree.SubElement(suite, "testcase", classname=visible(name), name=visible(title))
            if result.standing != "held":
                tag = "failure" if result.standing == "regressed" else "skipped"
                ElementTree.SubElement(case, tag, message=visible(result.reason))
    if report.answered:
        count = {standing: sum(one.standing == standing for one in report.answered) for standing in _TITLES}
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name="what answered",
            tests=str(len(report.answered)),
            failures=str(count["regressed"]),
            errors="0",
            skipped=str(count["undecided"]),
        )
        for one in report.answered:
            case = ElementTree.SubElement(suite, "testcase", classname="what answered", name=visible(one.target))
            if one.standing != "held":
                tag = "failure" if one.standing == "regressed" else "skipped"
                ElementTree.SubElement(case, tag, message=visible(one.reason))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def print_changes(changes: Changes, console: Console) -> None:
    """Each finding that is another one now, and why."""
    console.print(f"\nsince {changes.since}:")
    for text in changes.differs:
        console.print(f"  {escape(text)}", soft_wrap=True)
    for change in changes.findings:
        before, now = change.before or "none", change.now or "none"
        route = f", route {change.route_before or 'none'} → {change.route_now or 'none'}"
        if not (change.route_before or change.route_now):  # operator work has levels, and no route of its own
            route = ""
        console.print(
            f"  {escape(change.workload)} on {escape(change.target)}: {before} → {now}{route}", soft_wrap=True
        )
        for text in change.because:
            console.print(f"    {escape(text)}", soft_wrap=True)
    if not changes.findings:
        console.print("  no finding changed")
    elif changes.unchanged:
        console.print(f"  unchanged: {changes.unchanged}")
