"""Two texts in, one sequence of words out: in both, only in the first, only in the second. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, Final

from milo_bench.core.text import visible

_WORDS: Final = re.compile(r"\s+|[^\s]+")
_MOST_WORDS: Final = 4_000


def word_diff(one: str, other: str) -> list[dict[str, Any]]:
    """Stretches of ``{"kind": "same" | "only_here" | "only_there", "text"}``, in reading order."""
    here, there = _WORDS.findall(one)[:_MOST_WORDS], _WORDS.findall(other)[:_MOST_WORDS]
    found: list[dict[str, Any]] = []
    for tag, a, b, c, d in SequenceMatcher(None, here, there, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append({"kind": "same", "text": visible("".join(here[a:b]))})
            continue
        if a < b:
            found.append({"kind": "only_here", "text": visible("".join(here[a:b]))})
        if c < d:
            found.append({"kind": "only_there", "text": visible("".join(there[c:d]))})
    return found
