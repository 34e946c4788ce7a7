"""A question and what is known of the targets in, the facts that the routing function decides on out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from milo_bench.core.cases.facts import NOTHING_KNOWN
from milo_bench.decide.routing.rules import RequestFacts
from milo_bench.gateway.answering.written import other_text
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RoutingTable
from milo_bench.guards.case_facts import case_facts
from milo_bench.guards.case_text import count_words, keyword_sets_in

_NO_KEYWORDS: Final[frozenset[str]] = frozenset()


def request_facts(
    table: RoutingTable,
    asked: Question,
    health: Mapping[str, str],
    flags: frozenset[str] | None,
    rolled_back: frozenset[str],
    at: datetime | None,
    tokens: Mapping[str, int],
    canaries: Mapping[str, str],
) -> RequestFacts:
    """Words, keyword sets and the case's facts are worked out only where a rule asks for them.

    What the gateway knows beside the question (``health`` and all after it) is as in ``RequestFacts``.
    """
    return RequestFacts(
        asked.workload,
        asked.use,
        count_words(asked.text) if table.asks_words else 0,
        asked.tags,
        _keywords(asked) if table.asks_keywords else _NO_KEYWORDS,
        asked.sensitive,
        health,
        case_facts(asked.input) if table.asks_cases and asked.input is not None else NOTHING_KNOWN,
        flags,
        rolled_back,
        at,
        tokens,
        canaries,
    )


def _keywords(asked: Question) -> frozenset[str]:
    """The keyword sets of all that was written: in what a model reads as the case, and in every other field."""
    found = keyword_sets_in(asked.text)
    if other := other_text(asked):  # for itself, so that it changes nothing of how the case is read
        found |= keyword_sets_in(other)
    return found
