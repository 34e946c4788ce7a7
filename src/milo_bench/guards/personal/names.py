"""Text in, names of persons out: by title, greeting, signature, label, context; then wherever they stand again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from milo_bench.guards.personal.abroad import find_names_abroad, languages_of_text
from milo_bench.guards.personal.given_names import GIVEN_NAMES, WORDS_AND_NAMES
from milo_bench.guards.personal.patterns import PersonalSpan

_PARTICLE = r"(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|ter|bin|binti|al|el|ibn|y)"
_CAPITALISED = (
    r"(?:(?:Mc|Mac|O['’]|D['’]|De|Di|Le|La|Van)?[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+(?:[-'’][A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]+){0,6})"
)
_UPPER = r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ'’-]{0,30}[A-ZÀ-ÖØ-Þ](?![\w-])"
_MORE = rf"(?:[ \t]+(?:{_PARTICLE}[ \t]+){{0,2}}(?:{_CAPITALISED}|[A-Z]\.?(?!\w)))"
_FIRST = rf"(?:(?:{_PARTICLE}[ \t]+){{0,2}}{_CAPITALISED}|[A-Z]\.)"
_NAME = rf"{_FIRST}{_MORE}{{0,3}}"
_FULL = rf"{_FIRST}{_MORE}{{1,3}}"
_EITHER = rf"(?:{_CAPITALISED}|{_UPPER})"
_ANY = rf"(?:{_EITHER}|[A-Z]\.)(?:,?[ \t]+(?:{_PARTICLE}[ \t]+){{0,2}}(?:{_EITHER}|[A-Z]\.?(?!\w))){{0,3}}"

_TITLE = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Rev|Reverend|Judge|Sgt|Sergeant|Nurse|"
    rf"Officer|Constable|PC|DC|"
    rf"Herr|Frau|Mme|Señora?|En|Puan|Cik)\b\.?[ \t]+(?P<name>{_NAME}|{_UPPER}(?:[ \t]{_UPPER}){{0,2}})"
)
_GREETING = re.compile(
    rf"(?:^|\n)[> \t]*(?:Dear|Hi|Hello|Hey|Hiya|Morning|Good (?:morning|afternoon|evening|day))[ ,]+(?P<name>{_NAME})"
    r"(?=[ \t]*(?:[,:;!.\n–—-]|$|and\b|/))"
)
_CLOSING = re.compile(
    r"(?:^|\n|[.!,] )[> \t]*+(?:(?:(?:kind(?:est)?|best|warm(?:est)?|with kind|many)[ \t]*+)?(?:regards|"
    r"wishes|thanks)(?: again| so much)?|best|sincerely|"
    r"yours(?: sincerely| faithfully| truly)?|sincerely yours|respectfully|thank you|"
    r"thanks(?: again| so much)?|cheers|br|"
    rf"rgds|love|signed)[ \t]*+[,.!:–—-]?[ \t]*+(?:(?:\r?\n[> \t]*+){{1,3}}|(?<=[ \t]))(?:--?[ \t]*+)?"
    rf"(?P<name>(?-i:{_ANY}))(?=[ \t]*+(?:\r?\n|$|[,(|.]))",
    re.IGNORECASE,
)
_LABEL = re.compile(
    # Of a run of tabs only the last one begins a label: each of them would look through all that follow.
    r"(?:^|[\n;|,(.]|\t(?![ >*-]*\t)|\b(?:the|and)\s)[ \t>*-]*(?:(?:full|first|last|middle|given|family|legal|"
    r"maiden|claimant|patient|customer|insured|"
    r"applicant|employee|contact|sur|fore|account|card|policy)\s?-?(?:holder)?(?:['’]s)?[ \t]*name|"
    r"name(?: of [a-z ]{3,20})?|claimant|"
    r"patient|policy\s?holder|insured|applicant|customer|employee|caller|witness(?:es)?|driver|"
    r"contact(?: person)?|from|to|cc|"
    r"author|signed(?: by)?|prepared by|reviewed by|adjuster|case\s?worker|handler|next of kin|beneficiary|tenant|"
    r"landlord|spouse|attn|attention|recipient|sender|payee|cashier|account holder|cardholder|"
    r"emergency contact|re|gp|"
    rf"solicitor|referred by|written by|author|agent|manager|owner)[ \t]*[:=–-][ \t]*(?P<name>(?-i:{_ANY}))",
    re.IGNORECASE,
)
_KIN = (
    r"(?:wife|husband|son|daughter|mother|father|mum|mom|dad|brother|sister|partner|spouse|fianc[eé]e?|aunt|uncle|"
    r"neighbou?r|colleague|friend|boss|manager|solicitor|lawyer|attorney|doctor|dentist|GP|therapist|carer|landlord|"
    r"tenant|grandson|granddaughter|nephew|niece|cousin|child|adjuster|advisor|adviser|agent|caseworker|handler)"
)
_CONTEXT = re.compile(
    r"\b(?:my name is|name(?:['’]s| is)|i am called|(?:spoke|speak|spoken|talked|met|meeting|"
    r"chatted|call(?:ed)?) (?:to|with|from|by)|"
    rf"(?:my|his|her|their|our|your|the|a) (?:\w+ )?{_KIN},?|on behalf of|(?:signed|assigned|handled|"
    rf"written|sent|completed|approved|"
    r"witnessed|reported|submitted|filed|prepared|treated|seen|examined|driven|"
    r"represented) (?:off )?(?:to|by)|(?:the )?(?:claimant|"
    r"policy\s?holder|insured|patient|applicant|tenant|witness|driver|caller|employee|customer|beneficiary),?|"
    r"registered to|belongs to|made out to|payable to|care of|c/o|addressed to|known as|n[eé]e)"
    rf"[ \t]+(?P<name>(?-i:{_NAME}))",
    re.IGNORECASE,
)
_SELF = re.compile(
    rf"\b(?:[Tt]his is|I am|I['’]m|[Ii]t['’]s)[ \t]+(?P<name>{_FULL})(?=[ \t]*(?:[,.!\n(]|from|"
    rf"calling|here|and|speaking|$))"
)
_INITIALS = re.compile(
    rf"(?<![\w.])(?P<name>(?:[A-Z]\.[ \t]?){{1,3}}(?:{_PARTICLE}[ \t]+){{0,2}}{_CAPITALISED}"
    rf"(?:-{_CAPITALISED})?)(?!\w)"
)
_SMALL_GREETING = re.compile(
    r"(?:^|\n)(?:dear|hi|hello|hey|good (?:morning|afternoon|evening))[ ,]+(?P<name>[a-z]+)\b", re.I
)
_BEFORE_EMAIL = re.compile(rf"(?<![\w-])(?P<name>{_ANY})[\"']?[ \t]*[<(][\w.+-]+@")
_GIVEN = re.compile(
    rf"(?<![\w.-])(?P<given>{_CAPITALISED}|"
    rf"{_UPPER})(?P<rest>(?:[ \t]+(?:{_PARTICLE}[ \t]+){{0,2}}(?:{_CAPITALISED}|{_UPPER}|"
    rf"[A-Z]\.?(?!\w)))"
    r"{1,3})"
)
_REVERSED = re.compile(rf"(?<![\w.-])(?P<last>{_CAPITALISED}|{_UPPER}),[ \t]+(?P<given>{_CAPITALISED}|{_UPPER})(?!\w)")

# Capitalised words that follow a greeting or a label and are nobody's name.
_NOBODY: Final = frozenset(
    """
    sir madam sirs all team customer customers claims claim colleague colleagues everyone everybody folks friend
    friends member members applicant claimant tenant resident policyholder support service services department
    office officer manager management director company ltd limited llc inc plc bank insurance assurance group
    trust council hospital clinic surgery school university college court the this that these those there here we
    i you it he she they your our my his her please thank thanks thankyou regards re fw fwd date subject sent
    received monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december today tomorrow yesterday street road avenue lane drive close is was
    has had will would can could should not no yes and or but if when after before since on in at for from to of
    with by as see call email phone fax mobile tel address account policy number case reference invoice order
    payment refund status open closed pending none unknown n/a tbc tbd self same new old north south east west
    head human resources hr legal finance accounts billing sales marketing operations customerservice reception
    helpdesk desk data protection first second third good morning afternoon evening hello hi dear england scotland
    wales ireland london york america states kingdom union europe god lord who what which how why where annual
    monthly weekly form letter document documents report notice cash change total table cashier american british
    english french german spanish italian both either neither each another any some every only also his/her
    unfortunately however therefore further following attached enclosed noted confirmed asked said told called
    spoke left gave wants wanted needs needed happy sorry sure ready aware able still just now currently already
    aged wrote mr mrs ms miss mx dr prof sr period
    """.split()  # noqa: SIM905  a word list reads better unquoted
)
_COMMON: Final = _NOBODY | frozenset(
    """
    will mark grace rose hope faith joy art bill frank rich young long short brown green white black gray grey king day
    hall wood stone field park hill banks price cook baker carter may june april august bond cross love moon sharp wise
    gold silver rice page case law power best
    """.split()  # noqa: SIM905  as above
)


def find_names(text: str, known: Iterable[str] = (), languages: Iterable[str] | None = None) -> Iterator[PersonalSpan]:
    """Names in ``text``; ``known`` are names that are certain, in any of their usual forms. May overlap.

    Words of English are always read; ``languages`` are further ones, told by the text where they are None.
    """
    seen: dict[str, None] = dict.fromkeys(name.strip() for name in known if name.strip())
    found: list[PersonalSpan] = []
    for pattern, score, why in _PATTERNS:
        for match in pattern.finditer(text):
            trimmed = _trim(text, *match.span("name"))
            if trimmed is not None:
                found.append(PersonalSpan("person", *trimmed, score, why))
    found.extend(_by_given_name(text))
    found.extend(find_names_abroad(text, languages_of_text(text) if languages is None else languages))
    yield from found
    for item in found:
        seen.setdefault(text[item.start : item.end])
    words = set(_WORDS.findall(text.casefold()))
    for name in seen:
        if words.isdisjoint(_WORDS.findall(name.casefold())):
            continue  # most of many names do not occur in a part of a long text
        for match in compile_repeats(name).finditer(text):
            yield PersonalSpan("person", match.start(), match.end(), 0.7, "a name that appears elsewhere")


_WORDS: Final = re.compile(r"\w+")
_PATTERNS: tuple[tuple[re.Pattern[str], float, str], ...] = (
    (_TITLE, 0.95, "after a title"),
    (_GREETING, 0.9, "in a greeting"),
    (_CLOSING, 0.85, "in a signature"),
    (_LABEL, 0.85, "after a label"),
    (_CONTEXT, 0.75, "after words that name people"),
    (_SELF, 0.85, "someone introduces themselves"),
    (_BEFORE_EMAIL, 0.9, "before an e-mail address"),
    (_INITIALS, 0.6, "initials and a family name"),
)


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Cut the name where a word begins that is nobody's name; None where nothing is left."""
    kept_end = start
    for word in re.finditer(r"\S+", text[start:end]):
        plain = word[0].strip(".,'’\"").casefold()
        if plain in _NOBODY:
            break
        kept_end = start + word.end()
    name = text[start:kept_end].rstrip(" \t,")
    name = re.sub(r"['’]s?$", "", name)
    if len(name) < 2 or not re.search(r"[^\W\d_]{2}", name):
        return None
    return start, start + len(name)


def _by_given_name(text: str) -> Iterator[PersonalSpan]:
    for match in _GIVEN.finditer(text):
        words = list(re.finditer(r"\S+", match[0]))
        # A sentence may put a capital before the name: "When Maria Lopez called".
        for position, word in enumerate(words[:-1]):
            if _is_given(word[0]):
                start = match.start() + word.start()
                trimmed = _trim(text, start, match.end())
                if trimmed is not None and " " in text[trimmed[0] : trimmed[1]]:
                    yield PersonalSpan("person", *trimmed, 0.65, "starts with a given name")
                break
            if position and word[0].casefold() not in _NOBODY:
                break
    for match in _SMALL_GREETING.finditer(text):
        if match["name"].casefold() in GIVEN_NAMES:
            yield PersonalSpan("person", *match.span("name"), 0.8, "in a greeting")
    for match in _REVERSED.finditer(text):
        if match["given"].casefold() in GIVEN_NAMES and match["last"].casefold() not in _NOBODY | GIVEN_NAMES:
            yield PersonalSpan("person", match.start(), match.end(), 0.65, "family name, given name")


def _is_given(word: str) -> bool:
    folded = word.casefold()
    return folded in GIVEN_NAMES or folded.partition("-")[0] in GIVEN_NAMES or folded in WORDS_AND_NAMES


@lru_cache(maxsize=4096)
def compile_repeats(name: str) -> re.Pattern[str]:
    """Where ``name`` stands again: whole, turned round, with initials, or one of its parts alone."""
    parts = name_parts(name)
    if not parts:
        return re.compile(r"(?!)")
    whole = r"[\s,.]+".join(re.escape(part) for part in re.split(r"[\s,]+", name.strip()))
    forms = [rf"(?i:{whole})"]
    if len(parts) >= 2:
        first, last = re.escape(parts[0]), re.escape(parts[-1])
        forms += [rf"(?i:{last},?\s+{first})", rf"(?i:{first}\s+(?:\S+\s+)?{last})", rf"(?i:{first[0]}\.?\s?{last})"]
    alone = [part for part in parts if len(part) > 2 and part.casefold() not in _COMMON]
    forms += [form for part in alone for form in (re.escape(part[0].upper() + part[1:]), re.escape(part.upper()))]
    return re.compile(rf"(?<![\w@.-])(?:{'|'.join(forms)})(?![\w@])")


def name_parts(name: str) -> list[str]:
    """Words of a name that are no initials and no particles; the family name last."""
    if "," in name:
        last, _, first = name.partition(",")
        name = f"{first} {last}"
    words = (word.strip(".,'’\"()") for word in name.split())
    return [word for word in words if len(word) > 1 and not re.fullmatch(_PARTICLE, word)]
