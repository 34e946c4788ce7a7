"""Extracted facts and the packet that they cite in, a handoff note by a fixed template out; no model, no wording.

Each fact stands as it was extracted, with its line. Facts that a person has to word, that are not of high confidence,
or whose line is not in the packet are listed apart, so that nothing doubtful reads like a finding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from milo_bench.core.errors import DataError
from milo_bench.core.records import Frozen

HandoffRoute: TypeAlias = Literal["pass", "human_review"]
_LINE: Final = re.compile(r"^\[(L\d{1,6})\]", re.MULTILINE)
_MOST_ROWS: Final = 500


class HandoffFact(Frozen, frozen=True):
    """One row as the variant ``extraction_first`` gives it."""

    fact: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    source_line: Annotated[str, msgspec.Meta(pattern=r"^L[0-9]{1,6}$")]
    confidence: Literal["high", "medium", "low"]
    needs_human_wording: bool


class HandoffNote(Frozen, frozen=True, omit_defaults=False):
    """``text`` is the note; ``left`` are facts that a person has to word, ``unknown`` cite no line of the packet."""

    route: HandoffRoute
    text: str
    stated: tuple[HandoffFact, ...]
    left: tuple[HandoffFact, ...]
    unknown: tuple[HandoffFact, ...]


class _Rows(msgspec.Struct):
    facts: list[HandoffFact]


def read_facts(data: bytes) -> tuple[HandoffFact, ...]:
    """The rows of ``{"facts": [...]}``. Raises DataError for anything else."""
    try:
        rows = msgspec.json.decode(data, type=_Rows).facts
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"These are not extracted facts: {error}."
        hint = (
            'give {"facts": [{"fact": …, "source_line": "L12", "confidence": "high", "needs_human_wording": false}]}.'
        )
        raise DataError(message, hint=hint) from None
    if not rows or len(rows) > _MOST_ROWS:
        message = f"There are {len(rows)} facts, and a note takes 1 to {_MOST_ROWS}."
        raise DataError(message, hint="extract the facts of one packet.")
    return tuple(rows)


def build_handoff(facts: Sequence[HandoffFact], packet: str | None = None) -> HandoffNote:
    """The note, its facts in the order of their lines; a repeated fact stands once. ``packet`` has numbered lines."""
    known = None if packet is None else frozenset(_LINE.findall(packet))
    ordered = sorted(dict.fromkeys(facts), key=lambda one: (int(one.source_line[1:]), one.fact))
    unknown = tuple(one for one in ordered if known is not None and one.source_line not in known)
    sure = [one for one in ordered if one not in unknown]
    stated = tuple(one for one in sure if one.confidence == "high" and not one.needs_human_wording)
    left = tuple(one for one in sure if one not in stated)
    parts = ["Handoff note", ""]
    parts += _section("Stated in the packet", stated, "nothing")
    parts += _section("Reported or uncertain: a person words these", left, "none")
    if unknown:
        parts += _section("Left out: the line is not in the packet", unknown, "none")
    route: HandoffRoute = "human_review" if left or unknown or not stated else "pass"
    return HandoffNote(route, "\n".join(parts).rstrip() + "\n", stated, left, unknown)


def _section(title: str, facts: Sequence[HandoffFact], empty: str) -> list[str]:
    said = [f"- {' '.join(one.fact.split()).rstrip('.')} [{one.source_line}]" for one in facts]
    return [title, *(said or [f"- {empty}"]), ""]
