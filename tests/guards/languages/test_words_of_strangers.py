"""German and French words on certainty and in serious notes, in wordings that are in no labelled set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from milo_bench.guards.certainty import unsupported_certainty
from milo_bench.guards.keywords import keyword_risk

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize(
    ("language", "text", "surer"),
    [
        ("de", "Der Riss rührt von der Baustelle her.", True),
        ("de", "Auslöser des Feuers war eine Kerze.", True),
        ("de", "Die Echtheit steht außer Zweifel.", True),
        ("de", "Wer die Schuld trägt, ist noch zu klären.", False),
        ("de", "Durch den Umbau sind Kosten entstanden.", True),
        ("fr", "La fuite provient du toit.", True),
        ("fr", "Les photos démontrent que la porte était ouverte.", True),
        ("fr", "Le vol ne fait aucun doute.", True),
        ("fr", "La fuite pourrait provenir du toit.", False),
        ("fr", "On ignore si la fuite provient du toit.", False),
    ],
)
def test_certainty_is_found_in_more_words(language: str, text: str, surer: bool) -> None:
    assert bool(unsupported_certainty(text, [""], expected=language)) == surer


@pytest.mark.parametrize(
    ("language", "text", "serious"),
    [
        ("de", "Dieser Vorschlag ist für uns nicht annehmbar.", True),
        ("de", "Er sieht keinen Ausweg.", True),
        ("fr", "Vous refusez de m'indemniser.", True),
        ("fr", "Nous ne sommes vraiment pas tout à fait d'accord.", True),
        ("fr", "Elle s'est brisé le coude.", True),
        ("fr", "Un verre s'est brisé dans l'évier.", False),
    ],
)
def test_notes_are_read_in_more_words(language: str, text: str, serious: bool) -> None:
    assert bool(keyword_risk(text, expected=language)) == serious


@pytest.mark.parametrize("language", ["de", "fr"])
def test_what_another_hand_wrote_is_found_for_the_most_part(language: str) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        lines = (DATA / f"{name}_fresh_abroad.jsonl").read_text(encoding="utf-8").splitlines()
        return [row for row in map(json.loads, lines) if row["language"] == language]

    surer = [bool(unsupported_certainty(row["text"], [row["source"]], expected=language)) for row in rows("certainty")]
    assert surer.count(True) >= 18
    assert not any(found for found, row in zip(surer, rows("certainty"), strict=True) if not row["surer"])
    assert all(keyword_risk(row["text"], expected=language) for row in rows("keywords") if row["serious"])
