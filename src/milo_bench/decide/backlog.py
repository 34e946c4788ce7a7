"""Findings and probes in, the work that they call for out: ranked by risk, with hours as stated assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import Risk
from milo_bench.config.policy.remedies import REMEDIES, find_work
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.facts import failed_probes
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import BacklogItem, Finding, GateResult, LinkedText, Remedy, Source
from milo_bench.decide.wording import capitalise, join_words, sentence_case, spell_out

_RANK: Mapping[Risk, int] = {"high": 0, "medium": 1, "low": 2}


@dataclass
class _Work:
    """Work on one thing, for any number of findings."""

    name: str
    title: str
    reason: LinkedText
    risk: Risk
    findings: list[str]


def make_backlog(
    findings: Sequence[Finding], evidence: Evidence, policy: PolicyFile, figures: Figures
) -> tuple[BacklogItem, ...]:
    """One item for each piece of work, the riskiest first, then that on which most findings rest."""
    works: dict[tuple[str, str], _Work] = {}
    kept = {finding.workload for finding in findings if finding.kind == "keep"}
    for finding in findings:
        if finding.workload in kept and finding.kind != "keep":
            continue  # another target does this work as it is; nobody has to mend this one
        for key, work in _of_finding(finding, evidence, policy):
            known = works.setdefault(key, work)
            known.findings.append(finding.id)
            if _RANK[work.risk] < _RANK[known.risk]:
                known.risk = work.risk
    ordered = sorted(works.values(), key=lambda work: (_RANK[work.risk], -len(set(work.findings)), work.title))
    return tuple(
        BacklogItem(
            rank=rank,
            title=work.title,
            reason=capitalise(work.reason),
            risk=work.risk,
            hours=_hours(work.name, policy, figures),
            findings=tuple(dict.fromkeys(work.findings)),
            done_when=find_work(work.name).done_when,
        )
        for rank, work in enumerate(ordered, start=1)
    )


def _of_finding(finding: Finding, evidence: Evidence, policy: PolicyFile) -> Iterator[tuple[tuple[str, str], _Work]]:
    risk = policy.workloads[finding.workload].risk
    target = finding.target
    for remedy in finding.remedies:
        if REMEDIES.get(remedy.name).follows is not None:
            yield (remedy.name, target), _work(remedy, f"on {target}", "high" if risk == "high" else "medium")
        elif finding.kind == "fix" or _replacement(finding, remedy, policy):
            yield (remedy.name, finding.workload), _work(remedy, f"for {finding.workload}", risk)
    for result in failed_probes(evidence, target):
        if result.probe in ("readiness", "cold_start") and any(
            one.name == "readiness_probe" for one in finding.remedies
        ):
            continue  # the readiness probe is that work already
        title = f"Fix what the probe {result.probe} found on {target}"
        reason: LinkedText = (f"the probe {result.probe} failed ({result.severity})",)
        grave: Risk = "high" if result.severity == "critical" else "medium"
        yield ("repair_runtime", f"{target}/{result.probe}"), _Work("repair_runtime", title, reason, grave, [])
    undecided = [gate for gate in finding.gates if gate.outcome == "undecided"]
    probes = [gate for gate in undecided if gate.measure.startswith("probe:")]
    if probes and finding.kind == "defer":
        names = join_words([gate.measure.removeprefix("probe:") for gate in probes])
        reason = (f"no workload on {target} can be kept without {names}",)
        yield ("run_probes", target), _Work("run_probes", f"Run the probe {names} on {target}", reason, "high", [])
    rest = [gate for gate in undecided if gate not in probes]
    if rest and finding.kind == "defer":
        yield ("more_fixtures", finding.workload), _more_fixtures(finding, rest, risk)


def _work(remedy: Remedy, where: str, risk: Risk) -> _Work:
    return _Work(remedy.name, f"{sentence_case(REMEDIES.get(remedy.name).title)} {where}", remedy.reason, risk, [])


def _replacement(finding: Finding, remedy: Remedy, policy: PolicyFile) -> bool:
    """Of a reject, work that is to stand in place of it."""
    config = policy.workloads[finding.workload].remedies.get(remedy.name)
    return finding.kind == "reject" and config is not None and config.replaces


def _more_fixtures(finding: Finding, gates: Sequence[GateResult], risk: Risk) -> _Work:
    names = join_words([spell_out(f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure) for gate in gates])
    reason: LinkedText = (f"undecided with the current fixtures: {names}",)
    return _Work("more_fixtures", f"More fixtures for {finding.workload}", reason, risk, [])


def _hours(work: str, policy: PolicyFile, figures: Figures) -> tuple[str, str, str]:
    stated = policy.hours_of(work)
    title = work.replace("_", " ")

    def hours(end: str, value: float) -> str:
        source = Source("assumption", f"hours.{work}.{end}", stated.source)
        return figures.stated(f"hours/{work}/{end}", f"hours of work, {title}, {end}", value, "hour", source)

    return hours("low", stated.low), hours("base", stated.base), hours("high", stated.high)
