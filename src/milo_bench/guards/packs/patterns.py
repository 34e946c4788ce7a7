"""Entries of a language file in, one compiled pattern out: words in a row, "…" for words between, "*" for an ending."""

from __future__ import annotations

import re
from typing import Final

from milo_bench.core.once import once
from milo_bench.guards.packs.read import Rule, read_pack

_GAP: Final = r"(?:(?:\d{1,2}\.|[^\s,;.:!?]+)\s+){0,7}?"
_NAME: Final = r"[^\W\d_][\w'’-]+"
_NOTHING: Final = re.compile(r"(?!)")


@once
def pattern_of(rule: Rule, language: str, part: str) -> re.Pattern[str]:
    """What the file of ``rule`` lists under ``part``, for text in lower case; it matches nothing where it lists none.

    Entries are separated by "|". ``zahlen … aus`` leaves up to seven words between, ``zahl*`` takes any ending, and
    ``<name>`` stands for any word. An apostrophe stands for the typographic one too.
    """
    listed = str(read_pack(rule, language).get(part, ""))
    written = [entry.strip() for entry in listed.lower().split("|") if entry.strip()]
    if not written:
        return _NOTHING
    return re.compile("|".join(sorted(map(_entry, written), key=len, reverse=True)))


@once
def stems_of(rule: Rule, language: str, part: str) -> tuple[str, ...]:
    """The beginnings of words that the file lists under ``part``, in lower case."""
    listed = str(read_pack(rule, language).get(part, ""))
    return tuple(entry.strip() for entry in listed.casefold().split("|") if entry.strip())


def _entry(entry: str) -> str:
    made = re.escape(entry).replace(r"\ …\ ", r"\s+" + _GAP).replace(r"\*", r"\w*").replace("<name>", _NAME)
    made = made.replace(r"\ ", r"\s+").replace("'", "['’]")
    begins = r"(?<!\w)" if entry[0].isalnum() or entry[0] == "*" else ""
    return begins + made + (r"(?!\w)" if entry[-1].isalnum() else "")
