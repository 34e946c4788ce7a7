"""Judged attempts in, one JUnit XML document out, for the test views of CI systems."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from milo_bench.core.records import Attempt, Fixture, Graded
from milo_bench.core.text import visible


def junit_xml(suite: str, rows: Iterable[tuple[Attempt, Fixture, Graded]]) -> str:
    """A testsuite for each (workload, target, decoding), a testcase for each attempt.

    An attempt that did not pass is a ``failure`` with its reasons, a broken request an ``error``,
    a case that a rail sent elsewhere without a verdict ``skipped``.
    """
    root = ElementTree.Element("testsuites", name=visible(suite))
    suites: dict[str, ElementTree.Element] = {}
    totals: dict[str, dict[str, float]] = {}
    for attempt, fixture, graded in rows:
        key = attempt.key
        name = f"{fixture.workload}.{key.target}" + (".constrained" if key.decoding == "constrained" else "")
        if name not in suites:
            suites[name] = ElementTree.SubElement(root, "testsuite", name=visible(name))
            totals[name] = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0, "time": 0.0}
        took_s = attempt.timings.ended_s - attempt.timings.started_s
        total = totals[name]
        total["tests"] += 1
        total["time"] += took_s
        case = ElementTree.SubElement(
            suites[name],
            "testcase",
            classname=visible(name),
            name=visible(fixture.id + (f"#{key.repeat}" if key.repeat else "")),
            time=f"{took_s:.3f}",
        )
        if attempt.failure is not None:
            total["errors"] += 1
            ElementTree.SubElement(case, "error", type=attempt.failure.kind, message=visible(attempt.failure.message))
        elif graded.unjudged:
            total["errors"] += 1
            why = "; ".join(visible(f"{v.check}: {v.reason}") for v in graded.verdicts if v.outcome == "unjudged")
            ElementTree.SubElement(case, "error", type="unjudged", message=why)
        elif graded.passed is not True:
            total["failures"] += 1
            broken = [v for v in graded.verdicts if v.outcome in ("fail", "flag")]
            first = broken[0].category or broken[0].check if broken else "no check passed"
            element = ElementTree.SubElement(case, "failure", type=visible(first), message=visible(first))
            element.text = "\n".join(visible(f"{v.check}: {v.reason or v.category}") for v in broken)
    for name, element in suites.items():
        for label, value in totals[name].items():
            element.set(label, f"{value:.3f}" if label == "time" else str(int(value)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
