"""Passes if the answer states enough of the fixture's key facts.

``expect``: ``key_facts`` is a list of ``{"name", "value", "line"}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.core.text import says_nothing
from milo_bench.core.units import share
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.sections import read_sections, section_named
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.citing.lines import without_line_citations
from milo_bench.guards.facts import find_facts, unsupported_facts

_HEADINGS: Final = ("Summary", "Missing Documents", "Escalation Signal", "Evidence Lines")
_WORDS_SHARE: Final = 0.5  # of a fact's longer words, where it has no number, date or name to look for
_READ_CHARS: Final = 40_000


class KeyFactsParams(Params, frozen=True):
    """``at_least``: the share of the key facts, 0..1, that must be stated; ``section``: where, or anywhere.

    ``headings``: those of the whole answer, so that the section ends where the next one begins.
    """

    section: str = ""
    at_least: float = 0.5
    headings: tuple[str, ...] = _HEADINGS


class KeyFacts:
    """One verdict with parts. A fact is stated where its numbers, dates and names stand, else half of its words."""

    name = "key_facts"
    version = "3"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, KeyFactsParams)
        if not 0 < rules.at_least <= 1:
            message = f"The check '{self.name}' cannot require a share of {rules.at_least}."
            raise ConfigError(message, hint="set at_least to a share above 0 and at most 1.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("key_facts")
        readable = isinstance(gold, list) and all(
            isinstance(fact, dict) and not says_nothing(str(fact.get("value") or "")) for fact in gold
        )
        return unread_expectation(fixture, "key_facts", readable=readable, what="key facts")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, KeyFactsParams)
        gold = [fact for fact in case.fixture.expect.get("key_facts") or () if isinstance(fact, dict)]
        if not gold:
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no key facts")]
        text = case.output[:_READ_CHARS]
        if case.workload.json_schema is not None and case.json.usable:
            text = "\n".join(_strings(case.json.value))  # as decoded: an escaped sign is the sign
        if rules.section:
            section = section_named(read_sections(text, (*rules.headings, rules.section)), rules.section)
            text = section.text if section else ""
        text = without_line_citations(text)
        absent = [str(fact.get("name")) for fact in gold if not states(text, str(fact.get("value", "")))]
        held, parts = len(gold) - len(absent), len(gold)
        expected, got = f"{share(rules.at_least)} of {parts} facts", f"{held} of {parts} facts"
        reason = f"not stated: {', '.join(absent)}" if absent else "every key fact is stated"
        if held >= rules.at_least * parts:
            return [Verdict(self.name, self.version, "pass", "", reason, "", (), expected, got, held, parts)]
        return [Verdict(self.name, self.version, "fail", "facts_left_out", reason, "", (), expected, got, held, parts)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def states(text: str, value: str) -> bool:
    """Whether ``text`` states ``value``; a value that says nothing is stated nowhere."""
    if says_nothing(value):
        return False
    if value.casefold() in text.casefold():
        return True
    if find_facts(value):
        return not unsupported_facts(value, (text,))
    words = set(re.findall(r"[^\W\d_]{4,}", value.casefold()))
    there = set(re.findall(r"[^\W\d_]{4,}", text.casefold()))
    return bool(words) and len(words & there) >= _WORDS_SHARE * len(words)


CHECKS.add(KeyFacts.name, KeyFacts())
