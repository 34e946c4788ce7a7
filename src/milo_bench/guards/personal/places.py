"""Text in, streets with their number and postcodes out, by the words of ``packs/personal``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from milo_bench.core.once import once
from milo_bench.guards.packs.read import read_pack
from milo_bench.guards.personal.abroad import LOWER, UPPER, any_of
from milo_bench.guards.personal.patterns import PersonalSpan

_PART = rf"(?-i:[{UPPER}][{UPPER}{LOWER}'’.-]{{0,40}})"
_NUMBER = (
    r"(?:n[.º°r]{0,2}[ \t]?)?\d{1,4}(?:[ \t]?[a-z](?![\w'’]|\.[ \t]?\d)|[ \t]?(?:bis|ter)\b)?"
    r"(?:[-/](?:\d{1,4}[a-z]?|[a-z](?![\w'’])))?"
)
_SMALL = (
    r"(?:(?:de|del|della|dello|dei|degli|di|da|do|dos|das|du|des|la|las|los|le|les|e|y|von|van|der|den|sur|en)[ \t]"
    r"|[ld]['’])"
)


class _Patterns(NamedTuple):
    streets: tuple[re.Pattern[str], ...]
    postcodes: tuple[re.Pattern[str], ...]


def find_places(text: str, languages: Iterable[str]) -> Iterator[PersonalSpan]:
    """Streets with a house number, and postcodes beside a town or behind a street. May overlap."""
    for language in languages:
        patterns = _patterns(language)
        streets = [match for pattern in patterns.streets for match in pattern.finditer(text)]
        for match in streets:
            yield PersonalSpan(
                "address", match.start("street"), match.end("street"), 0.85, "looks like a street address"
            )
        for pattern in patterns.postcodes:
            for match in pattern.finditer(text):
                yield PersonalSpan("postcode", *match.span("code"), 0.8, "looks like a postcode")


@once
def _patterns(language: str) -> _Patterns:
    unit = rf"(?:{any_of(language, 'unit_words')})\.?[ \t]?(?:\d{{1,4}}[º°ª]?[a-z]?|[A-Z])\b"
    floor = r"\d{1,2}\.?[º°ª](?:[ \t]?(?-i:[A-Z])\b|[ \t](?:izq|dcha?|esq|dto|dt)\b\.?)?"  # Calle Mayor 3, 2.º B
    units = rf"(?:[,\s]{{1,2}}(?:{unit}|{floor})){{0,2}}"
    suffixes, first = any_of(language, "street_suffixes"), any_of(language, "street_words")
    begins = rf"(?:{first})\.?[ \t]+{_SMALL}{{0,3}}"
    parts = rf"{_PART}(?:[ \t]{_SMALL}{{0,2}}{_PART}){{0,4}}"
    # Hauptstraße 5, Am Alten Markt 3, Prins Hendrikkade 12
    glued = rf"(?:{_PART}[ \t]{_SMALL}{{0,2}}){{0,3}}(?-i:[{UPPER}])[{UPPER}{LOWER}'’-]{{0,40}}?(?:{suffixes})\.?"
    forms = [rf"(?<![\w-])(?P<street>{glued}[ \t]{_NUMBER}{units})(?!\w)"] if suffixes != _NEVER else []
    if suffixes != _NEVER:  # Kölner Str. 12-14
        forms.append(rf"(?<![\w-])(?P<street>{_PART}[ \t](?:{suffixes})\.?[ \t]{_NUMBER}{units})(?!\w)")
    if first != _NEVER:
        forms += [
            # rue de la République 12, Calle Mayor, 3, ul. Długa 5; then 12, rue de la République
            rf"(?<![\w-])(?P<street>{begins}{parts},?[ \t]+(?:{_NUMBER}(?!\d)|S/N\b){units})(?!\w)",
            rf"(?<![\w-])(?P<street>(?!(?:19|20)\d\d,)\d{{1,4}}(?:[ \t]?(?:bis|ter))?,?[ \t]{begins}{parts})(?!\w)",
        ]
    pack = read_pack("personal", language)
    town = rf"(?=[ \t]+(?:'s-)?(?-i:[{UPPER}])[{LOWER}])(?![ \t]+(?:{_COUNTED})\b)"
    if (before_name := any_of(language, "street_before")) != _NEVER and pack.get("postcode"):
        # Am Markt 3, Unter den Linden 7: told by the postcode behind them alone
        street = rf"(?<![\w-])(?P<street>(?:{before_name})[ \t]{parts}[ \t]\d{{1,3}}[ \t]?[a-z]?)(?!\w)"
        forms.append(rf"{street}(?=[ \t]*[,;\n][ \t]*{pack['postcode']}{town})")
    if pack.get("postcode"):  # Lange Voorhout 8 bis, 2514 EA Den Haag: whatever stands before a number and a postcode
        named = rf"{_PART}(?:[ \t]{_SMALL}{{0,2}}{_PART}){{0,3}}"
        forms.append(
            rf"(?<![\w-])(?P<street>{named},?[ \t]{_NUMBER})(?!\w)(?=[ \t]*[,;\n][ \t]*{pack['postcode']}{town})"
        )
    before = r"(?:^|[\n,;(]\s?|\b(?:in|à|en|de|a|te|aan|w|em|zu|nach|aus)\s)"
    return _Patterns(
        streets=tuple(re.compile(form, re.IGNORECASE) for form in forms),
        postcodes=(
            re.compile(rf"{before}(?P<code>{pack.get('postcode') or _NEVER}){town}", re.IGNORECASE),
            re.compile(rf"(?<![\w-])(?P<code>{pack.get('postcode_alone') or _NEVER})(?![\w-])"),
        ),
    )


_NEVER = "(?!)"
# Capitalised words that a number counts, which no town is called.
_COUNTED = (
    "Euro|Franken|Dollar|Kunden|Personen|Menschen|Stück|Tage|Stunden|Jahre|Kilometer|Meter|Seiten|Fälle|Fällen|Einwohner|"
    "Mitarbeiter|Wohnungen|Tonnen|Liter|Punkte|Zeichen|Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|"
    "November|Dezember|EUR|USD|CHF|Uhr"
)
