"""Text and its sources in, the facts of the text that no source states out.

Two mentions are the same fact where their values agree: "five" and "5", "$1,200" and "1200.00 USD", "5%" and "5 per
cent", "14 March" and "2025-03-14", "2:30 pm" and "14:30"; so in other languages: "03.03.2025" and "3. März 2025", "1250
Euro" and "1.250,00 €", "zwei Wochen" and "14 Tage". A bare number agrees with an amount of money of that value; amounts
in two named currencies never agree. A length of time agrees with its like only: "5 business days" is not "5 days". A
name agrees with a source where every word of it stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import structs

from milo_bench.core.amounts import lone_mark
from milo_bench.guards.facts.english import plain_number
from milo_bench.guards.facts.fact import Fact
from milo_bench.guards.facts.reading import ENGLISH, find_facts, language_of_texts
from milo_bench.guards.facts.stated import Stated
from milo_bench.guards.packs.read import languages_of

FACTS_VERSION: Final = "7"
_LONG: Final = 2000  # characters


def unsupported_facts(
    text: str, sources: Sequence[str], *, day_first: bool = True, language: str = "", expected: str = ""
) -> tuple[Fact, ...]:
    """The facts of ``text`` that stand in none of ``sources``. Absence here proves nothing about the rest.

    ``expected`` is the language (ISO 639-1) of texts whose words tell none.
    """
    known, language = _known_for(text, sources, day_first, language, expected)
    found = find_facts(text, day_first=day_first, language=language)
    return tuple(fact for fact in found if not (known.supports(fact) or _supported_otherwise(fact, known)))


def _supported_otherwise(fact: Fact, known: Stated) -> bool:
    """Whether an amount with one mark ("1,250") is in the sources when the mark is read the other way."""
    if fact.kind not in ("money", "number") or not lone_mark(fact.text):
        return False
    code, _, amount = fact.value.rpartition(" ")
    other = (Decimal(amount) * size for size in (Decimal(1000), Decimal("0.001")))
    return any(known.supports(structs.replace(fact, value=f"{code} {plain_number(one)}".strip())) for one in other)


def supports(fact: Fact, sources: Sequence[str], *, day_first: bool = True) -> bool:
    """Whether one of ``sources`` states ``fact``."""
    return _known_for(fact.text, sources, day_first, "")[0].supports(fact)


def _known_for(
    text: str, sources: Sequence[str], day_first: bool, language: str, expected: str = ""
) -> tuple[Stated, str]:
    otherwise = expected if expected in languages_of("facts") else ENGLISH
    read = language or language_of_texts((text, *sources), otherwise)
    return _stated(tuple(sources), day_first, read), read


def _stated_by(sources: tuple[str, ...], day_first: bool, language: str) -> Stated:
    return Stated(sources, day_first=day_first, language=language)


# A packet is read once for all answers to it, whatever many short sources were read in between.
_stated_by_long = lru_cache(maxsize=1024)(_stated_by)
_stated_by_short = lru_cache(maxsize=4096)(_stated_by)


def _stated(sources: tuple[str, ...], day_first: bool, language: str) -> Stated:
    long = sum(map(len, sources)) > _LONG
    return (_stated_by_long if long else _stated_by_short)(sources, day_first, language)
