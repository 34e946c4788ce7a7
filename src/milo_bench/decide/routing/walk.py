"""A routing table and a request's facts in, the whole way of a case out: each model to ask, then where it ends. Pure.

The gateway walks this way with real answers, a replay with recorded ones; neither decides anything itself.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

from milo_bench.config.routing.file import RoutingFile
from milo_bench.decide.routing.rules import (
    AnswerFacts,
    RequestFacts,
    Routed,
    route_answer,
    route_request,
    settle_second,
)

RoutingWalk: TypeAlias = Generator[Routed, AnswerFacts, Routed]


def walk(file: RoutingFile, request: RequestFacts) -> RoutingWalk:
    """Yields where a model is to be asked, takes what is known of its answer, returns where the case ends.

    At most two models are asked. Where the last ``Routed`` asks a model, that model's answer is the one to give.
    """
    first = route_request(file, request)
    if not first.asks:
        return first
    second = route_answer(file, request, first, (yield first))
    if not (second.second and second.asks):
        return second
    return settle_second(second, (yield second))
