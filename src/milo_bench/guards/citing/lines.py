"""A text with ``[L12]`` citations and one with numbered lines in, citations by place and lines by number out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from milo_bench.guards.citations import is_claim
from milo_bench.guards.citing.brackets import cited_in_brackets
from milo_bench.guards.sentences import Sentence, split_sentences

_LINE = re.compile(r"^\[L(\d{1,6})\] ?(.*)$", re.MULTILINE)
_TO = r"\s?(?:[-‐‑–—−]|\bto\b|\bthrough\b)\s?"
_CITATION = re.compile(cited_in_brackets(r"L\s?\d{1,6}", r"\d{1,6}"), re.IGNORECASE)
_NUMBERS = re.compile(rf"(\d{{1,6}})(?:{_TO}L?\s?(\d{{1,6}}))?", re.IGNORECASE)
_ACROSS = re.compile(_TO, re.IGNORECASE)
_MAX_RANGE: Final = 60


class LineCitation(NamedTuple):
    """``[L12, L15-L17]`` at ``start`` to ``end`` of a text: the lines 12, 15, 16 and 17."""

    numbers: tuple[int, ...]
    start: int
    end: int


@lru_cache(maxsize=128)
def numbered_lines(text: str) -> Mapping[int, str]:
    """The lines of ``text`` that open with ``[L12]``, by number."""
    return {int(match[1]): match[2] for match in _LINE.finditer(text)}


def find_line_citations(text: str) -> tuple[LineCitation, ...]:
    """Citations in order. A range is written out, also one from bracket to bracket; one that is longer than 60 lines
    cites its ends only.
    """
    found: list[LineCitation] = []
    for match in _CITATION.finditer(text):
        numbers: list[int] = []
        for one in _NUMBERS.finditer(match[1]):
            first, last = int(one[1]), int(one[2] or one[1])
            numbers += range(first, last + 1) if 0 <= last - first <= _MAX_RANGE else (first, last)
        if found and _ACROSS.fullmatch(text, found[-1].end, match.start()):  # [L12]–[L15]
            last, first = found[-1].numbers[-1], numbers[0]
            numbers = [*(range(last + 1, first) if 0 < first - last <= _MAX_RANGE else ()), *numbers]
        found.append(LineCitation(tuple(dict.fromkeys(numbers)), *match.span()))
    return tuple(found)


def without_line_citations(text: str) -> str:
    """``text`` with its citations as spaces, so that offsets hold and no line number counts as a fact."""
    for one in find_line_citations(text):
        text = f"{text[: one.start]}{' ' * (one.end - one.start)}{text[one.end :]}"
    return text


class LineCitedSentence(NamedTuple):
    """A sentence of prose, the numbers of the lines that it cites, and whether it states something."""

    sentence: Sentence
    numbers: tuple[int, ...]
    claim: bool


def line_cited_sentences(text: str) -> tuple[LineCitedSentence, ...]:
    """Every sentence of ``text``. A citation belongs to the sentence that it is in, or before it."""
    sentences = split_sentences(without_line_citations(text))  # else a bracket behind a full stop is a sentence
    citations = find_line_citations(text)
    found = []
    for place, sentence in enumerate(sentences, 1):
        stop = sentences[place].start if place < len(sentences) else len(text)
        numbers = tuple(n for one in citations if sentence.start <= one.start < stop for n in one.numbers)
        found.append(LineCitedSentence(sentence, numbers, is_claim(sentence.text)))
    return tuple(found)
