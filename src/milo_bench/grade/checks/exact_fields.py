"""Passes, field by field, if the JSON answer has the expected value. Dates are normalised first.

``expect``: ``fields`` maps field to expected value. ``accept`` (optional) maps field to a list of other
correct values. ``decoys`` (optional) maps a name to a value, or to a list of values, that a reader may
confuse with the correct one. ``spans`` (optional) maps field to [start, end] in the input's document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from milo_bench.core.amounts import lone_mark
from milo_bench.core.locale import Locale, parse_locale
from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.case_input import input_texts
from milo_bench.grade.field_values import ABSENT, Likeness, ValueKind, comparable, kind_of
from milo_bench.grade.json_places import find_value, show_value
from milo_bench.grade.unreadable import unread_expectation
from milo_bench.guards.sentences import languages_told
from milo_bench.guards.values.amounts import other_reading, read_amount

Fields: TypeAlias = list[str]

_NUMBERS = ("number", "percent", "permille")
_TOLD_BY = 4000  # characters of the input that tell its language


class ExactFieldsParams(Params, frozen=True):
    """``fields`` narrows to some; the rest is how values are made alike before they are compared.

    White space runs count as one space, and case and punctuation count, unless said otherwise.
    ``kinds`` sets a field's kind where its gold value does not show it: text, date, number, percent, permille or exact.
    ``units`` sets the unit of a field of numbers: with kg "12 kg" and 12 are the same.
    """

    fields: Fields = []
    kinds: dict[str, ValueKind] = {}
    units: dict[str, str] = {}
    whitespace: bool = True
    casefold: bool = False
    punctuation: bool = False
    casefold_fields: Fields = []
    punctuation_fields: Fields = []
    day_first: bool = True
    languages: tuple[str, ...] = ("en",)
    absent_is_null: bool = False

    def likeness(self, field: str, gold: Any, locale: Locale | None = None) -> Likeness:
        return Likeness(
            kind=self.kinds.get(field) or kind_of(gold),
            whitespace=self.whitespace,
            casefold=self.casefold or field in self.casefold_fields,
            punctuation=self.punctuation or field in self.punctuation_fields,
            day_first=locale.day_first if locale else self.day_first,
            languages=(locale.language,) if locale else self.languages,
            unit=self.units.get(field, ""),
            locale=str(locale) if locale else "",
        )


class ExactFields:
    """A workload's ``locale`` says how its dates and numbers are read; without one, the language of the input does.

    "1,250" is 1.25 in German and 1250 in English: where only one of them is right and no locale is stated, the field
    is unjudged.
    """

    name = "exact_fields"
    version = "6"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        read_params(self.name, params, ExactFieldsParams)

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        gold = fixture.expect.get("fields")
        readable = isinstance(gold, dict)
        return unread_expectation(fixture, "fields", readable=readable, what="expected fields")

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, ExactFieldsParams)
        gold = case.fixture.expect.get("fields")
        if not isinstance(gold, dict) or not gold:
            return [Verdict(self.name, self.version, "skip", reason="the fixture gives no expected fields")]
        names = rules.fields or list(gold)
        answer = case.json
        if not answer.usable or not isinstance(answer.value, dict):
            return [self._unreadable(case, name, gold.get(name)) for name in names if name in gold]
        return [self._field(case, rules, name, gold[name], answer.value) for name in names if name in gold]

    def _unreadable(self, case: GradeCase, name: str, gold: Any) -> Verdict:
        problem = case.json.problem or "the answer is JSON, but not an object"
        reason = f"{name} is unreadable: {problem}"
        if case.json.reading == "repaired" and isinstance(case.json.value, dict) and name in case.json.value:
            reason += f" (a repair would give {show_value(case.json.value[name])})"
        return Verdict(self.name, self.version, "fail", "malformed_json", reason, name, expected=show_value(gold))

    def _field(
        self, case: GradeCase, rules: ExactFieldsParams, name: str, gold: Any, answer: Mapping[str, Any]
    ) -> Verdict:
        got = answer.get(name, ABSENT)
        if got is ABSENT and rules.absent_is_null:
            got = None
        expected = show_value(gold)
        if got is ABSENT:
            reason = f"{name} is not in the answer, expected {expected}"
            return Verdict(self.name, self.version, "fail", "missing_field", reason, name, expected=expected)
        if got == gold and isinstance(got, bool) == isinstance(gold, bool):  # in Python True is 1
            return Verdict(self.name, self.version, "pass", subject=name, expected=expected, got=show_value(got))
        likeness = _likeness(case, rules, name, gold)
        if not case.workload.locale and likeness.kind in _NUMBERS and (_is_lone(got) or _is_lone(gold)):
            likeness = likeness._replace(locale=_language_of_input(case))
            if doubt := self._doubtful(case, name, gold, got, likeness):
                reason = f"{doubt}: give the workload a locale such as de-DE"
                return Verdict(self.name, self.version, "unjudged", "doubtful_number", reason, name, expected=expected)
        if self._right(case, name, gold, got, likeness):
            return Verdict(self.name, self.version, "pass", subject=name, expected=expected, got=show_value(got))
        category, reason = self._wrong(case, rules, name, gold, got)
        spans = tuple(span for span in (find_value(case.output, name), _gold_span(case, name)) if span is not None)
        return Verdict(self.name, self.version, "fail", category, reason, name, spans, expected, show_value(got))

    def _right(self, case: GradeCase, name: str, gold: Any, got: Any, likeness: Likeness) -> bool:
        alike = comparable(got, likeness)
        if alike == comparable(gold, likeness):
            return True
        accept = case.fixture.expect.get("accept")
        further = accept.get(name, ()) if isinstance(accept, dict) else ()
        return isinstance(further, list | tuple) and any(alike == comparable(one, likeness) for one in further)

    def _doubtful(self, case: GradeCase, name: str, gold: Any, got: Any, likeness: Likeness) -> str:
        """Both readings of a number of which just one is right, "" where there is one reading or neither is right."""
        doubtful = got if _is_lone(got) else gold
        other = other_reading(doubtful, likeness.locale)
        one = read_amount(doubtful, locale=likeness.locale)
        if other is None or one is None or other == one:
            return ""
        right = [self._right(case, name, gold, got, likeness._replace(locale=how)) for how in (likeness.locale, "")]
        if right[0] == right[1]:
            return ""
        said = f"{name} is {show_value(got)}, which" if _is_lone(got) else f"the expected {name} {show_value(gold)}"
        return f"{said} is {one.normalize():f} as the input is written and {other.normalize():f} as English is"

    def _wrong(self, case: GradeCase, rules: ExactFieldsParams, name: str, gold: Any, got: Any) -> tuple[str, str]:
        expected, value = show_value(gold), show_value(got)
        if got is None:
            return "missing_value", f"{name} is null, expected {expected}"
        if gold is None:
            confused = _confused_with(case, rules, name, got)
            also = f", which is the {confused}" if confused else ""
            return "invented_value", f"{name} is {value}{also}, expected null, because the source does not say"
        if confused := _confused_with(case, rules, name, got):
            return f"confused_with:{confused}", f"{name} is {value}, which is the {confused}, expected {expected}"
        likeness = _likeness(case, rules, name, gold)
        if likeness.kind == "date" and not isinstance(comparable(got, likeness), str):
            return "unreadable_date", f"{name} is {value}, which is not a full date, expected {expected}"
        return "wrong_field", f"{name} is {value}, expected {expected}"


def _is_lone(value: Any) -> bool:
    """Whether a text is a number that could be read in two ways, such as "1,250"."""
    return isinstance(value, str) and bool(lone_mark(value))


def _likeness(case: GradeCase, rules: ExactFieldsParams, name: str, gold: Any) -> Likeness:
    return rules.likeness(name, gold, parse_locale(case.workload.locale) if case.workload.locale else None)


def _language_of_input(case: GradeCase) -> str:
    """The one language that the small words of the input's texts speak for, "" where none or several do."""
    told = languages_told("\n".join(input_texts(case.fixture, case.attempt))[:_TOLD_BY])
    return told[0] if len(told) == 1 else ""


def _confused_with(case: GradeCase, rules: ExactFieldsParams, name: str, got: Any) -> str:
    """The name of the decoy or other field whose value ``got`` is, or ""."""
    for label, value in _others(case, name):
        if value in (None, ""):
            continue
        likeness = _likeness(case, rules, name, value)
        if comparable(got, likeness) == comparable(value, likeness):
            return label
    return ""


def _others(case: GradeCase, name: str) -> Iterator[tuple[str, Any]]:
    for source in ("decoys", "fields"):
        values = case.fixture.expect.get(source)
        for label, value in values.items() if isinstance(values, dict) else ():
            if label != name or source == "decoys":
                for one in value if isinstance(value, list) else [value]:
                    yield str(label), one


def _gold_span(case: GradeCase, name: str) -> Span | None:
    spans = case.fixture.expect.get("spans")
    place = spans.get(name) if isinstance(spans, dict) else None
    if not (isinstance(place, list | tuple) and len(place) == 2 and all(type(one) is int for one in place)):
        return None
    where: Literal["input.document"] = "input.document"
    return Span(where, place[0], place[1], f"{name}: expected")


CHECKS.add(ExactFields.name, ExactFields())
