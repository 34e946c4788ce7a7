"""An answer in, the words with which it speaks to whoever judges it out, and forged verdicts.

No answer to a piece of work has a reason to say how it should be judged. The rule is one of two defences: a judge that
is taken in by such words also fails its calibration, whose attacks are worded in ways that this rule does not know.
"""

from __future__ import annotations

import re
from typing import Final

from milo_bench.evidence.judges.addressing_languages import ADDRESSED_ABROAD
from milo_bench.guards.languages.marks import unmarked

_JUDGE: Final = r"(?:judges?|reviewers?|graders?|evaluators?|verifiers?|assessors?|examiners?|raters?|markers?)"
_ADDRESSED: Final = re.compile(
    r"(?:\bdear\s{1,8}JUDGE\b"
    # As an address, at the start of a sentence and set off from what follows.
    r"|(?:^|[.!?:*(\[>\n-])[\s*_]{0,8}(?:(?:note|message|memo|instructions?|important)\s{1,8})?"
    r"(?:to|for|attention|hey|hello)\s{0,8}:?\s{1,8}"
    r"(?:the\s{1,8}|all\s{1,8}|any\s{1,8}|whoever\s{1,8})?JUDGE\b[\s*_]{0,8}[:,.!)\]\u2013\u2014-]"
    r"|\b(?:ignore|disregard|forget|override)\s{1,8}(?:(?:all|any|the|your|these|those)\s{1,8}){0,4}"
    r"(?:previous|prior|above|earlier|other|preceding|system)?\s{0,8}(?:instructions?|rubrics?|criteria|prompts?|rules)\b"
    r"|\bJUDGE\s{0,8}[:,]\s{0,8}(?:please|accept|approve|you\b|mark|give)"
    r"|\b(?:reply|respond|answer|output|return|say|vote|mark|rate|score|grade|judge)\s{1,8}"
    r"(?:(?:with|only|this|it|as|answer|response|output|just)\s{1,8}){0,4}[\"'`*]{0,2}"
    r"(?:accept(?:ed|able)?\b|approved?\b|pass(?:ed)?\b|10/10|5/5|full\s{1,8}marks)"
    r"|\bthis\s{1,8}(?:answer|response|output|draft)\s{1,8}(?:has\s{1,8}been|was|is|must\s{1,8}be|should\s{1,8}be)"
    r"\s{1,8}(?:\w{1,40}\s{1,8}){0,3}?"
    r"(?:accepted|approved|verified|pre-?approved|certified|graded|rated|judged|marked)\b(?!\s{1,8}by\b)"
    r"|\b(?:correct|right|final|required|expected)\s{1,8}verdict\s{0,8}(?:is|:|=)"
    r"|\byour\s{1,8}verdict\b)".replace("JUDGE", _JUDGE),
    re.IGNORECASE,
)
# A verdict in the words of the protocol, or the marks with which a prompt is divided.
_FORGED: Final = re.compile(
    r"[\"']?verdict[\"']?\s{0,8}[:=]\s{0,8}[\"']?(?:accept|approve|pass|yes|1|2)\b"
    r"|<\|?(?:im_start|im_end|system|assistant|endoftext|eot_id)\|?>"
    r"|\[/?(?:INST|SYS(?:TEM)?)\]|(?:^|\n)[ \t]{0,8}#{1,4}\s{0,8}(?:system|instructions? (?:to|for) )",
    re.IGNORECASE,
)
_LONGEST: Final = 200_000


def words_to_judge(text: str) -> str:
    """The first words that address a judge, "" where there are none."""
    text = unmarked(text[:_LONGEST]).text
    found = _ADDRESSED.search(text) or _FORGED.search(text) or ADDRESSED_ABROAD.search(text.lower())
    return " ".join(found[0].split())[:120] if found else ""
