"""An answer and verdicts on it in, verdicts that speak only of the languages that the check's rules read out.

What stands in another language is unjudged: never passed, and never failed by rules of a language that it is not in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from milo_bench.core.locale import parse_locale
from milo_bench.core.records import Span, Verdict, Workload
from milo_bench.guards.languages.names import language_name
from milo_bench.guards.languages.recognise import NONE, UNKNOWN, LanguagePart, recognise
from milo_bench.guards.measured import spoken_languages

NOTHING_FOUND: Final = "nothing_found"  # category of a skip that means: the rules found nothing
_READ_CHARS: Final = 40_000  # what of an answer's text is recognised: as much as the rules read
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')


def language_of(workload: Workload) -> str:
    """The language that a workload's locale names, "" where it states none."""
    return parse_locale(workload.locale).language if workload.locale else ""


def day_first_of(workload: Workload, stated: bool) -> bool:
    """Whether 03/04/2025 is 3 April: as the workload's locale says, as ``stated`` where it has none."""
    return parse_locale(workload.locale).day_first if workload.locale else stated


@lru_cache(maxsize=256)
def answer_languages(output: str, expected: str, *, as_json: bool) -> tuple[LanguagePart, ...]:
    """The languages of an answer's text; of a JSON answer, those of its texts without its keys."""
    text = output[:_READ_CHARS]
    if not as_json:
        return recognise(text, expected=expected)
    found: list[LanguagePart] = []
    for match in _STRING.finditer(text):
        if match[2] is None:
            found += _in_json(match, expected)
    return tuple(found)


def _in_json(match: re.Match[str], expected: str) -> Iterable[LanguagePart]:
    """The languages of one JSON text. Where it has escapes, each part is said to be the whole of it."""
    written, start, end = match[1], match.start(1), match.end(1)
    if "\\" not in written:
        return [
            LanguagePart(start + part.start, start + part.end, part.language)
            for part in recognise(written, expected=expected)
        ]
    try:
        read = str(json.loads(f'"{written}"'))
    except ValueError:
        read = written
    return [LanguagePart(start, end, part.language) for part in recognise(read, expected=expected)]


def in_spoken_languages(
    verdicts: Iterable[Verdict], output: str, workload: Workload, detector: str, *, as_json: bool
) -> list[Verdict]:
    """``verdicts`` on the answer ``output`` of ``workload``, as they hold in the languages that ``detector`` reads."""
    parts = answer_languages(output, language_of(workload), as_json=as_json)
    return in_languages(verdicts, parts, spoken_languages(detector))


def in_languages(verdicts: Iterable[Verdict], parts: Sequence[LanguagePart], spoken: frozenset[str]) -> list[Verdict]:
    """``verdicts`` as they hold for text of which ``parts`` are in languages beside ``spoken``.

    A fail or flag holds where a place that it names is in a language of the rules, or in none. A pass holds where
    it is of one part of the answer that is so. Everything else is unjudged, as is a skip that says the rules found
    nothing. Text of no language, such as a number, a code or a name, is judged as ever.
    """
    unread = [part for part in parts if part.language not in spoken and part.language != NONE]
    if not unread:
        return list(verdicts)
    letters = sum(part.end - part.start for part in parts if part.language != NONE)
    mostly = sum(part.end - part.start for part in unread) * 2 > letters
    reason = _reason(unread, whole=len(unread) == sum(part.language != NONE for part in parts))
    return [verdict if _holds(verdict, unread, mostly) else _unjudged(verdict, reason) for verdict in verdicts]


def _holds(verdict: Verdict, unread: Sequence[LanguagePart], mostly: bool) -> bool:
    spans = [span for span in verdict.spans if span.where == "output"]
    if verdict.outcome == "unjudged":
        return True
    if verdict.outcome == "skip":
        return verdict.category != NOTHING_FOUND
    if verdict.outcome in ("fail", "flag"):
        return any(_is_read(span, unread) for span in spans) if spans else not mostly
    return bool(verdict.subject and spans) and all(_is_read(span, unread) for span in spans)


def _is_read(span: Span, unread: Sequence[LanguagePart]) -> bool:
    return not any(part.start < span.end and span.start < part.end for part in unread)


def _unjudged(verdict: Verdict, reason: str) -> Verdict:
    return msgspec.structs.replace(verdict, outcome="unjudged", category="unread_language", reason=reason, got="")


def _reason(unread: Sequence[LanguagePart], *, whole: bool) -> str:
    languages = list(dict.fromkeys(part.language for part in unread))
    named = [language_name(one) for one in languages if one != UNKNOWN]
    what = " and ".join(named) if named else "a language that was not recognised"
    return f"the answer is {'' if whole else 'partly '}in {what}, which this check does not read"
