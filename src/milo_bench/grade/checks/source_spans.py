"""Passes, field by field, if a non-null field's quote is in the source and supports the value.

The answer contains an object (``source_spans``) from field to a quote, or a list of quotes. A quote
supports a value if the source contains the value's date, number or words at that place. A value
from the schema's fixed list (an enum) is a judgement: it needs a quote, which need not contain it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from milo_bench.core.amounts import MIXED, DecimalMark, decimal_mark, find_amounts, parse_amount, plain_marks
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Fixture, Span, Verdict, Workload
from milo_bench.grade.base import CHECKS, GradeCase, Params, read_params
from milo_bench.grade.json_places import find_value, show_value
from milo_bench.grade.languages.answers import day_first_of, language_of
from milo_bench.grade.per_workload import PerWorkload
from milo_bench.guards.dates import find_dates, normalise_date, same_date
from milo_bench.guards.quotes import MIN_SCORE, find_quote, plain_typography
from milo_bench.guards.sentences import languages_told
from milo_bench.guards.values.amounts import numbers_in_words, read_amount

Support: TypeAlias = Literal["auto", "words", "date", "none"]


_WORD = re.compile(r"[^\W_]+")
_LINE_HYPHEN = re.compile(r"(?<=[^\W\d])[-‐\u00ad][^\S\n]*+\n\s*+(?=[^\W\d])")
_MIN_JOINED: Final = 5  # characters
_TOLD_BY: Final = 4000  # characters of the source that tell its language
_LEADING_ZERO = re.compile(r"\s*0\d+\s*$")  # of an identifier
_SCALED = re.compile(
    r"(?<!\S)(?<!\d[ \u00a0\u202f])[^\s\d]{0,4} ?\d[\d.,]{0,20} ?[^\W\d]{1,12}\b\.?"
)  # EUR 1k, 2.5 million
_PERCENT = re.compile(r"\s?(?:[%％﹪٪]|per ?cent\b)", re.IGNORECASE)
_MIXED = re.compile(MIXED)  # "1 1/2" has no 1 and no 2
_TOKEN = re.compile(r"[^\W_]+(?:(?<=\d)[.,'’](?=\d)[^\W_]+)*")  # a word, or a number with its separators


class SourceSpansParams(Params, frozen=True):
    """``field`` holds the quotes, ``document`` names the input's source text, ``min_score`` is 0..1."""

    field: str = "source_spans"
    document: str = "document"
    skip: list[str] = []
    support: dict[str, Support] = {}
    min_score: float = MIN_SCORE
    day_first: bool = True
    languages: tuple[str, ...] = ("en",)


class SourceSpans:
    name = "source_spans"
    version = "7"

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        rules = read_params(self.name, params, SourceSpansParams)
        if not 0.5 <= rules.min_score <= 1:
            message = f"The check '{self.name}' cannot use min_score {rules.min_score}."
            raise ConfigError(message, hint="use a number from 0.5 (loose) to 1 (exact).")

    def unreadable(self, fixture: Fixture, params: Mapping[str, Any]) -> str:
        key = read_params(self.name, params, SourceSpansParams).document
        return "" if isinstance(fixture.input.get(key), str) else f"the input contains no text named {key}"

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        rules = read_params(self.name, params, SourceSpansParams)
        source = str(case.fixture.input[rules.document])
        answer = case.json
        if not answer.usable or not isinstance(answer.value, dict):
            reason = f"no quotes to check: {answer.problem or 'the answer is JSON, but not an object'}"
            return [Verdict(self.name, self.version, "fail", "malformed_json", reason)]
        quotes = answer.value.get(rules.field)
        values = {
            name: value
            for name, value in answer.value.items()
            if value is not None and name != rules.field and name not in rules.skip
        }
        if not values:
            return [Verdict(self.name, self.version, "skip", reason="the answer contains no value that needs a quote")]
        given = quotes if isinstance(quotes, dict) else {}
        kinds: dict[str, Support] = dict.fromkeys(_judged_fields(case.workload), "none")
        kinds.update(rules.support)
        return [
            self._field(case, rules, source, name, value, given.get(name), kinds.get(name, "auto"))
            for name, value in values.items()
        ]

    def _field(
        self, case: GradeCase, rules: SourceSpansParams, source: str, name: str, value: Any, given: Any, kind: Support
    ) -> Verdict:
        if given is None or given == "" or given == []:
            reason = f"{name} is {show_value(value)}, but no source span is given for it"
            return self._fail(case, name, "missing_span", reason, got="")
        quotes = given if isinstance(given, list) else [given]
        if not all(isinstance(quote, str) and quote.strip() for quote in quotes):
            reason = f"the source span of {name} is {show_value(given)}, not a verbatim quote"
            return self._fail(case, name, "bad_span", reason, got=show_value(given))
        places = []
        for quote in quotes:
            place = find_quote(quote, source, min_score=rules.min_score)
            if place is None:
                reason = f"the source span of {name} is not in the document: {show_value(quote)}"
                return self._fail(case, name, "span_not_in_source", reason, got=show_value(quote))
            places.append(place)
        stated = language_of(case.workload)
        languages = (stated,) if stated else (*rules.languages, *languages_told(source[:_TOLD_BY]))
        decimal = decimal_mark(case.workload.locale) if case.workload.locale else None
        # Judged by what the source says there, not by how the model quoted it.
        said = " ".join(source[place.start : place.end] for place in places)
        reading = _Reading(day_first_of(case.workload, rules.day_first), languages, decimal)
        if not _supports(said, value, kind, reading):
            reason = f"{name} is {show_value(value)}, but its source span says: {show_value(said)}"
            spans = tuple(Span(f"input.{rules.document}", place.start, place.end, name) for place in places)
            return self._fail(case, name, "span_does_not_support", reason, got=show_value(said), spans=spans)
        return Verdict(self.name, self.version, "pass", subject=name, got=show_value(said))

    def _fail(
        self, case: GradeCase, name: str, category: str, reason: str, *, got: str, spans: tuple[Span, ...] = ()
    ) -> Verdict:
        value = find_value(case.output, name)
        marked = (*((value,) if value else ()), *spans)
        return Verdict(self.name, self.version, "fail", category, reason, name, marked, got=got)


@PerWorkload
def _judged_fields(workload: Workload) -> frozenset[str]:
    """Fields whose values come from a fixed list in the schema."""
    properties = (workload.json_schema or {}).get("properties")
    if not isinstance(properties, dict):
        return frozenset()
    return frozenset(name for name, schema in properties.items() if _is_enum(schema))


def _is_enum(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    branches = [one for key in ("anyOf", "oneOf") for one in schema.get(key) or ()]
    return "enum" in schema or "const" in schema or any(_is_enum(branch) for branch in branches)


class _Reading(NamedTuple):
    """How dates and numbers of a source are read. ``decimal`` is None where the locale is not stated."""

    day_first: bool
    languages: tuple[str, ...]
    decimal: DecimalMark | None


def _supports(said: str, value: Any, kind: Support, how: _Reading) -> bool:
    if kind == "none" or isinstance(value, bool):
        return True
    if isinstance(value, list | dict):
        items = value if isinstance(value, list) else list(value.values())
        return all(item is None or _supports(said, item, kind, how) for item in items)
    return _says(said, value if isinstance(value, str) else show_value(value), kind, how)


@lru_cache(maxsize=8_192)
def _says(said: str, value: str, kind: Support, how: _Reading) -> bool:
    if kind != "words" and (day := normalise_date(value, day_first=how.day_first, languages=how.languages)):
        if normalise_date(said, day_first=how.day_first, languages=how.languages) == day:
            return True
        return any(
            same_date(day, found.value)
            for language in ("en", *how.languages)
            for found in find_dates(said, day_first=how.day_first, language=language)
        )
    if kind == "date":
        return False
    value = plain_typography(unicodedata.normalize("NFC", value))
    unbroken = plain_typography(unicodedata.normalize("NFC", _LINE_HYPHEN.sub("", said)))
    if kind != "words" and (number := parse_amount(value)) is not None:
        return _says_number(unbroken, value, number, how)
    if _words(value) <= _words(unbroken):
        return bool(_words(value)) or value in unbroken
    # Parted otherwise than in the source ("SWIFT HEALTH", "84 291"); short ones would be found anywhere.
    joined = "".join(_WORD.findall(value.casefold()))
    return len(joined) >= _MIN_JOINED and joined in "".join(_WORD.findall(unbroken.casefold()))


def _says_number(said: str, value: str, number: Decimal, how: _Reading) -> bool:
    """Whether ``said`` has ``number``, however it is written there, or the same digits as an identifier."""
    if _LEADING_ZERO.match(value):
        return _says_digits(said, value)
    # "1.250" is a thousand in one country and one and a quarter in another; without a locale it may mean either.
    marks: tuple[DecimalMark, ...] = (".", ",") if how.decimal is None else (how.decimal,)
    amounts = [found for mark in marks for found in find_amounts(said, decimal=mark)]
    if any(found.value == number or (found.bracketed and -found.value == number) for found in amounts):
        return True
    if any(found.value == number * 100 and _PERCENT.match(said, found.end) for found in amounts):
        return True
    if any(number in numbers_in_words(said, language) for language in how.languages):
        return True
    if any(
        read_amount(one[0].rstrip(".,;:"), locale=locale) == number
        for one in _SCALED.finditer(said)
        for locale in [("de" if mark == "," else "") for mark in marks]
    ):
        return True
    if any(-found.value == number for found in amounts):
        return False  # the same digits with the other sign
    return _says_digits(said, value)


def _says_digits(said: str, value: str) -> bool:
    """An account number or a case number is no amount: its digits count, spaces and hyphens among them do not."""
    bare = value.strip().casefold()
    if not bare.isdecimal():
        return False
    tokens = [token.casefold() for token in _TOKEN.findall(_MIXED.sub(" ", plain_marks(said)))]
    if bare in tokens:
        return True
    joined = "".join(token if token.isalnum() else f" {token} " for token in tokens)
    at = joined.find(bare) if len(bare) >= _MIN_JOINED else -1
    return at >= 0 and not joined[at - 1 : at].isdigit() and not joined[at + len(bare) : at + len(bare) + 1].isdigit()


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


CHECKS.add(SourceSpans.name, SourceSpans())
