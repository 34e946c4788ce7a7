"""Chosen findings and probes in, the work that they call for out: what ships first, with hours as assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Final

from msgspec import Struct

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import Risk
from milo_bench.config.policy.remedies import REMEDIES, find_work
from milo_bench.config.routing.use_names import said_of_use
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import BacklogItem, Figure, Finding, GateResult, LinkedText, Remedy, Source
from milo_bench.decide.selection import SHIPS
from milo_bench.decide.wording import TOO_CLOSE, capitalise, join_words, sentence_case, spell_out

_RANK: Mapping[Risk, int] = {"high": 0, "medium": 1, "low": 2}
_HOURS_A_DAY: Final = 6.0  # of an engineer's day that go into such work
_OWNERS: Mapping[str, str] = {
    "readiness_probe": "Platform engineer",
    "concurrency_cap": "Platform engineer",
    "repair_runtime": "Platform engineer",
    "run_probes": "Platform engineer",
    "better_model": "Platform engineer",
    "constrained_decoding": "Platform engineer",
    "label_answers": "Quality lead",
    "more_fixtures": "Quality lead",
    "safer_prompt": "Quality lead",
}
_OWNER: Final = "Product owner"


class _Work(Struct):
    """Work on one thing, for any number of findings."""

    name: str
    title: str
    reason: LinkedText
    risk: Risk
    findings: list[str]
    unblocks: int = 0  # findings that go live


def make_backlog(
    chosen: Sequence[Finding], evidence: Evidence, policy: PolicyFile, figures: Figures
) -> tuple[BacklogItem, ...]:
    """One item for each piece of work that a chosen finding calls for.

    What goes live comes first, then the riskiest, then that on which most findings rest. Work on a target that
    nothing was chosen for is not asked for. ``due`` counts working days from go, one piece after the other.
    """
    works: dict[tuple[str, str], _Work] = {}
    for finding in chosen:
        for key, work in _of_finding(finding, evidence, policy, figures):
            known = works.setdefault(key, work)
            known.findings.append(finding.id)
            known.unblocks += finding.kind in SHIPS
            if _RANK[work.risk] < _RANK[known.risk]:
                known.risk = work.risk
    ordered = sorted(
        works.values(),
        key=lambda work: (not work.unblocks, _RANK[work.risk], -len(set(work.findings)), work.title),
    )
    hours = [policy.hours_of(work.name).base for work in ordered]
    days = [max(1, ceil(sum(hours[: place + 1]) / _HOURS_A_DAY)) for place in range(len(hours))]
    _total_hours(ordered, policy, figures)
    _hours_of_findings(ordered, chosen, policy, figures)
    return tuple(
        BacklogItem(
            rank=rank,
            title=work.title,
            reason=capitalise(work.reason),
            risk=work.risk,
            hours=_hours(work.name, policy, figures),
            findings=tuple(dict.fromkeys(work.findings)),
            done_when=find_work(work.name).done_when,
            work=work.name,
            ships=work.unblocks > 0,
            owner=_OWNERS.get(work.name, _OWNER),
            due=figures.add(
                Figure(
                    f"backlog/{rank}/due",
                    "working days from go",
                    float(days[rank - 1]),
                    "count",
                    Source("count", f"due {rank}", "the backlog"),
                )
            ),
        )
        for rank, work in enumerate(ordered, start=1)
    )


def _total_hours(works: Sequence[_Work], policy: PolicyFile, figures: Figures) -> None:
    """``backlog/hours``, of all, and ``backlog/hours_first`` of what has to be done before something goes live."""
    for name, title, some in (
        ("hours", "hours of all work", works),
        ("hours_first", "hours of work before anything goes live", [work for work in works if work.unblocks]),
    ):
        stated = [policy.hours_of(work.name) for work in some]
        low, base, high = (sum(getattr(one, end) for one in stated) for end in ("low", "base", "high"))
        source = Source("count", name, "the backlog")
        figures.add(Figure(f"backlog/{name}", title, base, "hour", source, low=low, high=high, method="summed"))


def _hours_of_findings(works: Sequence[_Work], chosen: Sequence[Finding], policy: PolicyFile, figures: Figures) -> None:
    """``backlog/F1/hours``: of all work that one finding waits for."""
    for finding in chosen:
        stated = [policy.hours_of(work.name) for work in works if finding.id in work.findings]
        if stated:
            low, base, high = (sum(getattr(one, end) for one in stated) for end in ("low", "base", "high"))
            source = Source("count", f"hours of {finding.id}", "the backlog")
            id, title = f"backlog/{finding.id}/hours", f"hours of work that {finding.id} waits for"
            figures.add(Figure(id, title, base, "hour", source, low=low, high=high, method="summed"))


def _of_finding(
    finding: Finding, evidence: Evidence, policy: PolicyFile, figures: Figures
) -> Iterator[tuple[tuple[str, str], _Work]]:
    risk = policy.workloads[finding.workload].risk
    target = finding.target
    for remedy in finding.remedies:
        if remedy.name == "concurrency_cap" and finding.kind not in SHIPS:
            continue  # nothing of it gets requests
        if REMEDIES.get(remedy.name).follows is not None:
            grave = risk == "high" or remedy.params.get("severity") == "critical"
            yield (remedy.name, target), _work(remedy, f"on {target}", "high" if grave else "medium")
        elif finding.kind == "fix" or _replacement(finding, remedy, policy):
            yield (remedy.name, finding.workload), _work(remedy, f"for {said_of_use(finding.workload)}", risk)
    undecided = [gate for gate in finding.gates if gate.outcome == "undecided"]
    probes = [gate for gate in undecided if gate.measure.startswith("probe:")]
    if probes and finding.undecided:
        names = join_words([gate.measure.removeprefix("probe:") for gate in probes])
        named = f"the probe{'s' if probes[1:] else ''} {names}"
        reason = (f"no workload on {target} can be kept without {named}",)
        yield ("run_probes", target), _Work("run_probes", f"Run {named} on {target}", reason, "high", [])
    unlabelled = [gate for gate in undecided if gate.by_people]
    missed = [gate for gate in undecided if gate.unfound and not gate.further and not gate.by_people]
    reasons = []
    if unlabelled:
        reasons.append(f"only people's labels decide {join_words(_names(unlabelled))}")
    if missed:
        named = join_words(_names(missed))
        reasons.append(f"rules miss too many faults to decide {named}: rest the gate on labels or a licensed judge")
    if reasons and finding.undecided:
        title = f"Labels of answers for {said_of_use(finding.workload)}"
        yield ("label_answers", finding.workload), _Work("label_answers", title, ("; ".join(reasons),), risk, [])
    rest = [gate for gate in undecided if gate not in probes and gate not in unlabelled and gate not in missed]
    close = [gate for gate in rest if gate.further and figures[gate.further].note == TOO_CLOSE]
    if close and finding.undecided:
        yield ("better_model", finding.workload), _better_model(finding, close, risk)
    elif rest and finding.undecided:  # where one gate needs a better model, fixtures for the others would be wasted
        yield ("more_fixtures", finding.workload), _more_fixtures(finding, rest, risk)


def _work(remedy: Remedy, where: str, risk: Risk) -> _Work:
    return _Work(remedy.name, f"{sentence_case(REMEDIES.get(remedy.name).title)} {where}", remedy.reason, risk, [])


def _replacement(finding: Finding, remedy: Remedy, policy: PolicyFile) -> bool:
    """Of a reject, work that is to stand in place of it."""
    config = policy.workloads[finding.workload].remedies.get(remedy.name)
    return finding.kind == "reject" and config is not None and config.replaces


def _names(gates: Sequence[GateResult]) -> list[str]:
    return [spell_out(f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure) for gate in gates]


def _more_fixtures(finding: Finding, gates: Sequence[GateResult], risk: Risk) -> _Work:
    reason: LinkedText = (f"undecided with the current fixtures: {join_words(_names(gates))}",)
    return _Work("more_fixtures", f"More fixtures for {said_of_use(finding.workload)}", reason, risk, [])


def _better_model(finding: Finding, close: Sequence[GateResult], risk: Risk) -> _Work:
    reason: LinkedText = (f"{join_words(_names(close))}: {TOO_CLOSE} on {finding.target}",)
    return _Work("better_model", f"A better model for {said_of_use(finding.workload)}", reason, risk, [])


def _hours(work: str, policy: PolicyFile, figures: Figures) -> tuple[str, str, str]:
    stated = policy.hours_of(work)
    title = work.replace("_", " ")

    def hours(end: str, value: float) -> str:
        source = Source("assumption", f"hours.{work}.{end}", stated.source)
        return figures.stated(f"hours/{work}/{end}", f"hours of work, {title}, {end}", value, "hour", source)

    return hours("low", stated.low), hours("base", stated.base), hours("high", stated.high)
