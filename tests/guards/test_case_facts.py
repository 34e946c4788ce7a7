"""What a request says of its case, and that nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from milo_bench.core.cases.facts import NOTHING_KNOWN, CaseFacts
from milo_bench.guards.case_facts import case_facts

CASE = {
    "case_id": "1", "claimant_name": "A B", "opened_at": "2026-01-01", "as_of": "2026-02-01",
    "issue_type": "loan", "risk": "low",
    "events": [{"id": "E1", "at": "2026-01-02", "source": "system", "kind": "status", "text": "x", "status": "closed"}],
}  # fmt: skip
CURRENT = {"id": "T-1", "title": "t", "valid_from": "2025-01-01"}
OLD = {**CURRENT, "valid_until": "2025-12-31"}


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        ({}, NOTHING_KNOWN),
        ({"document": "text"}, NOTHING_KNOWN),
        ({"case": "not a record", "templates": 3}, NOTHING_KNOWN),
        ({"case": CASE}, CaseFacts("closed", "low", False, None)),
        ({"case": CASE, "templates": [CURRENT]}, CaseFacts("closed", "low", False, True)),
        ({"case": CASE, "templates": [OLD]}, CaseFacts("closed", "low", False, False)),
        ({"case": CASE | {"claimant_name": " "}}, CaseFacts("closed", "low", True, None)),
        ({"case": CASE, "risk": "high", "case_status": "open"}, CaseFacts("open", "high", False, None)),
        ({"risk": "enormous", "missing_fields": ["name"]}, CaseFacts("", "", True, None)),
        ({"missing_fields": [], "template_current": True}, CaseFacts("", "", False, True)),
    ],
)
def test_facts_are_as_stated_or_read_from_the_record(data: dict[str, Any], facts: CaseFacts) -> None:
    assert case_facts(data) == facts
