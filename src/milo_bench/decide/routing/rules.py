"""A routing table and what is known of a request (then of its answer) in, where the case goes out. Pure.

One meaning in two forms: for a single request, as a gateway serves it, and for columns of recorded
attempts, as a replay works them out; a property test holds that both agree. A case is routed in up
to three steps, so that at most two models are ever asked and nothing can loop:

1. ``route_request`` before any call: the first rule that needs no answer and applies, else the default.
2. ``route_answer`` once that model has answered: rules on the answer that stand above the rule of step 1,
   then its guardrails; either may send the case on.
3. ``settle_second`` where step 2 asked another model: its answer holds the guardrails, or a person takes over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, Literal, TypeAlias

import msgspec

from milo_bench.config.routing.file import DEFAULT, RoutingFile
from milo_bench.config.routing.rule import MODEL_ROUTES, Action, Condition, Health, HoursCondition, Route, RoutingRule
from milo_bench.core.cases.facts import NOTHING_KNOWN, CaseFacts
from milo_bench.core.cases.tags import plain_tags

Cause: TypeAlias = Literal[
    "rule",  # the rule itself, or the default
    "canary",  # a challenger answers in the place of the rule's target, under everything else that the rule says
    "sensitive",  # a sensitive case is kept from a hosted target
    "max_words",  # the input is past the rule's limit
    "target_down",
    "flag_off",  # the rule's flag is off, so its model is not called
    "rolled_back",  # an incident closed the model's rules for this workload
    "no_answer",
    "guardrail",  # the answer breaks a guardrail of the rule
    "verifier",  # the verifier does not accept the draft, or has not spoken
    "escalated",  # a role's chain: the model before it rejected, or gave no usable answer
    "permit",  # the operator permit of the client's key does not allow the answer
    "second_answer",  # the second model's answer is missing or breaks a guardrail
]


class RequestFacts(msgspec.Struct, frozen=True):
    """What is known before a model is called. ``health`` maps a target to ready, degraded or down (unnamed: ready).

    ``flags`` are the names of those that are on, None where every flag counts as on, as in a replay.
    ``rolled_back`` are the targets that an open incident keeps from this workload. ``at`` is when the request came,
    with its zone, ``tokens`` of its texts by target; both are unknown in a replay of recorded answers.
    ``canaries`` maps a rule to the challenger that answers this request in its target's place, if the rule decides.
    """

    workload: str
    use: str = ""
    words: int = 0
    tags: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()  # keyword sets of which one matches
    sensitive: bool = False
    health: Mapping[str, str] = {}
    case: CaseFacts = NOTHING_KNOWN
    flags: frozenset[str] | None = None
    rolled_back: frozenset[str] = frozenset()
    at: datetime | None = None
    tokens: Mapping[str, int] = {}
    canaries: Mapping[str, str] = {}


class AnswerFacts(msgspec.Struct, frozen=True):
    """What is known once a model was asked. ``verified`` is the verifier's word, None where it was not asked.

    ``rejects``: the answer is a review with the verdict reject.
    """

    answered: bool = True
    label: str = ""
    failed: frozenset[str] = frozenset()
    verified: bool | None = None
    rejects: bool = False


@dataclass(frozen=True)
class Routed:
    """Where a case stands: the rule (its place and id), the route, the model to ask or that was asked, and why."""

    place: int
    rule: str
    route: Route
    target: str = ""
    verifier: str = ""
    cause: Cause = "rule"
    second: bool = False  # reached after a first answer; its own answer is settled, never routed again
    action: Action | None = None
    asks: bool = field(init=False)
    automated: bool = field(init=False)  # a model answers and nobody has to accept it

    def __post_init__(self) -> None:
        asks = self.route in MODEL_ROUTES
        object.__setattr__(self, "asks", asks)
        object.__setattr__(self, "automated", asks and self.route != "assist")


_Test: TypeAlias = Callable[[RequestFacts], bool]


class _Compiled:
    """What every request under one routing file needs of it, worked out once."""

    def __init__(self, file: RoutingFile) -> None:
        self.file = file
        self.actions: tuple[Action, ...] = (*file.rules, file.default)
        self.default = len(file.rules)
        self._named = frozenset(name for rule in file.rules for name in rule.when.workload)
        self._before: dict[str, tuple[tuple[int, tuple[_Test, ...]], ...]] = {}
        self.on_answers = tuple(
            (place, rule.when, tuple(_tests(rule.when)))
            for place, rule in enumerate(file.rules)
            if rule.when.needs_answer
        )
        self.checks = tuple(frozenset(action.checks) for action in self.actions)
        # What stands before a call, in plain values: an attribute of a rule costs several times as much to read.
        self.rails = tuple((one.route in MODEL_ROUTES, one.flag, one.limits.max_words) for one in self.actions)
        self.targets = tuple(tuple(t for t in (one.target, one.verifier) if t) for one in self.actions)
        self.plain = tuple(
            Routed(place, action.id if isinstance(action, RoutingRule) else DEFAULT, action.route,
                   (action.target or "") if action.route in MODEL_ROUTES else "",
                   (action.verifier or "") if action.route in MODEL_ROUTES else "", action=action)
            for place, action in enumerate(self.actions)
        )  # fmt: skip

    def before_answers(self, workload: str) -> tuple[tuple[int, tuple[_Test, ...]], ...]:
        """The rules that can apply to ``workload`` before a model has answered: and what else they ask."""
        name = workload if workload in self._named else ""  # what no rule names is alike, and names no end of memory
        found = self._before.get(name)
        if found is None:
            found = self._before[name] = tuple(
                (place, tuple(_tests_beside_workload(rule.when)))
                for place, rule in enumerate(self.file.rules)
                if not rule.when.needs_answer and (not rule.when.workload or name in rule.when.workload)
            )
        return found


_MOST_COMPILED: Final = 64
_COMPILED: OrderedDict[int, _Compiled] = OrderedDict()
_LATEST: list[_Compiled | None] = [None]  # the one of the last call: a gateway asks for the same again and again


def _compiled(file: RoutingFile) -> _Compiled:
    """Kept by identity for the latest files: an entry keeps its file, so its id passes to no other meanwhile."""
    latest = _LATEST[0]
    if latest is not None and latest.file is file:
        return latest
    found = _COMPILED.get(id(file))
    if found is None or found.file is not file:
        found = _COMPILED[id(file)] = _Compiled(file)
        while len(_COMPILED) > _MOST_COMPILED:
            _COMPILED.popitem(last=False)
    _LATEST[0] = found
    return found


def actions_of(file: RoutingFile) -> tuple[Action, ...]:
    """The rules in their order, then the default: an action's place."""
    return _compiled(file).actions


def route_request(file: RoutingFile, request: RequestFacts) -> Routed:
    """Step 1: where the case goes before any model has answered."""
    compiled = _compiled(file)
    decides = compiled.default
    for place, tests in compiled.before_answers(request.workload):
        for test in tests:  # here, as a call costs more than the tests
            if not test(request):
                break
        else:
            decides = place
            break
    sent = _sent(compiled, decides, request)
    return _challenged(file, sent, request) if request.canaries else sent


def _challenged(file: RoutingFile, sent: Routed, request: RequestFacts) -> Routed:
    """``sent`` with the challenger in the place of the rule's target, where one has this request and may see it."""
    challenger = request.canaries.get(sent.rule, "")
    if sent.cause != "rule" or not challenger or not may_try(file, request, challenger):
        return sent
    route: Route = "hosted" if file.targets[challenger].hosted else "local"
    return replace(sent, route=route, target=challenger, cause="canary")


def may_try(file: RoutingFile, request: RequestFacts, challenger: str) -> bool:
    """Whether a challenger may see this request now. A hosted one sees no sensitive work, whatever the table allows."""
    if request.sensitive and file.targets[challenger].hosted:
        return False
    return is_open(file, request, challenger)


def route_answer(file: RoutingFile, request: RequestFacts, first: Routed, answer: AnswerFacts) -> Routed:
    """Step 2: where the case goes now that ``first``'s model has answered. ``first`` itself where the answer stands."""
    if not first.asks or first.action is None:
        return first
    if not answer.answered:
        return _second(_fallen(file, first.place, request, "no_answer"), first)
    compiled = _compiled(file)
    for place, when, tests in compiled.on_answers:
        if place >= first.place:
            break
        if _hold(tests, request) and _answer_applies(when, answer, not file.targets[first.target].hosted):
            return replace(_sent(compiled, place, request), second=True)
    if answer.failed & compiled.checks[first.place]:
        return _second(_fallen(file, first.place, request, "guardrail"), first)
    if first.route == "mixed" and answer.verified is not True:
        return _second(_fallen(file, first.place, request, "verifier"), first)
    return first


def settle_second(second: Routed, answer: AnswerFacts) -> Routed:
    """Step 3: ``second`` itself where its answer stands, else a person."""
    if not (second.second and second.asks) or second.action is None:
        return second
    unverified = second.route == "mixed" and answer.verified is not True
    if answer.answered and not answer.failed & set(second.action.checks) and not unverified:
        return second
    return replace(second, route="human_review", target="", verifier="", cause="second_answer")


def _tests(when: Condition) -> Iterator[_Test]:
    """A test for each setting of ``when`` that is known before a model answers. The rule applies where all hold."""
    if when.workload:
        yield partial(_is_of, frozenset(when.workload))
    yield from _tests_beside_workload(when)


def _tests_beside_workload(when: Condition) -> Iterator[_Test]:
    if when.words is not None:
        yield partial(_has_words, *when.words.bounds)
    if when.tokens is not None:
        yield partial(_has_tokens, when.tokens.target, *when.tokens.bounds)
    if when.use:
        yield partial(_is_for, frozenset(when.use))
    if when.asks_of_case:
        yield partial(_is_case, when)
    if when.hours is not None:
        yield partial(_is_within, when.hours)
    if when.tags:
        yield partial(_is_tagged, plain_tags(when.tags))
    if when.keyword_sets:
        yield partial(_has_keywords, when.keyword_sets)
    if when.sensitive is not None:
        yield partial(_is_as_sensitive, when.sensitive)
    if when.target_health:
        yield partial(_finds_targets, tuple(when.target_health.items()))


def _is_of(workloads: frozenset[str], request: RequestFacts) -> bool:
    return request.workload in workloads


def _has_words(low: float, high: float, request: RequestFacts) -> bool:
    return low <= request.words <= high


def _has_tokens(target: str, low: float, high: float, request: RequestFacts) -> bool:
    count = request.tokens.get(target)
    return count is not None and low <= count <= high


def _is_for(uses: frozenset[str], request: RequestFacts) -> bool:
    return request.use in uses


def _is_case(when: Condition, request: RequestFacts) -> bool:
    return when.fits_case(request.case)


def _is_within(hours: HoursCondition, request: RequestFacts) -> bool:
    return hours.fits(request.at)


def _is_tagged(tags: frozenset[str], request: RequestFacts) -> bool:
    return bool(request.tags) and not plain_tags(request.tags).isdisjoint(tags)


def _has_keywords(sets: frozenset[str], request: RequestFacts) -> bool:
    return not request.keywords.isdisjoint(sets)


def _is_as_sensitive(asked: bool, request: RequestFacts) -> bool:
    return request.sensitive is asked


def _finds_targets(wanted: tuple[tuple[str, tuple[Health, ...]], ...], request: RequestFacts) -> bool:
    return all(request.health.get(target, "ready") in states for target, states in wanted)


def _hold(tests: tuple[_Test, ...], request: RequestFacts) -> bool:
    for test in tests:  # noqa: SIM110  # a generator costs more than the tests
        if not test(request):
            return False
    return True


def _answer_applies(when: Condition, answer: AnswerFacts, local: bool) -> bool:
    if when.local_label and not (local and answer.label in when.local_label):
        return False
    return not when.failed_checks or not answer.failed.isdisjoint(when.failed_checks)


def _sent(compiled: _Compiled, place: int, request: RequestFacts) -> Routed:
    """What the action at ``place`` means for this request, with the rails that stand before every call."""
    file, plain = compiled.file, compiled.plain[place]
    asks, flag, max_words = compiled.rails[place]
    if not asks:
        return plain
    named = compiled.targets[place]
    if request.sensitive and _kept_in(file, request, named):
        return replace(plain, route="human_review", target="", verifier="", cause="sensitive")
    if flag and request.flags is not None and flag not in request.flags:
        return _fallen(file, place, request, "flag_off")
    if request.rolled_back and not request.rolled_back.isdisjoint(named):
        return _fallen(file, place, request, "rolled_back")
    if max_words is not None and request.words > max_words:
        return _fallen(file, place, request, "max_words")
    for target in named:
        if request.health.get(target) == "down":
            return _fallen(file, place, request, "target_down")
    return plain


def _fallen(file: RoutingFile, place: int, request: RequestFacts, cause: Cause) -> Routed:
    """The fallback of the action at ``place``."""
    action = actions_of(file)[place]
    name = action.id if isinstance(action, RoutingRule) else DEFAULT
    target = action.fallback.target
    if target is None:
        return Routed(place, name, action.fallback.route, cause=cause, action=action)
    if _kept_in(file, request, (target,)):
        return Routed(place, name, "human_review", cause="sensitive", action=action)
    if target in request.rolled_back:
        return Routed(place, name, "human_review", cause="rolled_back", action=action)
    if request.health.get(target) == "down":
        return Routed(place, name, "human_review", cause="target_down", action=action)
    return Routed(place, name, "hosted", target, cause=cause, action=action)


def is_open(file: RoutingFile, request: RequestFacts, target: str) -> bool:
    """Whether ``target`` may be asked about this request now."""
    return (
        not _kept_in(file, request, (target,))
        and target not in request.rolled_back
        and request.health.get(target) != "down"
    )


def may_leave(file: RoutingFile, request: RequestFacts, target: str) -> bool:
    """Whether the request may reach ``target``: a sensitive one reaches no hosted target, unless the table says so."""
    return not _kept_in(file, request, (target,))


def _kept_in(file: RoutingFile, request: RequestFacts, targets: tuple[str, ...]) -> bool:
    if not request.sensitive or file.sensitive_to_hosted:
        return False
    return any(file.targets[name].hosted for name in targets)


def _second(fallen: Routed, first: Routed) -> Routed:
    """A fallback to the model that has just failed asks nobody: a person takes over."""
    if fallen.target and fallen.target == first.target:
        return replace(fallen, route="human_review", target="", second=True)
    return replace(fallen, second=True)
