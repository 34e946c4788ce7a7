"""Two decisions in, the recomputed one without answers that the other shows no longer, since they were erased, out."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from milo_bench.decide.records import Decision


def with_erased_answers(anew: Decision, decision: Decision, erased: Collection[str]) -> Decision:
    """``anew`` without right answers that stand in for one on a fixture of ``erased``, which ``decision`` had shown."""
    gone = {
        one.candidate: one
        for one in decision.shown_answers
        if one.text == "hashes" and not one.cited and one.key.partition("/")[0] in erased
    }
    if not gone:
        return anew
    shown = {one.candidate: one for one in anew.shown_answers} | gone
    order = [one.candidate for one in decision.shown_answers if one.candidate in shown]
    return msgspec.structs.replace(anew, shown_answers=tuple(shown[one] for one in dict.fromkeys((*order, *shown))))
