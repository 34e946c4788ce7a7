"""A question and what is known of the targets in, the facts that the routing function decides on out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from milo_bench.core.cases.facts import NOTHING_KNOWN
from milo_bench.decide.routing.rules import RequestFacts
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RoutingTable
from milo_bench.guards.case_facts import case_facts
from milo_bench.guards.case_text import count_words, keyword_sets_in


class Known(msgspec.Struct, frozen=True):
    """What the gateway knows beside the question: as in ``RequestFacts``."""

    health: Mapping[str, str] = {}
    flags: frozenset[str] | None = None
    rolled_back: frozenset[str] = frozenset()
    at: datetime | None = None
    tokens: Mapping[str, int] = {}
    canaries: Mapping[str, str] = {}


def request_facts(table: RoutingTable, asked: Question, known: Known) -> RequestFacts:
    """Words, keyword sets and the case's facts are worked out only where a rule asks for them."""
    return RequestFacts(
        workload=asked.workload,
        use=asked.use,
        words=count_words(asked.text) if table.asks_words else 0,
        tags=asked.tags,
        keywords=keyword_sets_in(asked.text) if table.asks_keywords else frozenset(),
        sensitive=asked.sensitive,
        health=known.health,
        case=case_facts(asked.input) if table.asks_cases and asked.input is not None else NOTHING_KNOWN,
        flags=known.flags,
        rolled_back=known.rolled_back,
        at=known.at,
        tokens=known.tokens,
        canaries=known.canaries,
    )
