"""Passes if the answer has the required sections, in order, with the required numbers of items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.sections import read_sections, section_named


class SectionsParams(Params, frozen=True):
    """``names`` in the order asked for; ``items``: how many bullets a section must have, exactly."""

    names: list[str] = []
    items: dict[str, int] = {}


class Sections:
    """One verdict for the sections, and one for each section whose items are counted."""

    name = "sections"
    version = "1"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, SectionsParams)
        if not rules.names:
            message = f"The check '{self.name}' names no sections."
            raise ConfigError(message, hint="list the headings: - sections: {names: [Summary, Evidence Lines]}")
        if unknown := [name for name in rules.items if name not in rules.names]:
            message = f"The check '{self.name}' counts items of '{unknown[0]}', which is not one of its names."
            raise ConfigError(message, hint=f"use one of: {', '.join(rules.names)}.")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, SectionsParams)
        found = read_sections(case.output, rules.names)
        yield self._shape(case, rules, [section.name for section in found], found[0].start if found else 0)
        for name, wanted in rules.items.items():
            section = section_named(found, name)
            if section is None:
                continue
            count = len(section.items)
            expected, got = f"{wanted} items", f"{count} items"
            if count == wanted:
                yield Verdict(self.name, self.version, "pass", subject=name, expected=expected, got=got)
                continue
            spans = (Span("output", section.start, section.end, name),)
            reason = f"{name} has {count} items, but {wanted} are required"
            yield Verdict(self.name, self.version, "fail", "wrong_count", reason, name, spans, expected, got)

    def _shape(self, case: GradeCase, rules: SectionsParams, got: list[str], starts_at: int) -> Verdict:
        expected, said = ", ".join(rules.names), ", ".join(got)
        missing = [name for name in rules.names if name not in got]
        if missing:
            reason = f"no section {', '.join(missing)}"
            return Verdict(self.name, self.version, "fail", "missing_section", reason, expected=expected, got=said)
        if got != rules.names:
            reason = "the sections are in another order, or one is repeated"
            return Verdict(self.name, self.version, "fail", "wrong_order", reason, expected=expected, got=said)
        if case.output[:starts_at].strip():
            spans = (Span("output", 0, starts_at, "before the first section"),)
            reason = "there is text before the first section"
            return Verdict(self.name, self.version, "fail", "text_outside", reason, "", spans, expected, said)
        return Verdict(self.name, self.version, "pass", expected=expected, got=said)


CHECKS.add(Sections.name, Sections())
