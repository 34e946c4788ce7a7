"""A decision that stands and new evidence in; what held, what regressed and what cannot be told out. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace

from milo_bench.config.policy.file import PolicyFile
from milo_bench.config.policy.measures import known_measures
from milo_bench.core.errors import DataError
from milo_bench.core.records import Frozen, Interval
from milo_bench.core.records.contract import judged_otherwise
from milo_bench.core.units import change_text, estimate, number, p_value
from milo_bench.core.units import figure as figure_text
from milo_bench.core.weights.served import differences
from milo_bench.decide.changes.answered import AnsweredModel, check_answered
from milo_bench.decide.changes.contracts import changed_contracts, changed_suites
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.ends import difference_at_any_look, difference_ends, fixture_means, pair_fixtures
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.records import Candidate, Decision, Figure, GateResult, prompt_identity
from milo_bench.decide.wording import join_words, spell_out
from milo_bench.stats.cases.columns import Cases
from milo_bench.stats.cases.rows import RateRows, select_rows
from milo_bench.stats.intervals import z_value
from milo_bench.stats.paired import holm, independent_difference, share_difference

Standing: TypeAlias = Literal["held", "regressed", "undecided"]
TOLERANCE: Final = 0.05
_OPERATORS: Final = "operator episodes are not compared here: 'decide --since' lists changed levels"
_DECIDE_ANEW: Final = "run decide on the new logs. With --since PACKAGE it names everything that changed."
POWER: Final = 0.8  # chance of finding the detectable loss
ERROR_FAMILY_RATE: Final = 0.05  # of one run that nothing is worse in


class Result(Frozen, frozen=True, omit_defaults=False):
    """One thing that the baseline said, and what the new run says to it.

    ``detectable`` is the loss of a rate, 0 to 1, that four in five runs of this size would report as regressed, if
    there is one.
    """

    candidate: Candidate
    what: str
    kind: Literal["gate", "difference"]
    standing: Standing
    reason: str
    before: float | None
    now: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    detectable: float | None = None


class StandingReport(Frozen, frozen=True, omit_defaults=False):
    """All results; ``changed`` says what besides the answers is not the same, ``not_run`` what was not tried again."""

    standing: Standing
    results: tuple[Result, ...]
    changed: tuple[str, ...]
    not_run: tuple[str, ...]
    added: tuple[str, ...]
    notes: tuple[str, ...] = ()
    answered: tuple[AnsweredModel, ...] = ()

    def of(self, standing: Standing) -> tuple[Result, ...]:
        """The results with that standing."""
        return tuple(result for result in self.results if result.standing == standing)


def check_against(
    decision: Decision,
    policy: PolicyFile,
    new: Evidence,
    old: Evidence | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> StandingReport:
    """Hold ``new`` against ``decision``.

    A gate that passed and now fails has regressed; one that passed and is undecided now is undecided. A gate that
    only people's labels decide is left out where the new answers have none. A gated rate has regressed where the
    whole interval of its difference is on the bad side of zero and reaches beyond ``tolerance``, and still would if
    all differences of the run were one error family (Holm 1979, 5%): of many rates that did not change, one looks
    worse by chance. It held where the interval stays within ``tolerance``, or where every fixture of the baseline
    came out as before; anything else cannot be told. With ``old``, the evidence of the decision, rates are paired
    fixture by fixture; without it they are compared as unrelated samples, which takes more fixtures.
    Raises DataError where nothing of the decision was run again, on other fixtures, on another version of the
    suite, or judged by other checks, schemas or resources.
    """
    known = {candidate for candidate in new.cases if candidate.text in decision.measures}
    if not known:
        message = "The new logs have nothing in common with the baseline."
        raise DataError(message, hint=f"the baseline covers: {', '.join(sorted(decision.measures)) or 'nothing'}.")
    _same_suite(decision, new)
    _same_fixtures(decision, new)
    results: list[Result] = []
    unlabelled: list[str] = []
    differences: list[tuple[Result, float]] = []
    before = {gate.id: gate for finding in decision.findings for gate in finding.gates}
    for candidate in sorted(known):
        figures = Figures()
        for gate in judge_gates(policy, new, candidate, figures):
            stood = before.get(gate.id)
            if stood is not None and gate.by_people and not figures[gate.figure].n:
                unlabelled.append(spell_out(_key(gate)))
            elif stood is not None:
                results.append(_narrowed(decision, new, _gate(decision, figures, stood, gate)))
        found = _differences(decision, policy, new, old, candidate, tolerance)
        results += [result for result, _ in found]
        differences += found
    results = as_error_family(results, differences, tolerance)
    answered = check_answered({target.name: target for target in decision.targets}, new.targets)
    standings = {result.standing for result in results}
    if any(one.standing == "regressed" for one in answered):
        standings.add("regressed")
    found_again = {candidate.text for candidate in known}
    return StandingReport(
        standing=worst_of(standings) if results else "undecided",
        results=tuple(results),
        changed=_changed(decision, new),
        not_run=tuple(sorted(set(decision.measures) - found_again)),
        added=tuple(sorted(candidate.text for candidate in new.cases if candidate.text not in decision.measures)),
        notes=(*_notes(new), *_unlabelled(unlabelled)),
        answered=answered,
    )


def worst_of(standings: Collection[Standing]) -> Standing:
    """The standing of a whole: regressed where a part is, else undecided where one is."""
    order: tuple[Standing, ...] = ("regressed", "undecided", "held")
    return next((standing for standing in order if standing in standings), "undecided")


def _unlabelled(gates: Sequence[str]) -> tuple[str, ...]:
    names = join_words(list(dict.fromkeys(gates)))
    said = (
        f"the gate on {names} rests on people's labels, and the new answers have none, so only their flags are compared"
    )
    return (said,) if gates else ()


def _notes(new: Evidence) -> tuple[str, ...]:
    older = tuple(f"{log.path} is from an older version: {what}" for log in new.logs for what in log.unknown)
    cached = tuple(f"in {log.path}, {what}" for log in new.logs for what in log.cached or ())
    unread = tuple(sentence for log in new.logs if log.unread for sentence in [row.said for row in log.unread])
    return (*((_OPERATORS,) if new.operators.runs else ()), *older, *cached, *unread)


def as_error_family(
    results: Sequence[Result], differences: Sequence[tuple[Result, float]], tolerance: float
) -> list[Result]:
    """A difference that is clear of zero alone, and no longer among so many, cannot be told."""
    adjusted = dict(zip((id(one) for one, _ in differences), holm([p for _, p in differences]), strict=True))
    found = []
    for result in results:
        p = adjusted.get(id(result), 0.0)
        if result.standing == "regressed" and p > ERROR_FAMILY_RATE:
            among = f"{len(differences)} differences (Holm {p_value(p)})"
            said = f"{result.reason}, which may be chance among {among}"
            result = msgspec.structs.replace(result, standing="undecided", reason=said)
        found.append(_with_detectable(result, len(differences), tolerance))
    return found


def _with_detectable(result: Result, of: int, tolerance: float) -> Result:
    """An undecided difference, with the loss that this comparison finds with a chance of ``POWER``.

    By the normal approximation: an interval this wide lies wholly on the bad side, at the stricter of 95% and of
    Holm's first step among ``of`` differences, and reaches beyond ``tolerance``.
    """
    if result.kind != "difference" or result.standing != "undecided" or result.low is None or result.high is None:
        return result
    error = (result.high - result.low) / (2 * z_value(0.95))
    clear = max(z_value(0.95), z_value(1 - ERROR_FAMILY_RATE / of, "lower"))
    chance = z_value(POWER, "lower") * error
    loss = max(clear * error, tolerance - z_value(0.95) * error) + chance
    if loss >= 1:
        said = f"{result.reason}. Runs of this size are too small to find a loss"
        return msgspec.structs.replace(result, reason=said)
    said = f"{result.reason}. Four in five runs of this size would find a loss of {number(loss * 100, 2)} points"
    return msgspec.structs.replace(result, reason=said, detectable=loss)


def _same_suite(decision: Decision, new: Evidence) -> None:
    before = {log.suite.name: log.suite for log in decision.logs if log.attempted}
    for log in new.logs:
        known = before.get(log.suite.name)
        if log.attempted and known is not None and known.version != log.suite.version:
            now, then = log.suite.version, known.version
            message = f"{log.path} was run on {known.name} version {now}, the baseline on version {then}."
            raise DataError(message, hint=_DECIDE_ANEW)
    shared = decision.contracts.keys() & new.contracts.keys()
    changed = [place for place in sorted(shared) if judged_otherwise(decision.contracts[place], new.contracts[place])]
    if changed:
        what = ", ".join(changed_contracts({place: decision.contracts[place] for place in changed}, new.contracts))
        message = f"The new logs are judged differently from the baseline: {what}."
        raise DataError(message, hint=_DECIDE_ANEW)


def _same_fixtures(decision: Decision, new: Evidence) -> None:
    other = [
        id
        for id, hash in zip(new.fixtures.ids, new.fixtures.hashes, strict=True)
        if decision.fixtures.get(id, hash) != hash
    ]
    if other:
        message = f"{len(other)} fixtures differ from the baseline's, for example {other[0]}."
        raise DataError(
            message, hint="run decide on the new suite. A baseline applies only to the suite it was made with."
        )


def _gate(decision: Decision, figures: Figures, before: GateResult, now: GateResult) -> Result:
    old, new = decision.figures[before.figure], figures[now.figure]
    if now.outcome == "pass" or before.outcome == "fail":
        standing: Standing = "held"
    elif now.outcome == "fail":
        standing = "regressed" if before.outcome == "pass" else "undecided"
    else:
        standing = "undecided" if before.outcome == "pass" else "held"
    reason = f"{before.outcome} → {now.outcome}: {_shown(old)} before, {_shown(new)} now"
    bound = figure_text(figures[now.bound].value, figures[now.bound].unit)
    direction = now.direction.replace("_", " ")
    return Result(
        candidate=now.candidate,
        what=f"{spell_out(_key(now))} {direction} {bound}",
        kind="gate",
        standing=standing,
        reason=reason,
        before=old.value,
        now=new.value,
    )


def _narrowed(decision: Decision, new: Evidence, result: Result) -> Result:
    """A gate on fixtures of some tags, where the baseline's had others too, does not hold: the rest was not run."""
    tags, before = (
        {tag for log in logs if log.attempted for tag in log.tags or ("",)} for logs in (new.logs, decision.logs)
    )
    if result.standing != "held" or "" in tags or tags <= before - {""}:
        return result
    said = f"{result.reason}, on fixtures with the tag {join_words(sorted(tags), 'or')} only"
    return msgspec.structs.replace(result, standing="undecided", reason=said)


def _key(gate: GateResult) -> str:
    return f"{gate.measure}[{gate.slice}]" if gate.slice else gate.measure


def _shown(figure: Figure) -> str:
    return estimate(figure.value, figure.low, figure.high, figure.unit, figure.n)


def _differences(
    decision: Decision,
    policy: PolicyFile,
    new: Evidence,
    old: Evidence | None,
    candidate: Candidate,
    tolerance: float,
) -> list[tuple[Result, float]]:
    """The gated rates of one candidate, and its pass rate, new minus old; with each the p-value of being worse."""
    asked = {(gate.measure, gate.slice): None for gate in policy.gates_of(candidate.workload) if gate.measure}
    found = []
    for name, slice in {("pass_rate", ""): None, **asked}:
        if known_measures()[name].kind != "rate" or known_measures()[name].good == "neither":
            continue
        result = _difference(decision, new, old, candidate, name, slice, tolerance)
        if result is not None:
            found.append(result)
    return found


def _difference(
    decision: Decision,
    new: Evidence,
    old: Evidence | None,
    candidate: Candidate,
    name: str,
    slice: str,
    tolerance: float,
) -> tuple[Result, float] | None:
    cases = new.cases[candidate]
    rows = select_rows(cases, new.fixtures, name, slice=slice)
    assert isinstance(rows, RateRows)
    now_n, now_k = round(float(rows.asked.sum())), round(float(rows.held.sum()))
    if now_n == 0:
        return None
    unchanged = False
    if old is not None and candidate in old.cases:
        before_rows = select_rows(old.cases[candidate], old.fixtures, name, slice=slice)
        assert isinstance(before_rows, RateRows)
        before = float(before_rows.held.sum() / before_rows.asked.sum()) if before_rows.asked.any() else None
        mapped = _in_numbers_of(old, new, cases)
        pairs = pair_fixtures(
            fixture_means(rows, mapped.fixture),
            fixture_means(before_rows, old.cases[candidate].fixture),
            old.fixtures.group,
        )
        ends_of = difference_at_any_look if candidate in {*new.looked_at, *old.looked_at} else difference_ends
        ends = ends_of(pairs, 0.975, rate=True)  # 95% between both ends

        def interval_at(confidence: float) -> Interval | None:
            if ends_of is difference_ends:
                return share_difference(pairs.differences, confidence)
            at = ends_of(pairs, (1 + confidence) / 2, rate=True)
            return Interval(at.low, at.high, confidence, at.method)

        value, low, high, method = ends.value, ends.low, ends.high, f"{ends.method}, {ends.n} paired fixtures"
        of_before = len(before_rows.by_fixture(old.cases[candidate].fixture)[0])
        unchanged = ends.n == of_before and not pairs.differences.any()
        if ends.n == 0:
            return None
    else:
        figure = decision.figures.get(f"measure/{candidate.text}/{name}{f'[{slice}]' if slice else ''}")
        if figure is None or figure.n is None or figure.k is None or figure.n == 0:
            return None
        before = figure.value
        of_before, held_before = figure.n, figure.k

        def interval_at(confidence: float) -> Interval | None:
            return independent_difference(now_k, now_n, held_before, of_before, confidence)

        interval = interval_at(0.95)
        assert interval is not None
        value, low, high = now_k / now_n - figure.k / figure.n, interval.low, interval.high
        method = f"{interval.method}, unpaired, without the baseline's logs"
        if candidate in new.looked_at or figure.method.startswith("betting"):
            low = high = None
            method = "the run was stopped by its results, and the baseline's logs are missing"
    unjudged = rows.count_unjudged
    if unjudged:
        low = high = None
        method = f"{unjudged:,} of {now_n + unjudged:,} answers unjudged"
    sign = 1.0 if known_measures()[name].good == "high" else -1.0
    # Where every fixture of the baseline came out as before there is nothing that could have regressed.
    standing = "held" if unchanged and not unjudged else standing_of(low, high, sign, tolerance)
    result = Result(
        candidate=candidate,
        what=spell_out(f"{name}[{slice}]" if slice else name),
        kind="difference",
        standing=standing,
        reason=difference_text(value, low, high, before, now_k / now_n, method),
        before=before,
        now=now_k / now_n,
        difference=value,
        low=low,
        high=high,
        method=method,
    )
    return result, chance_of_worse(interval_at, sign)


def chance_of_worse(interval_at: Callable[[float], Interval | None], sign: float) -> float:
    """One-sided p-value: how far the interval can be widened before its better end reaches zero."""

    def clear(tail: float) -> bool:
        interval = interval_at(1 - 2 * tail)
        better = None if interval is None else interval.high if sign > 0 else interval.low
        return better is not None and sign * better < 0

    few, many = 1e-9, 0.5 - 1e-9
    if not clear(many):
        return 1.0
    while many - few > 1e-4 * many:
        middle = math.sqrt(few * many)
        few, many = (few, middle) if clear(middle) else (middle, many)
    return many


def standing_of(low: float | None, high: float | None, sign: float, tolerance: float) -> Standing:
    if low is None or high is None:
        return "undecided"
    worst, best = (low, high) if sign > 0 else (-high, -low)
    if worst >= -tolerance:
        return "held"
    return "regressed" if best < 0 else "undecided"


def difference_text(
    value: float | None, low: float | None, high: float | None, before: float | None, now: float, method: str
) -> str:
    moved = f"{change_text(value, low, high, 'share')}: " if value is not None else ""
    return f"{moved}{figure_text(before, 'share')} before, {figure_text(now, 'share')} now ({method})"


def _in_numbers_of(old: Evidence, new: Evidence, cases: Cases) -> Cases:
    """``cases`` with its fixtures numbered as in ``old``; fixtures that are not there get numbers of their own."""
    numbers = old.fixtures.numbers()
    beyond = len(numbers)
    mapping = np.array([numbers.get(id, beyond + place) for place, id in enumerate(new.fixtures.ids)], dtype=np.int32)
    return replace(cases, fixture=mapping[cases.fixture])


def _changed(decision: Decision, new: Evidence) -> tuple[str, ...]:
    """What besides the answers differs: weights, runtime, machine."""
    found = []
    for before in decision.targets:
        now = new.targets.get(before.name)
        if now is None:
            continue
        found += [f"{before.name}, {part}: {old} → {is_now}" for part, old, is_now in differences(before, now)]
    machines = {log.inventory[:12] for log in decision.logs if log.inventory}
    here = {log.inventory[:12] for log in new.logs if log.inventory}
    if machines and here and machines != here:
        found.append(f"machine: {', '.join(sorted(machines))} → {', '.join(sorted(here))}")
    found += changed_suites(decision.logs, new.logs)
    return (*found, *_changed_prompts(decision, new), *changed_contracts(decision.contracts, new.contracts))


def _changed_prompts(decision: Decision, new: Evidence) -> tuple[str, ...]:
    prompts: dict[str, str] = decision.prompts
    found = []
    for (name, variant), workload in sorted(new.workloads.items()):
        place = f"{name}/{variant}" if variant else name
        before = prompts.get(place)
        if before is not None and before != prompt_identity(workload):
            found.append(f"prompt of {place}: {before} → {prompt_identity(workload)}")
    return tuple(found)
