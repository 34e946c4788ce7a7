"""A decision in; what to do when text leaks, prompts are cut, the queue stalls or quality drops out, as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from milo_bench.core.records import TargetRecord
from milo_bench.decide.records import Decision, Ref
from milo_bench.decide.wording import readable_category
from milo_bench.report.pages.blocks import Block, Bullets, Code, Heading, PageSentence, Paragraph, Quote
from milo_bench.report.pages.names import without_command
from milo_bench.report.pages.views import workload_title
from milo_bench.report.runbook.launch import cap_of, ship_order, shown_measure, worst_error
from milo_bench.report.runbook.shell import shell_word
from milo_bench.report.runbook.start import ready_name


def incident_blocks(
    decision: Decision, targets: Sequence[TargetRecord], ready: Mapping[str, Sequence[str]]
) -> Iterator[Block]:
    """Four incidents, each with its sign, what to do in order, and what the bench saw of it.

    ``ready`` has the lines that define each target's readiness check, by its name.
    """
    yield Heading(2, ("Incidents",))
    yield from _leak(decision, targets)
    yield from _truncation(decision, targets)
    yield from _stall(decision, targets, ready)
    yield from _quality(decision, targets)


def _leak(decision: Decision, targets: Sequence[TargetRecord]) -> Iterator[Block]:
    yield Heading(3, ("Leaked case text",))
    yield from _seen(decision, targets, ("privacy_leak", "egress", "exposure"))
    yield Bullets(
        (
            ("Turn every flag off. Stop the server whose log, port or traffic leaked.",),
            ("Remove read access to the place. Delete nothing and copy nothing.",),
            ("Find out since when, which cases, and who could read them. Inform the data protection officer.",),
            ("Turn off the logging, address or connection that leaked, and probe again:",),
        ),
        ordered=True,
    )
    yield Code(tuple(_leak_line(decision, target.name) for target in targets))
    yield Bullets((("Return to service only if the probe passes.",),))


def _leak_line(decision: Decision, target: str) -> str:
    """The probe with the logs that were searched when it was measured; where there were none, the shell asks."""
    found = [one.result for one in decision.probes if (one.result.target, one.result.probe) == (target, "privacy_leak")]
    given = found[-1].evidence.get("given") if found else None
    logs = given.get("logs") if isinstance(given, dict) else None
    words = [f"--logs {shell_word(str(log))}" for log in logs] if isinstance(logs, list | tuple) and logs else []
    asked = words or ['--logs "${LOGS:?set it to the folder of the server logs}"']
    return f"milo-bench probe {shell_word(target)} --probe privacy_leak {' '.join(asked)}"


def _truncation(decision: Decision, targets: Sequence[TargetRecord]) -> Iterator[Block]:
    yield Heading(3, ("Truncated prompts or answers",))
    yield from _seen(decision, targets, ("truncation", "limits"))
    yield Bullets(
        (
            ("Sign: answers that end at their token limit, or that ignore the end of a long case.",),
            ("Send long cases to their fallback at once: lower the length limit of the rule in routing.yaml.",),
            ("Find the server's context window in its start command or its log.",),
            ("Restart the server with a window that holds the longest case and its answer.",),
            ("Set context_window of the target in bench.yaml to that window, and probe again:",),
        ),
        ordered=True,
    )
    yield Code(tuple(f"milo-bench probe {shell_word(t.name)} --probe truncation" for t in targets))
    yield Paragraph(("Send answers to long cases from this time to human review.",))


def _stall(decision: Decision, targets: Sequence[TargetRecord], ready: Mapping[str, Sequence[str]]) -> Iterator[Block]:
    yield Heading(3, ("Stalled queue",))
    yield from _seen(decision, targets, ("overload", "recovery", "cancellation", "readiness"))
    items: list[PageSentence] = [
        ("Turn off the flags of the workloads on that server. Their fallback takes new requests.",),
        ("Run the server's readiness check. If it fails, restart the server and wait until it passes.",),
    ]
    for target in targets:
        cap = cap_of(decision, target.name)
        if cap is not None:
            items.append(
                (
                    "If concurrent requests on ",
                    target.name,
                    " exceed ",
                    cap,
                    ", the cap is not enforced: fix it.",
                )
            )
    items += [
        ("Send queued requests older than their limit to human review without retrying.",),
        ("Turn on one flag at a time, lightest workload first, while p95 stays within its threshold.",),
    ]
    yield Bullets(tuple(items), ordered=True)
    for one in targets:
        yield Code((*ready.get(one.name, ()), f"{ready_name(one)} && echo {ready_name(one)} answers"))


def _quality(decision: Decision, targets: Sequence[TargetRecord]) -> Iterator[Block]:
    yield Heading(3, ("Drop in quality",))
    items: list[PageSentence] = []
    for finding in ship_order(decision):
        worst = worst_error(decision, finding) if finding.kind in ("keep", "fix") else None
        if worst is not None:
            items.append(
                (
                    f"{workload_title(decision, finding.workload)} on {finding.target}: most frequent error so far is ",
                    readable_category(worst.category),
                    ", ",
                    Ref(worst.rate, whole=True),
                    ".",
                )
            )
        safety = [gate for gate in finding.gates if gate.safety and gate.bound in decision.figures]
        items += [
            (
                f"{workload_title(decision, finding.workload)}: review every answer when live work shows ",
                *shown_measure(gate),
                " below " if gate.direction == "at_least" else " above ",
                Ref(gate.bound),
                ".",
            )
            for gate in safety
            if finding.kind in ("keep", "fix") and not gate.measure.startswith("probe:")
        ]
    if items:
        yield Bullets(tuple(items))
    yield Bullets(
        (
            ("Turn the flag off at once for a safety measure, after two failures in a row for any other.",),
            ("Compare digest, quantisation, runtime version and prompt with this runbook.",),
            ("Run the suite and check it against this package with milo-bench gate.",),
            ("If nothing changed and the suite passes, live cases differ from the fixtures: add some of them.",),
        ),
        ordered=True,
    )


def _seen(decision: Decision, targets: Sequence[TargetRecord], probes: Sequence[str]) -> Iterator[Block]:
    """What the probes found on the targets that are served; silence is said as such."""
    names = {target.name for target in targets}
    results = [one.result for one in decision.probes if one.result.target in names and one.result.probe in probes]
    if not results:
        yield Paragraph((f"Not probed: {', '.join(name.replace('_', ' ') for name in probes)}.",))
        return
    yield Bullets(
        tuple(
            (
                f"Probe {one.probe.replace('_', ' ')} on {one.target}: ",
                {"pass": "passed", "fail": "failed", "undecided": "undecided"}[one.outcome],
                ". ",
                Quote(without_command(one.finding)),
            )
            for one in results
        )
    )
