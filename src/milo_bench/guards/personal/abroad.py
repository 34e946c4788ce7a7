"""Text in a language with a file in ``packs/personal`` in, names of persons and dates of birth out, by its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from milo_bench.core.once import once
from milo_bench.guards.dates import find_dates
from milo_bench.guards.packs.read import languages_of, read_pack, words
from milo_bench.guards.personal.given_names import is_form_of_given_name, is_given_name
from milo_bench.guards.personal.patterns import PersonalSpan
from milo_bench.guards.sentences import languages_told

WordList: TypeAlias = Literal[
    "titles", "roles", "greetings", "nobody", "intro", "closings", "attention", "born_name", "born_before",
    "born_after", "id_labels", "account_labels", "phone_labels", "plate_labels", "street_suffixes", "street_words",
    "street_before", "unit_words", "regions", "numbers", "organisations",
]  # fmt: skip

_EXTENDED = [mark for mark in map(chr, range(0x100, 0x180)) if mark.isalpha()]
UPPER: Final = "A-ZÀ-ÖØ-Þ" + "".join(mark for mark in _EXTENDED if mark.isupper())
LOWER: Final = "a-zß-öø-ÿ" + "".join(mark for mark in _EXTENDED if mark.islower())
_PARTICLE = (
    r"(?:(?:van|von|de|der|den|del|della|dello|degli|dei|di|da|do|dos|das|du|des|la|las|los|le|ter|ten|te|zu|zum|zur|"
    r"op|'t|bin|al|el|y|e|i|d['’]|de[ ]la|de[ ]los)[ \t]+)"
)
CAPITALISED: Final = rf"(?:(?:Mc|Mac|O['’]|[DdLl]['’])?[{UPPER}][{LOWER}]+(?:[-'’][{UPPER}]?[{LOWER}]+){{0,6}})"
_CAPITALS = rf"(?:[{UPPER}]{{2,30}}(?:-[{UPPER}]{{2,30}})?(?![{LOWER}]))"
_WORD = rf"(?:{CAPITALISED}|{_CAPITALS}|Mª\.?)"
_MORE = rf"(?:[ \t]++{_PARTICLE}{{0,2}}(?:{_WORD}|[{UPPER}]\.))"
# What a family name may begin with: "van Dijk", "de la Cruz"; an article alone begins the name of an office.
_BEGINS = (
    r"(?:(?:van|von|zu|de|di|da|do|dos|das|ter|ten|te|op|'t|bin|al|d['’]|v/d|v\.d\.)[ \t]+"
    r"(?:de|den|der|la|las|los|'t)?[ \t]*)?"
)
NAME: Final = rf"(?:{_BEGINS}(?:{_WORD}|[{UPPER}]\.){_MORE}{{0,3}})"
FULL: Final = rf"(?:{_BEGINS}(?:{_WORD}|[{UPPER}]\.){_MORE}{{1,3}})"


class _Patterns(NamedTuple):
    names: tuple[tuple[re.Pattern[str], float, str], ...]
    born_before: re.Pattern[str]
    born_after: re.Pattern[str]


def languages_of_text(text: str) -> tuple[str, ...]:
    """The languages whose words are looked for: those that the small words of ``text`` speak for, all where none do."""
    told = languages_told(text)
    known = tuple(language for language in told if language in languages_of("personal"))
    if len(known) == 1 or (known and len(text) > _SHORT):
        return known
    return languages_of("personal") if not told or known else ()


_SHORT: Final = 400  # characters that tell no language for sure
MANY: Final = 3  # more languages than these are no sign of any


def find_names_abroad(text: str, languages: Iterable[str]) -> Iterator[PersonalSpan]:
    """Names by title, role, phrase, greeting, signature and given name. May overlap."""
    for language in languages:
        for pattern, score, why in _patterns(language).names:
            for match in pattern.finditer(text):
                start, end = match.span("name")
                article = 3 if text[start : start + 3] in ("Le ", "La ") and why == _TITLED else 0
                if (kept := _kept(text, start + article, end, language)) is not None:
                    yield PersonalSpan("person", start, kept[1], score, why)
        yield from _by_given_name(text, language)


def find_births_abroad(text: str, languages: Iterable[str]) -> Iterator[PersonalSpan]:
    """Dates near a word for birth, in the forms that dates have in these languages."""
    for language in languages:
        patterns = _patterns(language)
        for day in find_dates(text, language=language):
            before, after = text[max(0, day.start - 60) : day.start], text[day.end : day.end + 60]
            if _STAR.search(before) or patterns.born_before.search(before) or patterns.born_after.match(after):
                yield PersonalSpan("date_of_birth", day.start, day.end, 0.9, "date near a word for birth")


_TITLED: Final = "after a title"
_STAR: Final = re.compile(r"[\w.)],?[ \t]?[,;(]?[ \t]?\*[ \t]?$")  # "Max Berg, *24.12.1975", and no bullet


def any_of(language: str, name: WordList) -> str:
    """The words or phrases of a list as a pattern, the longest first; one that matches nothing for an empty list."""
    value = read_pack("personal", language).get(name, "")
    said = value.split() if isinstance(value, str) else value
    made = sorted({r"\s+".join(map(re.escape, str(word).replace("_", " ").split())) for word in said}, key=len)
    if name == "titles":  # "M. Dupont", "p. Nowak": a letter alone is a title with its full stop only
        made = [rf"{title}(?=\.)" if len(title) == 1 else title for title in made]
    return "|".join(reversed(made)) or "(?!)"


@once
def _patterns(language: str) -> _Patterns:
    titles, roles = any_of(language, "titles"), any_of(language, "roles")
    greetings, closings = any_of(language, "greetings"), any_of(language, "closings")
    intro, above = any_of(language, "intro"), any_of(language, "attention")
    born, labels = any_of(language, "born_name"), f"{any_of(language, 'id_labels')}|{any_of(language, 'born_before')}"
    name, full = rf"(?P<name>(?-i:{NAME}))", rf"(?P<name>(?-i:{FULL}))"
    titled = rf"(?P<name>(?-i:(?:L[ea][ \t])?{NAME}))"  # "M. Le Goff"
    next_line = r"(?:(?:\r?\n[> \t]*+){1,3}|(?<=[ \t]))"
    forms: tuple[tuple[str, float, str], ...] = (
        (rf"(?<!\w)(?:(?:{titles})\.?[ \t]+){{1,3}}{titled}", 0.95, _TITLED),
        (rf"(?:^|\n)[> \t]*+(?:{greetings})[ ,]++{name}(?=[ \t]*+(?:[,:;!.\n–—-]|$))", 0.9, "in a greeting"),
        (
            rf"(?:^|\n|[.!,] )[> \t]*+(?:{closings})[ \t]*+[,.!]?[ \t]*+{next_line}{name}(?=[ \t]*+(?:\r?\n|$|[,(|.]))",
            0.85,
            "in a signature",
        ),
        (rf"(?<!\w)(?:{roles})[ \t]*+[:=–][ \t]*+{name}", 0.85, "after a label"),
        (rf"(?<!\w)(?:{roles}),?[ \t]++\(?{full}", 0.75, "after words that name people"),
        (rf"(?<!\w)(?:{intro})[ \t]*+:?(?:[ \t]++|(?<=[ \t])){full}", 0.8, "after words that name people"),
        (
            rf"(?:^|\n)[ \t]*+(?:{above})[ \t]*+:?[ \t]*+\r?\n?[ \t]*+{full}(?=[ \t]*+(?:\n|$))",
            0.85,
            "above an address",
        ),
        (rf"(?<!\w){full}(?:[ \t]++|(?=,))(?:{born})(?!\w)", 0.85, "before a birth"),
        (rf"(?<!\w){full}[ \t]*+[,(][ \t]*+(?:{labels})(?!\w)", 0.8, "before a number of a person"),
    )
    born_before, born_after = any_of(language, "born_before"), any_of(language, "born_after")
    return _Patterns(
        names=tuple((re.compile(form, re.IGNORECASE), score, why) for form, score, why in forms),
        born_before=re.compile(rf"(?<!\w)(?:{born_before})(?!\w)[^\n]{{0,20}}$", re.IGNORECASE),
        born_after=re.compile(rf"\s*(?:[^\n.]{{0,30}}\s)?[,(]?\s*(?:{born_after})(?!\w)", re.IGNORECASE),
    )


def _kept(text: str, start: int, end: int, language: str) -> tuple[int, int] | None:
    """The name up to the first word that names nobody; None where nothing is left."""
    kept_end = start
    for word in re.finditer(r"\S+", text[start:end]):
        plain = word[0].strip(".,'’\"").casefold()
        if word[0][:1].isupper() and plain in words("personal", language, "nobody"):
            break
        if plain in words("personal", language, "organisations"):
            return None
        kept_end = start + word.end()
    name = re.sub(rf"[ \t]+{_PARTICLE.replace('[ ]+', '')}?$", "", text[start:kept_end].rstrip(" \t,"))
    if not re.search(rf"[{UPPER}][^\W\d_]", name) or name.casefold() in words("personal", language, "titles"):
        return None
    return start, start + len(name)


_GIVEN = re.compile(rf"(?<![\w.-])(?P<given>{_WORD})(?P<rest>{_MORE}{{1,3}})")


# A given name with no other capitalised word beside it, and not behind a word that is said of places.
_ALONE = re.compile(
    rf"(?<![\w.@/-])(?<!\b(?:[Ii]n|[Aa]t|[Tt]o) )(?<!\b(?:of|St|im) )"
    rf"[{UPPER}][{LOWER}]{{2,}}(?![\w@/-]|\.\w)(?![ \t]+[{UPPER}])"
)
_WORD_BEFORE = re.compile(r"(\w+)\.?[ \t]+$")
_CAPITAL_BEFORE = re.compile(rf"(?<![\w.])[{UPPER}][\w'’-]*[ \t]$")
_ALSO_PLACES: Final = frozenset(
    """
    adelaide alexandria april august austin carolina charlotte chelsea christian dakota dale daisy dallas destiny
    diego earl faith florence francisco georgia grace grant harmony heather holly hope houston iris israel jade jasmine
    jordan joy juan june kent lance lee lily logan luther madison marina mark martin max may melody mercedes miles misty
    montana morgan olive opal paris pat pearl penny poppy prince ray rose ruby savannah sierra sky spencer summer sydney
    tyne victor victoria violet virginia will maria santiago vista flora mission sol luz mar cruz nova alba sage ginger
    amber autumn ash basil clay cliff dean drew frank gene guy jay ken norm pen rob rod sandy sue ted tim tom wade jack
    frans oscar norman julia alexander kelly carter tyler taylor morris nelson wallace warren grant hugo mason
    """.split()  # noqa: SIM905  a word list reads better unquoted
)


def _is_named_after(text: str, start: int, language: str) -> bool:
    """Whether the word before ``start`` is one for what bears a person's name: a museum, a prize, a square."""
    before = _WORD_BEFORE.search(text[max(0, start - 40) : start])
    return before is not None and before[1].casefold() in words("personal", language, "named_after")


def _by_given_name(text: str, language: str) -> Iterator[PersonalSpan]:
    for match in _GIVEN.finditer(text):
        found = list(re.finditer(r"\S+", match[0]))
        for at, word in enumerate(found[:-1]):
            first = word[0].partition("-")[0] if re.search(rf"-[{UPPER}]", word[0]) else word[0]
            known = is_given_name(word[0], language) or is_given_name(first, language)
            if known or is_form_of_given_name(first, language):
                if _is_named_after(text, match.start() + word.start(), language):
                    break
                kept = _kept(text, match.start() + word.start(), match.end(), language)
                if kept is not None and " " in text[slice(*kept)]:
                    yield PersonalSpan("person", *kept, 0.65, "starts with a given name")
                break
            if at > 1:
                break
    for match in _ALONE.finditer(text):
        if _CAPITAL_BEFORE.search(text[max(0, match.start() - 40) : match.start()]):
            continue  # "Port Charles", "Royal Albert"
        if is_given_name(match[0], language) and match[0].casefold() not in _ALSO_PLACES:
            yield PersonalSpan("person", *match.span(), 0.5, "a given name")
