"""Passes if the answer's number of words is within the limits, not counting citations.

A character of Chinese or Japanese counts as a word.

``expect``: ``max_words`` and ``min_words`` (optional) override the check's limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.guards.citations import without_citations
from milo_bench.guards.sent_on import escalation_reason

_UNPARTED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class LengthParams(Params, frozen=True):
    """Words, both bounds included."""

    min_words: int | None = None
    max_words: int | None = None


class Length:
    name = "length"
    version = "4"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, LengthParams)
        if rules.min_words is not None and rules.max_words is not None and rules.min_words > rules.max_words:
            message = (
                f"The check '{self.name}' requires at least {rules.min_words} and at most {rules.max_words} words."
            )
            raise ConfigError(message, hint="make min_words smaller than max_words.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        rules = read_params(self.name, params, LengthParams)
        bounds = (
            _bound(fixture.expect.get(name), general)
            for name, general in (("min_words", rules.min_words), ("max_words", rules.max_words))
        )
        if any(bound is not None for bound in bounds) or {"min_words", "max_words"} & fixture.expect.keys():
            return ""
        return "no length limit is set (min_words or max_words, of the check or expected)"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, LengthParams)
        if escalation_reason(case.output) is not None:
            return [Verdict(self.name, self.version, "skip", reason="the answer sends the case to a person")]
        low = _bound(case.fixture.expect.get("min_words"), rules.min_words)
        high = _bound(case.fixture.expect.get("max_words"), rules.max_words)
        if low is None and high is None:
            return [Verdict(self.name, self.version, "skip", reason="no length limit is set")]
        words = count_words(without_citations(case.output))
        expected = f"{low if low is not None else 0} to {high if high is not None else 'any'} words"
        got = f"{words} words"
        if high is not None and words > high:
            reason = f"the answer has {words} words, above the limit of {high}"
            spans = (Span("output", 0, len(case.output)),)
            return [Verdict(self.name, self.version, "fail", "too_long", reason, "", spans, expected, got)]
        if low is not None and words < low:
            reason = f"the answer has {words} words, below the minimum of {low}"
            return [Verdict(self.name, self.version, "fail", "too_short", reason, expected=expected, got=got)]
        return [Verdict(self.name, self.version, "pass", expected=expected, got=got)]


def count_words(text: str) -> int:
    """Words as spaces part them; each character of Chinese and Japanese counts as one."""
    apart = _UNPARTED.sub(" ", text)
    return sum(any(mark.isalnum() for mark in word) for word in apart.split()) + len(_UNPARTED.findall(text))


def _bound(own: object, general: int | None) -> int | None:
    return own if isinstance(own, int) and not isinstance(own, bool) else general


CHECKS.add(Length.name, Length())
