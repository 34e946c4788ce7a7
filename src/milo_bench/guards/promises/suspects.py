"""A sentence and its language in, whether a learned score holds it for a possible promise out.

Rules miss the wordings of strangers. The score was learned from labelled sentences of seven writers and from ordinary
sentences of offices (``benchmarks.languages.suspects``). What it suspects is left for a person: it never fails an
answer. How much of the promises of a writer it had not read it finds, beside the rules, is measured as
``promises_suspected``.
"""

from __future__ import annotations

import base64
import re
import zlib
from array import array
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

DETECTOR: Final = "promises_suspected"  # its rows in measured.json
SUSPECTS_VERSION: Final = "1"  # of the weights: with it goes the version of the check banned_commitments
BUCKETS: Final = 1 << 16
_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"\d+")
_LENGTHS: Final = (3, 4, 5)  # of pieces of words, in characters


class LearnedWeights(msgspec.Struct, frozen=True):
    """As ``suspects.json`` keeps them: one signed byte for each of ``BUCKETS`` in base 64, each times ``scale``."""

    version: str
    bias: float
    scale: float
    threshold: float
    weights: list[str]


class _Learned(NamedTuple):
    bias: float
    scale: float
    threshold: float
    weights: array[int]


def is_suspect(sentence: str, language: str) -> bool:
    """Whether the score of ``sentence`` is above the threshold; ``language`` is an ISO 639-1 code, "" for English."""
    learned = _learned()
    score = learned.bias
    for buckets in buckets_of(sentence, language or "en"):
        if buckets:
            total = sum(learned.weights[bucket] for bucket in buckets)
            score += learned.scale * total / (len(buckets) / 2) ** 0.5
    return score > learned.threshold


def buckets_of(sentence: str, language: str) -> tuple[list[int], list[int]]:
    """The buckets of the pieces of words, and of the words and pairs of words: each piece twice, once for its language.

    Feature hashing (Weinberger and others 2009) with one copy for all languages and one for each (Daumé 2007). Numbers
    count as one, whatever their digits.
    """
    words = _WORD.findall(_NUMBER.sub("0", sentence.casefold()))
    own = zlib.crc32(language.encode())
    return _hashed(_pieces(words), own), _hashed(_words(words), own)


def _hashed(pieces: Iterator[str], own: int) -> list[int]:
    found: list[int] = []
    for piece in dict.fromkeys(pieces):
        raw = piece.encode()
        found += zlib.crc32(raw) % BUCKETS, zlib.crc32(raw, own) % BUCKETS
    return found


def _pieces(words: list[str]) -> Iterator[str]:
    for word in words:
        whole = f" {word} "
        for length in _LENGTHS:
            for at in range(max(1, len(whole) - length + 1)):
                yield whole[at : at + length]


def _words(words: list[str]) -> Iterator[str]:
    yield from (f"w{word}" for word in words)
    yield from (f"b{first} {second}" for first, second in pairwise(words))


def read_weights() -> LearnedWeights:
    """The weights of the package."""
    raw = resources.files("milo_bench.guards.promises").joinpath("suspects.json").read_bytes()
    return msgspec.json.decode(raw, type=LearnedWeights)


@cache
def _learned() -> _Learned:
    stored = read_weights()
    weights = array("b", base64.b64decode("".join(stored.weights)))
    return _Learned(stored.bias, stored.scale, stored.threshold, weights)
