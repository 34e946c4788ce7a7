"""Passes, statement by statement, if each one cites existing lines that state it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.fact_rows import read_rows
from milo_bench.grade.languages.answers import day_first_of, language_of
from milo_bench.grade.packet_lines import (
    cited,
    packet_lines,
    unsupported_by_lines,
)
from milo_bench.grade.sections import SectionItem, read_sections, section_named
from milo_bench.guards.citing.lines import line_cited_sentences
from milo_bench.guards.quotes import find_quote

_QUOTED = re.compile(r"[\"“”«»](.{2,400}?)[\"“”«»]|(?<!\w)['‘](.{2,400}?)['’](?!\w)")
_BARE_LINE = re.compile(r"\bL\s?(\d{1,6})\b")
# That nothing is there, in the languages that the built-in suites have.
_NEEDS_NONE: Final = re.compile(
    r"\W*(?:none|nothing|routine|keine?|nichts|aucune?|rien|ninguno|ninguna|nada)\b", re.IGNORECASE
)
_READ_CHARS: Final = 40_000


class EvidenceLinesParams(Params, frozen=True):
    """``sections``: whose items must each cite; none for prose, where each sentence that states something must.

    ``quotes``: the section that lists cited lines with words of them. ``rows``: the key of a JSON answer's
    list of facts, each with its own line. ``packet`` names the input's text with numbered lines.
    """

    sections: list[str] = []
    quotes: str = ""
    rows: str = ""
    day_first: bool = True
    packet: str = "packet"


class _Statement(NamedTuple):
    subject: str
    text: str
    numbers: tuple[int, ...]
    start: int
    end: int


class EvidenceLines:
    name = "evidence_lines"
    version = "4"
    detector = "unsupported_facts"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, EvidenceLinesParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        key = read_params(self.name, params, EvidenceLinesParams).packet
        if not isinstance(fixture.input.get(key), str):
            return f"the input contains no text named {key}"
        return "" if packet_lines(fixture, key) else f"the text named {key} contains no numbered lines such as '[L1] …'"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, EvidenceLinesParams)
        lines = packet_lines(case.fixture, rules.packet)
        if rules.rows and not case.json.usable:
            reason = f"no rows to read: {case.json.problem}"
            return [Verdict(self.name, self.version, "fail", "malformed_json", reason)]
        verdicts = [
            self._statement(one, lines, day_first_of(case.workload, rules.day_first), language_of(case.workload))
            for one in _statements(case, rules)
        ]
        if rules.quotes:
            verdicts += self._quotes(case, rules, lines)
        if not verdicts:
            return [
                Verdict(self.name, self.version, "fail", "no_evidence", "the answer contains no statement with a line")
            ]
        return verdicts

    def _statement(self, one: _Statement, lines: Mapping[int, str], day_first: bool, expected: str) -> Verdict:
        span: tuple[Span, ...] = (Span("output", one.start, one.end, one.subject),) if one.end else ()
        if not one.numbers:
            reason = f"no line is cited for {one.text[:80]!r}"
            return Verdict(self.name, self.version, "fail", "no_evidence", reason, one.subject, span)
        absent = [number for number in one.numbers if number not in lines]
        if absent:
            reason = f"{', '.join(f'L{number}' for number in absent)} is cited, but the packet ends at L{max(lines)}"
            return Verdict(self.name, self.version, "fail", "unknown_line", reason, one.subject, span)
        got = ", ".join(f"L{number}" for number in one.numbers)
        wrong = unsupported_by_lines(one.text, one.numbers, lines, day_first=day_first, expected=expected)
        if not wrong:
            return Verdict(self.name, self.version, "pass", subject=one.subject, got=got)
        if one.end:
            span = tuple(Span("output", one.start + fact.start, one.start + fact.end, fact.kind) for fact in wrong)
        said = ", ".join(f"{fact.text!r} ({fact.kind})" for fact in wrong[:8])
        reason = f"{got} does not state {said}"
        return Verdict(self.name, self.version, "fail", "unsupported_by_lines", reason, one.subject, span)

    def _quotes(self, case: GradeCase, rules: EvidenceLinesParams, lines: Mapping[int, str]) -> list[Verdict]:
        section = section_named(read_sections(case.output, (*rules.sections, rules.quotes)), rules.quotes)
        if section is None or not section.items:
            reason = f"the answer has no text under {rules.quotes}"
            return [Verdict(self.name, self.version, "fail", "missing_section", reason, rules.quotes)]
        return [self._quote(number, item, lines) for number, item in enumerate(section.items, 1)]

    def _quote(self, place: int, item: SectionItem, lines: Mapping[int, str]) -> Verdict:
        subject = f"evidence {place}"
        span = (Span("output", item.start, item.end, subject),)
        numbers = cited(item.text) or tuple(int(number) for number in _BARE_LINE.findall(item.text))
        unquoted = _QUOTED.search(item.text)
        quote = next((group for group in unquoted.groups() if group), "") if unquoted else ""
        if not numbers or not quote:
            what = "line number" if not numbers else "quoted words"
            reason = f"{item.text[:80]!r} has no {what}"
            return Verdict(self.name, self.version, "fail", "no_evidence", reason, subject, span)
        if any(find_quote(quote.rstrip(". …"), lines.get(number, "")) for number in numbers):
            return Verdict(self.name, self.version, "pass", subject=subject)
        reason = f"{quote[:80]!r} is not in {', '.join(f'L{number}' for number in numbers)}"
        return Verdict(self.name, self.version, "fail", "wrong_quote", reason, subject, span)


def _statements(case: GradeCase, rules: EvidenceLinesParams) -> Iterator[_Statement]:
    """What must be cited: rows of a JSON answer, items of sections, or sentences of prose."""
    if rules.rows:
        for place, row in enumerate(read_rows(case.json.value, rules.rows), 1):
            yield _Statement(f"row {place}", row.fact, row.numbers, 0, 0)
        return
    text = case.output[:_READ_CHARS]
    if rules.sections:
        headings = [*rules.sections, *([rules.quotes] if rules.quotes else [])]
        for section in read_sections(text, headings):
            if section.name == rules.quotes:
                continue
            for place, item in enumerate(section.items, 1):
                if not _NEEDS_NONE.match(item.text):
                    subject = f"{section.name} {place}"
                    yield _Statement(subject, item.text, cited(item.text), item.start, item.end)
        return
    for place, (sentence, numbers, claim) in enumerate(line_cited_sentences(text), 1):
        if numbers or claim:
            yield _Statement(f"sentence {place}", sentence.text, numbers, sentence.start, sentence.end)


CHECKS.add(EvidenceLines.name, EvidenceLines())
