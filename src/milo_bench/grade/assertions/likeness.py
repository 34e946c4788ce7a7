"""Two texts in, how alike they are out: edit distance, ROUGE-N, BLEU and GLEU by their published formulas."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

MOST_STEPS: Final = 10_000_000  # cells of an edit distance's table: some seconds at the worst
_WORD: Final = re.compile(r"\w+|[^\w\s]")
_MOST_GRAMS: Final = 4


def edit_distance(one: str, other: str, *, most: int) -> int | None:
    """Insertions, deletions and replacements between two texts (Levenshtein 1966); None where there are over ``most``.

    Only cells within ``most`` of the diagonal are computed. None as well where that would take over MOST_STEPS.
    """
    if abs(len(one) - len(other)) > most:
        return None
    if one == other:
        return 0
    if len(one) * len(other) > MOST_STEPS:
        return None
    far = most + 1
    before = [*range(min(most, len(other)) + 1)] + [far] * max(0, len(other) - most)
    for row, character in enumerate(one, 1):
        low, high = max(1, row - most), min(len(other), row + most)
        now = [far] * (len(other) + 1)
        now[0] = min(row, far)
        for column in range(low, high + 1):
            same = before[column - 1] + (character != other[column - 1])
            now[column] = min(same, before[column] + 1, now[column - 1] + 1, far)
        before = now
    return before[-1] if before[-1] <= most else None


def rouge_n(answer: str, reference: str, size: int = 1) -> float:
    """ROUGE-N (Lin 2004): the share of the reference's n-grams that the answer has, in [0, 1]; case does not count."""
    wanted = _grams(_words(reference), size)
    if not wanted:
        return 0.0
    return (wanted & _grams(_words(answer), size)).total() / wanted.total()


def bleu(answer: str, references: Sequence[str]) -> float:
    """BLEU-4 of one sentence (Papineni et al. 2002), in [0, 1], with the brevity penalty and without smoothing.

    An answer with fewer than four words is compared in as many n-grams as it has.
    """
    said = _words(answer)
    spoken = [_words(reference) for reference in references]
    if not said or not any(spoken):
        return 0.0
    logs = []
    for size in range(1, min(_MOST_GRAMS, len(said)) + 1):
        grams = _grams(said, size)
        allowed: Counter[tuple[str, ...]] = Counter()
        for reference in spoken:
            allowed |= _grams(reference, size)
        hits = (grams & allowed).total()
        if not hits:
            return 0.0
        logs.append(math.log(hits / grams.total()))
    nearest = min((len(reference) for reference in spoken), key=lambda length: (abs(length - len(said)), length))
    brevity = min(0.0, 1 - nearest / len(said))
    return math.exp(brevity + sum(logs) / len(logs))


def gleu(answer: str, references: Sequence[str]) -> float:
    """GLEU of one sentence (Wu et al. 2016), in [0, 1]: the lesser of precision and recall of n-grams of 1 to 4 words.

    The best of several references counts.
    """
    said = _all_grams(_words(answer))
    best = 0.0
    for reference in references:
        wanted = _all_grams(_words(reference))
        longer = max(said.total(), wanted.total())
        best = max(best, (said & wanted).total() / longer if longer else 0.0)
    return best


def _all_grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for size in range(1, _MOST_GRAMS + 1):
        found += _grams(words, size)
    return found


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
