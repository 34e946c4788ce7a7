"""Passes if the answer has the required shape: its start and end, number of lines, no markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.guards.sent_on import plain_escalation

_MARKDOWN = re.compile(r"^#{1,6} .*$|```|\*\*[^*\n]+\*\*|^\|.*\|$|\[[^\]\n]+\]\([^)\n]+\)", re.MULTILINE)


class FormatParams(Params, frozen=True):
    """Every rule that is set must hold. ``starts_with``: one of these; ``may_be``: a whole answer that is always right
    in shape begins with one of these, e.g. ``ESCALATE:`` beside drafts that start with ``Template:``.
    """

    starts_with: list[str] = []
    ends_with: list[str] = []
    may_be: list[str] = []
    min_lines: int = 0
    max_lines: int | None = None
    max_characters: int | None = None
    no_markdown: bool = False
    no_blank_lines: bool = False


class Format:
    name = "format"
    version = "2"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        if read_params(self.name, params, FormatParams) == FormatParams():
            message = f"The check '{self.name}' has no rule, so every answer passes it."
            raise ConfigError(message, hint="set one of its rules, e.g. max_lines: 1.")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, FormatParams)
        # What is around an answer that sends the case to a person is no fault of its shape.
        sent_on = plain_escalation(case.output)
        text = case.output.strip() if sent_on is None else sent_on
        if rules.may_be and text.startswith(tuple(rules.may_be)) and "\n" not in text:
            return [Verdict(self.name, self.version, "pass", reason="a single line of an allowed kind")]
        problems = list(_problems(text, rules))
        marks: tuple[Span, ...] = ()
        if rules.no_markdown and sent_on is None:
            marks = tuple(Span("output", *mark.span(), "markdown") for mark in _MARKDOWN.finditer(case.output))
        if marks:
            problems.append("it contains markdown instead of plain text")
        if problems:
            reason = "; ".join(problems)
            return [Verdict(self.name, self.version, "fail", "wrong_format", reason, spans=marks)]
        return [Verdict(self.name, self.version, "pass", reason="the shape is as required")]


def _problems(text: str, rules: FormatParams) -> Iterator[str]:
    lines = text.splitlines()
    if rules.starts_with and not text.startswith(tuple(rules.starts_with)):
        yield f"it starts with {text[:40]!r}, not with {' or '.join(map(repr, rules.starts_with))}"
    if rules.ends_with and not text.endswith(tuple(rules.ends_with)):
        yield f"it ends with {text[-40:]!r}, not with {' or '.join(map(repr, rules.ends_with))}"
    if len(lines) < rules.min_lines:
        yield f"it has {len(lines)} lines, below the minimum of {rules.min_lines}"
    if rules.max_lines is not None and len(lines) > rules.max_lines:
        yield f"it has {len(lines)} lines, above the limit of {rules.max_lines}"
    if rules.max_characters is not None and len(text) > rules.max_characters:
        yield f"it has {len(text)} characters, above the limit of {rules.max_characters}"
    if rules.no_blank_lines and any(not line.strip() for line in lines):
        yield "it has blank lines"


CHECKS.add(Format.name, Format())
