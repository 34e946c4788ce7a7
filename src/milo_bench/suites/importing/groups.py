"""Imported cases in, which of them are alike out: duplicates, texts of one template, letters of one thread."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from milo_bench.suites.importing.importer import Imported
from milo_bench.suites.importing.sets import Parts
from milo_bench.suites.importing.shapes import says_something, shape

_SHINGLE: Final = 4  # words
_BANDS, _ROWS = 12, 4  # of the sketch: pairs that share four in five of their shingles meet with near certainty
_ALIKE: Final = 0.7  # of the shingles of two texts together
_LEAST_SHINGLES: Final = 8  # below that, only texts that are the same but for names and numbers are one template
_LARGEST_SHARE: Final = 0.5  # a template of more than half of all cases is the team's own form, and groups nothing

_QUOTED = re.compile(r"\"[^\"\n]{1,80}\"|“[^”\n]{1,80}”")
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+")
_SUBJECT = re.compile(r"^subject:\s*(?:(?:re|fw|fwd|aw|wg|antw)\s*:\s*)*(.+)$", re.IGNORECASE | re.MULTILINE)
_REPLY = re.compile(r"^subject:\s*(?:re|fw|fwd|aw|wg|antw)\s*:", re.IGNORECASE | re.MULTILINE)


def guess_groups(result: Imported) -> None:
    """Give cases of ``result`` that have none a group where they are alike, and say so among its guesses.

    Alike are the same text, one template (the same words but for names, numbers and quotations, or most of them), and
    letters of one thread (the same subject, with a reply among them).
    """
    alone = [place for place, case in enumerate(result.cases) if not case.group]
    if len(alone) < 2:
        return
    texts = ["\n".join(_texts(result.cases[place].input)) for place in alone]
    parts = Parts(len(alone))
    _join_same(parts, [" ".join(text.split()).casefold() for text in texts])
    shapes = [shape(_ADDRESS.sub(" ", _QUOTED.sub(" ", text))) for text in texts]
    _join_same(parts, [" ".join(one) if says_something(one) else "" for one in shapes])
    _join_near(parts, [_shingles(one) for one in shapes])
    _join_threads(parts, texts)
    members: dict[int, list[int]] = defaultdict(list)
    for number, place in enumerate(alone):
        members[parts.find(number)].append(place)
    groups = [places for places in members.values() if len(places) > 1]
    usual = [places for places in groups if len(places) > max(2, _LARGEST_SHARE * len(alone))]
    groups = [places for places in groups if places not in usual]
    for places in usual:
        result.guesses.append(
            f"{len(places)} of {len(alone)} cases have one form in common, which is taken for the work itself: no group"
        )
    if not groups:
        return
    for places in groups:
        name = f"like-{result.cases[places[0]].id}"
        for place in places:
            result.cases[place] = replace(result.cases[place], group=name)
    first = [result.cases[place].id for place in max(groups, key=len)[:2]]
    grouped = sum(map(len, groups))
    result.guesses.append(
        f"{grouped} cases are in {len(groups)} {'group' if len(groups) == 1 else 'groups'} of duplicates or of one "
        f"template, such as {first[0]} and {first[1]}. Intervals count each group once. Change 'group' if that is wrong"
    )


def near_copies(inputs: Sequence[Any]) -> list[tuple[int, ...]]:
    """Numbers of ``inputs`` whose texts are most of the same words, names and numbers aside; the largest group first.

    Texts of too few words to tell are in no group.
    """
    shapes = [shape(_ADDRESS.sub(" ", _QUOTED.sub(" ", "\n".join(_texts(one))))) for one in inputs]
    parts = Parts(len(inputs))
    _join_near(parts, [_shingles(one) for one in shapes])
    members: dict[int, list[int]] = defaultdict(list)
    for number in range(len(inputs)):
        members[parts.find(number)].append(number)
    return sorted((tuple(one) for one in members.values() if len(one) > 1), key=lambda one: (-len(one), one))


def _join_same(parts: Parts, keys: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for number, key in enumerate(keys):
        if key:
            parts.join(first.setdefault(key, number), number)


def _join_near(parts: Parts, shingles: Sequence[frozenset[int]]) -> None:
    """Pairs are met by bands of a sketch (MinHash: Broder 1997), and joined by what they really share."""
    met: dict[tuple[int, tuple[int, ...]], int] = {}
    for number, of_it in enumerate(shingles):
        if len(of_it) < _LEAST_SHINGLES:
            continue
        sketch = _sketch(of_it)
        for band in range(_BANDS):
            key = (band, tuple(sketch[band * _ROWS : (band + 1) * _ROWS]))
            other = met.setdefault(key, number)
            if other != number and parts.find(other) != parts.find(number):
                both, either = of_it & shingles[other], of_it | shingles[other]
                if len(both) >= _ALIKE * len(either):
                    parts.join(other, number)


def _join_threads(parts: Parts, texts: Sequence[str]) -> None:
    subjects = [match[1].strip().casefold() if (match := _SUBJECT.search(text)) else "" for text in texts]
    replied = {subject for subject, text in zip(subjects, texts, strict=True) if subject and _REPLY.search(text)}
    _join_same(parts, [subject if subject in replied else "" for subject in subjects])


def _shingles(words: Sequence[str]) -> frozenset[int]:
    return frozenset(
        int.from_bytes(blake2b(" ".join(words[at : at + _SHINGLE]).encode(), digest_size=8).digest())
        for at in range(len(words) - _SHINGLE + 1)
    )


def _sketch(shingles: frozenset[int]) -> list[int]:
    """The least of ``shingles`` under each of several hash functions (odd multipliers, modulo 2^61 - 1)."""
    prime = (1 << 61) - 1
    found = []
    for row in range(_BANDS * _ROWS):
        factor, shift = 2 * row * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03, row * 0x2545F4914F6CDD1D + 1
        found.append(min((shingle * factor + shift) % prime for shingle in shingles))
    return found


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _texts(value)
