"""Text in, personal data that has a form out: addresses of all kinds, numbers with checksums, numbers with a label."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

import phonenumbers

from milo_bench.guards.dates import find_dates, is_date
from milo_bench.guards.languages.marks import unmarked

PersonalKind: TypeAlias = Literal[
    "person",
    "email",
    "phone",
    "iban",
    "card",
    "national_id",
    "date_of_birth",
    "address",
    "postcode",
    "ip",
    "url_login",
    "account",
]


class PersonalSpan(NamedTuple):
    """One stretch ``start`` to ``end`` of a text; ``score`` 0..1 is how sure the rule is, ``why`` names it."""

    kind: PersonalKind
    start: int
    end: int
    score: float
    why: str


# Separators that mails, spreadsheets and web pages put where a person would type a space or a hyphen; digits of
# other scripts. One character for one, so that offsets hold.
_ALIKE: Final = str.maketrans(
    dict.fromkeys(
        "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d"
        "\u202f\u205f\u2060\u3000\ufeff\u00ad",
        " ",
    )
    | dict.fromkeys("‐‑‒–−﹣－", "-")
    | {chr(zero + digit): str(digit) for zero in (0xFF10, 0x0660, 0x06F0, 0x0966) for digit in range(10)}
    | {"＠": "@", "．": "."}
)

_EMAIL = re.compile(
    r"(?<![\w.+-])(?:[\w+][\w.+'’&*/=?^{|}~!#$%-]{0,63}|\"[^\"\n]{1,64}\")(?:@|%40| @ |\s?\[at\]\s?|\s?\(at\)\s?)"
    r"(?:[\w-]+(?:\.|\s?[\[(]dot[\])]\s?))+[A-Za-z]{2,}(?![\w-])",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://(?P<login>[^\s/@:?#]+(?::[^\s/@?#]*)?)@", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:%\w+)?(?![\w:])")
_VERSION = re.compile(r"(?:version|release|build|firmware|driver|v)\s*+[:.]?\s*+$", re.IGNORECASE)

_IBAN = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2} ?\d{2}(?: ?[.\n-]? ?[A-Z0-9]{4}){2,7}(?: ?[.\n-]? ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", re.I
)
_CARD = re.compile(r"(?<!\d)(?<!\d-)\d(?: ?[./_-]? ?\d){12,18}(?!-?\d)")
_CARD_RANGES = re.compile(
    r"[3-6]|22(?:0[0-4]|2[1-9]|[3-9])|2[3-6]|27[01]|2720"
)  # ISO/IEC 7812 issuers of payment cards
_SSN = re.compile(r"(?<!\d)(?<!\d-)(?!000|666|9\d\d)\d{3}([-. ])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_NINO = re.compile(
    r"(?i:(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|"
    r"ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ .-]?\d{2}[ .-]?\d{2}[ .-]?\d{2}[ .-]?[A-D](?![A-Za-z0-9]))"
)
# No space is given back once it was taken: what follows never begins with one.
_SEPARATOR = (
    r"(?:\s*+(?:number|numbers|num|no|nr|id|ref(?:erence)?|code|card)\b\.?)*\s*+(?:is|was|:|#|=|-|–)?\s*+#?\s*+"
)
_VALUE = (
    r"(?P<value>(?=(?:[^\s\d]{0,6}[\s]?){0,3}\d)[A-Z0-9](?:[A-Z0-9]|[-/.](?=[A-Z0-9])|"
    r"[ ](?=[A-Z]{0,3}\d)|[ ](?=[A-Z]\b(?![ ][a-z]))){3,30})"
)
_NATIONAL_LABEL = re.compile(
    r"\b(?:passport|driv(?:er|ing)(?:['’]?s)?\s+licen[cs]e|licen[cs]e|nhs|ssn|social security|national insurance|ni|"
    r"nino|tax(?:payer)?\s+(?:file|id(?:entification)?)|tin|itin|sin|social insurance|medicare|medicaid|national id|"
    r"id card|identity card|nric|visa|personnummer|personnr|cpr(?:-nr)?|f[øo]dselsnummer|hetu|henkilötunnus|kennitala|"
    r"oib|emšo|egn|cnp|bsn|pesel|curp|rfc|cuit|cuil|rut|tckn|amka|hkid|aadhaar|pan)\b" + _SEPARATOR + _VALUE,
    re.IGNORECASE,
)
_ACCOUNT_LABEL = re.compile(
    r"\b(?:policy|account|acct|a/c|member(?:ship)?|customer|client|subscriber|patient|medical record|mrn|"
    r"hospital|employee|payroll|routing|sort code|bank|loan|mortgage|plan|student|vin|registration|plate|"
    r"vehicle reg(?:istration)?|meter)\b" + _SEPARATOR + _VALUE,
    re.IGNORECASE,
)
_BIRTH_BEFORE = re.compile(
    r"(?:\bborn\b|\bd\.?\s?o\.?\s?b\.?|\bdate of birth|\bbirth\s?-?date|\bbirthday)[^.\n]{0,24}$", re.I
)
_BIRTH_AFTER = re.compile(r"^\s*+[,(\[-]{0,2}\s*+(?:d\.?o\.?b\b|date of birth|birthday|\(?born)", re.IGNORECASE)

_UK_POSTCODE = (
    r"(?:GIR ?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d|[A-HK-Y]\d\d|\d[A-HJKPS-UW]|"
    r"[A-HK-Y]\d[ABEHMNPRV-Y]) ?\d[ABD-HJLNP-UW-Z]{2})"
)
_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
)
_US_ZIP = rf"(?:{_STATES})\.?,? \d{{5}}(?:-\d{{4}})?"
_POSTCODE = re.compile(rf"(?<![A-Za-z0-9])(?:{_UK_POSTCODE}|{_US_ZIP})(?![A-Za-z0-9])")
_STREET_WORD = (
    r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Court|Ct|Crescent|Cres|Place|Pl|Square|Sq|Terrace|Ter|"
    r"Way|Gardens|Gdns|Grove|Boulevard|Blvd|Highway|Hwy|Parkway|Pkwy|Mews|Row|Hill|Walk|View|Green|Circle|Cir|"
    r"Trail|Loop|Quay|Wharf|Rise|Vale|Parade|Broadway|Alley|Yard|Heights|Crossing|Junction|Ridge|Manor|Meadows?|Harbor|"
    r"Landing|Vista|Trace|Turnpike|Bypass|Plaza|Estates?|Glen|Hollow|Pike|Spur|Expressway|Causeway|Freeway|Springs|Mills)"
)
_WORD = r"[A-ZÀ-Þ][\w'’.-]{0,40}"
# A word of a town's name, which is never the first half of a postcode.
_PLACE = rf"(?!{_UK_POSTCODE}|{_US_ZIP}){_WORD}"
_UNIT = r"(?:(?:Flat|Studio|Apt|Apartment|Unit|Suite|Ste|Room|Floor|Rm)\.? ?#?\w{1,5}|#\s?\w{1,5})"
_TAIL = (
    rf"(?:,?\s{{1,3}}{_UNIT})?(?:,\s{{0,3}}{_PLACE}(?:[ -]{_PLACE}){{0,3}}){{0,3}}"
    rf"(?:(?:,\s{{0,3}}|\s{{1,3}})(?:{_UK_POSTCODE}|{_US_ZIP}|\d{{5}}(?=\W|$)))?"
)
_ADDRESS = re.compile(
    rf"(?<![\w/.-])(?:{_UNIT},?\s{{1,3}})?(?:\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,5}}[A-Za-z]?)?,?\s(?:[NSEW]\.?\s)?"
    rf"(?:{_WORD}\s|\d{{1,3}}(?:st|nd|rd|th)\s){{1,4}}?{_STREET_WORD}\b\.?|\d{{1,5}}\s(?:rue|avenue|"
    rf"boulevard|place|via|calle)\s"
    rf"(?:d[eu]s?\s|de\sla\s|la\s|l['’])?{_WORD}(?:[ -]{_WORD}){{0,2}}|{_WORD}(?:stra(?:ß|ss)e|str\.|"
    rf"weg|platz|allee|gasse)\s\d{{1,4}}[a-z]?"
    rf"|P\.?\s?O\.?\s?Box\s\d{{1,6}}){_TAIL}"
)
_STATES_AHEAD = r"(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT|AB|BC|MB|NB|NL|NS|ON|PE|QC|SK)"
_ANY_POSTCODE = (
    rf"(?:{_UK_POSTCODE}|{_US_ZIP}|{_STATES_AHEAD},?\s\d{{4}}|(?:{_STATES_AHEAD},?\s)?[A-Z]\d[A-Z]\s?\d[A-Z]\d"
    r"|[AC-FHKNPRTV-Y]\d[0-9W]\s?[0-9AC-FHKNPRTV-Y]{4}|\d{6})(?![A-Za-z0-9])"
)
_TO_TOWN = (
    rf"{_PLACE}(?:\s{_PLACE}){{0,3}}(?:,?\s{_UNIT})?"
    rf"(?:,\s{_PLACE}(?:[ -]{_PLACE}){{0,3}}){{1,3}}(?:,?\s|-){_ANY_POSTCODE}"
)
# A number, a street of any kind, a town and its postcode: the postcode says that it is an address.
_TO_POSTCODE = re.compile(
    rf"(?<![\w/.-])(?:{_UNIT},?\s{{1,3}}|H\.?\s?No\.?\s?)?(?!(?:19|20)\d\d\s)"
    rf"\d{{1,5}}[A-Za-z]?(?:[-/]\d{{1,5}})?,?\s{_TO_TOWN}"
    rf"|(?<![\w/.-]){_UNIT},?\s{_TO_TOWN}"
)
# A flat and a street without a word for it; what stands behind "Address:".
_LOOSE_ADDRESS = re.compile(
    rf"(?<![\w/.-])(?P<place>{_UNIT},\s{{1,3}}(?:\d{{1,5}}\s)?{_PLACE}(?:\s{_PLACE}){{0,2}})"
    rf"|\b[Aa]ddress(?:\sis)?\s?:?\s(?P<labelled>\d{{1,5}}[A-Za-z]?\s{_PLACE}(?:\s{_PLACE}){{0,3}})"
)
_JALAN = re.compile(
    r"(?:\bNO\.?\s?\d[\w,& -]{0,24}?,?\s*)?\b(?:JALAN|JLN|LORONG|"
    r"PERSIARAN)\s+[A-Z0-9/ .]{2,40}(?:,\s*[A-Z0-9 .]{3,30}){0,4}",
    re.IGNORECASE,
)
_PHONE_BEFORE = re.compile(
    r"(?:tel(?:ephone)?|phone|mobile|mob|cell|fax|call|ring|text|reach|number|whatsapp|ph|landline|"
    r"extension|hp|contact|line)"
    r"\b[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_PHONE_LABELLED = re.compile(
    r"\b(?:tel(?:ephone)?|phone|mobile|mob|cell|fax|whatsapp|hp)\b\.?\s*+(?:no\.?|number|nr\.?)?\s*+(?:is\s)?[:.]?\s*+"
    r"(?P<value>\+?\(?\d[\d ().-]{5,16}\d)(?!\d)",
    re.IGNORECASE,
)
# A month, a day with a day before it or a time behind it, and a number that a file or an invoice got on a day or in a
# year ("20240117-88", "2024/00117"), which are telephone numbers of some country too.
_DATED = re.compile(
    r"(?:0[1-9]|1[0-2])[./](?:19|20)\d{2}"
    r"|(?:\d{1,2}\.?\s?[–-]\s?)?\d{1,2}(?P<mark>[./-])\s?\d{1,2}(?P=mark)\s?(?:19|20)\d{2}(?:\D{1,3}\d{1,2}){0,2}"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ ./-]\d{1,6}|(?:19|20)\d{2}[/-]\d{3,7}"
)
# Forms that people write and number plans may not know: numbers kept free for films, new ranges.
_PHONE_FORM = re.compile(
    r"(?<![\w.,/-])(?:\(?0\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}|0[1-9]\d{9}|"
    r"\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,5})(?![\w/-]|[.,]\d)"
)
# Thousands parted by spaces or points, and a number with its unit, are quantities.
_QUANTITY = re.compile(r"[+-]?\d{1,3}(?:[ .]\d{3}){2,}")
_COUNTED = re.compile(
    r"\s?(?:%|€|£|\$|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|million|billion|units?|people|items?|pieces|tonnes?|"
    r"kg|km|kwh|mwh|bytes|rows|records|hours?|days?|years?)\b)",
    re.IGNORECASE,
)
_REGIONS: Final = ("GB", "US")
# Digits with what number plans let stand between them; fewer than these are a number of no country.
_DIGITS_TOGETHER = re.compile(
    r"\d(?:[\dxX\s.()\[\]/~\-\u00ad\u2010-\u2015\u200b\u2060\u2212\u2053\u223c\u3000\u30fc（）［］．／～－ー])*+"
)
_LEAST_DIGITS: Final = 5


def plain_separators(text: str) -> str:
    """``text`` with the separators and digits that a person would type, one character for one."""
    return text.translate(_ALIKE)


def find_forms(text: str, regions: Iterable[str] = ()) -> Iterator[PersonalSpan]:
    """Everything in ``text`` with a form of its own or a label; stretches may overlap.

    Telephone numbers are those of Britain, the United States and ``regions`` (ISO 3166).
    """
    plain = plain_separators(text)
    yield from _emails(text)
    for rule in _RULES:
        yield from rule(plain)
    yield from _phones(plain, tuple(dict.fromkeys((*_REGIONS, *regions))))


def _emails(text: str) -> Iterator[PersonalSpan]:
    whole = unmarked(text)  # a mark that nobody sees may be in the middle of an address
    for match in _EMAIL.finditer(whole.text):
        yield PersonalSpan("email", *whole.at(*match.span()), 0.94, "looks like an e-mail address")


def _logins(text: str) -> Iterator[PersonalSpan]:
    for match in _LOGIN.finditer(text):
        yield PersonalSpan("url_login", *match.span("login"), 0.99, "user part of a web address")


def _addresses_of_machines(text: str) -> Iterator[PersonalSpan]:
    for match in (*_IPV4.finditer(text), *_IPV6.finditer(text)):
        try:
            address = ipaddress.ip_address(match[0].partition("%")[0])
        except ValueError:
            continue
        if match[0].startswith("255.") and _is_mask(int(address)):
            continue
        if "." in match[0] and _VERSION.search(text[: match.start()][-16:]):
            continue
        if ":" in match[0] and not (match[0].count(":") > 2 or "::" in match[0]):
            continue
        yield PersonalSpan("ip", match.start(), match.end(), 0.95, "IP address")


def _is_mask(address: int) -> bool:
    """Whether the 32 bits are ones and then zeros: the mask of a network, which is nobody's address."""
    zeros = ~address & 0xFFFF_FFFF
    return zeros & (zeros + 1) == 0


def _accounts_with_checksum(text: str) -> Iterator[PersonalSpan]:
    for match in _IBAN.finditer(text):
        end = _iban_end(match[0])
        if end:
            yield PersonalSpan("iban", match.start(), match.start() + end, 0.99, "IBAN with a valid checksum")
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _CARD_RANGES.match(digits) and len(set(digits)) > 1 and luhn(digits):
            yield PersonalSpan("card", match.start(), match.end(), 0.95, "card number with a valid check digit")


def _iban_end(written: str) -> int:
    """Length of the longest beginning of ``written`` whose check sum holds (ISO 13616, modulo 97)."""
    for end in range(len(written), 14, -1):
        compact = re.sub(r"[\s.-]", "", written[:end])
        if len(compact) < 15 or not written[end - 1].isalnum() or (end < len(written) and written[end] not in " .-\n"):
            continue
        number = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
        if int(number) % 97 == 1:
            return end
    return 0


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _national_ids(text: str) -> Iterator[PersonalSpan]:
    for match in _SSN.finditer(text):
        yield PersonalSpan("national_id", match.start(), match.end(), 0.85, "form of a US social security number")
    for match in _NINO.finditer(text):
        yield PersonalSpan("national_id", match.start(), match.end(), 0.9, "form of a UK national insurance number")
    yield from _labelled(text, _NATIONAL_LABEL, "national_id", "number of an identity document")
    yield from _labelled(text, _ACCOUNT_LABEL, "account", "number with a label")


def _labelled(text: str, pattern: re.Pattern[str], kind: PersonalKind, why: str) -> Iterator[PersonalSpan]:
    for match in pattern.finditer(text):
        value = match["value"].rstrip(" .-/")
        if sum(character.isdigit() for character in value) >= 4 and not _is_date_or_year(value):
            yield PersonalSpan(kind, match.start("value"), match.start("value") + len(value), 0.8, why)


def _is_date_or_year(value: str) -> bool:
    if re.fullmatch(r"(?:19|20)\d\d", value):
        return True
    return any(found.start == 0 and found.end == len(value) for found in find_dates(value))


def _births(text: str) -> Iterator[PersonalSpan]:
    for found in find_dates(text):
        if _BIRTH_BEFORE.search(text[max(0, found.start - 60) : found.start]) or _BIRTH_AFTER.match(text[found.end :]):
            yield PersonalSpan("date_of_birth", found.start, found.end, 0.9, "date near a word for birth")


def _postal(text: str) -> Iterator[PersonalSpan]:
    for match in _ADDRESS.finditer(text):
        yield PersonalSpan("address", match.start(), match.end(), 0.85, "looks like a street address")
    for match in _TO_POSTCODE.finditer(text):
        yield PersonalSpan("address", match.start(), match.end(), 0.85, "looks like a street address")
    for match in _LOOSE_ADDRESS.finditer(text):
        span = match.span("place" if match["place"] else "labelled")
        yield PersonalSpan("address", *span, 0.75, "looks like a street address")
    for match in _JALAN.finditer(text):
        yield PersonalSpan(
            "address", match.start(), len(text[: match.end()].rstrip(" .,")), 0.75, "looks like a street address"
        )
    for match in _POSTCODE.finditer(text):
        yield PersonalSpan("postcode", match.start(), match.end(), 0.8, "looks like a postcode")


def _phones(text: str, regions: Iterable[str]) -> Iterator[PersonalSpan]:
    is_possible = any(sum(map(str.isdigit, run)) >= _LEAST_DIGITS for run in _DIGITS_TOGETHER.findall(text))
    for region in regions if is_possible else ():
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID):
            counted = _QUANTITY.fullmatch(match.raw_string) and not match.raw_string.startswith("+")
            if counted or _COUNTED.match(text[match.end :]):
                continue
            dated = is_date(match.raw_string) or _DATED.fullmatch(match.raw_string)
            if dated and not _PHONE_BEFORE.search(text[: match.start][-40:]):
                continue  # "02.02.2026" is a number of some country
            bare = match.raw_string.isdigit()
            if bare and not match.raw_string.startswith("0") and not _PHONE_BEFORE.search(text[: match.start][-40:]):
                continue
            # A number of an identity document with a label before it weighs more than one that some country could have.
            score = 0.9 if region in _REGIONS else 0.75
            yield PersonalSpan("phone", match.start, match.end, score, "valid telephone number")
    for formed in _PHONE_FORM.finditer(text):
        if _QUANTITY.fullmatch(formed[0]) or _COUNTED.match(text[formed.end() :]):
            continue
        if 9 <= sum(character.isdigit() for character in formed[0]) <= 15:
            yield PersonalSpan("phone", formed.start(), formed.end(), 0.8, "form of a telephone number")
    for labelled in _PHONE_LABELLED.finditer(text):
        if 7 <= sum(character.isdigit() for character in labelled["value"]) <= 15:
            yield PersonalSpan("phone", *labelled.span("value"), 0.85, "number with a telephone label")


_RULES: tuple[Callable[[str], Iterator[PersonalSpan]], ...] = (
    _logins,
    _addresses_of_machines,
    _accounts_with_checksum,
    _national_ids,
    _births,
    _postal,
)
