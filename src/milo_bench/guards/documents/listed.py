"""An item of a list of missing documents in, what it says out: that one is missing, that it is there, or that none is.

The words of other languages than English are in ``guards/packs/missing``.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.packs.read import languages_of

LISTED_VERSION: Final = "6"
Listed: TypeAlias = Literal["missing", "there", "nothing"]

_NOTHING = re.compile(
    r"\W*(?:none|nothing(?: is)?(?: missing| outstanding| found)?|"
    r"no(?:ne)? (?:documents? )?(?:(?:is|are) )?(?:missing|outstanding|found)?|n/?a|"
    r"not found in packet|no missing documents|"
    r"no (?:outstanding|further|open|missing) (?:documents?|items?|papers?)(?: (?:was|were) (?:found|listed))?|"
    r"all (?:the )?(?:requested )?documents .{0,40})\W*",
    re.IGNORECASE,
)
_OPEN: Final = re.compile(
    r"\b(?:not|never|no|nothing|missing|outstanding|await\w*|pending|promised|requested|yet)\b|n't", re.I
)
_THERE: Final = re.compile(
    r"\b(?:received|in (?:the )?packet|on file|provided|present|supplied|withdrawn|waived)\b", re.I
)
_EDGES: Final = " \t.,;:!*_-–—()[]"


def read_item(text: str, language: str = "") -> Listed:
    """What an item says, without its line citations: of a document, that it is missing unless it says otherwise."""
    if _NOTHING.fullmatch(text.strip()):
        return "nothing"
    if language not in languages_of("missing"):
        return "there" if _THERE.search(text) and not _OPEN.search(text) else "missing"
    plain = text.lower().replace("’", "'").strip(_EDGES)
    if pattern_of("missing", language, "nothing").fullmatch(plain):
        return "nothing"
    there = list(pattern_of("missing", language, "there").finditer(plain))
    lacks = any(
        not any(one.start() <= other.start() and other.end() <= one.end() for one in there)
        for other in pattern_of("missing", language, "open").finditer(plain)
    )
    return "there" if there and not lacks else "missing"
