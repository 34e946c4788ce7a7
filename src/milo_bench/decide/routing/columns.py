"""A routing table and columns of requests and answers in, columns of routes out: ``routing_rules`` for many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, get_args

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import MODEL_ROUTES, Action, Condition, Route
from milo_bench.core.cases.facts import CaseFacts
from milo_bench.core.cases.tags import plain_tag, plain_tags
from milo_bench.core.errors import DataError
from milo_bench.core.keyword_sets import KEYWORD_SETS
from milo_bench.decide.routing.rules import Cause, actions_of

Mask = NDArray[np.bool_]
Codes = NDArray[np.int16]

ROUTES: Final[tuple[Route, ...]] = get_args(Route)
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)
NOBODY: Final = -1
_ASKING: Final = np.array([route in MODEL_ROUTES for route in ROUTES])


class RequestColumns(Struct, frozen=True):
    """``Request`` in columns of ``n`` rows, of one workload and use. A tag without a column stands on no row.

    ``cases`` are the different facts of cases and ``case`` each row's place in them; none: nothing is known.
    ``keywords`` maps keyword sets to where they match; where only ``rings`` (any set) is known, a rule on
    single sets cannot be worked out.
    """

    workload: str
    words: NDArray[np.int64]
    sensitive: Mask
    rings: Mask | Callable[[], Mask]  # a function where it is worked out when a rule asks
    tags: Mapping[str, Mask] = field(default_factory=dict)
    keywords: Mapping[str, Mask | Callable[[], Mask]] | None = None
    health: Mapping[str, str] = field(default_factory=dict)
    use: str = ""
    cases: tuple[CaseFacts, ...] = ()
    case: NDArray[np.int64] | None = None
    flags: frozenset[str] | None = None
    at: datetime | None = None
    tokens: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)  # by target; -1 where it is not known

    def __len__(self) -> int:
        return len(self.words)


class AnswerColumns(Struct, frozen=True):
    """``Answer`` in columns: the answer of the model that each row asked. ``label`` are places in ``labels`` or -1.

    ``verified`` is 1, 0, or -1 where the verifier was not asked. A check without a column failed on no row.
    """

    answered: Mask
    labels: tuple[str, ...]
    label: NDArray[np.int16]
    failed: Mapping[str, Mask]
    verified: NDArray[np.int8]


class RoutedColumns(Struct, frozen=True):
    """``Routed`` in columns. ``place`` counts rules, then the default; ``route`` and ``cause`` are places in
    ``ROUTES`` and ``CAUSES``, ``target`` and ``verifier`` in ``targets`` (the file's order) or -1.
    """

    targets: tuple[str, ...]
    place: Codes
    route: Codes
    target: Codes
    verifier: Codes
    cause: Codes
    second: Mask

    @property
    def asks(self) -> Mask:
        asking: Mask = _ASKING[self.route]
        return asking

    def is_route(self, route: Route) -> Mask:
        found: Mask = self.route == ROUTES.index(route)
        return found

    def copy(self) -> RoutedColumns:
        return RoutedColumns(
            self.targets, self.place.copy(), self.route.copy(), self.target.copy(), self.verifier.copy(),
            self.cause.copy(), self.second.copy(),
        )  # fmt: skip


def route_requests(file: RoutingFile, requests: RequestColumns) -> RoutedColumns:
    """Step 1 for every row."""
    out = _blank(file, len(requests))
    left = np.ones(len(requests), dtype=np.bool_)
    for place, rule in enumerate(file.rules):
        if not rule.when.needs_answer and left.any():
            rows = left & _applies(rule.when, requests)
            _send(file, place, requests, rows, out)
            left &= ~rows
    _send(file, len(file.rules), requests, left, out)
    return out


def route_answers(
    file: RoutingFile, requests: RequestColumns, first: RoutedColumns, answers: AnswerColumns
) -> RoutedColumns:
    """Step 2 for every row that asked a model; the others stay as they are."""
    out = first.copy()
    actions = actions_of(file)
    left = first.asks.copy()
    silent = left & ~answers.answered
    _fall_from(file, requests, first, silent, "no_answer", out)
    left &= ~silent
    hosted = np.array([file.targets[name].hosted for name in first.targets] + [False])
    local = ~hosted[first.target]
    for place, rule in enumerate(file.rules):
        if rule.when.needs_answer and left.any():
            rows = left & (first.place > place) & _applies(rule.when, requests)
            rows &= _answer_applies(rule.when, answers, local)
            _send(file, place, requests, rows, out)
            out.second[rows] = True
            left &= ~rows
    for place in np.unique(first.place[left]):
        here = left & (first.place == place)
        broken = here & _broken(actions[place], answers)
        _fall_from(file, requests, first, broken, "guardrail", out)
        unsure = here & ~broken & first.is_route("mixed") & (answers.verified != 1)
        _fall_from(file, requests, first, unsure, "verifier", out)
    return out


def settle_seconds(file: RoutingFile, second: RoutedColumns, answers: AnswerColumns) -> RoutedColumns:
    """Step 3 for every row whose second model was asked."""
    out = second.copy()
    asked = second.second & second.asks
    stands = answers.answered & ~(second.is_route("mixed") & (answers.verified != 1))
    actions = actions_of(file)
    for place in np.unique(second.place[asked]):
        here = asked & (second.place == place)
        _set(out, here & (~stands | _broken(actions[place], answers)), "human_review", cause="second_answer")
    return out


def _blank(file: RoutingFile, rows: int) -> RoutedColumns:
    def column() -> Codes:
        return np.full(rows, NOBODY, dtype=np.int16)

    return RoutedColumns(
        tuple(file.targets), column(), column(), column(), column(), column(), np.zeros(rows, dtype=np.bool_)
    )


def _applies(when: Condition, requests: RequestColumns) -> Mask:
    rows = np.ones(len(requests), dtype=np.bool_)
    if when.workload and requests.workload not in when.workload:
        return ~rows
    if when.use and requests.use not in when.use:
        return ~rows
    if any(requests.health.get(target, "ready") not in states for target, states in when.target_health.items()):
        return ~rows
    if when.hours is not None and not when.hours.fits(requests.at):
        return ~rows
    if when.tokens is not None:
        counts = requests.tokens.get(when.tokens.target)
        if counts is None:
            return ~rows
        low, high = when.tokens.bounds
        rows &= (counts >= max(low, 0)) & (counts <= high)
    if when.asks_of_case:
        if requests.case is None:
            return np.zeros(len(requests), dtype=np.bool_)
        rows &= np.array([when.fits_case(case) for case in requests.cases], dtype=np.bool_)[requests.case]
    if when.words is not None:
        low, high = when.words.bounds
        rows &= (requests.words >= low) & (requests.words <= high)
    if when.tags:
        wanted = plain_tags(when.tags)
        rows &= _any(requests.tags, [tag for tag in requests.tags if plain_tag(tag) in wanted], len(requests))
    if when.keyword_sets:
        rows &= _rings(requests, when.keyword_sets)
    if when.sensitive is not None:
        rows &= requests.sensitive == when.sensitive
    return rows


def _rings(requests: RequestColumns, keyword_sets: frozenset[str]) -> Mask:
    if len(keyword_sets) == len(KEYWORD_SETS):
        return _mask(requests.rings)
    if requests.keywords is None:
        message = "The recorded evidence shows whether any keyword matches, not from which set."
        raise DataError(message, hint="write 'keywords: any' in this rule to replay it.")
    asked = {name: _mask(column) for name, column in requests.keywords.items() if name in keyword_sets}
    return _any(asked, keyword_sets, len(requests))


def _mask(column: Mask | Callable[[], Mask]) -> Mask:
    return column() if callable(column) else column


def _any(columns: Mapping[str, Mask], names: Iterable[str], rows: int) -> Mask:
    found = np.zeros(rows, dtype=np.bool_)
    for name in names:
        if name in columns:
            found |= columns[name]
    return found


def _answer_applies(when: Condition, answers: AnswerColumns, local: Mask) -> Mask:
    rows = np.ones(len(answers.answered), dtype=np.bool_)
    if when.local_label:
        wanted = np.array([*(label in when.local_label for label in answers.labels), False])
        rows &= local & wanted[answers.label]
    if when.failed_checks:
        rows &= _any(answers.failed, when.failed_checks, len(rows))
    return rows


def _broken(action: Action, answers: AnswerColumns) -> Mask:
    return _any(answers.failed, action.checks, len(answers.answered))


def _send(file: RoutingFile, place: int, requests: RequestColumns, rows: Mask, out: RoutedColumns) -> None:
    action = actions_of(file)[place]
    out.place[rows] = place
    named = tuple(target for target in (action.target, action.verifier) if target)
    _set(out, rows, action.route, action.target, action.verifier)
    if action.route not in MODEL_ROUTES:
        return
    kept = rows & _kept_in(file, requests, named)
    _set(out, kept, "human_review", cause="sensitive")
    left = rows & ~kept
    if action.flag and requests.flags is not None and action.flag not in requests.flags:
        _fall(file, place, requests, left, "flag_off", out)
        return
    if action.limits.max_words is not None:
        over = left & (requests.words > action.limits.max_words)
        _fall(file, place, requests, over, "max_words", out)
        left &= ~over
    if any(requests.health.get(target) == "down" for target in named):
        _fall(file, place, requests, left, "target_down", out)


def _fall(
    file: RoutingFile, place: int, requests: RequestColumns, rows: Mask, cause: Cause, out: RoutedColumns
) -> None:
    fallback = actions_of(file)[place].fallback
    out.place[rows] = place
    _set(out, rows, fallback.route, fallback.target, cause=cause)
    if fallback.target is None:
        return
    kept = rows & _kept_in(file, requests, (fallback.target,))
    _set(out, kept, "human_review", cause="sensitive")
    if requests.health.get(fallback.target) == "down":
        _set(out, rows & ~kept, "human_review", cause="target_down")


def _fall_from(
    file: RoutingFile, requests: RequestColumns, first: RoutedColumns, rows: Mask, cause: Cause, out: RoutedColumns
) -> None:
    """The fallback of each row's own action; one to the model that has just failed becomes a person."""
    for place in np.unique(first.place[rows]):
        here = rows & (first.place == place)
        _fall(file, int(place), requests, here, cause, out)
        again = here & (out.target != NOBODY) & (out.target == first.target)
        _set(out, again, "human_review", cause=cause)
        out.second[here] = True


def _kept_in(file: RoutingFile, requests: RequestColumns, targets: tuple[str, ...]) -> Mask:
    if file.sensitive_to_hosted or not any(file.targets[name].hosted for name in targets):
        return np.zeros(len(requests), dtype=np.bool_)
    return requests.sensitive


def _set(
    out: RoutedColumns, rows: Mask, route: Route, target: str | None = None, verifier: str | None = None,
    cause: Cause = "rule",
) -> None:  # fmt: skip
    out.route[rows] = ROUTES.index(route)
    out.target[rows] = NOBODY if target is None else out.targets.index(target)
    out.verifier[rows] = NOBODY if verifier is None else out.targets.index(verifier)
    out.cause[rows] = CAUSES.index(cause)
