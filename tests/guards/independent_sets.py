"""The four sets of the second writer in, what each detector answers and how often it is right out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from milo_bench.guards.measured import wilson_95
from milo_bench.guards.policy_text import judge_required_text
from milo_bench.guards.promises.find import find_promises
from milo_bench.guards.requests import read_requests
from milo_bench.guards.status import find_status_claims, read_vocabulary
from milo_bench.suites.paths import BUILTIN

DATA = Path(__file__).parents[1] / "data"
VOCABULARY = read_vocabulary(
    yaml.safe_load((BUILTIN / "case_ops_v1" / "resources" / "statuses.yaml").read_text("utf-8"))
)
DETECTORS = ("promises", "status", "requests", "policy_text")
Row = Mapping[str, Any]


def rows(detector: str, half: str = "") -> list[Row]:
    """The labelled rows, of one half where ``half`` names it."""
    lines = (DATA / f"{detector}_independent.jsonl").read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if half in ("", row["half"])]


def answer(detector: str, row: Row) -> list[str]:
    """What the detector finds in the row, in the words of ``wanted``."""
    if detector == "promises":
        return ["promise"] if find_promises(row["text"]) else []
    if detector == "status":
        claims = find_status_claims(row["text"], VOCABULARY)
        said = [claim.status for claim in claims if claim.stance == "current"]
        changes = [claim.status for claim in claims if claim.stance == "change"]
        return sorted(set(said or changes[-1:]))  # as the check current_status reads the claims
    if detector == "requests":
        return ["treated_complete"] if read_requests(row["text"], [row["document"]]).treated_as_received else []
    (judged,) = judge_required_text(row["text"], [row["required"]])
    return [judged.state] if judged.state == "softened" else []


def wanted(detector: str, row: Row) -> list[str]:
    """What stands in the row, as its writer labelled it."""
    if detector == "status":
        return list(row["current"])
    finding = {"promises": "promise", "requests": "treated_complete", "policy_text": "softened"}[detector]
    return [finding] if row["label"] == finding else []


def figures(detector: str, given: Iterable[Row], answers: Mapping[str, list[str]] | None = None) -> dict[str, Any]:
    """Precision and recall with 95% Wilson intervals, and for each kind ``right/n``.

    ``answers`` by row id stand in for the detector, so that figures of earlier rules can be recomputed.
    """
    hit = false_alarm = missed = 0
    kinds: dict[str, list[int]] = {}
    given = list(given)
    for row in given:
        found = set(answer(detector, row) if answers is None else answers[row["id"]])
        there = set(wanted(detector, row))
        hit += len(found & there)
        false_alarm += len(found - there)
        missed += len(there - found)
        name = f"{row.get('label', 'row')}:{row['kind']}"
        right_n = kinds.setdefault(name, [0, 0])
        right_n[0] += found == there
        right_n[1] += 1
    return {
        "n": len(given),
        "precision": round(hit / (hit + false_alarm), 4),
        "precision_interval": wilson_95(hit, hit + false_alarm),
        "recall": round(hit / (hit + missed), 4),
        "recall_interval": wilson_95(hit, hit + missed),
        "kinds": {name: f"{right}/{n}" for name, (right, n) in sorted(kinds.items())},
    }
