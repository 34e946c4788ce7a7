"""Text in, numbers of persons out: of documents by checksum or label, of accounts, of telephones, of vehicles."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from milo_bench.core.once import once
from milo_bench.guards.personal.abroad import MANY, any_of
from milo_bench.guards.personal.patterns import PersonalKind, PersonalSpan

# Numbers whose form is so much their own that no word is needed: the form, and the module of python-stdnum.
_STRONG: Final = (
    (r"\d{8}[- ]?[A-Z]|\d{1,2}\.\d{3}\.\d{3}[- ]?[A-Z]", "es.dni"),
    (r"[XYZ][- ]?\d{7}[- ]?[A-Z]", "es.nie"),
    (r"[A-Z]{6} ?[0-9LMNPQRSTUV]{2} ?[A-Z] ?[0-9LMNPQRSTUV]{2} ?[A-Z] ?[0-9LMNPQRSTUV]{3} ?[A-Z]", "it.codicefiscale"),
    (r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    (r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    (r"\d{7}[A-W][A-IW]?", "ie.pps"),
    (r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan"),
    (r"[2-9]\d{3} \d{4} \d{4}", "in_.aadhaar"),
    (r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", "ch.ssn"),
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    (r"\d{6}(?:\d{2})?[-+]\d{4}", "se.personnummer"),
    (r"\d{6}/\d{3,4}", "cz.rc"),
    (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", "be.nn"),
    (r"\d{8} ?\d ?[A-Z]{2}\d", "pt.cc"),
    (r"\d{2} \d{3} \d{3} \d{3}", "de.idnr"),
)
# Digits alone: of a person where the text is in the country's language, or a label stands before them.
_BARE: Final = {
    "de.idnr": r"\d{11}", "pl.pesel": r"\d{11}", "fr.nir": r"\d{15}", "ro.cnp": r"[1-8]\d{12}", "si.emso": r"\d{13}",
    "br.cpf": r"\d{11}",
}  # fmt: skip
_VALUE = (
    r"(?P<value>(?=[^\s\d]{0,6}\s?\d)(?=[^\n]{0,24}\d{2})[A-Z0-9]"
    r"(?:[A-Z0-9]|[-/.][A-Z0-9]|[ ](?=[A-Z]{0,3}\d)|[ ](?=[A-Z]\b)){4,30})"
)
_BETWEEN = (
    r"(?:\s{0,3}(?:nr|no|n[.º°]|numer|número|numero|nummer|numéro|lautet|ist|est(?:\sle)?|es|è|é|is|to|o|:|#|=)\.?){0,4}"
    r"\s{0,3}"
)
_PLATE = (
    r"(?P<value>(?=[A-ZÄÖÜ0-9 -]{0,8}\d)(?=[0-9 -]{0,6}[A-ZÄÖÜ])"
    r"[A-ZÄÖÜ0-9]{1,7}(?:[- ][A-ZÄÖÜ0-9]{1,5}){0,3})(?![\w-])"
)
_GERMAN_PLATE = r"(?<![\w-])(?P<value>[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2}[- ]\d{1,4}[EH]?)(?![\w-])"
_TELEPHONE = r"(?P<value>\+?\(?\d(?:[ ().-]{0,3}\d|/\d){6,15})(?!\d)"


class _Patterns(NamedTuple):
    labelled: tuple[tuple[re.Pattern[str], PersonalKind, str], ...]
    telephone: re.Pattern[str]


def find_numbers(text: str, languages: Iterable[str]) -> Iterator[PersonalSpan]:
    """Numbers of documents, accounts, vehicles and telephones. May overlap."""
    for pattern, kind in _strong():
        for match in pattern.finditer(text):
            if _holds(kind, match[0]):
                yield PersonalSpan("national_id", *match.span(), 0.96, f"number with a valid checksum ({kind})")
    languages = tuple(languages)
    for language in languages:
        bare = any_of(language, "numbers").replace("\\", "").split("|") if len(languages) <= MANY else ()
        for kind in bare:
            for match in re.finditer(rf"(?<![\w.,-]){_BARE[kind]}(?![\w-])", text) if kind in _BARE else ():
                if _holds(kind, match[0]):
                    yield PersonalSpan("national_id", *match.span(), 0.96, f"number with a valid checksum ({kind})")
        patterns = _patterns(language)
        for labelled, sort, why in patterns.labelled:
            for match in labelled.finditer(text):
                value = match["value"].rstrip(" .-/")
                if sum(mark.isdigit() for mark in value) >= (2 if why == _VEHICLE else 4):
                    yield PersonalSpan(sort, match.start("value"), match.start("value") + len(value), 0.85, why)
        for match in patterns.telephone.finditer(text):
            if 7 <= sum(mark.isdigit() for mark in match["value"]) <= 15:
                yield PersonalSpan("phone", *match.span("value"), 0.85, "number with a telephone label")


_VEHICLE: Final = "number of a vehicle"


@once
def _patterns(language: str) -> _Patterns:
    def after(labels: str, value: str) -> str:
        return rf"(?<!\w)(?i:{labels})(?!\w)\.?{_BETWEEN.replace('(?:', '(?i:', 1)}{value}"

    document = after(any_of(language, "id_labels"), _VALUE)
    account = after(any_of(language, "account_labels"), _VALUE)
    vehicle = rf"(?<!\w)(?i:{any_of(language, 'plate_labels')})(?!\w)\.?(?:\s*[:=])?\s+{_PLATE}"
    labelled: list[tuple[re.Pattern[str], PersonalKind, str]] = [
        (re.compile(document), "national_id", "number of an identity document"),
        (re.compile(account), "account", "number with a label"),
        (re.compile(vehicle), "account", _VEHICLE),
    ]
    if language == "de":
        labelled.append((re.compile(_GERMAN_PLATE), "account", _VEHICLE))
    telephone = rf"(?<!\w)(?:{any_of(language, 'phone_labels')})(?!\w)[^\d\n(+]{{0,24}}{_TELEPHONE}"
    return _Patterns(tuple(labelled), re.compile(telephone, re.IGNORECASE))


@once
def _strong() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"(?<![\w.,-])(?:{form})(?![\w-]|[.,]\d)"), kind) for form, kind in _STRONG)


@once
def _module(kind: str) -> Any:
    return importlib.import_module(f"stdnum.{kind}")


def _holds(kind: str, text: str) -> bool:
    return bool(_module(kind).is_valid(text))


def regions_of(languages: Iterable[str]) -> tuple[str, ...]:
    """The countries whose telephone numbers are looked for, ISO 3166."""
    found = dict.fromkeys(region for language in languages for region in any_of(language, "regions").split("|"))
    return tuple(region for region in found if region.isalpha())
