"""Statuses in a draft's own words, in the eight languages that the rule reads; and what states none.

The first 64 rows were written before the rules were changed for them: of 40 that state a status 20 were read rightly,
of 24 that state none 22. The 40 rows after them were written after that change: 25 were read rightly before it, 34 by
rules that had not seen them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


_RESTS = {
    "de": ("Das Verfahren ruht bis zum Gutachten.", "ruht", "Antrag bewilligt bis Mai.", "bewilligt"),
    "es": ("El expediente descansa hasta el peritaje.", "descansa", "Solicitud concedida hasta mayo.", "concedida"),
    "fr": ("Le dossier repose jusqu’à l’expertise.", "repose", "Demande accordée jusqu’en mai.", "accordée"),
    "it": ("La pratica riposa fino a nuova perizia.", "riposa", "Domanda accolta fino a maggio.", "accolta"),
    "nl": ("De zaak rust tot het deskundigenrapport.", "rust", "Aanvraag toegekend tot mei.", "toegekend"),
    "pt": ("O processo aguarda até à perícia.", "aguarda", "Pedido concedido até maio.", "concedido"),
}


@pytest.mark.parametrize("language", sorted(_RESTS))
def test_a_case_that_rests_until_something_comes_rests_today_and_what_held_until_a_month_is_over(language: str) -> None:
    rests, wording, until_may, other = _RESTS[language]
    vocabulary = read_vocabulary({"resting": [wording], "other": [other]})
    assert [one.stance for one in find_status_claims(rests, vocabulary, expected=language)] == ["current"]
    assert [one.stance for one in find_status_claims(until_may, vocabulary, expected=language)] == ["past"]
