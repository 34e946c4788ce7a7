"""A graded case and perhaps a field's name in, the text that a check is to judge out, and where it is in the answer."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from milo_bench.core.records import Span
from milo_bench.grade.base import GradeCase
from milo_bench.grade.json_places import find_value, show_value

UNREAD_PART: Final = ("malformed_json", "missing_field", "missing_value")  # categories of a part without a text
_HALF_CHARACTERS: Final = re.compile("[\ud800-\udfff]")  # a model may write half of a surrogate pair


class JudgedPart(NamedTuple):
    """``problem`` says why there is no text, with ``category`` for the verdict; "" where there is one.

    ``offset`` is where the text starts in the answer, None where its characters are not the answer's own.
    """

    text: str = ""
    offset: int | None = 0
    problem: str = ""
    category: str = ""
    spans: tuple[Span, ...] = ()

    def span(self, start: int, end: int, label: str = "") -> tuple[Span, ...]:
        """Characters ``start`` to ``end`` of the text as a span of the answer; the whole field where only that fits."""
        if self.offset is None:
            return self.spans
        return (Span("output", self.offset + start, self.offset + end, label),)


def judged_part(case: GradeCase, field: str = "") -> JudgedPart:
    """The whole answer, or one field of a JSON answer: its text, or its value as written where it is not a text."""
    if not field:
        return JudgedPart(_HALF_CHARACTERS.sub("\ufffd", case.output))
    answer = case.json
    if not answer.usable or not isinstance(answer.value, dict):
        why = answer.problem or "the answer is JSON, but not an object"
        return JudgedPart(problem=f"{field} cannot be read: {why}", category="malformed_json")
    value = answer.value.get(field)
    if value is None:
        there = field in answer.value
        return JudgedPart(
            problem=f"{field} is {'null' if there else 'not in the answer'}",
            category="missing_value" if there else "missing_field",
        )
    found = find_value(case.output, field)
    text = value if isinstance(value, str) else show_value(value)
    return JudgedPart(_HALF_CHARACTERS.sub("\ufffd", text), None, spans=(found,) if found is not None else ())
