"""The second writer's sets: their shape, the first figures of each detector and the held-out ones after tuning."""

from __future__ import annotations

import hashlib
import json
import time

import pytest

from milo_bench.guards.measured import Measured, figures_of
from milo_bench.guards.policy_text import POLICY_TEXT_VERSION
from milo_bench.guards.promises.find import PROMISES_VERSION, find_promises
from milo_bench.guards.requests import REQUESTS_VERSION
from milo_bench.guards.status import STATUS_VERSION
from tests.guards.independent_sets import DATA, DETECTORS, figures, rows

FIRST = json.loads((DATA / "independent_first_answers.json").read_text("utf-8"))
KINDS = json.loads((DATA / "independent_kinds.json").read_text("utf-8"))
VERSIONS = {
    "promises": PROMISES_VERSION,
    "status": STATUS_VERSION,
    "requests": REQUESTS_VERSION,
    "policy_text": POLICY_TEXT_VERSION,
}
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


@pytest.mark.parametrize("detector", DETECTORS)
def test_the_held_out_figures_are_what_the_rules_of_today_give(detector: str) -> None:
    _agree(f"{detector}_independent", figures(detector, rows(detector, "held_out")), VERSIONS[detector])


@pytest.mark.parametrize("detector", DETECTORS)
def test_no_detector_finds_less_than_its_first_rules_did(detector: str) -> None:
    first, now = figures_of(f"{detector}_independent_first"), figures(detector, rows(detector))
    assert now["recall"] >= first.recall
    assert now["precision"] >= first.precision


def test_a_promise_in_a_long_draft_is_found_at_the_cost_of_milliseconds() -> None:
    draft = " ".join(row["text"] for row in rows("promises") if row["label"] == "not")
    began = time.process_time()
    find_promises(draft)
    # About 1,600 words; coarse sanity against patterns that backtrack, not a measurement.
    assert time.process_time() - began < 1.0


def _agree(name: str, found: dict[str, object], version: str = "1") -> None:
    stated = figures_of(name)
    assert KINDS[name] == found.pop("kinds")
    same = {"detector": name, "version": version, "set": stated.set, "note": stated.note}
    assert stated == Measured(**same, writer="second writer", **found)
