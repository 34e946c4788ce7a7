"""French and Italian write an apostrophe in two ways, and every rule reads both alike."""

from __future__ import annotations

import pytest

from milo_bench.guards.certainty import unsupported_certainty
from milo_bench.guards.cover import find_cover_decisions
from milo_bench.guards.documents.seen import sight_of
from milo_bench.guards.keywords import keyword_risk
from milo_bench.guards.promises.find import read_promises
from milo_bench.guards.status import find_status_claims, read_vocabulary

_STATUS = read_vocabulary({"resting": ["suspendue"], "open": ["en cours d'examen"]})


def _stances(text: str) -> list[tuple[str, str]]:
    return [(one.status, one.stance) for one in find_status_claims(text, _STATUS, expected="fr")]


@pytest.mark.parametrize("mark", ["'", "’"])
def test_a_status_is_denied_or_named_with_either_apostrophe(mark: str) -> None:
    assert _stances(f"L{mark}affaire n{mark}est plus suspendue.") == [("resting", "past")]
    assert _stances(f"Votre demande est en cours d{mark}examen.") == [("open", "current")]


def test_a_vocabulary_with_typographic_apostrophes_reads_plain_ones() -> None:
    vocabulary = read_vocabulary({"open": ["à l’étude"]})
    (found,) = find_status_claims("Votre demande est à l'étude.", vocabulary, expected="fr")
    assert (found.status, found.stance) == ("open", "current")


@pytest.mark.parametrize("mark", ["'", "’"])
def test_certainty_is_found_and_carried_by_a_source_with_either_apostrophe(mark: str) -> None:
    text = f"Non c{mark}è dubbio che il vicino sia responsabile."
    assert unsupported_certainty(text, [], expected="it")
    for source in ("Scrive: non c'è dubbio su questo.", "Scrive: non c’è dubbio su questo."):
        assert not unsupported_certainty(text, [source], expected="it")


@pytest.mark.parametrize("mark", ["'", "’"])
def test_decisions_promises_sights_and_serious_notes_are_read_with_either_apostrophe(mark: str) -> None:
    assert find_cover_decisions(f"L{mark}assurance prend en charge le toit.", expected="fr")
    assert read_promises(f"L{mark}argent vous sera versé vendredi.", expected="fr")
    assert keyword_risk(f"J{mark}ai saisi le médiateur de l{mark}assurance.", expected="fr")
    text = f"D{mark}après l{mark}expertise, la fissure est ancienne."
    assert sight_of(text, "fr", names=["expertise"]) == "reviewed"
