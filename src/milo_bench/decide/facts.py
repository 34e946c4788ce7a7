"""Gates, replays, probes, knee and value of one workload on one target in, what a policy's rules look at out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import WorkloadPolicy
from milo_bench.config.policy.rules import ProbeState, RemedyState, RuleFacts
from milo_bench.config.routing.use_names import use_of, workload_of
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import ProbeResult
from milo_bench.core.suggest import hint_for
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.beyond_routing import beyond_routing, only_splits
from milo_bench.decide.records import Candidate, GateResult, Replay
from milo_bench.economics.business_case import BusinessCase

_GRAVE = ("major", "critical")


class CandidateFacts(Struct, frozen=True):
    """What the rules decide on, with the records behind it. ``chosen`` is the replay that passes, if one does."""

    candidate: Candidate
    config: WorkloadPolicy
    gates: tuple[GateResult, ...]
    replays: tuple[Replay, ...]
    chosen: Replay | None
    failed_probes: tuple[ProbeResult, ...]
    world: RuleFacts


def observe(
    candidate: Candidate,
    policy: PolicyFile,
    evidence: Evidence,
    figures: Figures,
    gates: tuple[GateResult, ...],
    replays: Sequence[Replay],
    chosen: Replay | None,
    business: BusinessCase | None,
) -> CandidateFacts:
    """The world of ``candidate``; ``replays`` are those of its workload and target."""
    config = policy.workloads[candidate.workload]
    passing = chosen if chosen is not None and _passes(chosen, config, figures) else None
    failed = failed_probes(evidence, candidate.target)
    groups: dict[str, set[str]] = {"safety": set(), "bound": set(), "baseline": set()}
    for gate in gates:
        if is_probe(gate) and gate.outcome == "fail":
            continue  # of the runtime, which can be repaired, and not of the answers
        group = "safety" if gate.safety else gate.against
        groups[group].add(gate.outcome)
    world = RuleFacts(
        safety_failed="fail" in groups["safety"],
        safety_undecided="undecided" in groups["safety"],
        bound_failed="fail" in groups["bound"],
        bound_undecided="undecided" in groups["bound"],
        baseline_failed="fail" in groups["baseline"],
        baseline_undecided="undecided" in groups["baseline"],
        remedy=_remedy_state(
            passing, replays, config, figures, beyond=bool(beyond_routing(policy, evidence, candidate))
        ),
        probe=_probe_state(failed, gates),
        knee_below_streams=_knee_below(config, candidate.target, figures),
        value_below_least=_value_below(policy, candidate.workload, business),
    )
    return CandidateFacts(candidate, config, gates, tuple(replays), passing, failed, world)


def is_probe(gate: GateResult) -> bool:
    """Whether the gate is a probe of the runtime."""
    return gate.measure.startswith("probe:")


def failed_probes(evidence: Evidence, target: str) -> tuple[ProbeResult, ...]:
    """Probes of ``target`` that failed with severity major or critical."""
    results = [one.result for one in evidence.probes if one.result.target == target]
    return tuple(result for result in results if result.outcome == "fail" and result.severity in _GRAVE)


def replaces(replay: Replay, config: WorkloadPolicy) -> bool:
    """Whether the replay rests on a remedy that is other work in place of this one."""
    return any(config.remedies[name].replaces for name in replay.remedies if name in config.remedies)


def _passes(replay: Replay, config: WorkloadPolicy, figures: Figures) -> bool:
    """Every gate passes on what the replay lets through, and enough is automated to call it a route."""
    if not replay.remedies or replaces(replay, config) or not replay.gates:
        return False
    of_answers = [gate for gate in replay.gates if not (is_probe(gate) and gate.outcome == "fail")]
    return all(gate.outcome == "pass" for gate in of_answers) and _automated(replay, config, figures)


def _automated(replay: Replay, config: WorkloadPolicy, figures: Figures) -> bool:
    share = replay.live("automated_share")
    value = figures[share].value if share in figures else None
    return value is not None and value >= config.min_automated_share


def _remedy_state(
    passing: Replay | None, replays: Sequence[Replay], config: WorkloadPolicy, figures: Figures, *, beyond: bool
) -> RemedyState:
    """``beyond``: no choice among the candidate's own answers could pass, so none of those is left undecided."""
    if passing is not None:
        return "passes"
    for replay in replays:
        outcomes = {gate.outcome for gate in replay.gates if not (is_probe(gate) and gate.outcome == "fail")}
        if "undecided" not in outcomes or "fail" in outcomes or replaces(replay, config):
            continue
        if beyond and only_splits(replay.remedies):
            continue
        # A replay that sends all to people fails no gate either, and decides nothing.
        if replay.remedies and _automated(replay, config, figures):
            return "undecided"
    return "none"


def _probe_state(failed: Sequence[ProbeResult], gates: Sequence[GateResult]) -> ProbeState:
    """A gate on a probe makes its failure critical, whatever the probe says of it."""
    if any(is_probe(gate) and gate.outcome == "fail" for gate in gates):
        return "critical"
    severities = {result.severity for result in failed}
    return "critical" if "critical" in severities else "major" if severities else "none"


def _knee_below(config: WorkloadPolicy, target: str, figures: Figures) -> bool:
    knee = f"load/{target}/knee"
    if config.streams is None or knee not in figures:
        return False
    value = figures[knee].value
    return value is not None and value < config.streams


def _value_below(policy: PolicyFile, workload: str, business: BusinessCase | None) -> bool:
    """Whether even the highest end of the workload's monthly value lies below the least that the policy asks for."""
    value = policy.workloads[workload].value
    if value is None or business is None:
        return False
    known = {figure.name: figure for figure in business.figures}
    total = 0.0
    for name in value.figures:
        figure = known.get(name)
        uses = ("uses", use_of(workload)) if use_of(workload) else ()
        where = policy.where("workloads", workload_of(workload), *uses, "value", "figures")
        if figure is None:
            message = f"{where}: the economics has no figure '{name[:60]}'."
            raise ConfigError(message, hint=hint_for(name, known, noun="figures"))
        if figure.unit != "USD/month":
            message = f"{where}: '{name}' is in {figure.unit}, not in USD per month."
            raise ConfigError(message, hint="name the figure in dollars of a line, or a monthly total.")
        if figure.high is None:
            return False
        total += figure.high
    return total < value.least_usd_per_month
