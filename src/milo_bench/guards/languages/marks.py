"""Text in, the same text without what only hides its words out, with the place of each character in the original.

Zero-width characters and direction marks go, full-width letters and the digits of other scripts become ASCII, an
accent written apart joins its letter, other marks on Latin letters go, and a look-alike of another script inside a
Latin word becomes the Latin letter. The separators of Arabic numbers become those of English.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

# Zero-width characters, direction marks and overrides, the soft hyphen, variation selectors.
_HIDDEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
# Cyrillic and Greek letters that look like a Latin one (from Unicode's confusables, letters of modern alphabets).
_LOOK_ALIKE: Final = dict(
    zip(
        "аеорсухіјѕԁһԛԝгАВЕКМНОРСТУХІЈЅԌοαρυνικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhqwrABEKMHOPCTYXIJSGoapuvikABEZHIKMNOPTYX",
        strict=True,
    )
)
# Latin letters, accents on them as one character, dashes, quotation marks, bullets, currencies: nothing to change.
_USUAL: Final = re.compile("[\x00-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*")
_SEPARATORS: Final = {"\u066b": ".", "\u066c": "'"}  # of decimals, of thousands
_WORD: Final = re.compile(r"[^\W\d_]+")
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f]")


class Unmarked(NamedTuple):
    """``places[i]`` is where character ``i`` of ``text`` stands in the original; one more entry gives its end."""

    text: str
    places: tuple[int, ...] | None  # None where nothing changed

    def at(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original for characters ``start`` to ``end`` of ``text``."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1 if end > start else self.places[start]


def unmarked(text: str) -> Unmarked:
    """``text`` as a reader sees it. Letters of other scripts stay where their whole word is in that script."""
    if text.isascii() or _USUAL.fullmatch(text):
        return Unmarked(text, None)
    letters: list[str] = []
    places: list[int] = []
    for place, mark in enumerate(text):
        if _HIDDEN.match(mark):
            continue
        if letters and unicodedata.category(mark) in ("Mn", "Me"):
            joined = unicodedata.normalize("NFC", letters[-1] + mark)
            if len(joined) == 1:
                letters[-1] = joined
                continue
            if not letters[-1].isalpha() or _LATIN.match(letters[-1]) or letters[-1] in _LOOK_ALIKE:
                continue  # struck through, encircled or piled up: no language writes it on this letter
        for plain in _plain(mark):
            letters.append(plain)
            places.append(place)
    found = _without_look_alikes("".join(letters))
    if found == text:
        return Unmarked(text, None)
    return Unmarked(found, (*places, len(text)))


def folded(text: str) -> str:
    """``text`` for comparing in any case: the dotless i and the one with a dot are an i, as "ISI" may be either."""
    return text.casefold().replace("\u0131", "i").replace("i\u0307", "i")


def _plain(mark: str) -> str:
    if mark.isascii():
        return mark
    if mark in _SEPARATORS:
        return _SEPARATORS[mark]
    if (digit := unicodedata.decimal(mark, None)) is not None:
        return str(digit)
    code = ord(mark)
    if 0xFF01 <= code <= 0xFF5E or 0x1D400 <= code <= 0x1D7FF or 0xFB00 <= code <= 0xFB06:
        return unicodedata.normalize("NFKC", mark)
    return mark


def _without_look_alikes(text: str) -> str:
    if not any(mark in text for mark in _LOOK_ALIKE):
        return text
    latin = len(_LATIN.findall(text))
    mostly_latin = latin * 2 > sum(map(str.isalpha, text))
    return _WORD.sub(lambda match: _latin_word(match[0], mostly_latin), text)


def _latin_word(word: str, mostly_latin: bool) -> str:
    if _LATIN.search(word) or (mostly_latin and all(mark in _LOOK_ALIKE for mark in word)):
        return "".join(_LOOK_ALIKE.get(mark, mark) for mark in word)
    return word
