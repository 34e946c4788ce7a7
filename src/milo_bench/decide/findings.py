"""What was seen of a workload on a target in, keep, fix, defer or reject out, with reasons and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import RuleConfig
from milo_bench.config.policy.remedies import REMEDIES
from milo_bench.config.policy.rules import CONDITIONS, first_rule
from milo_bench.core.records import ProbeResult
from milo_bench.core.units import things
from milo_bench.decide.another_model import needed_from_another
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.facts import CandidateFacts
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.baseline import missed_by_baseline, passing_baseline
from milo_bench.decide.gates.null_model import UNREAD
from milo_bench.decide.records import (
    Finding,
    FindingKind,
    GateOutcome,
    GateResult,
    LinkedText,
    Remedy,
    Replay,
    RouteKind,
)
from milo_bench.decide.wording import TOO_CLOSE, capitalise, join_words, more_of, spell_out
from milo_bench.grade.set_up import SetUpProblem


def make_finding(
    number: int,
    seen: CandidateFacts,
    remedies: Sequence[Remedy],
    policy: PolicyFile,
    evidence: Evidence,
    figures: Figures,
) -> Finding:
    """The finding by the first rule that holds. ``remedies`` are those that replays stand behind.

    A candidate whose set-up failed is undecided, whatever its gates say: they judge the set-up.
    """
    if (problem := evidence.set_up.get(seen.candidate)) is not None:
        return _not_set_up(number, seen, problem, policy, evidence)
    if (unlicensed := _licence_problem(seen.candidate.target, policy, evidence)) is not None:
        return _by_licence(number, seen, unlicensed, policy, evidence)
    rule = first_rule(policy.rules, seen.world)
    config = next(one for one in policy.findings if one.name == rule.name)
    kept = (*_named(rule.finding, seen, remedies), *runtime_remedies(seen, figures))
    return Finding(
        id=f"F{number}",
        workload=seen.candidate.workload,
        target=seen.candidate.target,
        candidate=seen.candidate,
        kind=rule.finding,
        rule=rule.name,
        route=_route(rule.finding, seen, policy, evidence),
        reasons=(
            *_reasons(rule.finding, config, seen, figures),
            *_baseline_reason(rule.finding, seen, policy, evidence),
        ),
        gates=seen.gates,
        remedies=kept,
        would_change=_would_change(rule.finding, seen, policy, figures),
        undecided=_undecided(rule.finding, config, seen),
    )


def _licence_problem(target: str, policy: PolicyFile, evidence: Evidence) -> tuple[FindingKind, str] | None:
    """Why the weights of a local target may not be used under the policy, if it lists licences; None where they may."""
    record = evidence.targets.get(target)
    if not policy.licences or record is None or record.hosted:
        return None
    licence = record.identity.licence
    if not licence:
        return "defer", "The licence of the weights is unknown, and the policy allows only those that it lists"
    if licence.casefold() in {allowed.casefold() for allowed in policy.licences}:
        return None
    return "reject", f"The licence of the weights, {licence}, is not among those that the policy allows"


def _by_licence(
    number: int, seen: CandidateFacts, problem: tuple[FindingKind, str], policy: PolicyFile, evidence: Evidence
) -> Finding:
    kind, said = problem
    known = kind == "reject"
    change = "weights under a licence that the policy lists" if known else "the licence in the metadata of the weights"
    return Finding(
        id=f"F{number}",
        workload=seen.candidate.workload,
        target=seen.candidate.target,
        candidate=seen.candidate,
        kind=kind,
        rule="licence",
        route=_route(kind, seen, policy, evidence),
        reasons=((said,),),
        gates=seen.gates,
        would_change=(capitalise((change,)),),
        undecided=not known,
    )


def _not_set_up(
    number: int, seen: CandidateFacts, problem: SetUpProblem, policy: PolicyFile, evidence: Evidence
) -> Finding:
    return Finding(
        id=f"F{number}",
        workload=seen.candidate.workload,
        target=seen.candidate.target,
        candidate=seen.candidate,
        kind="defer",
        rule="set_up",
        route=_route("defer", seen, policy, evidence),
        reasons=((f"A problem of the set-up, and no verdict on the model: {problem.said}",),),
        gates=seen.gates,
        would_change=(capitalise((problem.hint.rstrip("."),)),),
        undecided=True,
    )


def _undecided(kind: FindingKind, config: RuleConfig, seen: CandidateFacts) -> bool:
    """A defer that more evidence could turn: by no rule on value, with a gate or a replayed fix undecided."""
    if kind != "defer" or "value_below_least" in config.when:
        return False
    return seen.world.any_undecided or seen.world.remedy == "undecided"


def runtime_remedies(seen: CandidateFacts, figures: Figures) -> tuple[Remedy, ...]:
    """Guardrails that follow from load windows and probes, whatever the finding: they keep the runtime upright."""
    made = [known.follows(seen, figures) for _, known in REMEDIES if known.follows is not None]
    return tuple(remedy for remedy in made if remedy is not None)


def _named(kind: FindingKind, seen: CandidateFacts, remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """Of a fix the remedies that pass, of a keep none, of the others all that were tried."""
    tried = [remedy for remedy in remedies if REMEDIES.get(remedy.name).follows is None]
    if kind == "keep" or (kind == "fix" and seen.chosen is None):
        return ()
    if kind == "fix" and seen.chosen is not None:
        chosen = [remedy for remedy in tried if remedy.replay == seen.chosen.id or remedy.name in seen.chosen.remedies]
        return tuple(chosen or tried)
    return tuple(tried)


def _route(kind: FindingKind, seen: CandidateFacts, policy: PolicyFile, evidence: Evidence) -> RouteKind:
    if kind == "keep":
        return _home(seen, evidence)
    if kind == "fix":
        return _fixed_route(seen.chosen) if seen.chosen is not None else _home(seen, evidence)
    # A hosted model that was never measured, or does not pass the same gates, is no route that evidence supports.
    return "hosted" if passing_baseline(policy, evidence, seen.candidate) is not None else "human_review"


def _fixed_route(chosen: Replay) -> RouteKind:
    """Mixed where some cases take another route than the rest; else the route of the one who answers."""
    answering = {str(rule.get("route")) for rule in chosen.rules} & {"local", "hosted", "mixed"}
    if any(REMEDIES.get(name).splits for name in chosen.remedies) or len(answering) != 1:
        return "mixed"
    return "hosted" if answering == {"hosted"} else "mixed" if answering == {"mixed"} else "local"


def _home(seen: CandidateFacts, evidence: Evidence) -> RouteKind:
    record = evidence.targets.get(seen.candidate.target)
    return "hosted" if record is not None and record.hosted else "local"


def _reasons(kind: FindingKind, config: RuleConfig, seen: CandidateFacts, figures: Figures) -> tuple[LinkedText, ...]:
    """The rule, then the gates that speak for the finding, then the rest that the rule looked at."""
    first: LinkedText = (config.note or " and ".join(CONDITIONS[name].says for name in config.when) or config.name,)
    found: list[LinkedText] = [first]
    order: dict[FindingKind, tuple[GateOutcome, ...]] = {
        "keep": ("pass",),
        "fix": ("fail", "undecided"),
        "defer": ("undecided", "fail"),
        "reject": ("fail", "undecided"),
    }
    for outcome in order[kind]:
        found += [gate.reason for gate in seen.gates if gate.outcome == outcome]
    found += [_probe_text(result) for result in seen.failed_probes]
    if kind == "fix" and seen.world.probe != "none" and seen.chosen is None:
        found.append(("its answers pass every gate, so the finding is keep once the probe passes",))
    if seen.world.knee_below_streams:
        knee = figures.ref(f"load/{seen.candidate.target}/knee", whole=True)
        found.append(("the knee is at ", knee, ", below the concurrency that the workload needs"))
    if kind == "fix" and seen.chosen is not None:
        found.append(_replay_text(seen, figures))
    if seen.world.value_below_least and "value_below_least" not in config.when:
        found.append(("even the best-case monthly value is below the policy's minimum",))
    return tuple(capitalise(text) for text in found)


def _baseline_reason(
    kind: FindingKind, seen: CandidateFacts, policy: PolicyFile, evidence: Evidence
) -> tuple[LinkedText, ...]:
    """Why the work does not go to the hosted model either, where that is so."""
    missed = missed_by_baseline(policy, evidence, seen.candidate) if kind in ("defer", "reject") else ()
    if not missed:
        return ()
    failed = [gate for gate in missed if gate.outcome == "fail"]
    keys = [f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure for gate in failed or missed]
    names = join_words([spell_out(key) for key in keys])
    what = f"also fails {names}" if failed else f"is undecided on {names}"
    return ((f"The hosted baseline ({policy.baseline}) {what}, so the work goes to human review",),)


def _probe_text(result: ProbeResult) -> LinkedText:
    return (f"the probe {result.probe} failed ({result.severity})",)


def _replay_text(seen: CandidateFacts, figures: Figures) -> LinkedText:
    assert seen.chosen is not None
    replay = seen.chosen
    names = join_words([REMEDIES.get(name).title for name in replay.remedies])
    text: LinkedText = (f"every gate passes with {names or 'the fix'}, replayed on recorded answers",)
    share = replay.live("automated_share")
    if share in figures:
        text = (*text, ": ", figures.ref(share, whole=True), " automated")
    if replay.reported_on in figures:
        text = (*text, " on ", figures.ref(replay.reported_on), " held-out fixtures")
    return text


def _would_change(
    kind: FindingKind, seen: CandidateFacts, policy: PolicyFile, figures: Figures
) -> tuple[LinkedText, ...]:
    """Evidence that would turn the finding: for undecided gates how much, for others which side of which bound."""
    found: list[LinkedText] = []
    for gate in seen.gates:
        found += turning(kind, gate, figures)
    if kind != "keep":
        # A gate that a replay leaves undecided needs fixtures of its own.
        seen_names = {gate.measure + gate.slice for gate in seen.gates if gate.outcome == "undecided"}
        for replay in seen.replays:
            for gate in replay.gates:
                if replay.chosen and gate.further and gate.measure + gate.slice not in seen_names:
                    found.append(_more_fixtures(gate, figures, with_fix=True))
    found += [(f"pass the probe {result.probe} again, after fixing the runtime",) for result in seen.failed_probes]
    if not policy.baseline and kind == "keep":
        found.append(("a hosted baseline that is better on the same fixtures by more than a margin",))
    if kind == "keep":
        found.append(("a new model, prompt, driver or machine: run the suite again before switching",))
    return tuple(capitalise(text) for text in dict.fromkeys(found))


def _clears(gate: GateResult, figures: Figures) -> bool:
    """Whether the interval is on the right side of the threshold, so that something else leaves the gate undecided."""
    figure, bound = figures[gate.figure], figures[gate.bound].value
    end = figure.low if gate.direction == "at_least" else figure.high
    if end is None or bound is None:
        return False
    return end >= bound if gate.direction == "at_least" else end <= bound


def turning(kind: FindingKind, gate: GateResult, figures: Figures) -> Iterable[LinkedText]:
    """What would turn a finding of ``kind`` as far as ``gate`` is concerned."""
    name = spell_out(_key(gate))
    bound = figures.ref(gate.bound)
    if gate.outcome == "undecided":
        if gate.measure.startswith("probe:"):
            yield (f"pass {name} on this target, with --logs",)
        elif gate.by_people and not figures[gate.figure].n:
            yield _labels(gate, figures)
        elif gate.further:
            yield _more_fixtures(gate, figures)
        elif gate.against == "baseline":
            yield (f"run the hosted baseline on the same fixtures, for {name}",)
        elif figures[gate.figure].note == UNREAD:
            way = "" if gate.candidate.decoding == "constrained" else ", for example with --decoding constrained"
            yield (f"answers that can be read as labels: ask for them in another way{way}",)
        elif _clears(gate, figures):
            yield (f"fixtures with other right answers, so that no single answer passes {name}",)
        elif gate.unfound and figures[gate.figure].n:
            yield (f"people's labels or a licensed judge for {name}: rules miss too many faults to decide it",)
        else:
            side = gate.direction.replace("_", " ")
            yield (f"measure {name}",) if not figures[gate.figure].n else (f"evidence that {name} is {side} ", bound)
    elif gate.outcome == "fail" and kind in ("reject", "defer", "fix"):
        if gate.measure.startswith("probe:"):
            yield (f"pass {name} on this target, after fixing what it found",)
        else:
            side = "at or above" if gate.direction == "at_least" else "at or below"
            minus = " minus the baseline's" if gate.against == "baseline" else ""
            yield (f"{name}{minus} confirmed {side} ", bound)
            if (another := needed_from_another(gate, figures)) is not None:
                yield another
    elif kind == "keep" and gate.safety and not gate.measure.startswith("probe:"):
        side = "below" if gate.direction == "at_least" else "above"
        yield (f"{name} undecided, or {side} ", bound, ", on a new run")


def _labels(gate: GateResult, figures: Figures) -> LinkedText:
    """What to do for a gate that nobody's labels decide so far."""
    least = ("at least ", figures.ref(gate.further), " answers") if gate.further else ("answers",)
    return ("people's labels of ", *least, f" drawn at random, for {spell_out(_key(gate))} (review sample --at-random)")


def _more_fixtures(gate: GateResult, figures: Figures, *, with_fix: bool = False) -> LinkedText:
    name, further = spell_out(_key(gate)), figures.ref(gate.further, "about")
    fix = "with the replayed fix, " if with_fix else ""
    if figures[gate.further].note == TOO_CLOSE:
        return (f"{fix}{name} is {TOO_CLOSE} (about ", further, f" more {more_of(gate)}s)")
    noun = things(figures[gate.further].value, more_of(gate))
    return (f"{fix}about ", further, f" more {noun} to decide {name}, if the estimate holds")


def _key(gate: GateResult) -> str:
    return f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure
