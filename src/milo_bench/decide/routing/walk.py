"""A routing table and a request's facts in, the whole way of a case out: each model to ask, then where it ends. Pure.

The gateway walks this way with real answers, a replay with recorded ones; neither decides anything itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from milo_bench.config.routing.file import RoutingFile
from milo_bench.config.routing.rule import Route
from milo_bench.decide.routing.rules import (
    AnswerFacts,
    RequestFacts,
    Routed,
    is_open,
    route_answer,
    route_request,
    settle_second,
)

RoutingWalk: TypeAlias = Generator[Routed, AnswerFacts, Routed]


@dataclass(frozen=True)
class EscalationChain:
    """Targets to ask in order where the model of ``rule`` rejects, does not answer or breaks one of its guardrails."""

    rule: str
    targets: tuple[str, ...]


def walk(file: RoutingFile, request: RequestFacts, chain: EscalationChain | None = None) -> RoutingWalk:
    """Yields where a model is to be asked, takes what is known of its answer, returns where the case ends.

    At most two models are asked, or those of ``chain`` once each where its rule decides. Where the last ``Routed``
    asks a model, that model's answer is the one to give.
    """
    first = route_request(file, request)
    if chain is not None and first.rule == chain.rule and first.cause in ("rule", "canary"):
        return (yield from _walk_chain(file, request, first, chain))
    if not first.asks:
        return first
    second = route_answer(file, request, first, (yield first))
    if not (second.second and second.asks):
        return second
    return settle_second(second, (yield second))


def _walk_chain(file: RoutingFile, request: RequestFacts, first: Routed, chain: EscalationChain) -> RoutingWalk:
    """Each model of the chain once, as written; one that may not be asked now is passed over.

    A rejection that nobody after it overturns stands. Where the last model asked gives no usable answer, a person
    takes over: the rule's fallback to another model is not added to the chain.
    """
    current, left = first, iter(chain.targets)
    while True:
        answer = yield current
        settled = route_answer(file, request, current, answer)
        if settled.place != current.place:  # a rule on the answer, above the rule of the role
            return settle_second(settled, (yield settled)) if settled.asks else settled
        stands = settled is current
        if stands and not answer.rejects:
            return current
        following = _next(file, request, current, left)
        if following is None:
            ends: Route = "refuse" if settled.route == "refuse" else "human_review"
            return current if stands else replace(settled, route=ends, target="", verifier="")
        current = following


def _next(file: RoutingFile, request: RequestFacts, current: Routed, left: Iterator[str]) -> Routed | None:
    for target in left:
        if is_open(file, request, target):
            route: Route = "hosted" if file.targets[target].hosted else "local"
            return replace(current, route=route, target=target, verifier="", cause="escalated")
    return None
