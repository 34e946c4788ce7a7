"""Passes if a summary's escalation level is correct and the cited lines support it.

``expect``: ``escalation`` is ``{"level": "routine"|"watch"|"escalate", "lines": [numbers]}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.packet_lines import cited
from milo_bench.grade.sections import read_sections, section_named
from milo_bench.grade.unreadable import unread_expectation

LEVELS: Final = ("routine", "watch", "escalate")
_LEVEL = re.compile(r"\b(routine|watch|escalate)\b", re.IGNORECASE)
_LEADING = re.compile(r"[\s\"'*_`]*(routine|watch|escalate)\b", re.IGNORECASE)
_HEADINGS: Final = ("Summary", "Missing Documents", "Escalation Signal", "Evidence Lines")


class EscalationSignalParams(Params, frozen=True):
    """``evidence``: whether a right watch or escalate must also cite one of the gold's lines.

    ``headings``: those of the whole answer, so that the section ends where the next one begins.
    """

    section: str = "Escalation Signal"
    evidence: bool = True
    headings: tuple[str, ...] = _HEADINGS


class EscalationSignal:
    """The level, with both levels for a confusion matrix; and, as a verdict of its own, its evidence."""

    name = "escalation_signal"
    version = "2"
    known_served = frozenset({"missing_section", "unknown_label"})

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, EscalationSignalParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("escalation")
        readable = isinstance(gold, dict) and gold.get("level") in LEVELS
        return unread_expectation(fixture, "escalation", readable=readable, what="level")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, EscalationSignalParams)
        gold = case.fixture.expect.get("escalation")
        if not isinstance(gold, dict) or gold.get("level") not in LEVELS:
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no level")]
        expected: str = gold["level"]
        read = self._read(case, rules, expected)
        if isinstance(read, Verdict):
            return [read]
        level, text, spans = read
        if level != expected:
            lower = LEVELS.index(level) < LEVELS.index(expected)
            category = "under_escalated" if lower else "over_escalated"
            reason = f"the signal is {level}, expected {expected}"
            return [Verdict(self.name, self.version, "fail", category, reason, "level", spans, expected, level)]
        verdicts = [Verdict(self.name, self.version, "pass", subject="level", expected=expected, got=level)]
        if rules.evidence and expected != "routine":
            verdicts.append(self._evidence(text, gold.get("lines", []), spans))
        return verdicts

    def served_gap(self, params: Mapping[str, Any]) -> str:
        return ""

    def judge_served(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        read = self._read(case, read_params(self.name, params, EscalationSignalParams), "")
        if isinstance(read, Verdict):
            return [read]
        return [Verdict(self.name, self.version, "skip", reason="the expected level is unknown")]

    def _read(
        self, case: GradeCase, rules: EscalationSignalParams, expected: str
    ) -> tuple[str, str, tuple[Span, ...]] | Verdict:
        """The level, the text of its section and where that is; a failed verdict where the answer gives no level."""
        section = section_named(read_sections(case.output, (*rules.headings, rules.section)), rules.section)
        if section is None or not section.items:
            reason = f"the answer has no text under {rules.section}"
            return Verdict(self.name, self.version, "fail", "missing_section", reason, "level", (), expected)
        spans = (Span("output", section.start, section.end, "escalation signal"),)
        level = _level(section.text)
        if not level:
            reason = "the signal does not name exactly one level"
            return Verdict(self.name, self.version, "fail", "unknown_label", reason, "level", spans, expected)
        return level, section.text, spans

    def _evidence(self, text: str, lines: list[int], spans: tuple[Span, ...]) -> Verdict:
        named = cited(text)
        expected = "one of " + ", ".join(f"L{line}" for line in lines)
        got = ", ".join(f"L{line}" for line in named)
        if set(named) & set(lines):
            return Verdict(self.name, self.version, "pass", subject="evidence", expected=expected, got=got)
        reason = "the level is right, but the cited lines do not support it"
        return Verdict(self.name, self.version, "fail", "wrong_evidence", reason, "evidence", spans, expected, got)


def _level(text: str) -> str:
    """The level at the start, else the only level named."""
    if leading := _LEADING.match(text):
        return leading[1].lower()
    levels = {match.lower() for match in _LEVEL.findall(text)}
    return levels.pop() if len(levels) == 1 else ""


CHECKS.add(EscalationSignal.name, EscalationSignal())
