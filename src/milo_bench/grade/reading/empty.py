"""An answer in, whether it answers nothing out: no character at all, or only the marks that are put around a text."""

from __future__ import annotations

import re
from typing import Final

from milo_bench.core.text import says_nothing

# Longer ones are texts. A mark alone, as "+" or "?", may be an answer, and so may empty JSON.
_MOST: Final = 400  # characters
_MARKS_ALONE: Final = re.compile(
    r"(?:\s++|[.…。⋯]++|(?:```|~~~)[`~]*+(?:[A-Za-z][\w+-]{0,20}+(?=\s|$))?+|<(?P<tag>[A-Za-z][\w-]{0,20}+)>\s*+</(?P=tag)>|"
    r"\"\"|''|“”|„“|«»|[-*_=]{3,}+|\*\*|#{1,6}+(?=\s|$)|[\[(]\s*+[.…]++\s*+[\])])*+"
)


def answers_nothing(text: str) -> bool:
    """Whether ``text`` has nothing to read: it is blank, or dots, an empty code fence, empty quotes, tags or rules."""
    return says_nothing(text) or (len(text) <= _MOST and _MARKS_ALONE.fullmatch(text) is not None)
