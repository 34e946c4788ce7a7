"""Two texts in, one sequence of words out: in both, only in the first, only in the second. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, Final

from milo_bench.core.text import visible

_WORDS: Final = re.compile(r"\S+\s*|\s+")  # a space of its own would be like every other, which takes long to compare
_MOST_WORDS: Final = 4_000


def word_diff(one: str, other: str) -> list[dict[str, Any]]:
    """Parts ``{"kind": "same" | "only_here" | "only_there", "text"}``, in reading order; spaces never differ."""
    here, there = _WORDS.findall(one)[:_MOST_WORDS], _WORDS.findall(other)[:_MOST_WORDS]
    found: list[dict[str, Any]] = []
    words = [one.rstrip() for one in here], [one.rstrip() for one in there]
    for tag, a, b, c, d in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        if tag == "equal":
            # At the end of one text no space follows the word; in the other there may be more.
            last = here[b - 1] if here[b - 1] != words[0][b - 1] else there[d - 1]
            found.append({"kind": "same", "text": visible("".join((*here[a : b - 1], last)))})
            continue
        if a < b:
            found.append({"kind": "only_here", "text": visible("".join(here[a:b]))})
        if c < d:
            found.append({"kind": "only_there", "text": visible("".join(there[c:d]))})
    return found
