"""Fixtures that are copies under other ids in, how often a gate at its threshold passes on them, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.core.records import Fixture, Workload
from milo_bench.decide.gates.ends import ends_of
from milo_bench.stats.cases.columns import fixture_table
from milo_bench.stats.cases.rows import RateRows

BOUND = 0.85


ASKED = {"qa": (Workload("qa", "qa.jinja", "Answer the customer: {{ input.text }}", "", ()),)}


def copies(texts: int, each: int, how: str) -> list[Fixture]:
    """``each`` copies of every text; ``how`` they differ: in their ids and type, in a column or in a number."""
    kinds = [chr(ord("a") + text % 26) + chr(ord("a") + text // 26) for text in range(texts)]
    shown = {
        "type": lambda kind, copy: {"text": f"Case {kind}:{' ' * copy}where is it{'?' * (copy % 3)}".swapcase()},
        "column": lambda kind, copy: {"text": f"Case {kind}: where is it?", "received": f"note {'abcdef'[copy]}"},
        "number": lambda kind, copy: {"text": f"Case {kind}, order {1000 + copy}: where is it?"},
    }[how]
    return [
        Fixture(f"{text}-{copy}", "qa", shown(kind, copy), {"label": "delivery"})
        for copy in range(each)
        for text, kind in enumerate(kinds)
    ]


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """A model that answers copies alike: what is asked again is no evidence of its own."""
    rows = []
    for texts, each, how in ((20, 6, "type"), (40, 3, "type"), (60, 2, "type"), (20, 6, "column"), (20, 6, "number")):
        group = fixture_table(copies(texts, each, how), contracts=ASKED).group
        places = np.arange(texts * each, dtype=np.int32)
        kept = before = 0
        for _ in range(runs):
            right = np.tile(random.random(texts) < BOUND, each)
            found = RateRows(right.astype(float), np.ones(texts * each))
            kept += ends_of(found, places, 0.95, group=group).judged("at_least", BOUND) == "pass"
            before += ends_of(found, places, 0.95).judged("at_least", BOUND) == "pass"
        name = f"wrong keep, {texts * each} fixtures of {texts} texts, {each} copies each, other {how}"
        rows.append(Row(name, 0.05, Found(kept, runs), Found(before, runs)))
    return rows


ROAD = Road("copies of fixtures", f"truth at the threshold {BOUND}; naive: each copy on its own", simulate)
