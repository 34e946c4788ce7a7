"""A policy's gates and recorded evidence in, one judged result for each gate out; by interval, never by value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.config.routing.rule import CUT_UNCITED
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.compared import find_baseline
from milo_bench.decide.gates.ends import (
    Groups,
    IntervalEnds,
    behind_guard,
    difference_at_any_look,
    difference_ends,
    ends_at_any_look,
    ends_of,
    fixture_means,
    no_ends,
    pair_fixtures,
    with_unfound,
)
from milo_bench.decide.gates.flagged import (
    NO_DIFFERENCE,
    NO_LABELS,
    RestsOnFlags,
    corrected_for_misses,
    labelled_rows,
    question_of,
)
from milo_bench.decide.gates.further import further_fixtures, further_for_mean, least_without_data
from milo_bench.decide.gates.judged import NO_BASELINE, JudgedRate, judged_rate, rests_on_judge
from milo_bench.decide.gates.null_model import (
    Proven,
    Undone,
    undecide_constant_passes,
    undecide_null_passes,
    why_nothing_is_proven,
)
from milo_bench.decide.gates.told import ToldGate, bound_of
from milo_bench.decide.records import Candidate, GateResult
from milo_bench.stats.arrays import Bools
from milo_bench.stats.betting import further_to_decide
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases
from milo_bench.stats.cases.rows import Missed, RateRows, ValueRows, select_rows
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.unfound import Unfound

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
    guarded: GuardedRows | None = None,
    told: bool = True,
) -> tuple[GateResult, ...]:
    """Every gate of the candidate's workload, in the policy's order.

    ``rows`` are the attempts that a routing policy lets through (one entry for each of the
    candidate's); then ``id_prefix`` keeps the figures apart. Failed attempts count as misses. A gate
    without evidence is undecided, whatever it asks. ``confidence`` is what a pass needs, the policy's unless given:
    one among several needs more (``gates.family``). A fail needs the policy's. ``guarded`` says what chose ``rows``,
    where checks did. Without ``told`` only the outcomes are read, so what would decide a gate is not looked for.
    """
    judge = _Judge(
        policy, evidence, candidate, figures, rows, id_prefix, confidence or policy.confidence, guarded, told
    )
    return judge.proven().results


def passes_all(policy: PolicyFile, evidence: Evidence, candidate: Candidate, *, confidence: float) -> bool:
    """Whether the candidate's workload has gates and it passes each of them; see ``judge_gates``."""
    return _Judge(policy, evidence, candidate, Figures(), None, "", confidence, told=False).passes_all()


def judge_proven(
    policy: PolicyFile, evidence: Evidence, candidate: Candidate, figures: Figures, *, confidence: float
) -> Proven:
    """``judge_gates``, and which passes it undid because one answer to everything gets them as well."""
    return _Judge(policy, evidence, candidate, figures, None, "", confidence).proven()


def gate_rows(policy: PolicyFile, evidence: Evidence, candidate: Candidate, gate: GateConfig) -> RateRows | ValueRows:
    """The rows of a measured candidate that ``gate`` is judged on."""
    judge = _Judge(policy, evidence, candidate, Figures(), None, "", policy.confidence)
    return judge._rows(gate, evidence.cases[candidate], None)


def ends_of_rows(policy: PolicyFile, evidence: Evidence, candidate: Candidate, rows: RateRows) -> IntervalEnds:
    """The ends of ``rows``, one for each of the candidate's, by the bounds that its gates are judged by."""
    judge = _Judge(policy, evidence, candidate, Figures(), None, "", policy.confidence)
    return judge._ends(rows, evidence.cases[candidate], policy.confidence)


class GuardedRows(Struct, frozen=True):
    """``checks`` that send an answer to a person where they fail, and the rows ``of`` which they choose."""

    checks: frozenset[str]
    of: Bools


class _Judge(Struct, frozen=True):
    policy: PolicyFile
    evidence: Evidence
    candidate: Candidate
    figures: Figures
    rows: Bools | None
    prefix: str
    confidence: float
    guarded: GuardedRows | None = None
    told: bool = True  # whether more than the outcomes is read

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
            ends = no_ends(_NOT_MEASURED)
            return self._told.result(gate, ends, None)
        if rests_on_judge(gate, self.evidence, self.candidate):
            return self._judged(gate)
        if question_of(gate) and not self.evidence.flags_decide:
            return self._flagged(gate, cases)
        contract = self.evidence.workloads.get((self.candidate.workload, self.candidate.variant))
        if why := why_nothing_is_proven(gate, cases, contract):
            return self._told.result(gate, no_ends(why), None)
        found = self._rows(gate, cases, self.rows)
        if gate.not_worse_than:
            return self._against_baseline(gate, cases, found)
        ends = self._at_confidence(gate, lambda confidence: self._with_unfound(gate, found, cases, confidence))
        return self._told.result(gate, ends, self._further(gate, found, cases, ends))

    def _with_unfound(
        self, gate: GateConfig, rows: RateRows | ValueRows, cases: Cases, confidence: float
    ) -> IntervalEnds:
        """The ends of ``rows``, with what the rules behind a safety gate miss counted on the bad side."""
        ends, unfound = self._ends(rows, cases, confidence), self._told.unfound(gate)
        if unfound is None or not isinstance(rows, RateRows):
            return ends
        if (behind := self._behind_guard(gate, rows, cases, confidence, unfound)) is not None:
            return behind
        if not self._any_look:
            return with_unfound(ends, unfound, gate.direction, confidence)
        sure = (1 + confidence) / 2
        wide = self._ends(rows, cases, sure)
        return with_unfound(ends, unfound, gate.direction, sure, at_any_look=wide)

    def _behind_guard(
        self, gate: GateConfig, rows: RateRows, cases: Cases, confidence: float, unfound: Unfound
    ) -> IntervalEnds | None:
        """The ends where the rules behind ``gate`` chose its rows; None where they did not."""
        if self.guarded is None:
            return None
        counted = self._told.counted(gate)
        if not counted & self.guarded.checks:
            return None
        sure = 1 - (1 - confidence) / 4  # what goes on, all that was found, how much goes on, what rules find
        everything = self._rows(gate, cases, self.guarded.of)
        assert isinstance(everything, RateRows)
        on, of = float(rows.asked.sum()), float(everything.asked.sum())
        return behind_guard(
            self._ends(rows, cases, sure),
            self._ends(everything, cases, sure),
            unfound,
            gate.direction,
            let=exact_ends(min(on, of), of, sure)[0] if of else 0.0,
            sure=sure,
            stops_all=counted <= self.guarded.checks,
        )

    def _ends(self, rows: RateRows | ValueRows, cases: Cases, confidence: float) -> IntervalEnds:
        find_ends = partial(ends_at_any_look, in_order=self._in_order) if self._any_look else ends_of
        return find_ends(rows, self._places(cases), confidence, group=self._groups)

    def _flagged(self, gate: GateConfig, cases: Cases) -> GateResult:
        """A rate that rules only flag: by what people said of answers drawn at random, or corrected, or undecided."""
        said, flags = self.evidence.said_of(self.candidate), self._rows(gate, cases, self.rows)
        assert isinstance(flags, RateRows)
        if gate.not_worse_than:
            if gate.safety:
                return self._told.result(gate, no_ends(NO_DIFFERENCE), None)
            return self._against_baseline(gate, cases, flags)
        labelled = None
        if said is not None and not said.problem:
            labelled = labelled_rows(said, cases, self.evidence.fixtures, gate, self.rows)
        rests = RestsOnFlags(gate, flags, labelled, NO_LABELS if said is None else said.problem)
        if labelled is not None and labelled.rows.asked.any():
            rows = labelled.rows
            ends = self._at_confidence(gate, lambda confidence: self._ends(rows, cases, confidence))
            return self._told.result(gate, ends, self._further(gate, rows, cases, ends), flags=rests)
        if gate.safety or not flags.asked.any():
            bound, confidence = (
                bound_of(gate),
                self.confidence if self.confidence != UNTESTED else self.policy.confidence,
            )
            least = least_without_data(bound, gate.direction, confidence, any_look=self._any_look)
            note = rests.why if flags.asked.any() or gate.safety else flags.why_none
            ends = no_ends(note)
            return self._told.result(gate, ends, least, flags=rests if gate.safety else None)

        def corrected(confidence: float) -> IntervalEnds:
            plain, half = (self._ends(flags, cases, one) for one in (confidence, (1 + confidence) / 2))
            return corrected_for_misses(plain, half, confidence, gate.direction)

        return self._told.result(gate, self._at_confidence(gate, corrected), None, flags=rests)

    def _judged(self, gate: GateConfig) -> GateResult:
        """A rate that rests on a model judge: corrected for its errors, or without ends and the reason why."""
        if gate.not_worse_than:
            return self._told.result(gate, no_ends(NO_BASELINE), None)
        found: list[JudgedRate] = []
        unfound = self._told.unfound(gate)

        def ends_at(confidence: float) -> IntervalEnds:
            found.append(judged_rate(self.policy, self.evidence, self.candidate, gate, confidence, rows=self.rows))
            ends = found[-1].ends
            return ends if unfound is None else with_unfound(ends, unfound, gate.direction, confidence)

        ends = self._at_confidence(gate, ends_at)
        if self._any_look and ends.n:
            ends = replace(ends, low=None, high=None, method="", note="no bound of this kind holds at every look")
        return self._told.result(gate, ends, None, judged=found[-1])

    def passes_all(self) -> bool:
        gates = self.policy.gates_of(self.candidate.workload)
        # What one answer to everything gets as well undoes passes and makes none, so one other outcome is enough.
        if not gates or any(self.gate(gate).outcome != "pass" for gate in gates):
            return False
        return all(result.outcome == "pass" for result in self.proven().results)

    def proven(self) -> Proven:
        """All gates, with passes undecided that a model which always gives one answer would get as well."""
        gates = self.policy.gates_of(self.candidate.workload)
        results: Sequence[GateResult] = [self.gate(gate) for gate in gates]
        cases = self.evidence.cases.get(self.candidate)
        # A replay judges some of the gates at a time, on what its rules let through. Its rules know classes.
        if cases is None or self.rows is not None:
            return Proven(tuple(results))
        bounds = [0.0 if gate.probe else bound_of(gate) for gate in gates]

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
        if (
            self.confidence in (self.policy.confidence, UNTESTED)
            or ends.judged(gate.direction, bound_of(gate)) == "fail"
        ):
            return replace(ends, confidence=self.policy.confidence)
        return replace(ends_at(self.confidence), confidence=self.confidence)

    def _rows(self, gate: GateConfig, cases: Cases, rows: Bools | None) -> RateRows | ValueRows:
        by_label = gate.measure in ("accuracy", "recall") or "class=" in gate.slice
        missed = Missed(_wanted(self.evidence, cases) if by_label else None)
        return select_rows(cases, self.evidence.fixtures, gate.measure, slice=gate.slice, rows=rows, missed=missed)

    def _further(self, gate: GateConfig, rows: RateRows | ValueRows, cases: Cases, ends: IntervalEnds) -> int | None:
        bound, confidence = bound_of(gate), ends.confidence or self.policy.confidence
        if not self.told or ends.judged(gate.direction, bound) != "undecided":
            return None
        if ends.unjudged:
            return None  # more fixtures of the same kind would be unjudged too
        unfound = self._told.unfound(gate) if isinstance(rows, RateRows) else None
        if isinstance(rows, RateRows) and ends.n == 0:
            return least_without_data(bound, gate.direction, confidence, any_look=self._any_look, unfound=unfound)
        if isinstance(rows, RateRows) and unfound is not None and gate.direction == "at_least":
            rows, bound = replace(rows, held=rows.asked - rows.held), 1 - bound
        found = further_fixtures(
            rows,
            cases.fixture,
            ends,
            bound,
            confidence,
            group=self.evidence.fixtures.group,
            any_look=self._any_look,
            unfound=unfound,
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
            return self._told.result(gate, no_ends(why), None)
        theirs = self.evidence.cases[baseline]
        # Where the baseline's own calls were lost nobody knows how good it is; as misses they would lower the bar.
        lost = (theirs.outcome == NOT_JUDGED) & (gate.measure != "failure_rate")
        others = self._rows(gate, theirs, ~lost)
        for found, of in ((rows, cases), (others, theirs)):
            if isinstance(found, RateRows) and found.count_unjudged:
                why = f"some answers of {of.target} are unjudged"
                return self._told.result(gate, no_ends(why), None)
            if not (found.asked.any() if isinstance(found, RateRows) else len(found.values)):
                why = f"no attempt on {of.target} has a value"
                return self._told.result(gate, no_ends(why), None)
        pairs = pair_fixtures(
            fixture_means(rows, self._places(cases)), fixture_means(others, self._places(theirs)), self._groups
        )
        rate = known_measures()[gate.measure].kind == "rate"
        find_ends = partial(difference_at_any_look, in_order=self._in_order) if self._any_look else difference_ends
        ends = self._at_confidence(gate, lambda confidence: find_ends(pairs, confidence, rate=rate))
        if lost.any():
            ends = replace(ends, note=f"without {int(lost.sum())} failed attempts of the baseline")
        if self._any_look:
            shares, middle = (pairs.by_cluster.means + 1) / 2, (bound_of(gate) + 1) / 2
            more = further_to_decide(shares, middle, ends.confidence or self.policy.confidence) if rate else None
        else:
            more = further_for_mean(ends, bound_of(gate))
        return self._told.result(gate, ends, self._of_all(more, gate, cases, ends))

    def _memory(self, gate: GateConfig) -> GateResult:
        peak = self.evidence.peak_memory_bytes.get(self.candidate.target)
        if peak is None:
            return self._told.result(gate, no_ends("memory was not sampled"), None)
        value = float(peak)
        return self._told.result(gate, IntervalEnds(value, value, value, 1, 1, "highest sample"), None)

    def _review(self, gate: GateConfig) -> GateResult:
        """What people said. An end of their interval that holds at less than the policy's confidence is not used."""
        found = [
            measure
            for candidate, measure in self.evidence.reviews
            if candidate == self.candidate and measure.name == gate.measure
        ]
        if not found:
            return self._told.result(gate, no_ends("no review was given"), None)
        measure, interval = found[0], found[0].interval
        low, high = (interval.low, interval.high) if interval else (None, None)
        method = interval.method if interval else ""
        ends = IntervalEnds(measure.value, low, high, measure.n, measure.n, method, note=measure.note)
        if interval is not None:
            needed = (
                self.policy.confidence if ends.judged(gate.direction, bound_of(gate)) == "fail" else self.confidence
            )
            if (1 + interval.confidence) / 2 < needed:
                ends = replace(ends, low=None, high=None)
        return self._told.result(gate, ends, further_for_mean(ends, bound_of(gate)))

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
            ends = no_ends("not run on this target")
        elif not failed and passed < len(results):
            ends = IntervalEnds(
                0.0, None, None, len(results), len(results), "", note="it ran and neither passed nor failed"
            )
        else:
            ends = IntervalEnds(float(failed), float(failed), float(failed), len(results), len(results), "")
        return self._told.result(gate, ends, None)

    @property
    def _told(self) -> ToldGate:
        of = self.candidate
        contract = self.evidence.workloads.get((of.workload, "" if of.variant == CUT_UNCITED else of.variant))
        if self.evidence.flags_decide:
            contract = None  # those versions said nothing of rules
        language, untested = self.evidence.languages.get(of.workload, ""), self.confidence == UNTESTED
        silver = self.evidence.silver.get(of.workload)
        return ToldGate(self.policy, of, self.figures, self.prefix, contract, language, silver, untested)


def _wanted(evidence: Evidence, cases: Cases) -> NDArray[np.int16]:
    """The expected label of every fixture, as far as any answer of the workload shows it, in ``cases``'s numbers."""
    wanted = np.full(len(evidence.fixtures.ids), NOT_JUDGED, dtype=np.int16)
    if not cases.labels:
        return wanted
    for candidate, other in evidence.cases.items():
        if candidate.workload != cases.workload or not other.labels:
            continue
        places = [cases.labels.index(label) if label in cases.labels else NOT_JUDGED for label in other.labels]
        fixtures, labels = other.expected
        wanted[fixtures] = np.array(places, dtype=np.int16)[labels]
    return wanted
