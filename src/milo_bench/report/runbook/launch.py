"""A decision in; what ships first behind which flag, and what operations tick off, as blocks out."""

from __future__ import annotations

from collections.abc import Iterator

from milo_bench.decide.records import Decision, ErrorShare, Finding, GateResult, Ref, Replay
from milo_bench.decide.wording import readable_category
from milo_bench.report.pages.blocks import Block, Bullets, Heading, PageSentence, Paragraph, Quote
from milo_bench.report.pages.views import ROUTES, label, workload_title

KIND_ORDER = {"keep": 0, "fix": 1, "defer": 2, "reject": 3}
_STAYS = {"defer", "reject"}


def ship_order(decision: Decision) -> tuple[Finding, ...]:
    """The chosen finding of each workload, safest first."""
    return tuple(sorted(decision.chosen, key=_risk))


def _risk(finding: Finding) -> tuple[int, int, int]:
    return (
        KIND_ORDER[finding.kind],
        sum(gate.outcome == "fail" for gate in finding.gates),
        sum(gate.outcome == "undecided" for gate in finding.gates),
    )


def launch_sequence(decision: Decision) -> tuple[Block, ...]:
    """For product: each workload in the order in which to ship it, its flag, what users see, when to turn it off."""
    if not decision.findings:
        return (Paragraph(("No findings, so nothing ships.",)),)
    blocks: list[Block] = [
        Paragraph(
            (
                "Safest first. Each workload has its own flag, off until every step below it is done. Each waits "
                "until the one before has passed its gates in production.",
            )
        )
    ]
    for finding in ship_order(decision):
        blocks += _stage(decision, finding)
    return tuple(blocks)


def _stage(decision: Decision, finding: Finding) -> Iterator[Block]:
    title = workload_title(decision, finding.workload)
    on = "" if finding.kind in _STAYS else f" on {finding.target}"
    yield Heading(1, (f"{title}{on}: {_verb(finding)}",))
    items: list[PageSentence] = [("Flag ", finding.workload, ": ", _flag(finding), ".")]
    items += list(_impact(decision, finding))
    if finding.kind in _STAYS:
        items += [("Why: ", *reason, ".") for reason in finding.reasons[:2]]
    items += [("First: ", *text) for text in _before(decision, finding)]
    if finding.kind not in _STAYS:
        items += [("Turn the flag off ", *_leaves(gate), ".") for gate in finding.gates if gate.bound]
    others = [one for one in decision.findings if one.workload == finding.workload and one.id != finding.id]
    items += [("Not shipped: ", one.target, " (", one.shown_kind, ", ", one.id, ").") for one in others]
    yield Bullets(tuple(items))


def _verb(finding: Finding) -> str:
    return {
        "keep": "ship",
        "fix": "ship after the fix",
        "undecided": "undecided",
        "defer": "defer",
        "reject": "do not ship",
    }[finding.shown_kind]


def _flag(finding: Finding) -> str:
    match finding.kind:
        case "keep":
            return "shadow first (answers are recorded but not shown), then some staff, then all"
        case "fix":
            return "off until the fix is in. Then staff review each answer until the gates pass on live records"
        case "defer":
            return "stays off. The work continues as today"
        case "reject":
            return "stays off. Requests are refused or go to human review"


def _impact(decision: Decision, finding: Finding) -> Iterator[PageSentence]:
    if finding.kind in _STAYS:
        yield ("Users see no change. Route: ", ROUTES[finding.route], ".")
        return
    name = finding.candidate.text
    median, p95 = (_ref(decision, f"measure/{name}/latency_{q}_s") for q in ("p50", "p95"))
    if median and p95:
        yield ("Users see answers after ", median, " (median) or ", p95, " (p95).")
    passed = _ref(decision, f"measure/{name}/pass_rate", whole=True)
    if passed:
        yield ("Answers that pass every check: ", passed, ".")
    worst = worst_error(decision, finding)
    if worst is not None:
        said = readable_category(worst.category)
        yield ("Most frequent error: ", said, ", ", Ref(worst.rate, whole=True), " of attempts.")
    chosen = chosen_replay(decision, finding)
    if chosen is not None:
        for key, words in (
            ("automated_share", "Automated: "),
            ("review_share", "Human review: "),
            ("error_passing_rate", "Undetected errors: "),
        ):
            if chosen.live(key):
                yield (words, Ref(chosen.live(key), whole=True), ".")


def worst_error(decision: Decision, finding: Finding) -> ErrorShare | None:
    """The way in which the candidate goes wrong most often; None where it never did."""
    mine = [share for share in decision.errors if share.candidate == finding.candidate]
    mine = [share for share in mine if decision.figures[share.attempts].value]
    return max(mine, key=lambda share: decision.figures[share.attempts].value or 0.0, default=None)


def chosen_replay(decision: Decision, finding: Finding) -> Replay | None:
    """The routing policy that was chosen for the finding's workload and target."""
    return next(
        (
            one
            for one in decision.replays
            if one.chosen and (one.workload, one.target) == (finding.workload, finding.target)
        ),
        None,
    )


def _before(decision: Decision, finding: Finding) -> Iterator[PageSentence]:
    if finding.kind in _STAYS:
        return
    for item in decision.backlog:
        if finding.id in item.findings:
            yield (item.title, ", done when ", item.done_when.rstrip("."), ".")
    for one in decision.probes:
        if one.result.target == finding.target and one.result.outcome != "pass":
            yield (
                "the probe ",
                one.result.probe,
                " on this target ",
                "failed" if one.result.outcome == "fail" else "is undecided",
                ": ",
                Quote(one.result.finding),
            )


def shown_measure(gate: GateResult) -> PageSentence:
    """The gate's measure as the object of "shows"."""
    name = label(gate.measure, gate.slice)
    return (("answers " if name.startswith("flagged") else ""), name)


def _leaves(gate: GateResult) -> PageSentence:
    side = "below" if gate.direction == "at_least" else "above"
    if gate.measure.startswith("probe:"):
        return ("if the probe ", gate.measure.removeprefix("probe:"), " does not pass")
    safety = " (safety)" if gate.safety else ""
    return ("when live work shows ", *shown_measure(gate), f" {side} ", Ref(gate.bound), safety)


def _ref(decision: Decision, id: str, *, whole: bool = False) -> Ref | None:
    known = decision.figures.get(id)
    return Ref(id, whole=whole) if known is not None and known.value is not None else None


def served_targets(decision: Decision) -> tuple[str, ...]:
    """Targets on machines of one's own that a workload would ship on; all of them where none would."""
    local = [target.name for target in decision.targets if not target.hosted]
    ships = {finding.target for finding in ship_order(decision) if finding.kind not in _STAYS}
    return tuple(name for name in local if name in ships) or tuple(local)


def cap_of(decision: Decision, target: str) -> Ref | None:
    """The cap on requests at once: the lower end of the measured knee, else the knee itself."""
    cap = _ref(decision, f"load/{target}/cap")
    if cap is not None:
        return cap
    knee = decision.figures.get(f"load/{target}/knee")
    if knee is None or knee.value is None:
        return None
    return Ref(knee.id, "low" if knee.low is not None else "value")


def operations_checklist(decision: Decision) -> tuple[Block, ...]:
    """For operations: what to tick off before the first request, every day, every week, and at any change."""
    before: list[PageSentence] = []
    for name in served_targets(decision):
        before.append(("The readiness check of ", name, " is installed, and traffic waits until it passes."))
        cap = cap_of(decision, name)
        if cap is not None:
            before.append(("At most ", cap, " at a time reach ", name, ". More wait or go to the fallback."))
        else:
            before.append((name, " gets one request at a time, because no load run has found its knee."))
    before += [
        ("The routing.yaml of this package is loaded, and every flag is off.",),
        ("A rollback to the state before launch was tested once.",),
        ("Application logs contain no text of requests or answers, and the privacy probe passes.",),
        ("The review queue is staffed and its length is monitored.",),
    ]
    daily: list[PageSentence] = [
        ("Check failures, p95 latency and answers cut at the token limit against the runbook thresholds.",),
        ("Check the length and age of the review queue.",),
        ("Check free memory, free disk and server restarts on each machine that serves a model.",),
    ]
    weekly: list[PageSentence] = [
        ("Run the suite, check it against this package with milo-bench gate, and act on regressions.",),
        ("Review a sample of live answers, failures and near misses first.",),
    ]
    change: list[PageSentence] = [
        ("Model, quantisation, runtime, driver, prompt or machine changed: this decision no longer applies.",),
        ("Run the suite, then milo-bench decide with --since and this package, before turning the flag on.",),
    ]
    return (
        Heading(1, ("Before the first request",)),
        Bullets(tuple(before), ticks=True),
        Heading(1, ("Every day",)),
        Bullets(tuple(daily), ticks=True),
        Heading(1, ("Every week",)),
        Bullets(tuple(weekly), ticks=True),
        Heading(1, ("At any change",)),
        Bullets(tuple(change), ticks=True),
    )
