"""Bytes of text that are not Unicode in, the text and the name of its character set out, told by its letters."""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple

_LOOKED_AT: Final = 200_000  # bytes
_SIGNS: Final = frozenset("€–—„“”‘’‚«»‹›°§£…·•©®™½¼¾²³±µ¡¿ªº×÷¥¢†‰")
_JOINS: Final = frozenset("’‘´")  # signs that stand within a word
_WEST: Final = frozenset("äöüßÄÖÜéèêëàâáãñçíìîïóòôõúùûýåøæÅØÆœŒÉÈÊÀÁÂÃÇÑÍÎÓÔÕÚÞþðÐÿ")
_CENTRAL: Final = frozenset("äöüßÄÖÜąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰăâîşţĂÂÎŞŢľĺŕôëđ")
_CYRILLIC: Final = frozenset(chr(code) for code in range(0x0400, 0x0460))


class CharacterSet(NamedTuple):
    """``codec`` is Python's name, ``name`` the one that people know; ``letters`` are those of its languages."""

    codec: str
    name: str
    letters: frozenset[str]


# The first one of those that fit equally well is taken.
_SETS: Final = (
    CharacterSet("cp1252", "Windows-1252", _WEST),
    CharacterSet("iso8859_15", "ISO 8859-15", _WEST),
    CharacterSet("cp1250", "Windows-1250", _CENTRAL),
    CharacterSet("cp1251", "Windows-1251", _CYRILLIC),
    CharacterSet("koi8-r", "KOI8-R", _CYRILLIC),
    CharacterSet("mac_roman", "Mac OS Roman", _WEST),
    CharacterSet("cp850", "the DOS code page 850", _WEST),
    CharacterSet("cp932", "Shift JIS", frozenset()),
    CharacterSet("gb18030", "GB 18030", frozenset()),
)


def decode_by_letters(raw: bytes) -> tuple[str, str]:
    """The text of ``raw``, which is not UTF-8, and the character set that it was read as."""
    best = max(_SETS, key=lambda one: _likelihood(raw[:_LOOKED_AT], one))
    return raw.decode(best.codec, "replace"), best.name


def _likelihood(raw: bytes, charset: CharacterSet) -> float:
    """From -3 to 1: how much the letters beyond ASCII are those of the set's languages."""
    text = codecs.getincrementaldecoder(charset.codec)("replace").decode(raw)
    total, count, joined = 0, 0, 0
    for at, mark in enumerate(text):
        if mark < "\x80" or mark == "\xa0":
            continue
        count += 1
        total += _plausible(mark, text[at - 1 : at], text[at + 1 : at + 2], charset.letters)
        joined += mark.isalpha() and text[at - 1 : at].lower() >= "\x80"
    if charset.letters in (_WEST, _CENTRAL) and joined > 0.7 * count:
        total -= count  # where most letters are beyond ASCII they are of another alphabet
    return total / count if count else 0.0


def _plausible(mark: str, before: str, after: str, letters: frozenset[str]) -> int:
    if mark == "\ufffd" or mark < "\xa0":
        return -3
    if not letters:  # of East Asia: kana and ideographs, in full width
        return 1 if "\u3000" <= mark <= "\u9fff" or "\uff01" <= mark <= "\uff5e" else -1
    if letters is _CYRILLIC and any("A" <= beside.upper() <= "Z" for beside in (before, after)):
        return -1  # a word has letters of one alphabet
    if mark in letters:
        return -1 if mark.isupper() and (before.islower() or (before.isupper() and after.islower())) else 1
    if mark in _SIGNS:
        within = before.isalpha() and after.isalpha() and mark not in _JOINS
        return -1 if within else 1
    return -1
