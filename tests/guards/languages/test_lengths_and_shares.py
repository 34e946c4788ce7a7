"""Lengths of time and shares in other words: one unit, basis points, halves and thirds."""

from __future__ import annotations

import pytest

from milo_bench.guards.facts import unsupported_facts


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
    ],
)
def test_another_share_is_flagged(source: str, text: str, wrong: str) -> None:
    assert [fact.text for fact in unsupported_facts(text, [source])] == [wrong]
