"""Answers of a candidate in, a few of them out: those that it gave most often, and some that passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Final, TypeAlias

from msgspec import Struct, field

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Attempt

# Of a candidate: what it answers again and again shows within so many answers.
LOOKED_AT: Final = 200
_OFTEN, _PASSED = 2, 2
_TRIED: Final = 20  # answers that are judged to find some that pass

Passes: TypeAlias = Callable[[Attempt], bool]


class Answers(Struct):
    """What one candidate said: the first answers whole, or, where they cannot be judged again, of all the hashes.

    ``judged_again``: the contract's checks can judge an answer anew on any fixture. ``said`` is by number of the
    fixture and repeat. Answers come in the order in which they count.
    """

    judged_again: bool
    has_texts: bool = True
    first: list[Attempt] = field(default_factory=list)
    said: dict[tuple[int, int], str] = field(default_factory=dict)

    def add(self, attempt: Attempt, number: int) -> None:
        """An answer to the fixture with that number; none whose text was erased or that the model did not give."""
        if attempt.failure is not None or attempt.erased:
            return
        if not self.judged_again:
            said = text_of(attempt) if self.has_texts else attempt.output_hash or sha256_text(attempt.output)
            if said:
                self.said[number, attempt.key.repeat] = said
        elif not attempt.bypass and (attempt.output or attempt.tool_calls) and len(self.first) < LOOKED_AT:
            self.first.append(attempt)

    @property
    def usual(self) -> str:
        """What was said most often, "" where nothing was said twice."""
        said, count = Counter(self.said.values()).most_common(1)[0] if self.said else ("", 0)
        return said if count > 1 else ""


def choose_answers(answers: Collection[Attempt], passes: Passes) -> Iterator[tuple[Attempt, bool]]:
    """What was answered most often, and that it was; then what passed on its own fixture. Each text once."""
    texts = Counter(text_of(answer) for answer in answers)
    first = {text_of(answer): answer for answer in reversed(list(answers))}
    often = [text for text, count in texts.most_common(_OFTEN) if count > 1]
    yield from ((first[text], True) for text in often)
    others = (first[text] for text in texts if text not in often)
    yield from islice(((one, False) for one in islice(others, _TRIED) if passes(one)), _PASSED)


def text_of(answer: Attempt) -> str:
    """All of an answer that checks judge."""
    calls = "".join(f"\n{call.name} {call.arguments}" for call in answer.tool_calls)
    return f"{answer.output}{calls}"
