"""Evidence, policy and economics in, the whole decision out: a pure function, so that anybody can work it out again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from milo_bench.config.economics.file import EconomicsFile
from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.operator import OperatorPolicy
from milo_bench.core.errors import DataError
from milo_bench.core.records import Measure, TargetRecord
from milo_bench.core.suggest import hint_for
from milo_bench.decide.backlog import make_backlog
from milo_bench.decide.described import confusion_table, describe_measures, error_shares
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.facts import observe
from milo_bench.decide.figures import Figures
from milo_bench.decide.findings import make_finding
from milo_bench.decide.gates.detectors import add_rules
from milo_bench.decide.gates.family import family_confidences, shared_confidence, size_of_family
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.gates.licences import judge_evidence
from milo_bench.decide.gates.stopped import stopped_texts
from milo_bench.decide.load_evidence import load_evidence
from milo_bench.decide.missing import missing_evidence
from milo_bench.decide.money.chosen_measures import any_automated, asks_of_choice, automated_measures, chosen_measures
from milo_bench.decide.money.figures import add_business_figures
from milo_bench.decide.money.volume import add_capacity, add_volume, stated_volumes
from milo_bench.decide.permit_evidence import permit_evidence, permits_clause
from milo_bench.decide.plain_code import plain_code
from milo_bench.decide.records import (
    DECISION_SCHEMA,
    Candidate,
    Choice,
    Decision,
    Finding,
    FindingKind,
    GateResult,
    KeptFile,
    LinkedText,
    PermitEvidence,
    Replay,
    Source,
    prompt_identity,
)
from milo_bench.decide.remedies.choose import replays_for
from milo_bench.decide.rerun import rerun_commands
from milo_bench.decide.routing.table import make_routing
from milo_bench.decide.selection import SHIPS, choose_findings
from milo_bench.decide.summary import SummaryFacts, make_summary
from milo_bench.decide.uses import require_named_uses, spread_evidence, spread_policy
from milo_bench.economics import make_case
from milo_bench.economics.business_case import BusinessCase
from milo_bench.operator.permit.holds import day_of


def decide(
    evidence: Evidence,
    policy: PolicyFile,
    *,
    economics: EconomicsFile | None,
    economics_text: KeptFile | None,
    policy_text: KeptFile,
    created_at: str,
    tool_version: str,
    title: str = "",
    operators: OperatorRules | None = None,
) -> Decision:
    """Judge every workload of the policy on every target but the baseline, and permit operator work by ``operators``.

    Permits are issued on the day of ``created_at``. ``examples`` stay empty: texts are read from the
    logs by who has them. Raises DataError where policy and logs have no workload in common, and
    ConfigError for an economics that asks for a measure which the evidence does not give.
    """
    written = with_baseline(policy, evidence)
    if economics is not None:
        require_named_uses(written, economics)
    evidence, policy = spread_evidence(written, evidence), spread_policy(written)
    figures = Figures()
    judged = judged_candidates(policy, evidence)
    measures = describe_measures(evidence)
    shown = {
        candidate.text: tuple(figures.measure(candidate, measure) for measure in of_it)
        for candidate, of_it in measures.items()
    }
    for candidate, measure in evidence.reviews:
        shown[candidate.text] = (*shown.get(candidate.text, ()), figures.measure(candidate, measure, kind="review"))
    if not evidence.flags_decide:
        add_rules(evidence, figures)
    load = load_evidence(evidence.load, figures)
    figures.stated(
        "policy/confidence", "confidence of each end", policy.confidence, "share",
        Source("policy", "confidence", policy.path),
    )  # fmt: skip
    potential = _business(economics, evidence, judged, measures)
    made = _findings(policy, evidence, judged, potential, figures)
    business = None
    ships = {choice.workload for choice in made.choices if made.kind_of(choice) in SHIPS}
    if economics is not None:
        chosen = [
            *chosen_measures(made.choices, evidence, measures),
            *automated_measures(made.choices, made.replays, figures, ships),
        ]
        business = _business(economics, evidence, judged, measures, ships=ships, chosen=chosen)
        assert business is not None
        add_business_figures(business, figures)
        add_volume(economics, business, made.choices, made.replays, ships, figures)
    add_capacity(load, evidence.loaded, made.choices, ships, figures, stated_volumes(economics, business))
    errors = [share for one in evidence.cases for share in error_shares(one, evidence, figures)]
    tables = [confusion_table(one, cases, figures) for one, cases in evidence.cases.items()]
    titles = _titles(policy, evidence)
    permits: tuple[PermitEvidence, ...] = ()
    if operators is not None:
        permits = permit_evidence(
            evidence.operators,
            operators.policy,
            figures,
            today=day_of(created_at),
            policy_path=operators.text.path,
        )
    routing = make_routing(made.findings, made.choices, made.replays, evidence, policy, figures, permits=permits).data()
    backlog = make_backlog(made.chosen, evidence, policy, figures)
    told = SummaryFacts(
        findings=made.findings,
        choices=made.choices,
        replays=made.replays,
        backlog=backlog,
        rules=routing.get("rules", ()),
        titles=titles,
        business=business is not None,
    )
    return Decision(
        schema_version=DECISION_SCHEMA,
        created_at=created_at,
        tool_version=tool_version,
        title=title or policy.title or ", ".join(sorted({log.suite.name for log in evidence.logs})),
        verdict=_verdict(told, permits, figures),
        logs=evidence.logs,
        targets=tuple(evidence.targets.values()),
        baseline=policy.baseline if policy.baseline in evidence.targets else "",
        policy=policy_text,
        economics=economics_text,
        routing=routing,
        backlog=backlog,
        missing=missing_evidence(
            policy, evidence, judged, figures, economics=economics is not None, findings=made.findings
        ),
        findings=made.findings,
        choices=made.choices,
        replays=made.replays,
        measures=shown,
        errors=tuple(errors),
        confusions=tuple(table for table in tables if table is not None),
        examples=(),
        load=load,
        probes=evidence.probes,
        business=business,
        fixtures=dict(zip(evidence.fixtures.ids, evidence.fixtures.hashes, strict=True)),
        inventories=dict(evidence.inventories),
        commands=rerun_commands(
            evidence, policy_text, economics_text, operators.text if operators and permits else None
        ),
        permits=permits,
        operator_policy=operators.text if operators and permits else None,
        workload_titles=titles,
        prompt_texts={
            one.workload: evidence.workloads[(one.workload, one.candidate.variant)].prompt_source
            for one in made.chosen
            if (one.workload, one.candidate.variant) in evidence.workloads
        },
        plain_code=plain_code(evidence.workloads),
        silver=dict(evidence.silver),
        stopped=tuple(stopped_texts(evidence.ended, evidence.spent, figures)),
        judges=judge_evidence(policy, evidence, figures),
        contracts={place: dict(parts) for place, parts in sorted(evidence.contracts.items())},
        prompts={
            f"{name}/{variant}" if variant else name: prompt_identity(workload)
            for (name, variant), workload in sorted(evidence.workloads.items())
        },
        figures=dict(figures.all()),  # last, when every part has added its own
    )


class OperatorRules(Struct, frozen=True):
    """The policy for operator work, checked, and as it was read."""

    policy: OperatorPolicy
    text: KeptFile


def _verdict(told: SummaryFacts, permits: Sequence[PermitEvidence], figures: Figures) -> LinkedText:
    """The summary, then what is permitted; where there are permits and no finding, the permits alone."""
    said = make_summary(told, figures)
    permitted = permits_clause(permits, figures, brief=bool(told.findings))
    if not permitted:
        return said
    return (*said, " ", *permitted) if told.findings else permitted


def with_baseline(policy: PolicyFile, evidence: Evidence) -> PolicyFile:
    """The policy with its baseline: where it names none, the one hosted target that was measured, if it is one."""
    return named_baseline(policy, evidence.targets, {candidate.target for candidate in evidence.cases})


def named_baseline(policy: PolicyFile, targets: Mapping[str, TargetRecord], measured: Collection[str]) -> PolicyFile:
    """``with_baseline`` by the names of the targets that are ``measured``."""
    if policy.baseline:
        return policy
    hosted = [name for name, record in targets.items() if record.hosted and name in measured]
    # With nothing beside it, a hosted target is what is to be decided on, and no reference.
    if len(hosted) != 1 or set(measured) == set(hosted):
        return policy
    return policy.model_copy(update={"baseline": hosted[0]})


def judged_candidates(policy: PolicyFile, evidence: Evidence) -> dict[tuple[str, str], Candidate]:
    """What would ship as it is, for each workload of the policy and each target but the baseline.

    Where the contract that the policy decides on was not run, the first that was. Raises DataError
    where no workload of the policy was run at all.
    """
    measured = {candidate.workload for candidate in evidence.cases}
    if measured and not measured & policy.workloads.keys():
        first = next(iter(policy.workloads))
        message = (
            f"{policy.path} covers {', '.join(policy.workloads)}, but the logs have {', '.join(sorted(measured))}."
        )
        raise DataError(message, hint=hint_for(first, measured, noun="workloads"))
    found: dict[tuple[str, str], Candidate] = {}
    for name, config in policy.workloads.items():
        for target in evidence.targets:
            candidates = evidence.candidates(name, target)
            if target == policy.baseline or not candidates:
                continue
            wanted = Candidate(name, target, config.decide_on.variant, config.decide_on.decoding)
            found[(name, target)] = wanted if wanted in candidates else candidates[0]
    return found


class _Made(Struct, frozen=True):
    findings: tuple[Finding, ...]
    replays: tuple[Replay, ...]
    choices: tuple[Choice, ...]

    @property
    def chosen(self) -> tuple[Finding, ...]:
        by_id = {finding.id: finding for finding in self.findings}
        return tuple(by_id[choice.finding] for choice in self.choices)

    def kind_of(self, choice: Choice) -> FindingKind:
        return next(finding.kind for finding in self.findings if finding.id == choice.finding)


def _findings(
    policy: PolicyFile,
    evidence: Evidence,
    judged: Mapping[tuple[str, str], Candidate],
    business: BusinessCase | None,
    figures: Figures,
) -> _Made:
    claimed = tuple(judged.values())
    needed = family_confidences(policy, evidence, claimed)
    gates: dict[Candidate, tuple[GateResult, ...]] = {
        candidate: judge_gates(policy, evidence, candidate, figures, confidence=needed.get(candidate))
        for candidate in evidence.cases
        if candidate.workload in policy.workloads
    }
    findings: list[Finding] = []
    replays: list[Replay] = []
    for (workload, target), candidate in judged.items():
        # Fixes are a family of their own: each is chosen and then proven on fixtures of its own.
        shared = shared_confidence(policy, size_of_family(policy, claimed, candidate))
        stricter = policy.model_copy(update={"confidence": shared})
        replayed = replays_for(workload, target, evidence, stricter, gates, figures)
        replays += replayed.replays
        seen = observe(
            candidate, policy, evidence, figures, gates[candidate], replayed.replays, replayed.chosen, business
        )
        findings.append(make_finding(len(findings) + 1, seen, replayed.remedies, policy, evidence, figures))
    return _Made(tuple(findings), tuple(replays), choose_findings(findings, replays, policy, evidence, figures))


def _business(
    economics: EconomicsFile | None,
    evidence: Evidence,
    judged: Mapping[tuple[str, str], Candidate],
    measures: Mapping[Candidate, Sequence[Measure]],
    *,
    ships: Collection[str] | None = None,
    chosen: Sequence[Measure] = (),
) -> BusinessCase | None:
    """The business case on the measures of what is judged, so that a variant never stands in for it.

    Before anything is chosen, an automated share may come out anywhere, so that a rule on value looks at the best
    case. With any other measure of what is chosen there is no case yet, and no rule on value can look at it.
    """
    if economics is None:
        return None
    # A workload may be judged on one decoding while the economics names the other; both are there then.
    variants = {(candidate.workload, candidate.target): candidate.variant for candidate in judged.values()}
    measured = [
        measure
        for candidate, of_it in measures.items()
        if variants.get((candidate.workload, candidate.target), "") == candidate.variant
        for measure in of_it
    ]
    prices = {record.model: record.price for record in evidence.targets.values() if record.price is not None}
    if ships is None:
        if asks_of_choice(economics):
            return None
        chosen = tuple(any_automated(economics))
    return make_case(economics, [*measured, *chosen], prices, ships=ships)


def _titles(policy: PolicyFile, evidence: Evidence) -> dict[str, str]:
    """Every workload's title: the policy's, or else that of the contract in the log, or else its name."""
    names = dict.fromkeys([*policy.workloads, *(candidate.workload for candidate in evidence.cases)])
    titles = {}
    for name in names:
        config = policy.workloads.get(name)
        contracts = [contract for (workload, _), contract in sorted(evidence.workloads.items()) if workload == name]
        titles[name] = (config.title if config else "") or next((one.title for one in contracts if one.title), name)
    return titles
