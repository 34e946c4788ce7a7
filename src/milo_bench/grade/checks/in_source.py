"""Passes, field by field, if a value of the JSON answer is in the input, word for word.

A value that ends inside a longer word or number of the input does not count, and neither does one that only
differs in case. Null values are not judged. The check needs no expected value, so it can guard live answers.

```yaml
checks:
  - in_source: {document: message, fields: [order]}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import show_value


class InSourceParams(Params, frozen=True):
    """``document`` is the text of the input to search. ``fields``: top-level fields to judge, all if empty."""

    document: str = "document"
    fields: list[str] = []


class InSource:
    name = "in_source"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, InSourceParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        name = read_params(self.name, params, InSourceParams).document
        return "" if isinstance(fixture.input.get(name), str) else f"the input has no text named {name!r}"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, InSourceParams)
        source = case.fixture.input.get(rules.document)
        if not isinstance(source, str):
            return [Verdict(self.name, self.version, "skip", reason=f"the input has no text named {rules.document!r}")]
        answer = case.json
        if not answer.usable or not isinstance(answer.value, dict):
            reason = f"no values to look up: {answer.problem or 'the answer is JSON, but not an object'}"
            return [Verdict(self.name, self.version, "fail", "malformed_json", reason)]
        names = rules.fields or [name for name in answer.value if isinstance(name, str)]
        verdicts = [self._verdict(name, answer.value.get(name), source) for name in names]
        reason = "the answer contains no value to look up"
        return [one for one in verdicts if one] or [Verdict(self.name, self.version, "skip", reason=reason)]

    def _verdict(self, name: str, value: object, source: str) -> Verdict | None:
        if value is None:
            return None
        text = value if isinstance(value, str) else show_value(value)
        if text.strip() and re.search(rf"(?<!\w){re.escape(text.strip())}(?!\w)", source):
            return Verdict(self.name, self.version, "pass", subject=name)
        reason = f"{name} is {text[:100]!r}, which is not in the input"
        return Verdict(self.name, self.version, "fail", "not_in_source", reason, name, got=text[:200])


CHECKS.add(InSource.name, InSource())
