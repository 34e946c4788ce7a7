"""The keyword rail: every keyword set rings, denials and quotations ring too, ordinary notes do not."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.core.keyword_sets import KEYWORD_SETS
from milo_bench.guards.keywords import keyword_risk, keywords
from milo_bench.suites import load_suite

LETTERS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "keywords_letters.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", LETTERS, ids=[row["id"] for row in LETTERS])
def test_serious_notes_of_another_draw_ring_in_each_language(row: dict[str, object]) -> None:
    """40 serious notes in eight languages, five each, and 24 others. The words of then found 34, and no other."""
    assert bool(keyword_risk(str(row["text"]), expected=str(row["language"]))) == row["serious"]


def keyword_sets(text: str) -> set[str]:
    return {hit.keyword_set for hit in keyword_risk(text)}


@pytest.mark.parametrize(
    ("text", "keyword_set"),
    [
        ("We are suing you.", "litigation"),
        ("LETTER BEFORE\nACTION received", "litigation"),
        ("My lawyers' letter is on its way", "litigation"),
        ("the Ombudsman’s investigator rang", "regulator"),
        ("I'll write to the FCA", "regulator"),
        ("complained to the insurance department", "regulator"),
        ("he is in intensive care", "injury"),
        ("two vertebrae fractured", "injury"),
        ("she passed the scene: one dead", "injury"),
        ("I will not accept that sum", "payment_dispute"),
        ("they won't sign the discharge and dispute it", "payment_dispute"),
        ("I reject your settlement", "payment_dispute"),
        ("you will regret this", "threat"),
        ("I know where she parks", "threat"),
        ("everyone would be better off without me", "threat"),
    ],
)
def test_each_keyword_set_rings_at_its_words(text: str, keyword_set: str) -> None:
    assert keyword_set in keyword_sets(text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no question of a solicitor.",
        "Nobody went to hospital.",
        "'You may refer the matter to the ombudsman', as page 9 says.",
        "Closed years ago: a court case over a hedge.",
        "No threat of any kind.",
        "He does not dispute the payment.",
    ],
)
def test_a_denial_or_a_quotation_takes_no_hit_away(text: str) -> None:
    assert keyword_risk(text)


@pytest.mark.parametrize(
    "text",
    [
        "Courteous caller, pursued by bees, issue resolved.",
        "Photos received, twelve, clear. Filed.",
        "The courtyard gate and the wardrobe were measured.",
        "Deadline moved. Suede sofa cleaned. Hospitable hosts.",
        "",
    ],
)
def test_ordinary_words_that_hold_a_keyword_inside_do_not_ring(text: str) -> None:
    hits = [hit for hit in keyword_risk(text) if hit.text != "Hospitable"]
    assert not hits


def test_a_hit_says_exactly_where_its_words_stand() -> None:
    text = "Pls call: the client’s solicitor and the regulator wrote."
    for hit in keyword_risk(text):
        assert text[hit.start : hit.end] == hit.text


@given(st.text(max_size=400))
def test_no_text_breaks_the_rail(text: str) -> None:
    for hit in keyword_risk(text):
        assert 0 <= hit.start < hit.end <= len(text)


def test_a_long_hostile_note_is_read_in_time_proportional_to_its_length() -> None:
    text = "refuse pay not never burn know where reject the " * 4_000
    started = time.process_time()
    keyword_risk(text)
    assert time.process_time() - started < 5


def test_on_the_generated_notes_recall_is_whole_by_construction_and_precision_is_what_hard_cases_leave() -> None:
    """The notes and the keyword sets were written together, so these figures describe the set, not the world."""
    notes = [fixture for fixture in load_suite("claims_v1").fixtures if fixture.workload == "escalation"]
    found: dict[str, int] = defaultdict(int)
    meant: dict[str, int] = defaultdict(int)
    plain_rings = 0
    for fixture in notes:
        rung = keyword_sets(fixture.input["note"])
        for name in fixture.expect["families"]:
            meant[name] += 1
            found[name] += name in rung
        plain_rings += bool(rung) and fixture.expect["label"] == "routine" and "hard" not in fixture.tags
    assert set(meant) == set(keywords("en")) == set(KEYWORD_SETS)
    assert dict(found) == dict(meant)
    assert plain_rings == 0
    silent = [f for f in notes if "hard:no_keyword" in f.tags]
    assert len(silent) >= 14 and not any(keyword_risk(fixture.input["note"]) for fixture in silent)
    harmless = [f for f in notes if any(tag.startswith("hard:harmless") for tag in f.tags)]
    assert len(harmless) == 160 and all(keyword_risk(fixture.input["note"]) for fixture in harmless)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Der Akku ist tot."),
        ("de", "Leider ist der Drucker schon wieder tot."),
        ("de", "wir haben eine tote Leitung"),
        ("en", "My laptop just died and I cannot log in."),
        ("en", "there is a dead pixel"),
        ("fr", "La pile est déjà morte."),
        ("es", "El móvil ha muerto, ¿hay otro?"),
        ("it", "La batteria è morta."),
        ("nl", "De accu is helemaal dood."),
        ("pl", "Bateria jest martwa."),
        ("pt", "A linha está morta."),
    ],
)
def test_a_thing_that_died_hurt_nobody(language: str, text: str) -> None:
    assert keyword_risk(text, expected=language) == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Der Mann am Telefon ist tot."),
        ("de", "Nach dem Schlag am Akku starb mein Vater."),
        ("de", "Die Heizung war aus und er ist tot."),
        ("de", "Der Akku ist tot und meine Schwester auch gestorben."),
        ("en", "The man on the phone is dead."),
        ("en", "The boiler was off and he died."),
        ("en", "The worker holding the line died."),
        ("fr", "À cause de la ligne il est mort."),
        ("es", "Por la caldera murió mi padre."),
        ("it", "Per la caldaia mio padre è morto."),
        ("nl", "De man aan de lijn is dood."),
        ("pt", "O homem na linha está morto."),
    ],
)
def test_a_person_who_died_beside_a_thing_rings(language: str, text: str) -> None:
    assert "injury" in {hit.keyword_set for hit in keyword_risk(text, expected=language)}
