"""Answers and the gates on them in; the one class or answer that alone passes them all, and whether any was read, out.

A gate that a model passes by always giving one label, or one answer, proves nothing of the model. And where not one
answer could be read as a label, the fault is in how answers were asked for or parsed, so no gate on labels is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from milo_bench.config.policy.measures import known_measures
from milo_bench.config.policy.models import GateConfig
from milo_bench.core.records import Workload
from milo_bench.decide.evidence import ConstantAnswer
from milo_bench.decide.figures import Figures
from milo_bench.decide.records import Figure, GateResult, LinkedText, Source
from milo_bench.decide.wording import spell_out
from milo_bench.grade.own_check import own_names
from milo_bench.stats.cases.columns import LABEL_CHECKS, NOT_JUDGED, Cases
from milo_bench.stats.cases.rows import RateRows, ValueRows

UNREAD: Final = "no answer could be read as a label, so the fault is in how answers were asked for or parsed"
LEAST_UNREAD: Final = 20  # answers; a few that cannot be read are a model's own fault
_OF_LABELS: Final = frozenset({"accuracy", "recall", "precision", "pass_rate", "pass_rate_of_answers"})
_OF_ALL_CHECKS: Final = frozenset({"pass_rate", "pass_rate_of_answers"})
_OF_CALLS: Final = frozenset({"failure_rate", "bypass_rate", "cut_at_max_tokens_rate", "null_accuracy"})
_UNREAD_AS: Final = frozenset({"unknown_label", "malformed_json", "no_choice", "missing_field", "missing_value"})


def is_of_labels(gate: GateConfig) -> bool:
    """Whether ``gate`` is a threshold that labels decide."""
    if gate.probe or gate.not_worse_than:
        return False
    return gate.measure in _OF_LABELS or gate.slice in {f"check={check}" for check in LABEL_CHECKS}


def nothing_was_read(cases: Cases, least: int = LEAST_UNREAD) -> bool:
    """Whether every answer of a candidate failed to be read as a label, and there are at least ``least`` of them."""
    # A case without a right label is judged by no such check, and says nothing of how answers were read.
    judged = [held >= 0 for check, held in cases.held.items() if check in LABEL_CHECKS]
    answered = np.logical_or.reduce(judged, initial=False) & ~cases.bypassed
    if answered.sum() < least:
        return False
    unread = np.zeros(len(cases), dtype=np.bool_)
    for (check, category), rows in cases.categories.items():
        if check in LABEL_CHECKS and category in _UNREAD_AS:
            unread[rows] = True
    return bool(unread[answered].all())


def why_nothing_is_proven(gate: GateConfig, cases: Cases, contract: Workload | None) -> str:
    """Why the answers prove nothing of ``gate``, whatever their rates; "" where they may.

    ``contract`` is that of the run. A check that the suite's author wrote and that judged no answer at all was asked
    for in vain, so the pass rate is that of the other checks alone.
    """
    if is_of_labels(gate) and nothing_was_read(cases):
        return UNREAD
    if gate.measure not in _OF_ALL_CHECKS or contract is None:
        return ""
    judged = {check for check, held in cases.held.items() if (held != NOT_JUDGED).any()}
    idle = [name for name in own_names(contract) if name not in judged]
    answered = int(((cases.outcome != NOT_JUDGED) & ~cases.bypassed).sum())
    return f"the suite's own check '{idle[0]}' applied to none of {answered:,} answers" if idle and answered else ""


RowsOf: TypeAlias = Callable[[GateConfig, Cases], RateRows | ValueRows]


class Undone(Struct, frozen=True):
    """A pass that one answer to everything gets as well: ``right`` of the ``of`` fixtures that it was tried on."""

    right: float
    of: float


class Proven(Struct, frozen=True):
    """Results without the passes that prove nothing; ``undone`` are those, by the gate's place."""

    results: tuple[GateResult, ...]
    undone: Mapping[int, Undone] = field(default_factory=dict)


def undecide_null_passes(
    judged: Sequence[tuple[GateConfig, GateResult, float]], cases: Cases, rows_of: RowsOf, figures: Figures
) -> Proven:
    """The results, with passes undecided that a model which always gives one label would get as well.

    ``judged`` are all gates of a candidate with their results and thresholds, ``rows_of`` gives what a gate is judged
    on.
    """
    results = [result for _, result, _ in judged]
    of_labels = [place for place, (gate, _, _) in enumerate(judged) if is_of_labels(gate)]
    passed = [place for place in of_labels if results[place].outcome == "pass"]
    if not passed:
        return Proven(tuple(results))
    found = find_null_class(cases, [(judged[place][0], judged[place][2]) for place in of_labels], rows_of)
    if found is None:
        return Proven(tuple(results))
    null = _always(cases, found[0])
    label, right, of = cases.labels[found[0]], *found[1:]
    undone = {}
    for place in passed:
        reason = _reason(judged[place][0], results[place], figures, label, right, of)
        results[place] = msgspec.structs.replace(results[place], outcome="undecided", reason=reason)
        undone[place] = _undone(rows_of(judged[place][0], null))
    return Proven(tuple(results), undone)


def _undone(rows: RateRows | ValueRows) -> Undone:
    if not isinstance(rows, RateRows):
        return Undone(0.0, 0.0)
    return Undone(float(rows.held.sum()), float(rows.asked.sum()))


def _reason(gate: GateConfig, result: GateResult, figures: Figures, label: str, right: int, of: int) -> LinkedText:
    null = figures.add(
        Figure(
            id=f"null/{result.candidate.text}",
            title=f"right if class {label} is always answered",
            value=right / of,
            unit="share",
            source=Source("measure", "null_accuracy", result.candidate.text),
            n=of,
            k=right,
        )
    )
    return (
        f"{spell_out(gate.key)} is ", figures.ref(result.figure, whole=True), ", but always answering "
        f"class {label} is right in ", figures.ref(null), " and passes every threshold on labels. Add recall by class",
    )  # fmt: skip


def undecide_constant_passes(
    judged: Sequence[tuple[GateConfig, GateResult, float]],
    cases: Cases,
    constants: Iterable[ConstantAnswer],
    rows_of: RowsOf,
    figures: Figures,
) -> Proven:
    """The results, with passes undecided that one answer, given to every fixture, would get as well.

    ``judged`` and ``rows_of`` are as for ``undecide_null_passes``. An answer counts that passes every gate on answers.
    Passes of gates on what must not be said stay: one answer without a promise is no promise.
    """
    results = [result for _, result, _ in judged]
    on_answers = [place for place, (gate, _, _) in enumerate(judged) if _is_on_answers(gate)]
    passed = [
        place for place in on_answers if results[place].outcome == "pass" and judged[place][0].direction == "at_least"
    ]
    # One check is quickly judged, and few answers pass it everywhere: the others are asked for the rest.
    by_check = {place: check for place in on_answers if (check := _only_check(judged[place][0]))}
    undone = {}
    for constant in constants if passed else ():
        if any(
            (by_one := constant.judge_by(check)) is not None
            and not _constant_reaches(*judged[place], cases, by_one, rows_of, figures)
            for place, check in by_check.items()
        ):
            continue
        found = constant.cases
        if found is not None and all(
            _constant_reaches(*judged[place], cases, found, rows_of, figures) for place in on_answers
        ):
            for place in passed:
                reason = _constant_reason(judged[place][0], results[place], figures, constant.fixture, found)
                results[place] = msgspec.structs.replace(results[place], outcome="undecided", reason=reason)
                undone[place] = _undone(rows_of(judged[place][0], found))
            break
    return Proven(tuple(results), undone)


def _only_check(gate: GateConfig) -> str:
    """The one check that ``gate`` rests on, and on nothing else of an answer; "" for any other gate."""
    name, _, check = gate.slice.partition("=")
    alone = gate.measure == "check_pass_rate" and name == "check" and "," not in check and not gate.not_worse_than
    return check if alone else ""


def _is_on_answers(gate: GateConfig) -> bool:
    """Whether what the model said decides ``gate``, and not how long it took or whether it came."""
    return not gate.probe and gate.measure not in _OF_CALLS and known_measures()[gate.measure].kind == "rate"


def _constant_reaches(
    gate: GateConfig,
    result: GateResult,
    bound: float,
    cases: Cases,
    constant: Cases,
    rows_of: RowsOf,
    figures: Figures,
) -> bool:
    rows = rows_of(gate, constant)
    if not isinstance(rows, RateRows) or not rows.asked.sum():
        return True  # a sample without a fixture of that kind says nothing against it
    value = float(rows.held.sum() / rows.asked.sum())
    if gate.not_worse_than:
        own, difference = rows_of(gate, cases), figures[result.figure].value
        if difference is None or not isinstance(own, RateRows) or not own.asked.sum():
            return False
        value += difference - float(own.held.sum() / own.asked.sum())
    return value >= bound if gate.direction == "at_least" else value <= bound


def _constant_reason(
    gate: GateConfig, result: GateResult, figures: Figures, fixture: str, constant: Cases
) -> LinkedText:
    outcome = constant.outcome
    right, of = int((outcome == 1).sum()), int((outcome != NOT_JUDGED).sum())
    null = figures.add(
        Figure(
            id=f"constant/{result.figure}",
            title=f"passes if the answer to {fixture} is always given",
            value=right / of,
            unit="share",
            source=Source("measure", "constant_answer", result.candidate.text),
            n=of,
            k=right,
        )
    )
    return (
        f"{spell_out(gate.key)} is ", figures.ref(result.figure, whole=True), ", but its answer to "
        f"{fixture}, given to every fixture, passes in ", figures.ref(null), " and reaches every threshold "
        "on answers. Add fixtures with other right answers, or a gate on those",
    )  # fmt: skip


def find_null_class(
    cases: Cases,
    gates: Sequence[tuple[GateConfig, float]],
    rows_of: RowsOf,
) -> tuple[int, int, int] | None:
    """The class that passes every gate on labels if it is always answered, with how many of how many it gets right.

    The class is its place in ``cases.labels``. ``gates`` are all gates on labels with their thresholds; ``rows_of``
    gives what a gate is judged on. None where no single class would pass.
    """
    wanted = cases.want[cases.want >= 0]
    if not gates or not len(wanted):
        return None
    labels, counts = np.unique(wanted, return_counts=True)
    for place in np.argsort(-counts):
        label = int(labels[place])
        null = _always(cases, label)
        if all(_reaches(rows_of(gate, null), gate, bound) for gate, bound in gates):
            return label, int(counts[place]), len(wanted)
    return None


def _always(cases: Cases, label: int) -> Cases:
    """The same cases with ``label`` as every answer to a case whose expected label is known."""
    known = cases.want >= 0
    right = (cases.want == label).astype(np.int8)
    held = {check: np.where(known, right, column) for check, column in cases.held.items() if check in LABEL_CHECKS}
    return replace(
        cases,
        got=np.where(known, label, cases.got).astype(cases.got.dtype),
        outcome=np.where(known, right, cases.outcome).astype(cases.outcome.dtype),
        held={**cases.held, **held},
    )


def _reaches(rows: RateRows | ValueRows, gate: GateConfig, bound: float) -> bool:
    if not isinstance(rows, RateRows) or not rows.asked.sum():
        return False
    value = float(rows.held.sum() / rows.asked.sum())
    return value >= bound if gate.direction == "at_least" else value <= bound
