"""A gate and the ends that judge it in, its result with every figure and its reason out."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import Workload
from milo_bench.core.records.roles import SilverLabels
from milo_bench.core.units import things
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.detectors import counted_checks, said_of_rules, unfound_by
from milo_bench.decide.gates.ends import IntervalEnds
from milo_bench.decide.gates.flagged import RestsOnFlags, detector_counts
from milo_bench.decide.gates.judged import JudgedRate, licence_clause
from milo_bench.decide.gates.silver import said_of_labels
from milo_bench.decide.records import Candidate, Figure, GateOutcome, GateResult, LinkedText, Ref, Source, SourceKind
from milo_bench.decide.wording import TOO_CLOSE, spell_out
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.intervals import finite
from milo_bench.stats.judge_calibration import CONFIDENCE
from milo_bench.stats.silver import rests_on_labels
from milo_bench.stats.unfound import Unfound

_MANY: Final = 200  # fewer fixtures are no detail, however few there were


class ToldGate(Struct, frozen=True):
    """Makes results of gates on one candidate; ``prefix`` keeps the figures of a replay apart."""

    policy: PolicyFile
    candidate: Candidate
    figures: Figures
    prefix: str
    contract: Workload | None = None  # what answers were judged by
    language: str = ""  # of the work, as ISO 639-1
    silver: SilverLabels | None = None  # of a workload whose labels were mined
    untested: bool = False  # no pass counts, because a target before this one was not kept

    def result(
        self,
        gate: GateConfig,
        ends: IntervalEnds,
        further: int | None,
        *,
        judged: JudgedRate | None = None,
        flags: RestsOnFlags | None = None,
    ) -> GateResult:
        """The result of ``gate`` by ``ends``; ``further`` is how many more fixtures, or labelled answers, it takes."""
        outcome = ends.judged(gate.direction, bound_of(gate))
        untested = self.untested and outcome == "pass"
        if untested:
            outcome = "undecided"
        figure, bound_id = self._figure(gate, ends), self._bound_figure(gate)
        further_id = ""
        if outcome == "undecided" and further is not None and not untested:
            further_id = self._further_figure(gate, further, ends, flags=flags)
        beside = self._beside(gate, flags)
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
            reason=self._reason(gate, outcome, ends, figure, bound_id, further_id, flags, beside) + licensed
            if not untested
            else (f"{spell_out(gate.key)} is not tested, because no target before this one in the order is kept",),
            further=further_id,
            judge="" if judged is None else judged.judge.name,
            by_people=flags is not None and flags.people_decide,
            beside=beside,
            unfound=unfound.found if (unfound := self.unfound(gate)) is not None and flags is None else (),
        )

    def unfound(self, gate: GateConfig) -> Unfound | None:
        """What the rules behind a safety gate miss."""
        return unfound_by(gate, self.contract, self.language)

    def counted(self, gate: GateConfig) -> frozenset[str]:
        """The checks whose verdicts the gate's rate counts."""
        return counted_checks(gate, self.contract)

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
            bound_of(gate),
            known.unit if known else "count",
            Source("policy", f"workloads.{workload}.gates.{key}", self.policy.path),
        )

    def _further_figure(self, gate: GateConfig, further: int, ends: IntervalEnds, *, flags: RestsOnFlags | None) -> str:
        noun = "labelled answers" if flags is not None and flags.people_decide else "fixtures"
        how = ", if the estimate holds" if ends.n else " at the least, if every one passes"
        title = f"more {noun} to decide {spell_out(gate.key)}{how}"
        # Where every case went well, it is the number of cases that is too small.
        faultless = ends.k == (ends.n if gate.direction == "at_least" else 0)
        close = ends.n and not faultless and further > max(10 * ends.fixtures, _MANY)
        note = TOO_CLOSE if close else ""
        return self._count(gate, "further", title, further, note=note).figure

    def _reason(
        self,
        gate: GateConfig,
        outcome: GateOutcome,
        ends: IntervalEnds,
        figure: str,
        bound: str,
        further: str,
        flags: RestsOnFlags | None,
        beside: LinkedText,
    ) -> LinkedText:
        name = spell_out(gate.key)
        if gate.probe:
            said = {"pass": "passed", "fail": "failed"}.get(outcome, f"is undecided: {ends.note}")
            return (f"{name} {said}",)
        if ends.value is None and not ends.n:
            noun = "labelled answers" if flags is not None else "fixtures"
            rest: LinkedText = (". It needs at least ", self.figures.ref(further), f" {noun}") if further else ()
            told: LinkedText = (", and ", *beside) if flags is not None and beside else ()
            return (f"{name} is undecided: {ends.note}", *told, *rest)
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
            groups = self._count(gate, "groups", f"groups of similar fixtures, {spell_out(gate.key)}", ends.groups)
            text = (*text, ", from ", groups, f" {noun} of similar fixtures")
        if ends.unjudged:
            asked = self._count(gate, "answers", f"answers, {spell_out(gate.key)}", ends.n + ends.unjudged)
            unjudged = self._count(gate, "unjudged", f"unjudged, {spell_out(gate.key)}", ends.unjudged)
            text = (*text, ", with ", unjudged, " of ", asked, " answers unjudged")
        if flags is not None:
            text = (*text, ", ", *beside)
        if not further:
            return text
        noun = "labelled answer" if flags is not None else "fixture"
        if self.figures[further].note == TOO_CLOSE:
            return (*text, f": {TOO_CLOSE} (about ", self.figures.ref(further, "about"), f" more {noun}s)")
        return (
            *text,
            ". About ",
            self.figures.ref(further, "about"),
            f" more {things(self.figures[further].value, noun)} would decide it, if the estimate holds",
        )

    def _beside(self, gate: GateConfig, flags: RestsOnFlags | None) -> LinkedText:
        """How far the rules or mined labels can be trusted that the gate rests on; () where it rests on none."""
        if flags is not None:
            return self._flags(gate, flags)
        if self.silver is not None and rests_on_labels(gate.measure, gate.slice):
            return said_of_labels(self.candidate.workload, self.silver, self.figures)
        return said_of_rules(gate, self.contract, self.language, self.figures)

    def _flags(self, gate: GateConfig, flags: RestsOnFlags) -> LinkedText:
        """What rules flagged, and how far people, or the texts that the rules were measured on, agree with them."""
        flagged = self._seen(gate, "flagged", "answers that rules flagged", flags.flagged, flags.of)
        if not flags.people_decide:
            counts = detector_counts()
            return (
                "corrected for what the rules miss and flag wrongly. They flagged ", flagged, " of the answers. Of "
                "labelled e-mail summaries they catch ",
                self._seen(gate, "caught", "wrong summaries that rules flag", counts.caught, counts.wrong), " of the "
                "wrong ones and flag ",
                self._seen(gate, "false", "right summaries that rules flag", counts.false, counts.right), " of the "
                "right ones",
            )  # fmt: skip
        seen = flags.labelled
        if seen is None or not seen.rows.asked.any():
            return ("flags alone prove nothing: rules flagged ", flagged, " of the answers") if flags.of else ()
        labels = "labels from the planted truth" if seen.from_gold else "people's labels"
        name = spell_out(gate.key)
        count = self._count(gate, "labelled", f"labelled answers, {name}", seen.labelled, kind="review")
        drawn_from = f"answers that the labelled ones were drawn from, {name}"
        of = self._count(gate, "labelled_of", drawn_from, seen.answers, kind="review")
        few: LinkedText = (count, " of ", of, " answers, drawn at random")
        whole: LinkedText = ("all ", count, " answers")
        text: LinkedText = (f"by {labels} for ", *(few if seen.labelled < seen.answers else whole))
        if not flags.of:
            return text
        caught = self._seen(gate, "caught", "wrong answers that rules flagged", seen.caught, seen.wrong)
        false = self._seen(gate, "false", "right answers that rules flagged", seen.false, seen.right)
        if not seen.wrong:
            unknown = " of them. No labelled answer is wrong, so what the rules miss is unknown"
            return (*text, ". Rules flagged ", false, unknown)
        if not seen.right:
            return (*text, ". Rules flagged ", caught, " of them")
        return (*text, ". Rules flagged ", caught, " of the wrong ones and ", false, " of the right ones")

    def _count(
        self, gate: GateConfig, what: str, title: str, count: int, *, kind: SourceKind = "measure", note: str = ""
    ) -> Ref:
        source = Source(kind, f"{what}:{self.prefix}{gate.key}", self.candidate.text)
        figure = Figure(f"{self.prefix}{what}/{self._id(gate)}", title, float(count), "count", source, note=note)
        return self.figures.ref(self.figures.add(figure))

    def _seen(self, gate: GateConfig, what: str, title: str, k: int, n: int) -> Ref:
        """A reference to a share of ``n`` answers, with its exact interval, each end one-sided at 95%."""
        low, high = exact_ends(k, n, CONFIDENCE) if n else (None, None)
        figure = Figure(
            id=f"{self.prefix}{what}/{self._id(gate)}",
            title=f"{title}, {spell_out(gate.key)}",
            value=k / n if n else None,
            unit="share",
            source=Source("detector", f"{what}:{self.prefix}{gate.key}", self.candidate.text),
            n=n,
            k=k,
            low=low,
            high=high,
            confidence=CONFIDENCE if n else None,
            method="clopper_pearson, each end one-sided" if n else "",
        )
        return self.figures.ref(self.figures.add(figure), whole=what != "flagged")


_SIDES = {
    ("at_least", "pass"): "clearly at or above",
    ("at_least", "fail"): "clearly below",
    ("at_least", "undecided"): "whose interval includes",
    ("at_most", "pass"): "clearly at or below",
    ("at_most", "fail"): "clearly above",
    ("at_most", "undecided"): "whose interval includes",
}


def bound_of(gate: GateConfig) -> float:
    """The number that ``gate`` is compared with: 0 failures of a probe, a margin, or the threshold."""
    if gate.probe:
        return 0.0
    if gate.not_worse_than:
        assert gate.margin is not None
        return -gate.margin if gate.direction == "at_least" else gate.margin
    bound = gate.at_least if gate.at_least is not None else gate.at_most
    assert bound is not None
    return bound
