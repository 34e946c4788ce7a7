"""A decision in, runbook.md out: start, readiness, limits, thresholds, watching, rollback, incidents, what voids it."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.core.records import ProbeResult, TargetRecord
from milo_bench.decide.records import Decision, Ref
from milo_bench.report.pages.blocks import (
    Block,
    Bullets,
    Code,
    Heading,
    PageSentence,
    Paragraph,
    Quote,
    Table,
    to_markdown,
)
from milo_bench.report.pages.claims import Claims
from milo_bench.report.pages.names import without_command
from milo_bench.report.pages.routes.rows import refused_work
from milo_bench.report.pages.views import OUTCOMES, ROUTES, SIGNS, label, workload_title
from milo_bench.report.runbook.alarms import alarms_yaml, planned_alarms, said_of
from milo_bench.report.runbook.incidents import incident_blocks
from milo_bench.report.runbook.launch import cap_of, chosen_replay, operations_checklist, served_targets, ship_order
from milo_bench.report.runbook.permits import permit_blocks
from milo_bench.report.runbook.start import readiness_lines, ready_name, seen_running, server_commands
from milo_bench.report.runbook.watch import WATCH, gate_lines, plain_number

_SLOWEST = 15.0  # seconds; what a one-token generation may take where nothing was measured


def runbook_md(claims: Claims) -> str:
    """The whole file. ``claims`` must be of form ``markdown``."""
    return to_markdown(runbook(claims.decision), claims)


def runbook(decision: Decision) -> tuple[Block, ...]:
    """The runbook as blocks."""
    served = {target.name: target for target in decision.targets}
    targets = [served[name] for name in served_targets(decision) if name in served]
    return (
        Heading(1, ("Runbook",)),
        Paragraph(decision.verdict),
        Paragraph(
            (
                "Filled in from measurements. A comment names the figure behind each number in a command. "
                "decision.json gives the sources.",
            )
        ),
        *_routes(decision),
        *_starts(decision, targets),
        *_readiness(decision, targets),
        *_limits(decision, targets),
        *_thresholds(decision),
        *_watching(decision),
        *_rollback(decision, targets),
        *incident_blocks(decision, targets, {one.name: ready_lines(decision, one) for one in targets}),
        *permit_blocks(decision),
        *_voids(decision),
        Heading(2, ("Checklist",)),
        *(Heading(3, block.text) if isinstance(block, Heading) else block for block in operations_checklist(decision)),
    )


def _routes(decision: Decision) -> Iterator[Block]:
    yield Heading(2, ("Routes",))
    rows = tuple(
        (
            (workload_title(decision, finding.workload),),
            (finding.shown_kind,),
            (ROUTES[finding.route],),
            (finding.target if finding.kind in ("keep", "fix") else "none",),
        )
        for finding in ship_order(decision)
    )
    if rows:
        yield Table(("workload", "finding", "route", "local target"), rows)
    refused = refused_work(decision)
    if refused:
        yield Paragraph(("Refused before any other rule applies:",))
        yield Bullets(tuple((Quote(rule.id), ": ", Quote(rule.why), ".") for rule in refused))
    yield Paragraph(("Only routing.yaml decides routes: it has the rules, limits and fallbacks.",))


def _starts(decision: Decision, targets: list[TargetRecord]) -> Iterator[Block]:
    yield Heading(2, ("Start and stop",))
    if not targets:
        yield Paragraph(("No target runs on your own machines.",))
    elif not any(finding.kind in ("keep", "fix") for finding in decision.findings):
        yield Paragraph(("Nothing ships on a local target. The commands below are for the next run.",))
    for target in targets:
        yield Heading(3, (target.name,))
        cap = _cap_number(decision, target.name)
        if cap:
            yield Paragraph(("At most this many concurrent requests: ", cap[1], "."))
        else:
            yield Paragraph(("One request at a time: no knee was measured.",))
        commands = server_commands(target, cap[0] if cap else "", decision.inventories)
        yield Code(commands.start)
        if commands.stop:
            yield Paragraph(("Stop:",))
            yield Code(commands.stop)
        if commands.unit:
            yield Paragraph(("As a service, in place of the above:",))
            yield Code(commands.unit)
    seen = seen_running(decision.inventories)
    if seen:
        yield Paragraph(("Model servers found by the inventory:",))
        yield Code(seen)


def _cap_number(decision: Decision, target: str) -> tuple[str, Ref] | None:
    """A whole number of requests for a command, and the figure that it is the lower end of."""
    ref = cap_of(decision, target)
    if ref is None:
        return None
    figure = decision.figures[ref.figure]
    number = figure.low if ref.part == "low" else figure.value
    return (str(max(1, int(number))), ref) if number is not None else None


def _readiness(decision: Decision, targets: list[TargetRecord]) -> Iterator[Block]:
    yield Heading(2, ("Readiness check",))
    if not targets:
        return
    yield Paragraph(
        (
            "A server that reports ready may not have loaded its model. Traffic waits for one generated token. "
            "The limit is the p95 of a whole answer: the upper end of its interval, for the slowest workload on the "
            "target. One token takes less. A slower check means that the model is not loaded or the machine is busy.",
        )
    )
    for target in targets:
        yield Heading(3, (target.name,))
        yield Paragraph(_ready_limit(decision, target.name)[1])
        probe = _probe(decision, target.name, "readiness")
        yield Code((*ready_lines(decision, target), f"until {ready_name(target)}; do sleep 1; done"))
        if probe is not None and probe.outcome != "pass":
            yield Paragraph(("Measured: ", Quote(without_command(probe.finding))))


def ready_lines(decision: Decision, target: TargetRecord) -> tuple[str, ...]:
    """The readiness check of ``target`` as a function, with its measured limit."""
    probe = _probe(decision, target.name, "readiness")
    return readiness_lines(target, _ready_limit(decision, target.name)[0], probe)


def _ready_limit(decision: Decision, target: str) -> tuple[str, PageSentence]:
    slowest: tuple[float, Ref] | None = None
    findings = [one for one in ship_order(decision) if one.target == target] or [
        one for one in decision.findings if one.target == target
    ]
    for finding in findings:
        figure = decision.figures.get(f"measure/{finding.candidate.text}/latency_p95_s")
        if figure is None or figure.value is None:
            continue
        known = (figure.value, Ref(figure.id)) if figure.high is None else (figure.high, Ref(figure.id, "high"))
        if slowest is None or known[0] > slowest[0]:
            slowest = known
    if slowest is None:
        return plain_number(_SLOWEST), (
            "No latency was measured on this target. The limit is a default: replace it after a run.",
        )
    return plain_number(slowest[0]), ("Limit: ", slowest[1], ".")


def _limits(decision: Decision, targets: list[TargetRecord]) -> Iterator[Block]:
    yield Heading(2, ("Limits",))
    items: list[PageSentence] = []
    for target in targets:
        cap = cap_of(decision, target.name)
        if cap is None:
            items.append((target.name, ": no load run has found its knee, so send one request at a time."))
            continue
        items.append(
            (target.name, ": at most ", cap, " at a time (lower end of the measured knee). More wait in the queue.")
        )
        hourly = f"capacity/{target.name}/per_hour"
        if hourly in decision.figures:
            needed = f"capacity/{target.name}/needed"
            more: PageSentence = (". The work needs ", Ref(needed)) if needed in decision.figures else ()
            items.append((target.name, ": ", Ref(hourly), " on one host within that limit", *more, "."))
    for finding in ship_order(decision):
        replay = chosen_replay(decision, finding)
        if replay is None or finding.kind not in ("keep", "fix"):
            continue
        items.append((workload_title(decision, finding.workload), ": ", replay.title, ". ", *replay.why, "."))
    items.append(("A request over its limit goes to the fallback of its rule in routing.yaml, without a retry.",))
    yield Bullets(tuple(items))


def _thresholds(decision: Decision) -> Iterator[Block]:
    yield Heading(2, ("Thresholds",))
    rows: list[tuple[PageSentence, ...]] = []
    for finding in ship_order(decision):
        for gate in finding.gates if finding.kind in ("keep", "fix") else ():
            if gate.measure.startswith("probe:") or gate.bound not in decision.figures:
                continue
            where = f"{workload_title(decision, finding.workload)} on {finding.target}"
            rows.append(
                (
                    (where,),
                    (label(gate.measure, gate.slice) + (" (safety)" if gate.safety else ""),),
                    (f"{SIGNS[gate.direction]} ", Ref(gate.bound)),
                    (Ref(gate.figure, whole=True),),
                    (OUTCOMES[gate.outcome][1],),
                )
            )
    if rows:
        yield Paragraph(("Turn the flag off if a live value crosses its threshold, at once for a safety gate.",))
        yield Table(("workload", "measure", "required", "measured", "gate"), tuple(rows))
    else:
        yield Paragraph(("No workload with a gate ships on a local target.",))


def _watching(decision: Decision) -> Iterator[Block]:
    yield Heading(2, ("Watching",))
    alarms = planned_alarms(decision)
    if alarms and alarms_yaml(decision):
        yield Paragraph(
            (
                "The gateway reads the alarms.yaml beside its routing.yaml and opens an incident at each alarm. To "
                "check by hand, run this in its folder. It needs no gold answers, and exits non-zero if there is an "
                "alarm.",
            )
        )
        yield Code((WATCH,))
        yield Table(
            ("workload", "target", "counted", "measured"),
            tuple(
                (
                    (workload_title(decision, alarm.workload),),
                    (alarm.target or "all",),
                    (said_of(alarm),),
                    ("pass: " if alarm.check else "", Ref(alarm.figure, whole=True)),
                )
                for alarm in alarms
            ),
        )
        yield Paragraph(
            (
                "alarms.yaml has the limits: the upper ends of the measured intervals. While live work is like the "
                "measured work, at most one deployment in a hundred ever has an alarm, however often you look.",
            )
        )
        yield Paragraph(("At an alarm, turn off the flag of its workload, then find the incident below.",))
    again = gate_lines(decision)
    if again:
        yield Heading(3, ("Quality, every week and after any change",))
        yield Paragraph(("Run this in the package's folder. The new logs go beside it.",))
        yield Code(again)
        yield Paragraph(("A non-zero exit code comes with what regressed, by how much, with intervals.",))


def _rollback(decision: Decision, targets: list[TargetRecord]) -> Iterator[Block]:
    yield Heading(2, ("Rollback",))
    items: list[PageSentence] = [
        ("Turn off the workload's flag. Finish requests in flight, start no new ones.",),
        (
            "Restore the routing.yaml of the last good decision. If there is none, leave the flags off: each rule then "
            "takes its fallback.",
        ),
        ("Check that a request of each workload takes the old route and that the review queue is staffed.",),
    ]
    if targets:
        items.append(("Stop the local server only when its queue is empty. Its readiness check must then fail.",))
    items += [
        ("Keep the live records since launch. They are the evidence of what went wrong.",),
        ("Turn the flag on again only after a new run and a decision in which every safety gate passes.",),
    ]
    yield Bullets(tuple(items), ordered=True)


def _voids(decision: Decision) -> Iterator[Block]:
    yield Heading(2, ("What voids this decision",))
    yield Paragraph(("It covers these weights, runtimes, prompts and machines only.",))
    rows: list[tuple[PageSentence, ...]] = []
    for target in decision.targets:
        rows.append(
            (
                (target.name,),
                (Quote(target.model),),
                (Quote(target.model_digest) if target.model_digest else "unknown",),
                (target.quantisation or "unknown",),
                (Quote(f"{target.runtime_version}") if target.runtime_version else "unknown",),
                (Quote(target.identity.chat_template) if target.identity.chat_template else "unknown",),
                (Quote(target.identity.cache) if target.identity.cache else "unknown",),
                _licence(target),
            )
        )
    if rows:
        columns = ("target", "model", "digest", "quantisation", "runtime version", "chat template", "cache", "licence")
        yield Table(columns, tuple(rows))
    for target in decision.targets:
        for part, why in sorted(target.identity.unknown.items()):
            yield Paragraph(("Unknown of ", target.name, ": ", Quote(part), ". Reason: ", Quote(why), "."))
    items: list[PageSentence] = []
    for suite in {log.suite.hash: log.suite for log in decision.logs}.values():
        items.append(("Prompts, schemas and fixtures: suite ", suite.name, ", hash ", Quote(suite.hash), "."))
    items += [("Prompt of ", Quote(name), ": ", Quote(said), ".") for name, said in sorted(decision.prompts.items())]
    for inventory in dict.fromkeys(log.inventory for log in decision.logs if log.inventory):
        items.append(("Machine and runtimes: fingerprint ", Quote(inventory), "."))
    items.append(
        (
            "If a digest, quantisation, runtime version, prompt or machine changes, turn its flags off. Then run "
            "milo-bench decide with --since and this package.",
        )
    )
    yield Bullets(tuple(items))


def _licence(target: TargetRecord) -> PageSentence:
    known = target.identity
    return (Quote(known.licence), " (", Quote(known.licence_from), ")") if known.licence else ("unknown",)


def _probe(decision: Decision, target: str, name: str) -> ProbeResult | None:
    found = [one.result for one in decision.probes if (one.result.target, one.result.probe) == (target, name)]
    return found[-1] if found else None
