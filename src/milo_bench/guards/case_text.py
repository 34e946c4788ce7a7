"""The input of a case in, what a routing rule can know of its text out: number of words and keyword sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from milo_bench.core.keyword_sets import KEYWORD_SETS
from milo_bench.core.once import once


def case_text(data: Any) -> str:
    """Every text in plain data, a line each; keys are the suite's own words."""
    return "\n".join(_texts(data))


def count_words(text: str) -> int:
    return len(text.split())


def keyword_sets_in(text: str) -> frozenset[str]:
    """The keyword sets of which a word is in ``text``; all of them where some of it is in a language without words.

    What the rail cannot read is for a person, so every rule on keywords applies to it.
    """
    return _finder()(text)


@once
def _finder() -> Callable[[str], frozenset[str]]:
    """Late: a gateway whose rules ask for no keywords carries none."""
    from milo_bench.guards.keywords import keyword_risk, unread_by_keywords

    def find(text: str) -> frozenset[str]:
        if unread_by_keywords(text):
            return frozenset(KEYWORD_SETS)
        return frozenset(hit.keyword_set for hit in keyword_risk(text))

    return find


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _texts(value)
