"""The second writer's sets: their shape, the first figures of each detector and the held-out ones after tuning."""

from __future__ import annotations

import hashlib
import json

import pytest
from independent_sets import DATA, DETECTORS, figures, rows

from milo_bench.guards.measured import Measured, measured

FIRST = json.loads((DATA / "independent_first_answers.json").read_text("utf-8"))
KINDS = json.loads((DATA / "independent_kinds.json").read_text("utf-8"))
SIZES = {"promises": 300, "status": 120, "requests": 80, "policy_text": 60}


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_sets_are_whole_and_parted_by_the_hash_of_the_id(detector: str) -> None:
    given = rows(detector)
    assert len(given) >= SIZES[detector]
    assert len({row["id"] for row in given}) == len(given)
    for row in given:
        even = hashlib.sha256(row["id"].encode()).digest()[0] % 2 == 0
        assert row["half"] == ("tune" if even else "held_out")


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_first_figures_are_what_the_first_rules_answered(detector: str) -> None:
    given = rows(detector)
    answers = {row["id"]: FIRST[detector].get(row["id"], []) for row in given}
    _agree(f"{detector}_independent_first", figures(detector, given, answers))


def _agree(name: str, found: dict[str, object]) -> None:
    stated = measured(name)
    assert KINDS[name] == found.pop("kinds")
    same = {"detector": name, "version": stated.version, "set": stated.set, "note": stated.note}
    assert stated == Measured(**same, writer="second writer", **found)
