"""A sentence with the wording of a status in, what the words of its language around it make of the status out.

The words are data (``guards/packs/status/LANGUAGE.toml``); the order in which they count is the same in each language.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from milo_bench.guards.packs.patterns import pattern_of

Stance: TypeAlias = Literal[
    "current",  # "is approved", "status: approved", "remains approved"
    "change",  # "was moved to approved on 3 May": true from then on, unless something later says otherwise
    "past",  # "was previously approved", "approved until May", "changed from approved"
    "denied",  # "is not approved", "no longer approved"
    "open",  # "will be approved", "may be approved", "once approved"
]

_EDGE: Final = re.compile(r"[,;()–—]|:(?=\s+\w+\s+\w+\s+\w+\s+\w+\s+\w+)|\s-\s")
_DATED: Final = 40  # characters between "last updated" and the colon: room for a date
_BRACKETS: Final = re.compile(r"\[[^\]\n]{0,80}\]")


def stance_by_words(sentence: str, start: int, end: int, language: str) -> Stance | None:
    """What the clause around ``start`` to ``end`` of ``sentence`` says of the status named there; None for no claim."""
    text = _BRACKETS.sub(lambda match: " " * len(match[0]), sentence.lower())
    if len(text) != len(sentence):
        return None
    edges = [edge.end() for edge in _EDGE.finditer(text, 0, start)]
    before = text[edges[-1] if edges else 0 : start]
    close = _EDGE.search(text, end)
    after = text[end : close.start() if close else len(text)]

    def has(part: str, where: str) -> bool:
        return pattern_of("status", language, part).search(where) is not None

    contrasts = list(pattern_of("status", language, "contrast").finditer(before))
    if contrasts:
        return "current"
    clause = f"{before} | {after}"
    if _ends_with(before, "from", language) and has("moved", clause):
        return "past"
    if has("said", text[:start]):
        return "open"
    if has("no_more", clause):
        return "past"
    if has("negation", before) or has("negation", after.split(" | ")[0]) or has("unsure", text[:start]):
        return "denied"
    if has("open", _without_stated(before, after, language)):
        return "open"
    if has("elsewhere", before) and not has("case", before):
        return None
    if has("former", _without_events(clause, language)) and not has("is", before):
        return "past"
    if _is_headed(text, before, start, end, language):
        return "current"
    if not has("case", text):
        return None
    if has("became", clause):
        return "past" if _since_reopened(text, start, end, language) else "change"
    if has("is", clause):
        return "current"
    if not before.strip() and len(edges) > 1:
        before = text[: edges[-2] - 1]  # "The case, which was … in May, rests": what stands before the insertion
    return "current" if _ends_with(before, "case", language) else None


def _without_stated(before: str, after: str, language: str) -> str:
    """The clause without "we can confirm that", "is found" and "as": their words can mean "if" or "may" elsewhere."""
    as_ = [
        match for match in pattern_of("status", language, "as").finditer(before) if not before[match.end() :].strip()
    ]
    clause = f"{before[: as_[-1].start()] if as_ else before} | {after}"
    for part in ("stated", "is"):
        clause = pattern_of("status", language, part).sub(" ", clause)
    return clause


def _without_events(clause: str, language: str) -> str:
    """The clause without "until" before what is still to come: "rests until the report" is so today.

    A day or month behind it ("until 3 May", "until May") is left: a status until then can be over.
    """
    return pattern_of("status", language, "until_event").sub(" ", clause)


def _is_headed(text: str, before: str, start: int, end: int, language: str) -> bool:
    """Whether the status is all that follows "status:" or "last updated on 3 May:"."""
    heading = pattern_of("status", language, "heading").search(before)
    if heading is not None and re.fullmatch(r"\s*[:=-]?\s*", before[heading.end() :]):
        return True
    said = text[:start].rstrip(" *_\"'“„«")
    if any(mark.isalnum() for mark in text[end:]) or not said.endswith((":", "=", " -", "–", "—")):
        return False
    found = [m for part in ("update", "heading") for m in pattern_of("status", language, part).finditer(said)]
    return any(len(said) - match.end() <= _DATED for match in found)


def _since_reopened(text: str, start: int, end: int, language: str) -> bool:
    """Whether the case was opened again after what is told here: "closed in May and reopened", "reopened; closed in
    May"."""
    reopened = pattern_of("status", language, "reopened")
    if reopened.search(text, end):
        return True
    before = list(reopened.finditer(text, 0, start))
    return bool(before) and re.search(r"[;:–—(]", text[before[-1].end() : start]) is not None


def _ends_with(before: str, part: str, language: str) -> bool:
    tail = before.rstrip()
    return any(match.end() == len(tail) for match in pattern_of("status", language, part).finditer(tail))
