"""The text between two statuses in, which of the two came later out: ``under review → approved``."""

from __future__ import annotations

import re
from typing import Final, Literal

_QUOTES: Final = r"[\s\"'“”„*_`]*+"
_ON: Final = r"[-–—=]{0,3}+>{1,2}+|[→⇒⟶⟹➔➜➝➞➡»]\ufe0f?|&(?:rarr|gt);|\$?\\(?:to|[rR]ightarrow)\b\$?"
_BACK: Final = r"<[-–—=]{1,3}+|[←⇐⟵«]|&larr;|\$?\\[lL]eftarrow\b\$?"
_ARROW: Final = re.compile(
    rf"{_QUOTES}(?:[\[(][^\])\n]{{0,80}}+[\])]\s*+){{0,2}}+(?:(?P<on>{_ON})|(?P<back>{_BACK})){_QUOTES}"
)
# How a case of any kind goes is no news of this one.
_ANY_CASE: Final = re.compile(
    r"\b(?:workflow|process|procedure|stages?|steps?|life ?cycle|statuses|states|ablauf|verfahren|stufen|schritte|"
    r"flujo|proceso|etapas|pasos|processus|procédure|étapes)\b",
    re.IGNORECASE,
)


def arrow_between(sentence: str, end: int, start: int) -> Literal["on", "back", ""]:
    """Whether an arrow leads from the wording that ends at ``end`` to the one that begins at ``start``, or back."""
    match = _ARROW.fullmatch(sentence, end, start)
    if match is None:
        return ""
    return "on" if match["on"] else "back"


def tells_any_case(sentence: str) -> bool:
    """Whether a line of arrows says how cases go in general: "Workflow: open → closed"."""
    return _ANY_CASE.search(sentence) is not None
