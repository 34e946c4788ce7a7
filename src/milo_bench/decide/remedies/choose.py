"""Evidence, policy and gates of one workload on one target in; remedies replayed, and the one to take, out.

The fixtures are split once (``decide.replay.split``). On the smaller part the length limit is fitted and the
policy chosen; figures and gates are worked out on the other part, which had no say in either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.models import WorkloadPolicy
from milo_bench.config.policy.remedies import REMEDIES
from milo_bench.config.routing.file import rule_data
from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.every_look import EveryLook, every_look
from milo_bench.decide.records import LIVE, Candidate, Figure, GateResult, LinkedText, Remedy, Replay, Source
from milo_bench.decide.remedies.frontier import Point, Standing, choose, frontier
from milo_bench.decide.remedies.length_limit import LengthLimit, fit_length_limit
from milo_bench.decide.remedies.plans import Ground, RemedyChange, ReplayPlan, changes_for, plans_for
from milo_bench.decide.replay.figures import add_figures
from milo_bench.decide.replay.gates import judge_replay, routing_can_change
from milo_bench.decide.replay.recorded import Recorded, record_of
from milo_bench.decide.replay.replay import UPPER_BOUND, ReplayOutcome, replay
from milo_bench.decide.replay.split import FIT_SHARE, fit_part_of_groups
from milo_bench.decide.routing.guardrails import with_guardrails
from milo_bench.decide.wording import capitalise

Mask = NDArray[np.bool_]
SEED = 0


class Replayed(Struct, frozen=True):
    """Everything replayed for one workload on one target. ``chosen`` None: no policy is fit to be chosen."""

    replays: tuple[Replay, ...]
    remedies: tuple[Remedy, ...]
    chosen: Replay | None


def replays_for(
    workload: str,
    target: str,
    evidence: Evidence,
    policy: PolicyFile,
    gates: Mapping[Candidate, tuple[GateResult, ...]],
    figures: Figures,
) -> Replayed:
    """Replay the remedies that the policy allows. Nothing where the workload was not run on the target.

    ``gates`` are those of the candidates as they are, on all fixtures: where they all pass, the route
    as it is stands, and no remedy is chosen over it.
    """
    config = policy.workloads.get(workload)
    base = _base(config, evidence, workload, target)
    if config is None or base is None:
        return Replayed((), (), None)
    if "citation_filter" in config.remedies:
        mine = {candidate: cases for candidate, cases in evidence.cut.items() if candidate.workload == workload}
        evidence = replace(evidence, cases={**evidence.cases, **mine})
    recorded = record_of(evidence, base)
    fit = parts_of(recorded, seed=SEED)[recorded.fixture]
    texts_known = bool((evidence.fixtures.words[recorded.fixture] >= 0).all())
    limit = _fitted_limit(recorded, fit) if texts_known and "length_limit" in config.remedies else None
    ground = Ground(recorded, policy, limit, texts_known)
    changes = changes_for(ground)
    worked = _Worked(ground, config, fit, figures)
    # A probe that failed or was not run is mended at the server; no rule in front of it would help.
    ours = [gate for gate in gates.get(base, ()) if routing_can_change(gate)]
    adequate = bool(ours) and all(gate.outcome == "pass" for gate in ours)
    replays = worked.replays(plans_for(ground, changes), adequate=adequate)
    remedies = tuple(_remedies(changes, replays, figures))
    return Replayed(replays, remedies, next((one for one in replays if one.chosen), None))


def parts_of(recorded: Recorded, *, seed: int) -> Mask:
    """By fixture number, whether it is one to choose on. Strata: expected label and keyword, else thirds of length."""
    table = recorded.evidence.fixtures
    numbers, first = np.unique(recorded.fixture, return_index=True)
    wanted = recorded.wanted[first]
    words = table.words[numbers]
    cuts = np.quantile(words, [1 / 3, 2 / 3]) if len(words) else np.zeros(2)
    strata = [
        f"{recorded.labels[label]}/{bool(table.keyword[number])}"
        if label >= 0
        else f"{np.searchsorted(cuts, count)}/{bool(table.sensitive[number])}"
        for number, label, count in zip(numbers, wanted, words, strict=True)
    ]
    part = np.zeros(len(table.ids), dtype=np.bool_)
    part[numbers] = fit_part_of_groups(
        [table.ids[number] for number in numbers], strata, table.clusters(numbers).tolist(), seed=seed
    )
    return part


def _base(config: WorkloadPolicy | None, evidence: Evidence, workload: str, target: str) -> Candidate | None:
    candidates = evidence.candidates(workload, target)
    if config is None or not candidates:
        return None
    wanted = Candidate(workload, target, config.decide_on.variant, config.decide_on.decoding)
    return wanted if wanted in candidates else candidates[0]


def _fitted_limit(recorded: Recorded, fit: Mask) -> LengthLimit | None:
    """Where errors (failures among them) become more frequent, on the part for choosing; a fixture counts once."""
    cases = recorded.cases(recorded.base)
    units = fit & ~cases.bypassed
    asked = np.bincount(recorded.fixture, weights=units)
    wrong = np.bincount(recorded.fixture, weights=units & (cases.outcome != 1))
    there = np.flatnonzero(asked)
    words = recorded.evidence.fixtures.words[there]
    return fit_length_limit(words, wrong[there] / asked[there], seed=SEED)


def _guarded(plan: ReplayPlan) -> frozenset[str]:
    """The checks for which a rule of ``plan`` stops an answer."""
    return frozenset(check for rule in plan.file.rules for check in rule.when.failed_checks)


class _Worked(Struct, frozen=True):
    """Replays plans; ``fit`` are the units for choosing."""

    ground: Ground
    config: WorkloadPolicy
    fit: Mask
    figures: Figures

    def replays(self, plans: Sequence[ReplayPlan], *, adequate: bool) -> tuple[Replay, ...]:
        if not plans:
            return ()
        wanted = self.config.recall_class
        outcomes = [replay(plan.file, self.ground.recorded, wanted=wanted) for plan in plans]
        standings = self._standings(plans, outcomes)
        taken = 0 if adequate else choose(standings)
        on_frontier = frontier([self._point(outcome, ~self.fit) for outcome in outcomes])
        fitted_on, reported_on = self._counts()
        tried = self.figures.count(
            f"{self._place('tried')}", "routing policies replayed", len(plans), key="tried", of=self.ground.base.text
        )
        found = []
        for number, (plan, outcome) in enumerate(zip(plans, outcomes, strict=True)):
            made = self._replay(plan, outcome, fitted_on, reported_on)
            chosen = number == taken
            if chosen:
                made = msgspec.structs.replace(made, figures={**made.figures, **self._live(made.id, plan, outcome)})
            why = capitalise(self._why(made, tried, adequate=adequate)) if chosen else ()
            found.append(msgspec.structs.replace(made, on_frontier=on_frontier[number], chosen=chosen, why=why))
        return tuple(found)

    def _place(self, name: str) -> str:
        return f"replay/{self.ground.base.workload}/{self.ground.base.target}/{name}"

    def _standings(self, plans: Sequence[ReplayPlan], outcomes: Sequence[ReplayOutcome]) -> list[Standing]:
        """Every plan on the part for choosing; one that changes nothing there is no remedy, and not for choice."""
        as_it_is = outcomes[0]
        choosing = _policy_for_choosing(self.ground.policy)
        found = []
        for number, (plan, outcome) in enumerate(zip(plans, outcomes, strict=True)):
            point = self._point(outcome, self.fit)
            same = number == 0 or (plan.judged == plans[0].judged and _same(outcome, as_it_is, self.fit))
            other_work = any(plan.params[name].get("replaces") for name in plan.remedies)
            hoped_for = outcome.verifier == UPPER_BOUND
            allowed = plan.judged is not None and not same and not other_work and not hoped_for
            gates: tuple[str, ...] = ()
            if allowed and plan.judged is not None:
                judged = judge_replay(
                    choosing,
                    self.ground.recorded,
                    outcome,
                    plan.judged,
                    self.fit,
                    Figures(),
                    prefix="",
                    proves=False,
                    guarded=_guarded(plan),
                )
                gates = tuple(gate.outcome for gate in judged if routing_can_change(gate))
            away = any(REMEDIES.get(name).elsewhere for name in plan.remedies)
            found.append(Standing(point, gates, self.config.min_automated_share, len(plan.remedies), away, allowed))
        return found

    def _point(self, outcome: ReplayOutcome, units: Mask) -> Point:
        if not units.any():
            return Point(0.0, 0.0, 0.0)
        called = outcome.hosted > 0
        columns = (outcome.automated, outcome.wrong, called, outcome.automated & ~called)
        return Point(*(float(column[units].mean()) for column in columns))

    def _gates(
        self, plan: ReplayPlan, outcome: ReplayOutcome, units: Mask, figures: Figures, prefix: str
    ) -> tuple[GateResult, ...]:
        if plan.judged is None:
            return ()
        return judge_replay(
            self.ground.policy,
            self.ground.recorded,
            outcome,
            plan.judged,
            units,
            figures,
            prefix=prefix,
            guarded=_guarded(plan),
        )

    def _counts(self) -> tuple[str, str]:
        fixture = self.ground.recorded.fixture
        said = (
            ("fitted_on", "fixtures of the tuning set", self.fit),
            ("reported_on", "held-out fixtures", ~self.fit),
        )
        ids = [
            self.figures.count(
                self._place(name), title, len(np.unique(fixture[units])), key=name, of=self.ground.base.text
            )
            for name, title, units in said
        ]
        return ids[0], ids[1]

    def _replay(self, plan: ReplayPlan, outcome: ReplayOutcome, fitted_on: str, reported_on: str) -> Replay:
        base = self.ground.base
        id = f"{base.workload}/{base.target}/{plan.slug}"
        confidence, look = self.ground.policy.confidence, self._look(outcome)
        ids = add_figures(self.figures, id, outcome, ~self.fit, confidence=confidence, look=look)
        if "length_limit" in plan.remedies and self.ground.limit is not None:
            ids["length_limit_words"] = self._limit(id, self.ground.limit)
        return Replay(
            id=id,
            workload=base.workload,
            target=base.target,
            title=plan.title,
            remedies=plan.remedies,
            rules=tuple(rule_data(rule) for rule in plan.file.rules),
            figures=ids,
            fitted_on=fitted_on,
            reported_on=reported_on,
            # No gate is judged on what a verifier might have said.
            gates=()
            if outcome.verifier == UPPER_BOUND
            else self._gates(plan, outcome, ~self.fit, self.figures, f"replay/{id}/"),
        )

    def _live(self, id: str, plan: ReplayPlan, outcome: ReplayOutcome) -> dict[str, str]:
        """The figures with the guardrails that the routing table enforces besides; none where they change nothing."""
        if plan.judged is None:
            return {}
        variant = "" if plan.judged.variant == CUT_UNCITED else plan.judged.variant
        contract = self.ground.recorded.evidence.workloads.get((plan.judged.workload, variant))
        live = replay(with_guardrails(plan.file, contract), self.ground.recorded, wanted=self.config.recall_class)
        if _same(live, outcome, ~self.fit):
            return {}
        confidence = self.ground.policy.confidence
        look = self._look(live)
        found = add_figures(self.figures, f"{id}/live", live, ~self.fit, confidence=confidence, look=look)
        return {f"{LIVE}{name}": figure for name, figure in found.items()}

    def _look(self, outcome: ReplayOutcome) -> EveryLook | None:
        return every_look(self.ground.recorded.evidence, self.ground.base, *outcome.candidates)

    def _limit(self, replay_id: str, limit: LengthLimit) -> str:
        return self.figures.add(
            Figure(
                id=f"replay/{replay_id}/length_limit_words",
                title="length in words above which errors increase",
                value=float(limit.words),
                unit="words",
                source=Source("replay", "length_limit_words", replay_id),
                n=limit.n,
                low=float(limit.low),
                high=float(limit.high),
                confidence=0.95,
                method="profile likelihood",
                note="fitted on the tuning set, which cannot separate lengths within the interval",
            )
        )

    def _why(self, made: Replay, tried: str, *, adequate: bool) -> LinkedText:
        ref = self.figures.ref
        live: LinkedText = ()
        if f"{LIVE}automated_share" in made.figures:
            live = (
                ". With the guardrails of its rule in routing.yaml: automated ",
                ref(made.live("automated_share"), whole=True), ", undetected errors ",
                ref(made.live("error_passing_rate"), whole=True),
            )  # fmt: skip
        if adequate:
            return ("every gate that routing can affect already passes, so nothing is added", *live)
        return (
            "best of ", ref(tried), " policies on ", ref(made.fitted_on), " fixtures: no failed gate, the fewest "
            "undecided, then the most automated. On ", ref(made.reported_on), " held-out fixtures it automates ",
            ref(made.figures["automated_share"], whole=True), ", with undetected errors at ",
            ref(made.figures["error_passing_rate"], whole=True), *live,
        )  # fmt: skip


def _policy_for_choosing(policy: PolicyFile) -> PolicyFile:
    """At the confidence that makes this part as tight as the larger held-out part, where nothing goes wrong.

    No mistake in n fixtures proves a rate below 1 - alpha^(1/n), so alpha^(n/m) in n proves what alpha in m does.
    Else a fix that asks the model for fewer cases would lose to one that fails more of them.
    """
    alpha = (1 - policy.confidence) ** (FIT_SHARE / (1 - FIT_SHARE))
    return policy.model_copy(update={"confidence": 1 - alpha})


def _same(one: ReplayOutcome, other: ReplayOutcome, units: Mask) -> bool:
    """Nothing is routed, answered or passed otherwise on these units."""
    return bool(
        (one.automated == other.automated)[units].all()
        and (one.row == other.row)[units].all()
        and (one.hosted == other.hosted)[units].all()
        and one.candidates == other.candidates
    )


def _remedies(changes: Sequence[RemedyChange], replays: Sequence[Replay], figures: Figures) -> list[Remedy]:
    """One entry for each remedy that the policy names: its replay on its own, or the chosen one it is part of."""
    chosen = next((one for one in replays if one.chosen), None)
    found: dict[tuple[str, str], Remedy] = {}
    for change in changes:
        key = (change.name, str(change.params.get("target", "")))
        title = change.title or REMEDIES.get(change.name).title
        params: dict[str, Any] = dict(change.params)
        if change.why_not:
            found[key] = Remedy(change.name, title, capitalise((change.why_not,)), params=params)
            continue
        own = next((one for one in replays if one.remedies == (change.name,) and one.title == title), None)
        best = chosen if chosen is not None and change.name in chosen.remedies else own
        if best is None:
            continue
        found[key] = Remedy(change.name, title, capitalise(_effect(best, replays[0], figures)), best.id, params)
    return list(found.values())


def _effect(after: Replay, before: Replay, figures: Figures) -> LinkedText:
    ref = figures.ref
    errors = before.figures["error_passing_rate"], after.figures["error_passing_rate"]
    same = figures[errors[0]].value == figures[errors[1]].value
    moved: LinkedText = (" stay at ",) if same else (" go from ", ref(errors[0]), " to ")
    text: LinkedText = (f"{after.title}, replayed: undetected errors", *moved, ref(errors[1]), " of all fixtures")
    if "recall" in after.figures and "recall" in before.figures:
        text += (" and recall on the class that matters from ", ref(before.figures["recall"]), " to ")
        text += (ref(after.figures["recall"]),)
    return (*text, ", with ", ref(after.figures["automated_share"]), " automated")
