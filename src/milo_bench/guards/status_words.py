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
    if has("negation", before) or has("negation", after.split(" | ")[0]):
        return "denied"
    if has("open", clause):
        return "open"
    if has("elsewhere", before) and not has("case", before):
        return None
    if has("former", clause) and not has("is", before):
        return "past"
    heading = pattern_of("status", language, "heading").search(before)
    if heading is not None and re.fullmatch(r"\s*[:=-]?\s*", before[heading.end() :]):
        return "current"
    if not has("case", text):
        return None
    if has("became", clause):
        return "change"
    if has("is", clause):
        return "current"
    return "current" if _ends_with(before, "case", language) else None


def _ends_with(before: str, part: str, language: str) -> bool:
    tail = before.rstrip()
    return any(match.end() == len(tail) for match in pattern_of("status", language, part).finditer(tail))
