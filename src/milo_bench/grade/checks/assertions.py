"""Passes if the answer meets the fixture's own list of assertions, such as a promptfoo test has them.

```json
{"assertions": [{"kind": "contains", "value": "refund", "negated": true},
                {"kind": "levenshtein", "value": "Dear customer", "threshold": 3},
                {"kind": "json_value", "path": "order.items[0].id", "value": 7}]}
```

Kinds: `equals`, `contains`, `contains_any`, `contains_all`, `starts_with`, `ends_with`, `regex`, `is_json`,
`contains_json`, `json_value`, `json_contains`, `words`, `characters`, `levenshtein`, `rouge_n`, `bleu`, `gleu`,
`is_xml`, `contains_xml`, `is_html`, `contains_html`, `valid_tool_calls`, `tool_calls_f1`, `finish_reason` and `set`.
Each may have `negated`, `casefold`, `path` (a value of a JSON answer), `metric` (its name in the verdict), `weight` and
`threshold`. `is_json` and `contains_json` may have a `json_schema`, `words` and `characters` have `least` and `most`, a
`set` has `assertions` of its own.

`levenshtein` allows 5 edits, `rouge_n` needs 0.75, `bleu` and `gleu` 0.5 and `tool_calls_f1` 1, if no threshold is
given. The `value` of `is_xml` and `contains_xml` may list elements, such as `order.item`. That of `valid_tool_calls`
maps each tool to the JSON Schema of its arguments, and that of `tool_calls_f1` lists the tools to call. An answer that
only calls tools is read as the JSON list of its calls.

`expect`: `assertions` is the list. `assertions_threshold` (optional): the weighted mean of their scores must reach it.
Without it, each assertion with a weight above 0 must hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.core.text import shorten
from milo_bench.core.units import number
from milo_bench.grade.assertions.judge import combined, judge_assertion
from milo_bench.grade.assertions.read import Assertion, read_assertions
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params


class AssertionsCheck:
    name = "assertions"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, Params)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        if "assertions" in fixture.expect and fixture.expect["assertions"] in (None, [], ()):
            return ""
        read = read_assertions(fixture.expect)
        return f"expect.assertions cannot be read: {read}" if isinstance(read, str) else ""

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        read = read_assertions(case.fixture.expect)
        if isinstance(read, str):
            return [Verdict(self.name, self.version, "skip", reason="the fixture lists no assertion")]
        parts = [(one, judge_assertion(case, one)) for one in read.listed]
        if read.threshold is not None:
            whole = combined(parts, read.threshold)
            expected = f"a score of {number(read.threshold)}"
            return [self._verdict(whole.holds, whole.reason, "", expected, number(whole.score))]
        counted = [(number, one, met) for number, (one, met) in enumerate(parts, 1) if one.weight]
        if not counted:
            return [Verdict(self.name, self.version, "skip", reason="every assertion has the weight 0")]
        return [
            self._verdict(met.holds, met.reason, one.metric or f"{number}", _expected(one), "")
            for number, one, met in counted
        ]

    def _verdict(self, holds: bool, reason: str, subject: str, expected: str, got: str) -> Verdict:
        if holds:
            return Verdict(self.name, self.version, "pass", "", reason, subject, expected=expected, got=got)
        return Verdict(self.name, self.version, "fail", "assertion_missed", reason, subject, expected=expected, got=got)


def _expected(assertion: Assertion) -> str:
    value = f" {shorten(repr(assertion.value), 150)}" if assertion.value is not None else ""
    return f"{'not ' if assertion.negated else ''}{assertion.kind}{value}"


CHECKS.add(AssertionsCheck.name, AssertionsCheck())
