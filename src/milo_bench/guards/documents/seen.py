"""A sentence that names a document in, whether it treats the document as read or says that it was not seen out.

The words of other languages than English are in ``guards/packs/reviewed``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.packs.read import languages_of

SEEN_VERSION: Final = "6"
Sight: TypeAlias = Literal["reviewed", "unseen", "unclear"]

_NOT_SEEN: Final = re.compile(
    r"\bnot\s+(?:in|found|been|yet|seen|received|on\s+file|available|provided|attached|enclosed|included|reviewed|"
    r"present|part)\b|n't\s+(?:been\s+|yet\s+)?(?:in|seen|received|found|available|attached|enclosed|arrived|come)\b|"
    r"\b(?:missing|outstanding|absent|awaited|awaiting|pending|promised|unseen|"
    r"never\s+(?:seen|received)|no\s+copy|without\s+(?:a\s+copy|sight)|only\s+(?:referenced|mentioned|spoken\s+of|"
    r"referred\s+to)|requested\s+but|not\s+yet|will\s+follow|to\s+follow|still\s+to\s+come|has\s+yet\s+to|still\s+needed|"
    r"chase[ds]?|waiting\s+for|hearsay|without\s+the|without\s+result|said\s+to\s+be\s+ready|only\s+read\s+out|has\s+to\s+be\s+sent|"
    r"announced|do(?:es)?\s+not\s+have|did\s+not\s+(?:come|open|arrive)|not\s+arrived|could\s+not\s+be\s+found|"
    r"nobody\s+(?:here\s+)?has\s+(?:seen|read|received))\b",
    re.IGNORECASE,
)
_REVIEWED: Final = re.compile(
    r"\b(?:review(?:ed|s|ing)?|read|examin\w+|inspect\w+|stud(?:y|ied)|check(?:ed)?|confirm\w*|show(?:s|ed|n)?|"
    r"stat(?:es|ed|ing)|indicat\w+|find(?:s|ings?)?|found|record(?:s|ed)|note[ds]|conclud\w+|prov(?:es|ed)|demonstrat\w+|evaluated|analysed|assessed|names|follows\s+from|we\s+know|lies\s+before\s+us|say(?:s)?|said|"
    r"(?:was|were|been|is|has)\s+(?:received|provided|supplied|obtained|submitted|attached|enclosed)|received|"
    r"according\s+to|as\s+per|per\s+the|based\s+on|reveal\w*|establish\w*|on\s+file|in\s+the\s+(?:packet|file))\b",
    re.IGNORECASE,
)


def says_unseen(sentence: str, language: str = "", *, names: Iterable[str] = ()) -> bool:
    """Whether ``sentence`` says of a document that it is not there, in the words of ``language``.

    ``names`` of the document do not count: a "booking confirmation" confirms nothing.
    """
    said = _without(sentence, names)
    if language in languages_of("reviewed"):
        return pattern_of("reviewed", language, "unseen").search(_plain(said)) is not None
    return _NOT_SEEN.search(said) is not None


def sight_of(sentence: str, language: str = "", *, names: Iterable[str] = ()) -> Sight:
    """How ``sentence`` treats the document that it names. It counts as a whole, whatever else it names."""
    known = tuple(names)
    if says_unseen(sentence, language, names=known):
        return "unseen"
    said = _without(sentence, known)
    if language in languages_of("reviewed"):
        read = pattern_of("reviewed", language, "reviewed").search(_plain(said))
    else:
        read = _REVIEWED.search(said)
    return "reviewed" if read else "unclear"


def _without(sentence: str, names: Iterable[str]) -> str:
    for name in filter(str.strip, names):
        sentence = re.sub(r"\s+".join(map(re.escape, name.split())), "…", sentence, flags=re.IGNORECASE)
    return sentence


def _plain(sentence: str) -> str:
    return sentence.lower().replace("’", "'")
