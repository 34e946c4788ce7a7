"""English prose in, its sentences with exact offsets out; lines, bullets and citations respected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sentencex import get_sentence_boundaries

from milo_bench.core.records import Frozen


class Sentence(Frozen, frozen=True, omit_defaults=False):
    """``text`` is exactly ``source[start:end]``, without surrounding space and bullet marks."""

    text: str
    start: int
    end: int


LONGEST: Final = 2000  # characters
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
# "- ", "* ", "• ", "1. ", "2) ", "(a) ", "> "; a year at the start of a line ("2025. …") is no bullet.
_BULLET = re.compile(r"[ \t\u00a0]*(?:>[ \t]*)*(?:(?:[-*+•‣◦▪·–—]|\d{1,2}[.)]|\([a-z0-9]{1,2}\)|[a-z]\))[ \t]+)?", re.I)
_BULLET_MARK = re.compile(r"[ \t\u00a0]*(?:[-*+•‣◦▪·–—]|\d{1,2}[.)]|\([a-z0-9]{1,2}\)|[a-z]\))[ \t]+", re.I)
_OPENING_CITATION = re.compile(
    r"\s*(?:\[\s*E[-‐‑]\d+(?:[\s,;&]{1,4}(?:(?:and|or)\s{1,4})?E[-‐‑]\d+)*\s*\]\s*)+[.!?]*", re.I
)
_OWN_BOUNDARY = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]*_]*+(\s++)(?=[\"'“‘(*_]?[A-Z0-9\[])")
_ENDS_LIKE_A_SENTENCE = re.compile(r"[.!?…:;][\"'”’)\]*_]*\s*$")

# Never the end of a sentence, whatever follows.
_TITLE = re.compile(
    r"mr|mrs|ms|mx|dr|prof|rev|hon|st|sr|jr|messrs|e\.g|i\.e|cf|vs|viz|approx|ca|incl|excl|resp|est|paras?|pp|encl|attn|"
    r"tel|ext|figs?|refs?|dept|gov|sgt|capt|lt|col|gen"
)
# No end of a sentence when a number follows: "No. 4", "Mar. 3", "p. 12".
_BEFORE_NUMBER = re.compile(
    r"nos?|nrs?|art|secs?|ch|vol|pp?|cls?|item|mon|tues?|wed|thurs?|fri|sat|sun|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
# May end a sentence or not: "Smith & Co. Ltd. wrote", "He left Smith & Co. She stayed". The next word tells.
_EITHER = re.compile(
    r"co|ltd|inc|corp|plc|llc|llp|bros|assn|intl|gmbh|mfg|univ|inst|ave|blvd|rd|hwy|bldg|apt|mt|ft|avg|"
    r"etc|al|eds|tbc|misc|a\.m|p\.m|ph\.d|m\.d|b\.a|m\.a|d\.c|n\.b|"
    r"(?:[a-z]\.){1,4}[a-z]|wash|calif|conn|fla|penn|tenn|ariz|colo"
)
_STARTER = re.compile(
    r"(?:he|she|it|they|we|i|you|the|an?|this|that|these|those|his|her|its|their|our|my|your|there|here|then|later|"
    r"however|but|and|so|or|yet|also|in|on|at|after|before|when|where|while|if|as|since|because|although|for|from|"
    r"with|without|by|to|no|not|nobody|none|please|thank|thanks|today|yesterday|tomorrow|now|once|until|both|all|some|"
    r"each|every|who|what|why|how|is|was|are|were|will|would|can|could|may|should|do|does|did|let|see|once)\b",
    re.I,
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NEAR = 200  # characters: an abbreviation with its brackets and quotes
_ENDED = re.compile(r"[.!?…\]\n][\"'”’)\]*_]*\s*$")
_LAST_TOKEN = re.compile(r"([A-Za-z][A-Za-z.]*)\.[\"'”’)\]]*\s*$")


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of ``text`` in order; every one has at least one letter or digit.

    A line break ends a sentence, except where a long line without an end mark goes on in lower
    case (hard-wrapped prose) or where the next line opens with a citation. Bullet and quote marks
    belong to no sentence. A citation after the full stop ("… received. [E-0412]") belongs to the
    sentence before it. Works line by line with sentencex, then repairs what it cuts or keeps too
    freely: abbreviations, "No. 4", initials, quotations. English only. What runs on for more than
    ``LONGEST`` characters is cut at a space, so that no rule about sentences takes the square of a text's length.
    """
    found: list[Sentence] = []
    for start, end in _blocks(text):
        for first, last in _sentence_ranges(text[start:end]):
            for begins, ends in _bounded(text, start + first, start + last):
                piece = _trimmed(text, begins, ends)
                if piece is not None:
                    found.append(piece)
    return tuple(found)


def paragraphs(text: str) -> tuple[Sentence, ...]:
    """The paragraphs of ``text``: runs of lines between blank lines, with exact offsets."""
    found = []
    for match in re.finditer(r"\S(?:.|\n(?![ \t]*(?:\n|$)))*", text.replace("\r", "\n")):
        end = match.start() + len(match.group().rstrip())
        found.append(Sentence(text=text[match.start() : end], start=match.start(), end=end))
    return tuple(found)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Ranges that no sentence crosses: a line, or several that were hard-wrapped."""
    lines: list[tuple[int, int]] = []
    position = 0
    for match in _LINE_BREAK.finditer(text):
        lines.append((position, match.start()))
        position = match.end()
    lines.append((position, len(text)))
    open_block: tuple[int, int] | None = None
    last_line = ""
    for start, end in lines:
        line = text[start:end]
        if open_block is not None and line.strip() and _goes_on(text[open_block[0]], last_line, line):
            open_block, last_line = (open_block[0], end), line
            continue
        if open_block is not None:
            yield open_block
        body = start + (_BULLET.match(line) or re.match("", line)).end()  # type: ignore[union-attr]  # "" always matches
        open_block, last_line = (body, end) if line.strip() else None, text[body:end]
    if open_block is not None:
        yield open_block


def _goes_on(first: str, last_line: str, line: str) -> bool:
    """Whether ``line`` goes on with a block that begins with the character ``first`` and ends with ``last_line``."""
    if _OPENING_CITATION.match(line):
        return True
    if _BULLET_MARK.match(line) or line.lstrip().startswith((">", "#", "|")) or first == "#":
        return False
    return len(last_line.strip()) >= 40 and not _ENDS_LIKE_A_SENTENCE.search(last_line) and line.lstrip()[:1].islower()


def _sentence_ranges(block: str) -> Iterator[tuple[int, int]]:
    cuts = {cut for start, end in _bounded(block, 0, len(block)) for cut in _found_cuts(block, start, end)}
    cuts |= {match.end() for match in _OWN_BOUNDARY.finditer(block)}
    start = seen = opened = 0  # brackets that are open at ``seen``, in the sentence that begins at ``start``
    for cut in sorted(cuts):
        if cut <= start or cut >= len(block):
            continue
        opened += block.count("[", seen, cut) - block.count("]", seen, cut)
        seen = cut
        if opened > 0 or _inside(block, start, cut):
            continue
        citation = _OPENING_CITATION.match(block, cut)
        if citation:
            cut = citation.end()
        yield start, cut
        start = seen = cut
        opened = 0
    yield start, len(block)


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """``start`` to ``end`` in pieces of at most ``LONGEST`` characters that end at a space where they can."""
    while end - start > LONGEST:
        cut = text.rfind(" ", start + 1, start + LONGEST) + 1 or start + LONGEST
        yield start, cut
        start = cut
    yield start, end


def _found_cuts(block: str, start: int, end: int) -> Iterator[int]:
    """Where sentencex ends a sentence within ``block[start:end]``."""
    # Half a surrogate pair, which JSON can carry, is no text to sentencex; a stand-in keeps the offsets.
    for found in get_sentence_boundaries("en", _SURROGATE.sub("\ufffd", block[start:end])):
        cut = start + int(found["end_index"])
        if cut < end or end == len(block):
            yield cut


def _inside(block: str, start: int, cut: int) -> bool:
    """True where a sentence goes on over ``cut``: an abbreviation or an initial. What is further away than a word and
    its marks decides nothing, so only that is looked at."""
    before, after = block[max(start, cut - _NEAR) : cut], block[cut : cut + _NEAR].lstrip()
    if not _ENDED.search(before) or after[:1].islower():
        return True
    token = _LAST_TOKEN.search(before)
    if token is None:
        return False
    word = token.group(1).casefold()
    if _EITHER.fullmatch(word) and not _STARTER.match(after.lstrip("\"'“‘([*_")):
        return not (after[:1].isdigit() and not _BEFORE_NUMBER.fullmatch(word) and word in ("a.m", "p.m", "etc"))
    if _TITLE.fullmatch(word) or (len(word) == 1 and after[:1].isupper() and token.group(1).isupper() and word != "i"):
        return True
    return bool(_BEFORE_NUMBER.fullmatch(word)) and after[:1].isdigit()


def _trimmed(text: str, start: int, end: int) -> Sentence | None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if not any(mark.isalnum() for mark in text[start:end]):
        return None
    return Sentence(text=text[start:end], start=start, end=end)
