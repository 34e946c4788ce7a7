"""How a bracket that cites is written around ids of any kind: what opens and parts it, and the words that may lead in.

``[E-0412]``, ``(see E-0412; E-0413)``, ``[events E-0412 and 0413]`` name the same events to a reader, so they cite
them. A bracket that says anything else about an id, as ``[not E-0412]`` does, cites nothing.
"""

from __future__ import annotations

import re
from typing import Final

EVENT_ID: Final = r"E[-‐‑–−]\d{4}"  # models write other hyphens and dashes as well
ANY_EVENT_ID: Final = r"E[-‐‑–−]\d+"  # also one with digits too few or too many, which is no event's
ANY_NUMBER: Final = r"\d+"
OPENING: Final = "[(【"
_OPENING: Final = rf"[{re.escape(OPENING)}]"
_CLOSING: Final = r"[\])】]"
_AND: Final = (
    r"(?:(?:and|or|to|through|plus|und|oder|bis|sowie|et|ou|à|y|o|u|e|ed|a|al|en|of|tot|i|oraz|lub|do|até|och|og)\b|"
    r"[&と和及])"
)
_LEAD_WORDS: Final = (
    "see|also|compare|cf|ref|refs|reference|references|source|sources|evidence|citation|citations|cited|cites?|from|"
    "per|by|as|in|the|of|event|events|event id|event ids|ids?|lines?|no|nos|"
    "siehe|vgl|s|auch|ereignis|ereignisse|quelle|quellen|beleg|belege|laut|gemäß|aus|nr|zeilen?|"
    "voir|aussi|cf|réf|événement|événements|selon|n|lignes?|"
    "véase|ver|también|evento|eventos|fuente|fuentes|según|línea|líneas|vedi|cfr|anche|fonte|fonti"
)
# "see also", "Source:", "cf."; as many words as lead in anywhere, so that no bracket of words is gone through.
_LEAD: Final = rf"(?:(?:{_LEAD_WORDS})\b(?:[.:]\s*+|\s++)){{0,4}}+"
_MARKS: Final = r"[*_`\"'“”]{0,3}+"  # emphasis and code marks around one id


def cited_in_brackets(id: str, short: str) -> str:
    """The source of a pattern for one bracket, its inside as group 1.

    ``id`` is the pattern of an id, ``short`` that of a later id whose first letters are left out, as in
    ``[E-0412, 0413]``. Neither may have a group. To be compiled with re.IGNORECASE.
    """
    parted = rf"(?:\s*+(?:[,;&、/+]\s*+{_AND}?|[-‐‑–—−]|[と和及])\s*+|\s++(?:{_AND}\s*+)?+)"
    later = rf"{_MARKS}(?:{id}|{short}){_MARKS}"
    return rf"{_OPENING}\s*+({_LEAD}{_MARKS}{id}{_MARKS}(?:{parted}{_LEAD}{later})*+)\s*+\.?{_CLOSING}"
