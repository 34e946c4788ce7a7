"""A policy's gates and recorded evidence in, one judged result for each gate out; by interval, never by value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.units import things
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.compared import find_baseline
from milo_bench.decide.gates.ends import (
    Groups,
    IntervalEnds,
    difference_at_any_look,
    difference_ends,
    ends_at_any_look,
    ends_of,
    fixture_means,
    pair_fixtures,
)
from milo_bench.decide.gates.further import further_fixtures, further_for_mean, least_without_data
from milo_bench.decide.gates.judged import NO_BASELINE, JudgedRate, judged_rate, licence_clause, rests_on_judge
from milo_bench.decide.gates.null_model import (
    Proven,
    Undone,
    undecide_constant_passes,
    undecide_null_passes,
    why_nothing_is_proven,
)
from milo_bench.decide.records import Candidate, Figure, GateOutcome, GateResult, LinkedText, Ref, Source, SourceKind
from milo_bench.decide.wording import TOO_CLOSE, spell_out
from milo_bench.stats.arrays import Bools
from milo_bench.stats.betting import further_to_decide
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases
from milo_bench.stats.cases.rows import Missed, RateRows, ValueRows, select_rows
from milo_bench.stats.intervals import finite

UNTESTED: Final = 1.0  # as a confidence: no pass counts, because a target before this one was not kept
_NOT_MEASURED = "this variant was not run on this target"


def judge_gates(
    policy: PolicyFile,
    evidence: Evidence,
    candidate: Candidate,
    figures: Figures,
    *,
    rows: Bools | None = None,
    id_prefix: str = "",
    confidence: float | None = None,
) -> tuple[GateResult, ...]:
    """Every gate of the candidate's workload, in the policy's order.

    ``rows`` are the attempts that a routing policy lets through (one entry for each of the
    candidate's); then ``id_prefix`` keeps the figures apart. Failed attempts count as misses. A gate
    without evidence is undecided, whatever it asks. ``confidence`` is what a pass needs, the policy's unless given:
    one among several needs more (``gates.family``). A fail needs the policy's.
    """
    judge = _Judge(policy, evidence, candidate, figures, rows, id_prefix, confidence or policy.confidence)
    return judge.proven().results


def judge_proven(
    policy: PolicyFile, evidence: Evidence, candidate: Candidate, figures: Figures, *, confidence: float
) -> Proven:
    """``judge_gates``, and which passes it undid because one answer to everything gets them as well."""
    return _Judge(policy, evidence, candidate, figures, None, "", confidence).proven()


def gate_rows(policy: PolicyFile, evidence: Evidence, candidate: Candidate, gate: GateConfig) -> RateRows | ValueRows:
    """The rows of a measured candidate that ``gate`` is judged on."""
    judge = _Judge(policy, evidence, candidate, Figures(), None, "", policy.confidence)
    return judge._rows(gate, evidence.cases[candidate], None)


@dataclass(frozen=True)
class _Judge:
    policy: PolicyFile
    evidence: Evidence
    candidate: Candidate
    figures: Figures
    rows: Bools | None
    prefix: str
    confidence: float

    @property
    def _in_order(self) -> bool:
        return self.candidate in self.evidence.looked_at

    @property
    def _any_look(self) -> bool:
        return self._in_order or self.policy.looks == "any"

    @property
    def _groups(self) -> Groups:
        """The group of each fixture, by the number that ``_places`` gives it."""
        group, order = self.evidence.fixtures.group, self.evidence.looked_at.get(self.candidate)
        if group is None or order is None:
            return group
        by_place = np.arange(int(order.max(initial=0)) + 1, dtype=np.int32)
        first = np.full(len(group), len(by_place), dtype=np.int32)
        np.minimum.at(first, group, order)
        by_place[order] = first[group]
        return by_place

    def _places(self, cases: Cases) -> NDArray[np.int32]:
        """The fixture of each row, numbered in the order in which they were asked, where that is known."""
        order = self.evidence.looked_at.get(self.candidate)
        return cases.fixture if order is None else order[cases.fixture]

    def gate(self, gate: GateConfig) -> GateResult:
        if gate.probe:
            return self._probe(gate)
        if gate.measure == "peak_memory_bytes":
            return self._memory(gate)
        if gate.measure and known_measures()[gate.measure].kind == "review":
            return self._review(gate)
        cases = self.evidence.cases.get(self.candidate)
        if cases is None:
            ends = IntervalEnds(None, None, None, 0, 0, "", note=_NOT_MEASURED)
            return self._result(gate, ends, None)
        if rests_on_judge(gate, self.evidence, self.candidate):
            return self._judged(gate)
        contract = self.evidence.workloads.get((self.candidate.workload, self.candidate.variant))
        if why := why_nothing_is_proven(gate, cases, contract):
            return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note=why), None)
        found = self._rows(gate, cases, self.rows)
        if gate.not_worse_than:
            return self._against_baseline(gate, cases, found)
        find_ends = partial(ends_at_any_look, in_order=self._in_order) if self._any_look else ends_of
        find_ends = partial(find_ends, group=self._groups)
        places = self._places(cases)
        ends = self._at_confidence(gate, lambda confidence: find_ends(found, places, confidence))
        return self._result(gate, ends, self._further(gate, found, cases, ends))

    def _judged(self, gate: GateConfig) -> GateResult:
        """A rate that rests on a model judge: corrected for its errors, or without ends and the reason why."""
        if gate.not_worse_than:
            return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note=NO_BASELINE), None)
        found: list[JudgedRate] = []

        def ends_at(confidence: float) -> IntervalEnds:
            found.append(judged_rate(self.policy, self.evidence, self.candidate, gate, confidence, rows=self.rows))
            return found[-1].ends

        ends = self._at_confidence(gate, ends_at)
        if self._any_look and ends.n:
            ends = replace(ends, low=None, high=None, method="", note="no bound of this kind holds at every look")
        return self._result(gate, ends, None, judged=found[-1])

    def proven(self) -> Proven:
        """All gates, with passes undecided that a model which always gives one answer would get as well."""
        gates = self.policy.gates_of(self.candidate.workload)
        results: Sequence[GateResult] = [self.gate(gate) for gate in gates]
        cases = self.evidence.cases.get(self.candidate)
        # A replay judges some of the gates at a time, on what its rules let through. Its rules know classes.
        if cases is None or self.rows is not None:
            return Proven(tuple(results))
        bounds = [0.0 if gate.probe else _bound(gate) for gate in gates]

        def rows_of(gate: GateConfig, null: Cases) -> RateRows | ValueRows:
            return self._rows(gate, null, None)

        undone: dict[int, Undone] = {}
        if cases.labels:
            judged = list(zip(gates, results, bounds, strict=True))
            by_class = undecide_null_passes(judged, cases, rows_of, self.figures)
            results, undone = by_class.results, {**by_class.undone}
        judged = list(zip(gates, results, bounds, strict=True))
        constants = self.evidence.constants.get(self.candidate, ())
        by_answer = undecide_constant_passes(judged, cases, constants, rows_of, self.figures)
        return Proven(by_answer.results, {**undone, **by_answer.undone})

    def _at_confidence(self, gate: GateConfig, ends_at: Callable[[float], IntervalEnds]) -> IntervalEnds:
        """Ends at the policy's confidence where they fail the gate, else at what a pass needs."""
        ends = ends_at(self.policy.confidence)
        if self.confidence in (self.policy.confidence, UNTESTED) or ends.judged(gate.direction, _bound(gate)) == "fail":
            return replace(ends, confidence=self.policy.confidence)
        return replace(ends_at(self.confidence), confidence=self.confidence)

    def _rows(self, gate: GateConfig, cases: Cases, rows: Bools | None) -> RateRows | ValueRows:
        by_label = gate.measure in ("accuracy", "recall") or "class=" in gate.slice
        missed = Missed(_wanted(self.evidence, cases) if by_label else None)
        return select_rows(cases, self.evidence.fixtures, gate.measure, slice=gate.slice, rows=rows, missed=missed)

    def _further(self, gate: GateConfig, rows: RateRows | ValueRows, cases: Cases, ends: IntervalEnds) -> int | None:
        bound, confidence = _bound(gate), ends.confidence or self.policy.confidence
        if ends.unjudged:
            return None  # more fixtures of the same kind would be unjudged too
        if isinstance(rows, RateRows) and ends.n == 0:
            return least_without_data(bound, gate.direction, confidence, any_look=self._any_look)
        found = further_fixtures(
            rows,
            cases.fixture,
            ends,
            bound,
            confidence,
            group=self.evidence.fixtures.group,
            any_look=self._any_look,
        )
        return self._of_all(found, gate, cases, ends)

    def _of_all(self, found: int | None, gate: GateConfig, cases: Cases, ends: IntervalEnds) -> int | None:
        """Of further fixtures too, only a part is reported on and let through by a routing policy."""
        if found is None or self.rows is None or not ends.fixtures:
            return found
        everything = self._rows(gate, cases, None)
        return math.ceil(found * len(fixture_means(everything, cases.fixture)[0]) / ends.fixtures)

    def _against_baseline(self, gate: GateConfig, cases: Cases, rows: RateRows | ValueRows) -> GateResult:
        baseline, why = find_baseline(self.policy, self.evidence, self.candidate)
        if baseline is None:
            return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note=why), None)
        theirs = self.evidence.cases[baseline]
        # Where the baseline's own calls were lost nobody knows how good it is; as misses they would lower the bar.
        lost = (theirs.outcome == NOT_JUDGED) & (gate.measure != "failure_rate")
        others = self._rows(gate, theirs, ~lost)
        for found, of in ((rows, cases), (others, theirs)):
            if isinstance(found, RateRows) and found.count_unjudged:
                why = f"some answers of {of.target} are unjudged"
                return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note=why), None)
            if not (found.asked.any() if isinstance(found, RateRows) else len(found.values)):
                why = f"no attempt on {of.target} has a value"
                return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note=why), None)
        pairs = pair_fixtures(
            fixture_means(rows, self._places(cases)), fixture_means(others, self._places(theirs)), self._groups
        )
        rate = known_measures()[gate.measure].kind == "rate"
        find_ends = partial(difference_at_any_look, in_order=self._in_order) if self._any_look else difference_ends
        ends = self._at_confidence(gate, lambda confidence: find_ends(pairs, confidence, rate=rate))
        if lost.any():
            ends = replace(ends, note=f"without {int(lost.sum())} failed attempts of the baseline")
        if self._any_look:
            shares, middle = (pairs.by_cluster.means + 1) / 2, (_bound(gate) + 1) / 2
            more = further_to_decide(shares, middle, ends.confidence or self.policy.confidence) if rate else None
        else:
            more = further_for_mean(ends, _bound(gate))
        return self._result(gate, ends, self._of_all(more, gate, cases, ends))

    def _memory(self, gate: GateConfig) -> GateResult:
        peak = self.evidence.peak_memory_bytes.get(self.candidate.target)
        if peak is None:
            return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note="memory was not sampled"), None)
        value = float(peak)
        return self._result(gate, IntervalEnds(value, value, value, 1, 1, "highest sample"), None)

    def _review(self, gate: GateConfig) -> GateResult:
        """What people said. An end of their interval that holds at less than the policy's confidence is not used."""
        found = [
            measure
            for candidate, measure in self.evidence.reviews
            if candidate == self.candidate and measure.name == gate.measure
        ]
        if not found:
            return self._result(gate, IntervalEnds(None, None, None, 0, 0, "", note="no review was given"), None)
        measure, interval = found[0], found[0].interval
        low, high = (interval.low, interval.high) if interval else (None, None)
        method = interval.method if interval else ""
        ends = IntervalEnds(measure.value, low, high, measure.n, measure.n, method, note=measure.note)
        if interval is not None:
            needed = self.policy.confidence if ends.judged(gate.direction, _bound(gate)) == "fail" else self.confidence
            if (1 + interval.confidence) / 2 < needed:
                ends = replace(ends, low=None, high=None)
        return self._result(gate, ends, further_for_mean(ends, _bound(gate)))

    def _probe(self, gate: GateConfig) -> GateResult:
        """A probe passes by at least one result that passed, and none that failed or stayed undecided."""
        results = [
            one.result
            for one in self.evidence.probes
            if (one.result.probe, one.result.target) == (gate.probe, self.candidate.target)
        ]
        failed = sum(result.outcome == "fail" for result in results)
        passed = sum(result.outcome == "pass" for result in results)
        if not results:
            ends = IntervalEnds(None, None, None, 0, 0, "", note="not run on this target")
        elif not failed and passed < len(results):
            ends = IntervalEnds(0.0, None, None, len(results), len(results), "", note="its result is undecided")
        else:
            ends = IntervalEnds(float(failed), float(failed), float(failed), len(results), len(results), "")
        return self._result(gate, ends, None)

    def _result(
        self, gate: GateConfig, ends: IntervalEnds, further: int | None, *, judged: JudgedRate | None = None
    ) -> GateResult:
        bound = _bound(gate)
        outcome = ends.judged(gate.direction, bound)
        untested = outcome == "pass" and self.confidence == UNTESTED
        if untested:
            outcome = "undecided"
        figure, bound_id = self._figure(gate, ends), self._bound_figure(gate)
        further_id = ""
        if outcome == "undecided" and further is not None and not untested:
            further_id = self._further_figure(gate, further, ends.fixtures, seen=ends.n > 0)
        raw_id = f"{self.prefix}raw/{self._id(gate)}"
        licensed = licence_clause(judged, raw_id, spell_out(gate.key), self.figures)
        return GateResult(
            id=f"{self.prefix}{self._id(gate)}",
            candidate=self.candidate,
            measure=gate.measure or f"probe:{gate.probe}",
            slice=gate.slice,
            direction=gate.direction,
            against=gate.against,
            safety=gate.safety,
            figure=figure,
            bound=bound_id,
            outcome=outcome,
            reason=self._reason(gate, outcome, ends, figure, bound_id, further_id) + licensed
            if not untested
            else (f"{spell_out(gate.key)} is not tested, because no target before this one in the order is kept",),
            further=further_id,
            judge="" if judged is None else judged.judge.name,
        )

    def _id(self, gate: GateConfig) -> str:
        against = "/minus_baseline" if gate.not_worse_than else f"/{gate.direction}"
        return f"gate/{self.candidate.text}/{gate.key}{'' if gate.probe else against}"

    def _figure(self, gate: GateConfig, ends: IntervalEnds) -> str:
        key = f"{gate.key} minus {self.policy.baseline or 'baseline'}" if gate.not_worse_than else gate.key
        known = known_measures().get(gate.measure)
        kind: SourceKind = "probe" if gate.probe else "replay" if self.prefix else "measure"
        if known is not None and known.kind in ("review", "judged"):
            kind = "review" if known.kind == "review" else "judge"
        return self.figures.add(
            Figure(
                id=f"{self.prefix}{self._id(gate)}",
                title=f"{spell_out(gate.key)}{' minus the baseline' if gate.not_worse_than else ''}",
                value=finite(ends.value),
                unit=known.unit if known else "count",
                source=Source(kind, f"{self.prefix}{key}", self.candidate.text),
                n=ends.n,
                k=ends.k,
                low=finite(ends.low),
                high=finite(ends.high),
                confidence=(ends.confidence or self.policy.confidence) if ends.method else None,
                method=f"{ends.method}, each end one-sided" if ends.method else "",
                note=ends.note,
            )
        )

    def _bound_figure(self, gate: GateConfig) -> str:
        workload = self.candidate.workload
        if gate.not_worse_than:
            key, title = f"{gate.key}/margin", f"margin of {spell_out(gate.key)} against the baseline"
        elif gate.probe:
            key, title = f"{gate.key}/most_failed", "allowed failures of the probe"
        else:
            key, title = f"{gate.key}/{gate.direction}", f"{gate.direction.replace('_', ' ')}, {spell_out(gate.key)}"
        known = known_measures().get(gate.measure)
        return self.figures.stated(
            f"bound/{workload}/{key}",
            title,
            _bound(gate),
            known.unit if known else "count",
            Source("policy", f"workloads.{workload}.gates.{key}", self.policy.path),
        )

    def _further_figure(self, gate: GateConfig, further: int, fixtures: int, *, seen: bool) -> str:
        how = ", if the estimate holds" if seen else " at the least, if every one passes"
        return self.figures.add(
            Figure(
                id=f"{self.prefix}further/{self._id(gate)}",
                title=f"more fixtures to decide {spell_out(gate.key)}{how}",
                value=float(further),
                unit="count",
                source=Source("measure", f"further:{self.prefix}{gate.key}", self.candidate.text),
                note=TOO_CLOSE if seen and further > 10 * fixtures else "",
            )
        )

    def _groups_figure(self, gate: GateConfig, groups: int) -> Ref:
        """A reference to how many groups of alike fixtures an interval rests on."""
        return self.figures.ref(
            self.figures.add(
                Figure(
                    id=f"{self.prefix}groups/{self._id(gate)}",
                    title=f"groups of similar fixtures, {spell_out(gate.key)}",
                    value=float(groups),
                    unit="count",
                    source=Source("measure", f"groups:{self.prefix}{gate.key}", self.candidate.text),
                )
            )
        )

    def _unjudged(self, gate: GateConfig, ends: IntervalEnds) -> tuple[Ref, Ref]:
        """References to how many answers the gate is about, and how many of them no check could judge."""
        counts = {"answers": ends.n + ends.unjudged, "unjudged": ends.unjudged}
        asked, unjudged = (
            self.figures.ref(
                self.figures.add(
                    Figure(
                        id=f"{self.prefix}{what}/{self._id(gate)}",
                        title=f"{what}, {spell_out(gate.key)}",
                        value=float(count),
                        unit="count",
                        source=Source("measure", f"{what}:{self.prefix}{gate.key}", self.candidate.text),
                    )
                )
            )
            for what, count in counts.items()
        )
        return asked, unjudged

    def _reason(
        self, gate: GateConfig, outcome: GateOutcome, ends: IntervalEnds, figure: str, bound: str, further: str
    ) -> LinkedText:
        name = spell_out(gate.key)
        if gate.probe:
            said = {"pass": "passed", "fail": "failed"}.get(outcome, f"is undecided: {ends.note}")
            return (f"{name} {said}",)
        if ends.value is None and not ends.n:
            rest: LinkedText = (". It needs at least ", self.figures.ref(further), " fixtures") if further else ()
            return (f"{name} is undecided: {ends.note}", *rest)
        shown = self.figures.ref(figure, whole=True)
        limit = self.figures.ref(bound)
        if gate.not_worse_than:
            name = f"{name} minus the baseline's"
        side = _SIDES[(gate.direction, outcome)]
        if outcome == "undecided" and ends.low is None and ends.high is None:
            side = "without an interval to compare with"
        text: LinkedText = (f"{name} is ", shown, f", {side} ", limit)
        if ends.groups:
            noun = "group" if ends.groups == 1 else "groups"
            text = (*text, ", from ", self._groups_figure(gate, ends.groups), f" {noun} of similar fixtures")
        if ends.unjudged:
            asked, unjudged = self._unjudged(gate, ends)
            text = (*text, ", with ", unjudged, " of ", asked, " answers unjudged")
        if not further:
            return text
        if self.figures[further].note == TOO_CLOSE:
            return (*text, f": {TOO_CLOSE} (about ", self.figures.ref(further, "about"), " more fixtures)")
        return (
            *text,
            ". About ",
            self.figures.ref(further, "about"),
            f" more {things(self.figures[further].value, 'fixture')} would decide it, if the estimate holds",
        )


_SIDES = {
    ("at_least", "pass"): "clearly at or above",
    ("at_least", "fail"): "clearly below",
    ("at_least", "undecided"): "whose interval includes",
    ("at_most", "pass"): "clearly at or below",
    ("at_most", "fail"): "clearly above",
    ("at_most", "undecided"): "whose interval includes",
}


def _wanted(evidence: Evidence, cases: Cases) -> NDArray[np.int16]:
    """The expected label of every fixture, as far as any answer of the workload shows it, in ``cases``'s numbers."""
    wanted = np.full(len(evidence.fixtures.ids), NOT_JUDGED, dtype=np.int16)
    if not cases.labels:
        return wanted
    for candidate, other in evidence.cases.items():
        if candidate.workload != cases.workload or not other.labels:
            continue
        places = [cases.labels.index(label) if label in cases.labels else NOT_JUDGED for label in other.labels]
        known = other.want >= 0
        wanted[other.fixture[known]] = np.array(places, dtype=np.int16)[other.want[known]]
    return wanted


def _bound(gate: GateConfig) -> float:
    if gate.probe:
        return 0.0
    if gate.not_worse_than:
        assert gate.margin is not None
        return -gate.margin if gate.direction == "at_least" else gate.margin
    bound = gate.at_least if gate.at_least is not None else gate.at_most
    assert bound is not None
    return bound
