"""An answer in, whether its number of words is within bounds out; citations are not counted.

``expect``: ``max_words`` and ``min_words`` (optional) go before the check's own bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.guards.citations import without_citations


class LengthParams(Params, frozen=True):
    """Words, both bounds included."""

    min_words: int | None = None
    max_words: int | None = None


class Length:
    name = "length"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, LengthParams)
        if rules.min_words is not None and rules.max_words is not None and rules.min_words > rules.max_words:
            message = (
                f"The check '{self.name}' asks for {rules.min_words} words at least and {rules.max_words} at most."
            )
            raise ConfigError(message, hint="Make min_words the smaller one.")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, LengthParams)
        low = _bound(case.fixture.expect.get("min_words"), rules.min_words)
        high = _bound(case.fixture.expect.get("max_words"), rules.max_words)
        if low is None and high is None:
            return [Verdict(self.name, self.version, "skip", reason="no bound on the length is set")]
        words = sum(any(mark.isalnum() for mark in word) for word in without_citations(case.output).split())
        expected = f"{low if low is not None else 0} to {high if high is not None else 'any'} words"
        got = f"{words} words"
        if high is not None and words > high:
            reason = f"the answer has {words} words; at most {high} were asked for"
            spans = (Span("output", 0, len(case.output)),)
            return [Verdict(self.name, self.version, "fail", "too_long", reason, "", spans, expected, got)]
        if low is not None and words < low:
            reason = f"the answer has {words} words; at least {low} were asked for"
            return [Verdict(self.name, self.version, "fail", "too_short", reason, expected=expected, got=got)]
        return [Verdict(self.name, self.version, "pass", expected=expected, got=got)]


def _bound(own: object, general: int | None) -> int | None:
    return own if isinstance(own, int) and not isinstance(own, bool) else general


CHECKS.add(Length.name, Length())
