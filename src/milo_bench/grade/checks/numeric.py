"""Passes if the number in the answer, or in one field of it, is close enough to the expected one.

```yaml
checks:
  - numeric: {tolerance: 0.01}                                   # expect: {number: 1250.00}
  - numeric: {field: weight, relative: 0.05, units: {kg: 1, g: 0.001, t: 1000}}
```

A number may have a sign, a currency and thousands parted by commas, points, spaces or apostrophes. With `unit` or
`units`, only a number with one of them before or after it counts, and a number in a field that has no unit at all is
taken to be in the first. Two different numbers that could both be meant fail as `several_numbers`: the check does
not pick the right one for the model. Number words count if the answer has no figure.

`expect`: `number` (or `fields`, with `field` in it) is the expected number, in the first unit. `tolerance` and
`relative` (optional) go before the check's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

from milo_bench.core.amounts import DecimalMark, decimal_mark
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.judged_part import JudgedPart, judged_part
from milo_bench.guards.values.amounts import read_amount
from milo_bench.guards.values.number_words import find_number_words
from milo_bench.guards.values.numbers_in_text import numbers_in

Units: TypeAlias = dict[str, float]


class NumericParams(Params, frozen=True):
    """``tolerance`` is a distance in the first unit, ``relative`` a share of the expected number; either is enough.

    ``unit`` is one unit. ``units`` maps each accepted unit to its size in the first: ``{kg: 1, g: 0.001}``.
    ``decimal`` says which mark begins decimals where a number such as 1,250 could be read both ways, which the
    workload's ``locale`` says otherwise. ``pick`` takes the first or last number of a text that contains several.
    """

    field: str = ""
    tolerance: float = 0.0
    relative: float = 0.0
    unit: str = ""
    units: Units = {}
    decimal: Literal[".", ","] | None = None
    pick: Literal["only", "first", "last"] = "only"

    @property
    def sizes(self) -> dict[str, Decimal]:
        """Size of each accepted unit, the first one first; empty where units do not matter."""
        written = {self.unit: 1.0} if self.unit else self.units
        return {unit: Decimal(str(size)) for unit, size in written.items()}


class _Number(NamedTuple):
    value: Decimal
    start: int
    end: int
    unit: str


class Numeric:
    name = "numeric"
    version = "5"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, NumericParams)
        if rules.unit and rules.units:
            message = f"The check '{self.name}' has both 'unit' and 'units'."
            raise ConfigError(message, hint="give one of them.")
        if rules.tolerance < 0 or rules.relative < 0 or any(size <= 0 for size in rules.units.values()):
            message = f"The check '{self.name}' has a negative tolerance, or a unit that is not above 0."
            raise ConfigError(message, hint="write tolerance: 0.01, relative: 0.05, units: {kg: 1, g: 0.001}.")
        if rules.units and next(iter(rules.units.values())) != 1:
            message = f"The check '{self.name}' has a first unit that is not 1."
            raise ConfigError(message, hint="sizes are in the first unit: units: {kg: 1, g: 0.001}.")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        field = read_params(self.name, params, NumericParams).field
        if _wanted(fixture, field) is not None or _null(fixture, field):
            return ""
        return f"the fixture gives no expected number (expect.number{f' or expect.fields.{field}' if field else ''})"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, NumericParams)
        wanted = _wanted(case.fixture, rules.field)
        if wanted is None:
            return [Verdict(self.name, self.version, "skip", reason="the fixture expects no number")]
        first = next(iter(rules.sizes), "")
        expected = f"{wanted} {first}".strip()
        part = judged_part(case, rules.field)
        if part.problem:
            return [self._fail(rules, part.category, part.problem, expected)]
        found = _numbers(part, rules, _decimal(rules, case.workload)) or _in_words(part, rules, case.workload)
        if not found:
            what = f" in {', '.join(rules.sizes)}" if rules.sizes else ""
            return [self._fail(rules, "no_number", f"{rules.field or 'the answer'} has no number{what}", expected)]
        chosen = found[-1] if rules.pick == "last" else found[0]
        if rules.pick == "only" and any(one.value != chosen.value for one in found):
            texts = ", ".join(str(one.value) for one in found[:4])
            reason = f"{rules.field or 'the answer'} has several numbers: {texts}"
            spans = tuple(span for one in found[:8] for span in part.span(one.start, one.end))
            return [self._fail(rules, "several_numbers", reason, expected, spans=spans)]
        return [self._compared(case.fixture, rules, part, chosen, wanted, expected)]

    def _compared(
        self, fixture: Fixture, rules: NumericParams, part: JudgedPart, got: _Number, wanted: Decimal, expected: str
    ) -> Verdict:
        tolerance = _own(fixture, "tolerance", rules.tolerance)
        relative = _own(fixture, "relative", rules.relative)
        allowed = max(tolerance, relative * abs(wanted))
        said = part.text[got.start : got.end]
        if abs(got.value - wanted) <= allowed:
            return Verdict(self.name, self.version, "pass", subject=rules.field, expected=expected, got=said)
        within = f", within {allowed.normalize():f}" if allowed else ""
        reason = f"{rules.field or 'the answer'} says {said}, expected {expected}{within}"
        return self._fail(rules, "wrong_number", reason, expected, got=said, spans=part.span(got.start, got.end))

    def _fail(
        self,
        rules: NumericParams,
        category: str,
        reason: str,
        expected: str,
        *,
        got: str = "",
        spans: tuple[Span, ...] = (),
    ) -> Verdict:
        return Verdict(self.name, self.version, "fail", category, reason, rules.field, spans, expected, got)


def _wanted(fixture: Fixture, field: str) -> Decimal | None:
    fields = fixture.expect.get("fields")
    value = fixture.expect.get("number", fields.get(field) if isinstance(fields, dict) else None)
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _null(fixture: Fixture, field: str) -> bool:
    """Whether the fixture says that no number is expected: the key is there, and null."""
    fields = fixture.expect.get("fields")
    there = fixture.expect if "number" in fixture.expect else fields if isinstance(fields, dict) else {}
    key = "number" if there is fixture.expect else field
    return key in there and there[key] is None


def _own(fixture: Fixture, name: str, general: float) -> Decimal:
    own = fixture.expect.get(name)
    return Decimal(str(own if isinstance(own, int | float) and not isinstance(own, bool) else general))


def _decimal(rules: NumericParams, workload: Workload) -> DecimalMark | None:
    return rules.decimal or (decimal_mark(workload.locale) if workload.locale else None)


def _in_words(part: JudgedPart, rules: NumericParams, workload: Workload) -> list[_Number]:
    """The number that a text without figures writes in words; none where a unit is asked for."""
    if rules.sizes or any(mark.isdigit() for mark in part.text):
        return []
    whole = read_amount(part.text.strip().rstrip("."), locale=workload.locale)
    language = workload.locale.partition("-")[0] or "en"
    values = [whole] if whole is not None else [Decimal(one.value) for one in find_number_words(part.text, language)]
    return [_Number(value, 0, len(part.text), "") for value in values]


def _numbers(part: JudgedPart, rules: NumericParams, decimal: DecimalMark | None) -> list[_Number]:
    """The numbers of a text that could be meant, in the first unit."""
    sizes = rules.sizes
    apart = _units_cut_off(part.text, sizes)
    found = [_Number(one.value, one.start, one.end, "") for one in numbers_in(apart, decimal=decimal)]
    if not sizes:
        return found
    with_unit = [_measured(part.text, one, sizes) for one in found]
    measured = [one for one in with_unit if one is not None]
    if not measured and rules.field and len(found) == 1 and _is_bare(part.text, found[0]):
        return found
    return measured


def _units_cut_off(text: str, sizes: Mapping[str, Decimal]) -> str:
    """``text`` with blanks for each unit that is written right against a number, which hides the number: 2.5kg."""
    for unit in sorted(sizes, key=len, reverse=True):
        word = re.escape(unit)
        against = re.compile(rf"(?<=\d){word}(?!\w)|(?<!\w){word}(?=\d)")
        text = against.sub(" " * len(unit), text)
    return text


def _measured(text: str, number: _Number, sizes: Mapping[str, Decimal]) -> _Number | None:
    """The number with the unit that stands beside it, in the first unit; None where none does."""
    for unit in sorted(sizes, key=len, reverse=True):
        word = re.escape(unit)
        after = re.compile(rf"\s?{word}(?![^\W\d_])" if unit[-1].isalnum() else rf"\s?{word}").match(text, number.end)
        ahead = text[: number.start].rstrip("+-− (")
        before = ahead.rstrip().endswith(unit) and not ahead.rstrip().removesuffix(unit)[-1:].isalnum()
        if after is not None or before:
            end = after.end() if after is not None else number.end
            start = number.start if after is not None else ahead.rstrip().rindex(unit)
            return _Number(number.value * sizes[unit], start, end, unit)
    return None


def _is_bare(text: str, number: _Number) -> bool:
    rest = text[: number.start] + text[number.end :]
    return not any(char.isalnum() for char in rest)


CHECKS.add(Numeric.name, Numeric())
