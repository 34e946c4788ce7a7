"""A routing table and recorded answers in, what it would have done out: who answered, what went on, what it cost.

No model is asked: each call that the rules make is answered from the run log. A mixed route needs a
verifier's word. Of labels the log holds it: it accepts a label that agrees with its own. Of other
answers no log does, and the most that it could be worth is used instead, and said: it accepts what is
right, and what is wrong where its own answer to the case was wrong too, so that it could not tell.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import Action
from milo_bench.core.errors import DataError
from milo_bench.core.records.judgements import VERIFIER
from milo_bench.decide.gates.judged import has_judged_check
from milo_bench.decide.records import Candidate
from milo_bench.decide.replay.recorded import Recorded, candidate_for, has_answer
from milo_bench.decide.routing.columns import (
    CAUSES,
    NOBODY,
    ROUTES,
    AnswerColumns,
    RoutedColumns,
    route_answers,
    route_requests,
    settle_seconds,
)
from milo_bench.decide.routing.rules import actions_of
from milo_bench.stats.arrays import Floats
from milo_bench.stats.cases.columns import NOT_JUDGED

Mask = NDArray[np.bool_]
UPPER_BOUND = "upper bound: assumes the verifier spots every error in work that it did right itself"
OWN_LABEL = "the verifier accepts a draft if its own recorded label agrees"
RECORDED = "the verifier's recorded verdict on each draft"


class ReplayOutcome(Struct, frozen=True):
    """What a routing table did to each unit.

    ``automated``: an answer went on without a person; ``wrong``: and it was not right. ``review`` and
    ``refused`` are the rest. ``hosted`` counts calls to hosted targets. ``cost_usd`` is what calls cost
    at stated prices (a local target without a price is free, a hosted one NaN); ``latency_s`` the sum of
    the calls of an automated unit, else NaN. ``caught`` tells of units of the wanted class whether they
    reached a person or were labelled so. ``answered_by`` and ``row`` say whose recorded answer went on.
    """

    fixture: NDArray[np.int32]
    automated: Mask
    wrong: Mask
    review: Mask
    refused: Mask
    hosted: NDArray[np.int8]
    cost_usd: Floats
    latency_s: Floats
    wanted: Mask
    caught: Mask
    candidates: tuple[Candidate, ...]
    answered_by: NDArray[np.int16]
    row: NDArray[np.int64]
    unrecorded: Mask
    verifier: str  # what a verifier's word was taken from: "", RECORDED, OWN_LABEL or UPPER_BOUND
    label: NDArray[np.int16]  # what the answer that went on says, a place in the labels of the record, or -1
    asked: Mapping[Candidate, Mask]  # by candidate, the rows of its cases that were asked for
    judged: bool = False  # what is wrong rests on a model judge, so that no count of errors can be taken as it is

    def let_through(self, candidate: Candidate, length: int, units: Mask | None = None) -> Mask:
        """Which of ``candidate``'s ``length`` rows went on without a person, of ``units`` if given."""
        keep = self.automated if units is None else self.automated & units
        place = self.candidates.index(candidate) if candidate in self.candidates else -2
        rows = np.zeros(length, dtype=np.bool_)
        rows[self.row[keep & (self.answered_by == place)]] = True
        return rows

    def calls(self, candidate: Candidate, length: int) -> Mask:
        """Which of ``candidate``'s ``length`` rows the rules asked for."""
        return self.asked.get(candidate, np.zeros(length, dtype=np.bool_))


def replay(file: RoutingFile, recorded: Recorded, *, wanted: str = "") -> ReplayOutcome:
    """Work ``file`` out on the recorded units. ``wanted`` is the label of the class that matters ("" for none).

    Raises DataError where a rule asks a target that never answered this workload.
    """
    calls = _Calls(file, recorded)
    requests = recorded.requests()
    first = route_requests(file, requests)
    _bypass(first, calls)
    answers = calls.ask(first, first.asks)
    second = route_answers(file, requests, first, answers)
    again = second.second & second.asks
    later = calls.ask(second, again)
    last = settle_seconds(file, second, later)
    return calls.outcome(last, wanted)


class _Calls:
    """Answers calls from the log and keeps count of them."""

    def __init__(self, file: RoutingFile, recorded: Recorded) -> None:
        n = len(recorded)
        self.file, self.recorded = file, recorded
        self.actions = actions_of(file)
        self.candidates: list[Candidate] = []
        self.answered_by = np.full(n, NOBODY, dtype=np.int16)
        self.row = np.full(n, NOBODY, dtype=np.int64)
        self.hosted = np.zeros(n, dtype=np.int8)
        self.cost_usd, self.latency_s = np.zeros(n), np.zeros(n)
        self.label = np.full(n, NOBODY, dtype=np.int16)
        self.unrecorded = np.zeros(n, dtype=np.bool_)
        self.asked: dict[Candidate, Mask] = {}
        self.verifier = ""

    def groups(self, routed: RoutedColumns, units: Mask) -> list[tuple[Mask, Candidate, Action]]:
        """The units of each (action, target), and the candidate whose recorded answers stand for it."""
        found = []
        for place in np.unique(routed.place[units]):
            for number in np.unique(routed.target[units & (routed.place == place)]):
                action, target = self.actions[place], routed.targets[number]
                mine = target == action.target
                candidate = candidate_for(
                    self.recorded.evidence, self.recorded.base.workload, target,
                    variant=action.variant, decoding=action.decoding if mine else "free",
                )  # fmt: skip
                if candidate is None or (mine and (action.variant, action.decoding) != _contract(candidate)):
                    raise _never_measured(self.recorded.base.workload, action, target)
                found.append((units & (routed.place == place) & (routed.target == number), candidate, action))
        return found

    def ask(self, routed: RoutedColumns, units: Mask) -> AnswerColumns:
        n = len(self.recorded)
        labels = self.recorded.labels
        answered, verified = np.zeros(n, dtype=np.bool_), np.full(n, NOBODY, dtype=np.int8)
        label = np.full(n, NOBODY, dtype=np.int16)
        failed: dict[str, Mask] = {}
        for here, candidate, action in self.groups(routed, units):
            cases, rows = self.recorded.cases(candidate), self.recorded.rows(candidate)
            there = here & (rows >= 0)
            self.unrecorded |= here & (rows < 0)
            answered |= here & has_answer(cases, rows)
            places = np.array([*(labels.index(name) for name in cases.labels), NOBODY], dtype=np.int16)
            label[there] = places[cases.got[rows[there]]]
            for check, column in self.recorded.failed(candidate).items():
                failed.setdefault(check, np.zeros(n, dtype=np.bool_))[there] = column[rows[there]]
            if candidate not in self.candidates:
                self.candidates.append(candidate)
            self.answered_by[here] = self.candidates.index(candidate)
            self.row[here] = rows[here]
            self.label[here] = label[here]
            self._charge(candidate, there)
            if action.verifier and routed.is_route("mixed")[here].any():
                verified[here] = self._verify(action.verifier, candidate, here)[here]
        return AnswerColumns(answered, labels, label, failed, verified)

    def _charge(self, candidate: Candidate, there: Mask) -> None:
        cases, rows = self.recorded.cases(candidate), self.recorded.rows(candidate)
        hosted = self.file.targets[candidate.target].hosted
        self.asked.setdefault(candidate, np.zeros(len(cases), dtype=np.bool_))[rows[there]] = True
        cost = cases.cost_usd[rows[there]]
        # Hardware is no price of a call, and a call that failed is not charged for.
        free = np.isnan(cost) & ((cases.outcome[rows[there]] == NOT_JUDGED) | (not hosted))
        self.cost_usd[there] += np.where(free, 0.0, cost)
        self.latency_s[there] += cases.latency_s[rows[there]]
        self.hosted[there] += int(hosted)

    def _recorded_verdicts(self, verifier: str, drafter: Candidate, here: Mask) -> NDArray[np.int8] | None:
        """What ``run --verifier`` recorded of the drafts, with its cost and time; None where it recorded nothing."""
        drafts, rows = self.recorded.cases(drafter), self.recorded.rows(drafter)
        name = f"{VERIFIER}{verifier}"
        said = drafts.judged.get(name)
        if said is None:
            return None
        there = here & (rows >= 0)
        spoken = there & (said[rows] != NOT_JUDGED)
        calls = drafts.judge_calls[name][rows[spoken]]
        target = self.recorded.evidence.targets.get(verifier)
        price, hosted = (target.price, target.hosted) if target is not None else (None, False)
        if price is not None:
            self.cost_usd[spoken] += (
                calls[:, 0] * price.input_usd_per_mtok + calls[:, 1] * price.output_usd_per_mtok
            ) / 1e6
        elif hosted:
            self.cost_usd[spoken] = np.nan
        self.latency_s[spoken] += calls[:, 2]
        self.hosted[spoken] += int(hosted)
        self.verifier = RECORDED
        # A verdict that could not be read is no acceptance.
        return np.where(spoken, said[rows] == 1, NOBODY).astype(np.int8)

    def _verify(self, verifier: str, drafter: Candidate, here: Mask) -> NDArray[np.int8]:
        recorded = self._recorded_verdicts(verifier, drafter, here)
        if recorded is not None:
            return recorded
        found = candidate_for(self.recorded.evidence, drafter.workload, verifier, variant=drafter.variant)
        if found is None:
            raise _never_measured(drafter.workload, None, verifier)
        cases, rows = self.recorded.cases(found), self.recorded.rows(found)
        spoken = here & has_answer(cases, rows)
        drafts, own = self.recorded.cases(drafter), self.recorded.rows(drafter)
        right = (own >= 0) & (drafts.outcome[own] == 1)
        self.verifier = OWN_LABEL if self.recorded.labels else UPPER_BOUND
        if self.recorded.labels:
            places = np.array([*(self.recorded.labels.index(name) for name in cases.labels), NOBODY], dtype=np.int16)
            accepts = places[cases.got[rows]] == self.label
        else:
            accepts = right | (cases.outcome[rows] != 1)
        self._charge(found, here & (rows >= 0))
        return np.where(spoken, accepts, NOBODY).astype(np.int8)

    def outcome(self, last: RoutedColumns, wanted: str) -> ReplayOutcome:
        automated = last.asks & ~last.is_route("assist")
        right = np.zeros(len(automated), dtype=np.bool_)
        for number, candidate in enumerate(self.candidates):
            here = automated & (self.answered_by == number)
            right[here] = self.recorded.cases(candidate).outcome[self.row[here]] == 1
        place = self.recorded.labels.index(wanted) if wanted in self.recorded.labels else -2
        review = last.is_route("human_review") | last.is_route("assist")
        of_class = self.recorded.wanted == place
        return ReplayOutcome(
            fixture=self.recorded.fixture,
            automated=automated,
            wrong=automated & ~right,
            review=review,
            refused=last.is_route("refuse"),
            hosted=self.hosted,
            cost_usd=self.cost_usd,
            latency_s=np.where(automated, self.latency_s, np.nan),
            wanted=of_class,
            caught=of_class & (review | (automated & (self.label == place))),
            candidates=tuple(self.candidates),
            answered_by=self.answered_by,
            row=self.row,
            unrecorded=self.unrecorded,
            verifier=self.verifier,
            judged=any(has_judged_check(self.recorded.evidence, one) for one in self.candidates),
            label=self.label,
            asked=self.asked,
        )


def _bypass(first: RoutedColumns, calls: _Calls) -> None:
    """A recorded attempt that a deterministic rail sent to a person was never a model's to answer."""
    for here, candidate, _ in calls.groups(first, first.asks):
        rows = calls.recorded.rows(candidate)
        kept = here & (rows >= 0) & calls.recorded.cases(candidate).bypassed[rows]
        first.route[kept] = ROUTES.index("human_review")
        first.target[kept] = first.verifier[kept] = NOBODY
        first.cause[kept] = CAUSES.index("guardrail")


def _contract(candidate: Candidate) -> tuple[str, str]:
    return candidate.variant, candidate.decoding


def _never_measured(workload: str, action: Action | None, target: str) -> DataError:
    how = ""
    if action is not None and (action.variant or action.decoding != "free"):
        how = f" ({', '.join(filter(None, (action.variant, action.decoding)))})"
    message = f"Cannot replay this route: no recorded attempt of '{workload}' on '{target}'{how}."
    return DataError(message, hint="run the workload on that target first, or leave the rule out.")
