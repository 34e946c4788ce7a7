"""Passes if the answer lists the expected records. Counts rows found, exact, invented and repeated.

``expect``: ``rows`` is the list of correct records, each an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import show_value
from milo_bench.grade.reading.listed_rows import json_lines, markdown_table
from milo_bench.grade.record_rows import Pairing, RowRules, pair_rows
from milo_bench.grade.unreadable import unread_expectation

_SHOWN: Final = 3  # rows that a reason quotes


class RecordListParams(Params, frozen=True):
    """``field``: the key of the answer that holds the list; "" where the answer is the list.

    ``keys``: fields that tell one record from another. Without them, rows are paired by their values.
    ``fields``: fields that are compared, all of the expected ones if empty. ``ignore``: fields that are not.
    ``aliases``: by field, other words for a value, e.g. ``{state: {California: CA}}``.
    ``least_recall``, ``least_precision``, ``least_exact``: what passes.
    """

    field: str = ""
    keys: list[str] = []
    fields: list[str] = []
    ignore: list[str] = []
    aliases: dict[str, dict[str, str]] = {}
    least_recall: float = 1.0
    least_precision: float = 1.0
    least_exact: float = 1.0

    @property
    def rules(self) -> RowRules:
        aliases = {name: tuple(sorted(words.items())) for name, words in self.aliases.items()}
        return RowRules(tuple(self.keys), tuple(self.fields), tuple(self.ignore), tuple(sorted(aliases.items())))


class RecordList:
    name = "record_list"
    version = "3"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, RecordListParams)
        for name in ("least_recall", "least_precision", "least_exact"):
            if not 0 <= getattr(rules, name) <= 1:
                message = f"The check '{self.name}' has {name} outside 0 to 1."
                raise ConfigError(message, hint=f"write a share, e.g. {name}: 0.98.")
        both = set(rules.keys) & set(rules.ignore)
        if both:
            message = f"The check '{self.name}' has '{min(both)}' among keys and ignore."
            raise ConfigError(message, hint="remove it from one of them.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        rows = fixture.expect.get("rows")
        readable = isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows)
        return unread_expectation(fixture, "rows", readable=readable, what="list of expected records")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        wanted = case.fixture.expect.get("rows")
        if not isinstance(wanted, list):
            return [Verdict(self.name, self.version, "skip", reason="the fixture expects no records")]
        rules = read_params(self.name, params, RecordListParams)
        rows, problem = _rows_of(case, rules.field, dict.fromkeys(name for row in wanted for name in row))
        if rows is None:
            parts = [
                Verdict(
                    self.name, self.version, "fail", "malformed_json", problem, what, parts_held=0, parts=len(wanted)
                )
                for what in ("found", "exact")
            ]
            return parts if wanted else [Verdict(self.name, self.version, "fail", "malformed_json", problem)]
        pairing = pair_rows(wanted, rows, rules.rules._replace(locale=case.workload.locale))
        return self._verdicts(pairing, rules)

    def _verdicts(self, found: Pairing, rules: RecordListParams) -> list[Verdict]:
        gold, given = found.gold, found.given
        missing = [found.gold_rows[place] for place in found.missing]
        invented = [found.given_rows[place] for place in found.invented]
        wrong = [
            f"{one.field}: {show_value(one.got)} for {show_value(one.expected)}" for one in found.differences[:_SHOWN]
        ]
        verdicts = [
            self._part("found", gold - len(found.missing), gold, rules.least_recall, "missing_rows",
                       f"{len(found.missing)} of {gold} records are missing", _named(missing)),
            self._part("exact", found.exact, gold, rules.least_exact, "wrong_rows",
                       f"{gold - found.exact} of {gold} records are not exactly right", wrong),
            self._part("precision", given - len(found.invented) - len(found.repeated), given, rules.least_precision,
                       "extra_rows", f"{len(found.invented)} records are invented and {len(found.repeated)} repeated",
                       _named(invented)),
        ]  # fmt: skip
        # Why the rows beyond the expected ones are wrong; precision judges them, these two count them.
        for what, rows in (("genuine", found.invented), ("unique", found.repeated)):
            if given:
                held = given - len(rows)
                verdicts.append(Verdict(self.name, self.version, "skip", subject=what, parts_held=held, parts=given))
        return verdicts

    def _part(
        self, subject: str, held: int, of: int, least: float, category: str, said: str, shown: Sequence[str]
    ) -> Verdict:
        if of == 0 or held >= least * of:
            return Verdict(self.name, self.version, "pass", subject=subject, parts_held=held, parts=of)
        reason = f"{said}, e.g. {'; '.join(shown)}" if shown else said
        return Verdict(self.name, self.version, "fail", category, reason, subject, parts_held=held, parts=of)


def _rows_of(case: GradeCase, field: str, names: Iterable[str]) -> tuple[Sequence[Mapping[str, Any]] | None, str]:
    """The records of an answer: a list in JSON, JSON line by line, or a table with ``names``; None and why else."""
    answer = case.json
    if not answer.usable:
        listed = json_lines(case.output) or markdown_table(case.output, names)
        return (listed, "") if listed else (None, f"no list of records: {answer.problem}")
    value = answer.value
    if isinstance(value, Mapping):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if field:
            value = value.get(field)
        elif len(lists) == 1:
            value = lists[0]
    if not isinstance(value, list):
        return None, f"the answer has no list{f' under {field}' if field else ''}"
    return [row if isinstance(row, Mapping) else {"": row} for row in value], ""


def _named(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [show_value({key: row[key] for key in list(row)[:4]}) for row in rows[:_SHOWN]]


CHECKS.add(RecordList.name, RecordList())
