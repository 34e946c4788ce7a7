"""An answer and an assertion in, how far the answer meets it out, in [0, 1], with the reason."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import jsonschema_rs
import msgspec

from milo_bench.core.text import shorten
from milo_bench.core.units import number
from milo_bench.grade.assertions.likeness import bleu, edit_distance, gleu, rouge_n
from milo_bench.grade.assertions.markup import (
    contained_html_mistake,
    contained_xml_mistake,
    html_mistake,
    xml_mistake,
)
from milo_bench.grade.assertions.read import Assertion
from milo_bench.grade.base import GradeCase
from milo_bench.grade.checks.regex import MAX_WORK, compile_re2
from milo_bench.grade.json_places import show_value
from milo_bench.grade.reading.tool_calls import broken_call, calls_of

_SHOWN: Final = 100  # characters of a text that a reason quotes
_MOST_TRIES: Final = 200  # places of an answer where JSON may begin
_EDITS: Final = 5.0
_ROUGE: Final = 0.75
_BLEU: Final = 0.5
_GLEU: Final = 0.5
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,6})\]|\['([^']*)'\]")
_HALF_CHARACTERS: Final = re.compile("[\ud800-\udfff]")
_ABSENT: Final = object()


class Met(NamedTuple):
    """``score`` is in [0, 1]; ``reason`` says why an assertion is not met, or what was found."""

    holds: bool
    score: float
    reason: str = ""


def judge_assertion(case: GradeCase, assertion: Assertion) -> Met:
    """How far the answer of ``case`` meets ``assertion``; ``negated`` turns it around."""
    met = _met(case, assertion)
    if not assertion.negated:
        return met
    reason = met.reason if not met.holds else f"{_named(assertion)} holds and must not"
    return Met(not met.holds, 1 - met.score, reason)


def combined(parts: Sequence[tuple[Assertion, Met]], threshold: float | None) -> Met:
    """Several assertions as one: their weighted mean against ``threshold``, or each has to hold without one.

    One of weight 0 is only reported. Scores of nothing but such are 1.
    """
    weight = sum(assertion.weight for assertion, _ in parts)
    score = sum(assertion.weight * met.score for assertion, met in parts) / weight if weight else 1.0
    missed = [met.reason for assertion, met in parts if assertion.weight and not met.holds]
    said = "; ".join(missed[:5])
    if threshold is None:
        return Met(not missed, score, said)
    reason = f"a score of {number(score)}, required {number(threshold)}" + (f": {said}" if said else "")
    return Met(score >= threshold - 1e-9, score, reason)


def _met(case: GradeCase, assertion: Assertion) -> Met:
    if assertion.kind == "set":
        parts = [(one, judge_assertion(case, one)) for one in assertion.assertions]
        return combined(parts, assertion.threshold)
    if assertion.kind == "finish_reason":
        ended = case.attempt.finish_reason
        return _plain(ended in assertion.texts, f"the answer ended with '{ended[:40]}', not {assertion.value!r}")
    if assertion.kind == "valid_tool_calls":
        return _valid_calls(case, assertion)
    if assertion.kind == "tool_calls_f1":
        return _called(case, assertion)
    value: Any = _HALF_CHARACTERS.sub("\ufffd", said_by(case))
    if assertion.path or assertion.kind in ("json_value", "json_contains"):
        value = value_at(case, assertion.path)
        if value is _ABSENT:
            return Met(
                False,
                0.0,
                f"the answer has no value at {assertion.path}" if assertion.path else "the answer is not JSON",
            )
        if assertion.kind == "json_value":
            alike = _same(value, assertion.value)
            return _plain(
                alike,
                f"{assertion.path or 'the answer'} is {show_value(value)}, expected {show_value(assertion.value)}",
            )
        if assertion.kind == "json_contains":
            return _entry(assertion, value)
        if not isinstance(value, str):
            value = show_value(value)
    match assertion.kind:
        case "is_json" | "contains_json":
            return _json(case, assertion, value)
        case "words" | "characters":
            return _size(assertion, value)
        case "regex":
            return _pattern(assertion, value)
        case "is_xml" | "contains_xml" | "is_html" | "contains_html":
            return _markup(assertion, value)
        case _:
            return _text(assertion, value)


def said_by(case: GradeCase) -> str:
    """The answer's text; of an answer that only calls tools, these calls as OpenAI's API writes them, in JSON."""
    return case.output if case.output.strip() or not case.attempt.tool_calls else json.dumps(_written_calls(case))


def _written_calls(case: GradeCase) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in case.attempt.tool_calls
    ]


def _valid_calls(case: GradeCase, assertion: Assertion) -> Met:
    calls, problem = calls_of(case)
    if problem or not calls:
        return Met(False, 0.0, problem or "the answer calls no tool")
    broken = next(filter(None, (broken_call(name, given, assertion.value) for name, given in calls)), None)
    return _plain(broken is None, broken[1] if broken else "")


def _called(case: GradeCase, assertion: Assertion) -> Met:
    calls, problem = calls_of(case)
    if problem:
        return Met(False, 0.0, problem)
    called, wanted = {name for name, _ in calls}, set(assertion.texts)
    score = 2 * len(called & wanted) / (len(called) + len(wanted))
    least = _least(assertion, 1.0)
    reason = (
        f"F1 of {number(score)} over the tools called, required {number(least)}: {', '.join(sorted(called)) or 'none'}"
    )
    return Met(score >= least, score, reason)


def _markup(assertion: Assertion, value: str) -> Met:
    paths = [] if assertion.value is None else assertion.texts
    match assertion.kind:
        case "is_xml":
            mistake = xml_mistake(value, paths)
        case "contains_xml":
            mistake = contained_xml_mistake(value, paths)
        case "is_html":
            mistake = html_mistake(value)
        case _:
            mistake = contained_html_mistake(value)
    return _plain(not mistake, mistake)


def _entry(assertion: Assertion, value: Any) -> Met:
    wanted = _folded(assertion.texts[0], assertion.casefold)
    entries = value if isinstance(value, list) else []
    found = any(isinstance(one, str) and _folded(one, assertion.casefold) == wanted for one in entries)
    if isinstance(value, str):
        found = wanted in _folded(value, assertion.casefold)
    return _plain(found, f"{assertion.path or 'the answer'} has no {assertion.texts[0][:_SHOWN]!r}")


def _text(assertion: Assertion, value: str) -> Met:
    got = _folded(value, assertion.casefold)
    wanted = [_folded(text, assertion.casefold) for text in assertion.texts]
    quoted = " or ".join(repr(text[:_SHOWN]) for text in assertion.texts[:5])
    match assertion.kind:
        case "equals":
            return _plain(
                got.strip() in (text.strip() for text in wanted), f"the answer is {value[:_SHOWN]!r}, expected {quoted}"
            )
        case "contains" | "contains_any":
            return _plain(any(text in got for text in wanted), f"the answer lacks {quoted}")
        case "contains_all":
            lacking = [text for text, folded in zip(assertion.texts, wanted, strict=True) if folded not in got]
            return _plain(not lacking, f"the answer lacks {', '.join(repr(text[:_SHOWN]) for text in lacking[:5])}")
        case "starts_with":
            return _plain(got.startswith(tuple(wanted)), f"the answer does not start with {quoted}")
        case "ends_with":
            return _plain(got.endswith(tuple(wanted)), f"the answer does not end with {quoted}")
        case "levenshtein":
            most = int(min(_least(assertion, _EDITS), 10_000))
            found = min((d for text in wanted if (d := edit_distance(got, text, most=most)) is not None), default=None)
            if found is None:
                return Met(False, 0.0, f"more than {most} edits from {quoted}")
            return Met(True, 1 - found / max(len(got), *map(len, wanted), 1), f"{found} edits")
        case "rouge_n":
            score, least = max(rouge_n(got, text) for text in wanted), _least(assertion, _ROUGE)
            return Met(score >= least, score, f"ROUGE-1 of {number(score)}, required {number(least)}")
        case "bleu":
            score, least = bleu(got, wanted), _least(assertion, _BLEU)
            return Met(score >= least, score, f"BLEU of {number(score)}, required {number(least)}")
        case "gleu":
            score, least = gleu(got, wanted), _least(assertion, _GLEU)
            return Met(score >= least, score, f"GLEU of {number(score)}, required {number(least)}")
        case _:
            raise AssertionError(assertion.kind)


def _least(assertion: Assertion, usual: float) -> float:
    return usual if assertion.threshold is None else assertion.threshold


def _plain(holds: bool, reason: str) -> Met:
    return Met(holds, float(holds), "" if holds else reason)


def _pattern(assertion: Assertion, value: str) -> Met:
    program = compile_re2(("(?i)" if assertion.casefold else "") + assertion.texts[0])
    if program.programsize * len(value) > MAX_WORK:
        return Met(False, 0.0, f"{number(len(value), 9)} characters are too many for the pattern")
    return _plain(program.search(value) is not None, f"the answer does not match {assertion.texts[0][:_SHOWN]!r}")


def _size(assertion: Assertion, value: str) -> Met:
    count = len(value.split()) if assertion.kind == "words" else len(value)
    low, high = assertion.least, assertion.most
    fits = (low is None or count >= low) and (high is None or count <= high)
    limits = f"{low if low is not None else 0} to {high if high is not None else 'any'}"
    return _plain(fits, f"the answer has {number(count, 9)} {assertion.kind}, allowed are {limits}")


def _json(case: GradeCase, assertion: Assertion, value: str) -> Met:
    schema = None if assertion.json_schema is None else msgspec.json.encode(assertion.json_schema)
    if assertion.kind == "is_json":
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return Met(False, 0.0, "the answer is not JSON")
        return _follows(found, schema)
    last = Met(False, 0.0, "the answer contains no JSON")
    for found in _json_in(value):
        last = _follows(found, schema)
        if last.holds:
            return last
    return last


def _json_in(text: str) -> Iterator[Any]:
    """Objects and lists that are in a text, from left to right."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(_MOST_TRIES):
        begun = re.compile(r"[{\[]").search(text, at)
        if begun is None:
            return
        try:
            found, at = decoder.raw_decode(text, begun.start())
        except (ValueError, RecursionError):
            at = begun.end()
        else:
            yield found


def _follows(value: Any, schema: bytes | None) -> Met:
    if schema is None:
        return Met(True, 1.0)
    try:
        mistake = next(iter(_validator(schema).iter_errors(value)), None)
    except ValueError as error:
        return Met(False, 0.0, f"the JSON cannot be compared with its schema: {shorten(str(error), 150)}")
    return _plain(
        mistake is None, "" if mistake is None else f"the JSON breaks its schema: {shorten(mistake.message, 150)}"
    )


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(msgspec.json.decode(schema), offline=True)


def value_at(case: GradeCase, path: str) -> Any:
    """The value of a JSON answer at ``path``. A text that contains JSON is opened where the path goes on in it."""
    answer = case.json
    if not answer.usable and (case.output.strip() or not case.attempt.tool_calls):
        return _ABSENT
    value: Any = answer.value if answer.usable else _written_calls(case)
    for step in _STEP.finditer(path):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return _ABSENT
        name = step[1] if step[1] is not None else step[3]
        if step[2] is not None:
            index = int(step[2])
            if not isinstance(value, list) or index >= len(value):
                return _ABSENT
            value = value[index]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return _ABSENT
    return value


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, and text is compared in one Unicode form."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    return bool(one == other)


def _folded(text: str, casefold: bool) -> str:
    plain = unicodedata.normalize("NFC", text)
    return plain.casefold() if casefold else plain


def _named(assertion: Assertion) -> str:
    value = f" {shorten(repr(assertion.value), _SHOWN)}" if assertion.value is not None else ""
    return f"'{assertion.kind}'{value}"
