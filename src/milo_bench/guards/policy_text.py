"""A text and the sentences that it must carry in, each judged present, softened or missing, with its span."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from milo_bench.core.once import once
from milo_bench.core.records import Frozen
from milo_bench.guards.citations import find_citations, normalise
from milo_bench.guards.languages.contractions import find_contractions
from milo_bench.guards.languages.recognise import main_language, recognise
from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import split_sentences

POLICY_TEXT_VERSION = "5"

RequiredState: TypeAlias = Literal["present", "softened", "missing"]


class RequiredText(Frozen, frozen=True, omit_defaults=False):
    """What became of one required sentence. ``start`` to ``end`` is the place in the text (0, 0 when missing)."""

    required: str
    state: RequiredState
    start: int = 0
    end: int = 0
    found: str = ""
    reason: str = ""


# From strong to weak; a required word of one line that gives way to a word after it was softened.
_STRONG = re.compile(
    r"\b(?:must|shall|(?:is|are) required|required to|need(?:s)? to|(?:has|have) to|mandatory|will not|cannot|"
    r"may not|only|"
    r"no later than|obliged|always|never|at least)\b"
)
_WEAK = re.compile(
    r"\b(?:may|might|can|could|should|would|ideally|preferably|please|helpful|help|recommend(?:ed)?|encouraged?|"
    r"advis(?:ed?|able)|"
    r"if possible|where possible|when(?:ever)? (?:convenient|you can)|try to|usually|normally|generally|optional|"
    r"suggest(?:ed)?|"
    r"want to|like to|around|about|approximately)\b"
)
_NEGATION = re.compile(r"\b(?:not|no|never|cannot|without|nor|neither)\b|n't\b")
_CONDITION = re.compile(
    r"\b(?:if|unless|until|only|within|before|after|once|when|provided|except|subject to|no later than|by)\b"
)
_NUMBER = re.compile(
    r"\d+(?:[.,]\d+)*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|fourteen|fifteen|twenty|thirty|sixty|"
    r"ninety)\b"
)
# Said ahead of the required words, these leave them standing and take them back all the same.
_UNDERCUT = re.compile(
    r"\b(?:(?:where|if|when|whenever) (?:possible|convenient|you can|practicable)|ideally|preferably|usually|normally|"
    r"generally|typically|perhaps|maybe|in most cases|as a rule|not (?:necessarily|true|the case)|no longer)\b"
)


class _Words(NamedTuple):
    """What makes a sentence of one language strong or weak."""

    strong: re.Pattern[str]
    weak: re.Pattern[str]
    negation: re.Pattern[str]
    condition: re.Pattern[str]
    number: re.Pattern[str]
    undercut: re.Pattern[str]


_ENGLISH = _Words(_STRONG, _WEAK, _NEGATION, _CONDITION, _NUMBER, _UNDERCUT)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


@once
def _words_of(language: str) -> _Words:
    """The words of a language with a file (``guards/packs/policy_text``), the English ones for every other."""
    if language not in languages_of("policy_text"):
        return _ENGLISH
    parts = {part: pattern_of("policy_text", language, part) for part in _Words._fields}
    parts["number"] = re.compile(f"{_DIGITS.pattern}|{parts['number'].pattern}")
    return _Words(**parts)


_HALF = 50.0
_CUT_WORDS = 4  # words that a sentence must share in one run with the required text to count as cut from it
_NEAR = 62.0  # similarity (0 to 100) from which a sentence counts as a version of the required one


_TOKEN = re.compile(r"[^\W_]+")
_CLOSING = re.compile("[\"')]*")


def judge_required_text(text: str, required: Iterable[str], *, expected: str = "") -> tuple[RequiredText, ...]:
    """One judgement for each required text, in order.

    ``present``: it stands in ``text`` word for word, whatever the white space, the kind of quote
    or dash, the letter case of its first letter, English contractions and citations within. ``softened``: a sentence
    near it stands there instead (rapidfuzz token similarity, or most of its words), and
    ``reason`` says what was weakened: modality, a negation, a number, a condition, or wording
    alone. ``missing``: nothing near it. A required text of several sentences is one unit; it is
    present only whole and in order. Each is read with the words of its own language; ``expected`` is that of texts that
    are too short to recognise.
    """
    folded, places = _folded(text)
    return tuple(
        _judge_one(text, folded, places, one, _words_of(main_language(recognise(one, expected=expected)) or expected))
        for one in required
        if _body(one)
    )


def _body(required: str) -> str:
    """The words of a required text without citations and full stop; "" where there are none."""
    body = _folded(required)[0].strip().rstrip(".!")
    return body if any(map(str.isalnum, body)) else ""


def _judge_one(text: str, folded: str, places: Sequence[int], required: str, words: _Words) -> RequiredText:
    wanted, _ = _folded(required)
    wanted = wanted.strip()
    body = _body(required)
    at = _find_whole(folded, body, line_ends={i for i, place in enumerate(places) if text[place] in "\r\n"})
    if at is not None:
        start, end = places[at], places[min(at + len(wanted), len(places)) - 1] + 1
        undercut = words.undercut.search(_sentence_before(folded, at))
        if undercut:
            reason = f"'{undercut.group()}' before it takes it back."
            found = text[start:end]
            return RequiredText(required=required, state="softened", start=start, end=end, found=found, reason=reason)
        return RequiredText(required=required, state="present", start=start, end=end, found=text[start:end])
    best, best_score = None, 0.0
    from rapidfuzz import fuzz  # only what reads an answer needs it

    sentences = split_sentences(text)
    size = max(1, len(split_sentences(required)))
    for first in range(len(sentences)):
        for last in range(first, min(first + size, len(sentences))):
            start, end = sentences[first].start, sentences[last].end
            piece = normalise(_bare(text[start:end]))
            score = max(fuzz.ratio(wanted, piece), fuzz.token_sort_ratio(wanted, piece), _shared_words(wanted, piece))
            if score < _NEAR and _shared_words(wanted, piece) >= _HALF and words.weak.search(piece):
                score = _NEAR  # half of the words are there, under a weaker verb
            if _is_part(piece, wanted):
                score = max(score, _NEAR)  # a required text that was cut short
            if score > best_score:
                best, best_score = (start, end, piece), score
    if best is None or best_score < _NEAR:
        return RequiredText(required=required, state="missing", reason="The text contains nothing similar.")
    start, end, piece = best
    reason = _what_weakened(wanted, piece, words)
    return RequiredText(required=required, state="softened", start=start, end=end, found=text[start:end], reason=reason)


def _find_whole(folded: str, body: str, line_ends: set[int]) -> int | None:
    """Where ``body`` (without its full stop) stands as whole sentences, or None.

    "… within 30 days unless …" is another sentence; a stop may be missing only where the text or the line ends.
    """
    at = folded.find(body)
    last = len(folded.rstrip())
    while at >= 0:
        before, end = folded[at - 1 : at] if at else "", at + len(body)
        after = _CLOSING.match(folded, end).end()  # type: ignore[union-attr]  # matches everywhere
        ends = after >= last or folded[after] in ".!?" or end in line_ends or body[-1] in "?:"
        if not before.isalnum() and ends:
            return at
        at = folded.find(body, at + 1)
    return None


def _is_part(piece: str, wanted: str) -> bool:
    piece = piece.rstrip(".!?")
    return len(piece.split()) >= _CUT_WORDS and piece in wanted


def _sentence_before(folded: str, at: int) -> str:
    """What stands before ``at`` in its own sentence."""
    return re.split(r"[.!?]\s", folded[:at])[-1]


def _shared_words(wanted: str, piece: str) -> float:
    """Share of the required content words that the piece has, in percent; 0 for very short texts."""
    words = {word for word in _TOKEN.findall(wanted) if len(word) > 3 or word.isdigit()}
    if len(words) < 4:
        return 0.0
    there = set(_TOKEN.findall(piece))
    return 100.0 * len(words & there) / len(words)


def _what_weakened(wanted: str, piece: str, words: _Words) -> str:
    reasons = []
    if set(words.number.findall(wanted)) != set(words.number.findall(piece)):
        reasons.append("a number was changed or dropped")
    if len(words.negation.findall(wanted)) > len(words.negation.findall(piece)):
        reasons.append("a negation was lost")
    lost = [word for word in words.strong.findall(wanted) if word not in words.strong.findall(piece)]
    weak = [word for word in words.weak.findall(piece) if word not in words.weak.findall(wanted)]
    if lost:
        reasons.append(f"'{lost[0]}' became '{weak[0]}'" if weak else f"'{lost[0]}' was dropped")
    elif weak:
        reasons.append(f"'{weak[0]}' was added")
    conditions = [word for word in words.condition.findall(wanted) if word not in words.condition.findall(piece)]
    if conditions:
        reasons.append(f"the condition with '{conditions[0]}' was dropped")
    return "; ".join(reasons).capitalize() + "." if reasons else "The wording differs from the required one."


def _bare(text: str) -> str:
    for citation in reversed(find_citations(text)):
        text = text[: citation.start].rstrip() + text[citation.end :]
    return text


_PLAIN = {"‘": "'", "’": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "\u00a0": " "}


@lru_cache(maxsize=256)  # what is required of one letter is required of many
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """``text`` as it is compared, and for every character of it the place in ``text``."""
    hidden = {i for citation in find_citations(text) for i in range(citation.start, citation.end)}
    marks: list[str] = []
    places: list[int] = []
    for i, mark in enumerate(text):
        if i in hidden or mark in "*_" or mark == "\u00ad":
            continue
        one = " " if mark.isspace() else _PLAIN.get(mark, mark)
        if one == " " and (not marks or marks[-1] == " "):
            continue
        if one in ".!?" and marks and marks[-1] == " ":
            marks.pop()
            places.pop()
        lower = one.lower()
        marks.append(lower if len(lower) == 1 else one)
        places.append(i)
    folded = "".join(marks)
    for found in reversed(list(find_contractions(folded))):
        marks[found.start : found.end] = found.words
        places[found.start : found.end] = [*[places[found.start]] * (len(found.words) - 1), places[found.end - 1]]
    return "".join(marks), tuple(places)
