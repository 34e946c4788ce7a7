"""Prose in, the places that decide cover, fault or payment out.

Denials, open statements ("cover has not been decided") and reported speech ("the owner says that the loss is
covered") decide nothing. The words of other languages than English are in ``guards/packs/coverage``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from milo_bench.core.records import Frozen
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import split_sentences

COVER_VERSION: Final = "7"
_QUOTED: Final = re.compile(r"«[^»]*»?|[\"“„][^\"”“]*[\"”“]?")


class CoverDecision(Frozen, frozen=True):
    """``text`` at ``start`` to ``end`` decides what the sources leave open; ``possible``: a person must read it."""

    text: str
    start: int
    end: int
    possible: bool = False


_IT = r"(?:claim|loss|damage|incident|event|theft|injury|accident|fire|treatment|stay|repair|storm|it|this|that)"
_INFERENCES: Final = re.compile(
    rf"\b{_IT}\s+(?:\w+\s+){{0,3}}?(?:is|are|was|were|will\s+be|would\s+be|should\s+be|appears?(?:\s+to\s+be)?|"
    rf"seems?(?:\s+to\s+be)?|looks)\s+(?:\w+ly\s+)?(?:covered|insured|payable|excluded|uninsured|not\s+covered|valid)\b"
    rf"|\b(?:policy|section\s+\w+|cover(?:age)?|insurance)\s+(?:\w+ly\s+)?(?:covers|responds|applies|extends|will\s+pay|"
    rf"pays\s+for|excludes|should\s+(?:cover|respond|pay))\b"
    rf"|\bcover(?:age)?\s+(?:is|has\s+been|was)\s+(?:confirmed|accepted|granted|in\s+order|declined|denied|available)\b"
    rf"|\b(?:insurer|we|company)\s+(?:should|must|will|can|is\s+liable\s+to|are\s+liable\s+to)\s+(?:now\s+)?"
    rf"(?:pay|settle|decline|reject|accept|indemnify|reimburse|compensate)\b"
    rf"|\b(?:insurer|we|company)\s+ha(?:s|ve)\s+to\s+(?:pay|settle|decline|reject|accept|indemnify|reimburse|compensate)\b"
    rf"|\bentitled\s+to\s+(?:(?:payment|compensation|cover|reimbursement|the\s+payment)\b|[£$€]?\d)"
    rf"|\b(?:is|are|was|were)\s+(?:\w+ly\s+)?responsible\s+for\s+the\s+(?:accident|collision|damage|fire|injury|loss)\b"
    rf"|\b(?:is|are)\s+(?:payable|insured)\s*(?:$|[.,]|for\b|in\s+full\b)"
    rf"|\bliability\s+(?:is|was|has\s+been)\s+(?:clear|admitted|accepted|established|obvious)\b"
    rf"|\b(?:is|was|are|were)\s+(?:clearly\s+|solely\s+|fully\s+)?(?:at\s+fault|to\s+blame|liable|negligent)\b"
    rf"|\b(?:is|are)\s+(?:an?\s+)?insured\s+(?:event|peril|loss|case)s?\b|\bexclusion\s+(?:for\s+\w+\s+)?applies\b"
    rf"|\b(?:insurer|company)\s+owes\b|\b(?:claim|demand)\s+is\s+(?:un)?(?:founded|justified)\b"
    rf"|\b(?:partly|partially|mainly|largely|jointly)\s+(?:at\s+fault|to\s+blame|liable)\b|\bmust\s+answer\s+for\b"
    rf"|\b(?:covered|excluded)\s+(?:under|by)\s+(?:the\s+)?(?:policy|section)\b"
    rf"|\b(?:gets?|receives?|will\s+(?:get|receive)|is\s+due|are\s+due)\s+nothing\s+(?:for|from|under)\b"
    rf"|\b\d{{1,3}}\s?(?:%|per\s?cent)\s+(?:liable|at\s+fault|to\s+blame|responsible)\b"
    rf"|\bfalls?\s+(?:under|within|outside)\s+(?:the\s+|an\s+)?(?:\w+\s+)?(?:exclusion|cover|policy)\b"
    rf"|\b(?:policy|insurance|cover)\s+steps\s+in\b"
    rf"|\b(?:the\s+rest|the\s+remainder|the\s+balance)\s+is\s+paid(?:\s+out)?\b"
    rf"|\b(?:is|are|was|were)\s+(?:\w+ly\s+)?covered\s*(?:$|[.,;]|under\b|up\s+to\b|in\s+full\b)"
    rf"|\bwe\s+(?:will\s+|shall\s+)?(?:settle|pay|meet)\s+(?:the|this|that)\s+(?:claim|loss|damage)\b",
    re.IGNORECASE,
)
_LEFT_OPEN: Final = re.compile(
    r"\b(?:not|no|nobody|never|whether|if|undecided|unclear|open\s+question|yet\s+to|remains?\s+open|without|nor)\b|n't",
    re.IGNORECASE,
)
_SAID: Final = re.compile(
    r"\b(?:says?|said|states?|stated|claims?\s+that|argues?|believes?|thinks?|asks?|asked|according\s+to|told|alleges?|"
    r"alleged|in\s+the\s+view\s+of|writes?|wrote)\b",
    re.IGNORECASE,
)
_IS_DENIAL: Final = re.compile(r"\bnot\s+covered\b", re.IGNORECASE)


def find_cover_decisions(text: str, *, allow_said: bool = True, expected: str = "") -> tuple[CoverDecision, ...]:
    """Every place of ``text`` that decides cover, fault or payment, in order; ``read_cover`` without the doubtful."""
    return tuple(one for one in read_cover(text, allow_said=allow_said, expected=expected) if not one.possible)


def read_cover(text: str, *, allow_said: bool = True, expected: str = "") -> tuple[CoverDecision, ...]:
    """What each sentence of ``text`` decides, in order, read with the words of its language.

    In a language with a file, a sentence on cover, fault or payment that no rule describes is ``possible``.
    ``expected`` is the language of texts too short to recognise. ``allow_said``: whether what is put in the mouth of
    others is let pass.
    """
    languages = {part.start: part.language or expected for part in recognise(text, expected=expected)}
    packs = languages_of("coverage")
    found: list[CoverDecision] = []
    for sentence in split_sentences(text):
        language = languages.get(sentence.start, expected)
        if language in packs:
            places = list(_in_pack(sentence.text, language, allow_said))
        else:
            places = [(start, end, False) for start, end in _in_english(sentence.text, allow_said)]
        for start, end, possible in places:
            first, last = sentence.start + start, sentence.start + end
            found.append(CoverDecision(text[first:last], first, last, possible))
    return tuple(found)


def _in_english(sentence: str, allow_said: bool) -> Iterator[tuple[int, int]]:
    said = _SAID.search(sentence) if allow_said else None
    for match in _INFERENCES.finditer(sentence):
        around = sentence[max(0, match.start() - 60) : match.start()] + _IS_DENIAL.sub("", match[0])
        if not (_LEFT_OPEN.search(around) or (said is not None and said.end() <= match.start())):
            yield match.start(), match.end()


def _in_pack(sentence: str, language: str, allow_said: bool) -> Iterator[tuple[int, int, bool]]:
    """The same with the words of a language's file, whose order is freer: what leaves it open may come after."""
    lower = sentence.lower()
    if len(lower) != len(sentence) or lower.rstrip().endswith("?"):
        return
    takes_back = [*_found("open", language, lower), *(_found("said", language, lower) if allow_said else ())]
    decided = [] if takes_back else list(_found("decides", language, lower))
    for match in _found("denies", language, lower):  # "is not covered" decides too: its own "not" takes nothing back
        if all(match.start() <= other.start() and other.end() <= match.end() for other in takes_back):
            decided.append(match)
    own = _QUOTED.sub(lambda match: " " * len(match[0]), lower)  # what is quoted is the packet's
    left_open = takes_back and not _only_denied(language, lower, takes_back)
    topic = None if left_open or decided else next(_found("topic", language, own), None)
    yield from ((match.start(), match.end(), False) for match in decided)
    if topic is not None:
        yield topic.start(), topic.end(), True


def _only_denied(language: str, lower: str, takes_back: list[re.Match[str]]) -> bool:
    """Whether a sentence has a "not" and nothing that leaves it open: "scratches are not paid for" decides too."""
    plain = [match.span() for match in _found("not", language, lower)]
    denied = all(any(start <= one.start() and one.end() <= end for start, end in plain) for one in takes_back)
    return denied and next(_found("undecided", language, lower), None) is None


def _found(part: str, language: str, text: str) -> Iterator[re.Match[str]]:
    return pattern_of("coverage", language, part).finditer(text)
