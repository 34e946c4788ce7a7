"""Statuses in a draft's own words, in the eight languages that the rule reads; and what states none.

The first 64 rows were written before the rules were changed for them: of 40 that state a status 20 were read rightly,
of 24 that state none 22. The 40 rows after them were written after that change: 25 were read rightly before it, 34 by
rules that had not seen them.
"""

from __future__ import annotations

import json
from pathlib import Path

from milo_bench.guards.status import find_status_claims, read_vocabulary

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "status_wordings.jsonl").read_text("utf-8").splitlines()
]


def _said(row: dict[str, object]) -> set[str]:
    claims = find_status_claims(str(row["text"]), read_vocabulary(row["statuses"]), expected=str(row["language"]))
    said = {claim.status for claim in claims if claim.stance == "current"}
    return said or {claim.status for claim in claims[-1:] if claim.stance == "change"}


def test_every_wording_is_read_as_written() -> None:
    assert len({row["language"] for row in ROWS}) == 8
    assert [row["id"] for row in ROWS if _said(row) != set(row["current"])] == []


def test_none_of_the_sentences_that_state_no_status_is_read_as_stating_one() -> None:
    assert [row["text"] for row in ROWS if not row["current"] and _said(row)] == []
