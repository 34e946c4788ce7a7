"""A text of a source is read only where a fact is asked for that it may state: what is said then is what it says."""

from __future__ import annotations

import random
from typing import Final

import pytest

from milo_bench.guards.facts import find_facts, said, unsupported_facts
from milo_bench.guards.facts.stated import Stated

PIECES: Final = {
    "en": "Anna paid $1,250.50 on 3 May 2025 and 14.5% within a week; half of it, two hundred and five pounds, a third,"
    " 12-14 June, 9:30 pm, 2 weeks, fourteen days, USD 2 million, 50 bps, the third quarter, 2023/24, 3 kg, a year,"
    " the second letter, a dozen, twenty-one, five percent, tenpercent, half an hour, ID AB-1204/7, ten thousand"
    " dollars, in April 2024, Sept. 30, 3rdMay, 2025-03-07, 7/4/25, 12.6.2024",
    "de": "Die Frist beträgt zwei Wochen, vierundzwanzig Tage oder einen Monat; eine halbe Million Euro, 1.250,50 €, am"
    " 3. März 2025, hundert eins, zweitausend, die Hälfte, anderthalb Stunden, um 9 Uhr, dritte, ein Drittel, 2,5 kg",
    "fr": "Le délai est d'un mois, quatre-vingt-douze euros, le 7 mars, deux tiers, soixante et un"
    " jours, 1 250,50 €, mille, mars 2025, 1er août",
    "pl": "Termin wynosi dwa tygodnie, dwadzieścia cztery złote, 3 maja 2025 r., połowa,"
    " miesiąc, w maju 2025, półtorej godziny, Nowak",
    "it": "Entro due settimane, cento euro, ventuno giorni, la metà, il 3 marzo 2025, mezzo"
    " milione, centoventi, un mese, maggio 2025",
    "ja": "期限は2025年3月14日です。12万5千円、五千円、2週間",
}
TOKENS: Final = [token for text in PIECES.values() for token in text.split()]


def written(random_: random.Random) -> str:
    """A line of one language or of words of all, with line labels, line breaks and odd marks among them."""
    words = PIECES[random_.choice(list(PIECES))].split() if random_.random() < 0.5 else TOKENS
    start = random_.randrange(len(words))
    taken = words[start : start + random_.randint(1, 9)] + random_.sample(words, min(3, len(words)))
    return random_.choice((" ", "  ", "\n", " \N{ZERO WIDTH SPACE}", "\n[L7] ")).join(taken)


@pytest.mark.parametrize("seed", range(40))
def test_a_source_states_what_it_states_when_all_of_it_is_read(seed: int) -> None:
    random_ = random.Random(seed)
    sources = ["\n".join(f"[L{n}] {written(random_)}" for n in range(1, 6)), written(random_), written(random_)]
    language = random_.choice(("en", "de", "fr", "pl", "it"))
    asked = [fact for text in (*sources, *(written(random_) for _ in range(4))) for fact in find_facts(text)]
    random_.shuffle(asked)
    lazy, whole = (Stated(sources, day_first=True, language=language) for _ in range(2))
    whole.read_all()
    found = [(fact, lazy.supports(fact)) for fact in asked]
    assert found == [(fact, whole.supports(fact)) for fact in asked]
    assert {supported for _, supported in found} == {True, False}


def test_most_lines_of_a_packet_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"[L{n}] The plumber was paid £{n}50 on {n % 28 + 1} May 20{n % 30:02d}." for n in range(1, 300)]
    read: list[str] = []
    monkeypatch.setattr(said, "_said_by_short", lambda text, *_: read.append(text) or said.Said.nothing())
    unsupported_facts("The plumber was paid £7750 on 22 May 2017 [L77].", ["\n".join(lines)])
    assert 0 < len(read) < 50
