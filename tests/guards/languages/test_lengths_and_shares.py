"""Lengths of time and shares in other words: one unit, basis points, halves and thirds."""

from __future__ import annotations

from functools import lru_cache

import pytest

from milo_bench.guards.facts import said, unsupported_facts
from milo_bench.guards.facts.implied import quarters_named


@pytest.mark.parametrize(
    ("source", "text", "wrong"),
    [
        ("The notice period is two weeks.", "You can leave within a month.", "a month"),
        ("La franchise est remboursée sous quinze jours.", "La franchise est remboursée sous un mois.", "un mois"),
        ("Die Frist für den Einspruch beträgt zwei Wochen.", "Sie antworten binnen eines Monats.", "eines Monats"),
        ("El pago se hace en quince días.", "El pago se hace en un mes.", "un mes"),
        ("Il pagamento arriva entro due settimane.", "Il pagamento arriva entro un mese.", "un mese"),
        ("De betaling volgt binnen zes weken.", "De betaling volgt binnen een maand.", "een maand"),
        ("Wypłata nastąpi w ciągu dwóch tygodni.", "Wypłata nastąpi w ciągu miesiąca.", "miesiąca"),
        ("O pagamento é feito em quinze dias.", "O pagamento é feito num mês.", "mês"),
    ],
)
def test_one_month_is_flagged_where_the_source_says_another_time(source: str, text: str, wrong: str) -> None:
    assert [fact.text for fact in unsupported_facts(text, [source])] == [wrong]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("You can leave at a month's notice, within one month.", "The notice is 1 month."),
        ("Le délai est d'un mois.", "Vous avez 1 mois."),
        ("Le délai est de 12 mois.", "Vous répondez dans un an."),
        ("Die Frist ist ein Monat.", "Sie antworten binnen eines Monats."),
        ("La franquicia se devuelve en una semana.", "Se devuelve en 7 días."),
        ("The rate rose by 50 basis points.", "The rate rose by 0.5%."),
        ("The rate rose by 0.25%.", "The rate rose by 25 bps."),
        ("Der Zins stieg um 75 Basispunkte.", "Der Zins stieg um 0,75 %."),
        ("Le taux a monté de 0,5 %.", "Le taux a monté de 50 points de base."),
        ("Half of the costs are paid.", "50% of the costs are paid."),
        ("Deux tiers des frais sont pris en charge.", "66,7 % des frais sont pris en charge."),
        ("Drei Viertel der Kosten werden übernommen.", "75 % der Kosten werden übernommen."),
        ("La mitad de los gastos se paga.", "El 50 % de los gastos se paga."),
        ("Metà delle spese è coperta.", "Il 50 % delle spese è coperto."),
        ("De helft van de kosten is gedekt.", "50% van de kosten is gedekt."),
        ("Pokrywamy połowę kosztów.", "Pokrywamy 50% kosztów."),
        ("Metade das despesas é paga.", "50% das despesas são pagas."),
        ("A policy has to be read.", "It is a year that nobody forgets."),
        ("You have a fortnight.", "You have 14 days."),
        ("Die Prüfung dauert eine halbe Stunde.", "Die Prüfung dauert 30 Minuten."),
        ("La garantie dure un an et demi.", "La garantie dure 18 mois."),
        ("The visit takes 2–3 hours.", "The visit takes between two and three hours."),
        ("It is open from 12–14 May 2025.", "It is open from 12 May to 14 May 2025."),
        ("Offen vom 3.–7. März 2025.", "Offen vom 3. März bis zum 7. März 2025."),
        ("Ouvert du 3 au 7 mars 2025.", "Ouvert du 3 mars au 7 mars 2025."),
        ("The results for 2023/24 are out.", "The results for 2023/2024 are out."),
        ("Sales fell in the third quarter of 2024.", "Sales fell in Q3 2024."),
        ("Der Umsatz fiel im 3. Quartal 2024.", "Der Umsatz fiel in Q3 2024."),
        ("The call was logged at 2025-05-09T01:00:00Z.", "The call was on 9 May 2025 at 01:00."),
        ("The sum is ₹1,25,000.", "The sum is ₹1.25 lakh, or 125,000 rupees."),
        ("The tank holds 1.5 litres.", "The tank holds 1500 ml."),
        ("Die Sendung wiegt 2,5 kg.", "Die Sendung wiegt 2500 g."),
        ("Pay to IBAN DE89 3704 0044 0532 0130 00.", "Pay to IBAN DE89370400440532013000."),
    ],
)
def test_the_same_length_or_share_in_other_words_is_supported(source: str, text: str) -> None:
    assert unsupported_facts(text, [source]) == ()


@pytest.mark.parametrize(
    ("source", "text", "wrong"),
    [
        ("The rate rose by 50 basis points.", "The rate rose by 5%.", "5%"),
        ("Der Zins stieg um 75 Basispunkte.", "Der Zins stieg um 7,5 %.", "7,5 %"),
        ("Un tiers des frais est pris en charge.", "67 % des frais sont pris en charge.", "67 %"),
        ("It is open from 12–14 May 2025.", "It is open from 12 May to 16 May 2025.", "16 May 2025"),
        ("Offen vom 3.–7. März 2025.", "Offen vom 3. März bis zum 9. März 2025.", "9. März 2025"),
        ("The results for 2023/24 are out.", "The results for 2024/2025 are out.", "2025"),
        ("Sales fell in the third quarter of 2024.", "The sales of the group fell in Q2 2024.", "Q2"),
        ("The sum is ₹1,25,000.", "The sum is ₹1.52 lakh.", "₹1.52 lakh"),
        ("Pay to IBAN DE89 3704 0044 0532 0130 00.", "Pay to IBAN DE89370400440532013001.", "DE89370400440532013001"),
    ],
)
def test_another_share_is_flagged(source: str, text: str, wrong: str) -> None:
    assert [fact.text for fact in unsupported_facts(text, [source])] == [wrong]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        ("Rent (second quarter) and\nthe rear quarter panel", ["Q2"]),
        ("in the first/third quarter", ["Q3"]),
        ("das 4. Quartal, e terzo\ttrimestre", ["Q4", "Q3"]),
        ("third  quarter, headquarters, the 12nd quarter", []),
        ("third quarter quarter first quarterly", ["Q3", "Q1"]),
        ("x" * 5_000 + " fourth quarter", ["Q4"]),
    ],
)
def test_a_quarter_is_named_by_the_word_before_it(text: str, quarters: list[str]) -> None:
    assert list(quarters_named(text)) == quarters


def test_a_packet_that_comes_with_other_sources_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    packet = "The plumber repaired 14 pipes on 2025-03-14 for $1,250. " * 10
    read: list[str] = []

    def counted(text: str, day_first: bool, language: str) -> object:
        read.append(text)
        return said._said_by(text, day_first, language)

    monkeypatch.setattr(said, "_said_by_short", lru_cache(maxsize=8)(counted))
    for other in ("summary", "chunk 1", "chunk 2"):
        assert not unsupported_facts("It cost $1,250 for 14 pipes.", [packet, other, f"{other} of 14 tests"])
    assert read.count(packet) == 1
