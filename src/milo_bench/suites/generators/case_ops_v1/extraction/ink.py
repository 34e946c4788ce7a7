"""Text whose characters know which field they prove in; noisier text that still knows it out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Marks = frozenset[int]
NO_MARKS: Marks = frozenset()

VALUE_FIELDS = frozenset({"case_id", "claimant_name", "received_date"})


@dataclass
class Ink:
    """Characters as shown, what each stood for before any noise, and the marks that it carries.

    ``shown``, ``clean`` and ``marks`` have the same length. ``clean`` is "" for a character that
    noise put in. A mark is a number; ``owners`` says which field it proves.
    """

    shown: list[str] = field(default_factory=list)
    clean: list[str] = field(default_factory=list)
    marks: list[Marks] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)

    def write(self, text: str, marks: Marks = NO_MARKS) -> None:
        self.shown += text
        self.clean += text
        self.marks += [marks] * len(text)

    def put(self, shown: str, clean: str, marks: Marks) -> None:
        self.shown.append(shown)
        self.clean.append(clean)
        self.marks.append(marks)

    def blank(self) -> Ink:
        """Empty ink with the same owners of marks."""
        return Ink(owners=self.owners)

    def copy_from(self, other: Ink, start: int, end: int) -> None:
        self.shown += other.shown[start:end]
        self.clean += other.clean[start:end]
        self.marks += other.marks[start:end]

    def insert(self, text: str, marks: Marks = NO_MARKS) -> None:
        """Write ``text`` that noise adds: it stands for nothing."""
        for char in text:
            self.put(char, "", marks)

    def holds_value(self, at: int) -> bool:
        """Whether the character belongs to a name, number or date that must stay as it is."""
        marks = self.marks[at]
        return bool(marks) and any(self.owners[mark] in VALUE_FIELDS for mark in marks)

    def between(self, at: int) -> Marks:
        """The marks that both neighbours of the gap before ``at`` carry."""
        if at <= 0 or at >= len(self.marks):
            return NO_MARKS
        return self.marks[at - 1] & self.marks[at]

    @property
    def text(self) -> str:
        return "".join(self.shown)

    def lines(self) -> list[tuple[int, int]]:
        """Start and end of each line, without its newline."""
        found = []
        start = 0
        for at, char in enumerate(self.shown):
            if char == "\n":
                found.append((start, at))
                start = at + 1
        found.append((start, len(self.shown)))
        return found

    def places(self) -> list[ProofSpan]:
        """Where each mark lies, in order of the text."""
        bounds: dict[int, list[int]] = {}
        at = 0
        for shown, marks in zip(self.shown, self.marks, strict=True):
            at += len(shown)
            for mark in marks:
                bounds.setdefault(mark, [at - len(shown), at])[1] = at
        chars: dict[int, list[str]] = {mark: [] for mark in bounds}
        for clean, marks in zip(self.clean, self.marks, strict=True):
            for mark in marks:
                chars[mark].append(clean)
        found = [ProofSpan(self.owners[m], s, e, "".join(chars[m])) for m, (s, e) in bounds.items()]
        return sorted(found, key=lambda place: (place.start, place.end))


@dataclass(frozen=True)
class ProofSpan:
    """Characters ``start`` to ``end`` (exclusive) that prove ``field``; ``clean`` is what they said before noise."""

    field: str
    start: int
    end: int
    clean: str


Pass = Callable[[Ink, random.Random], Ink]

_SCAN_SLIPS = {
    "l": ("1", "I", "|"),
    "o": ("0",),
    "e": ("c",),
    "m": ("rn",),
    "h": ("b", "li"),
    "i": ("l", "1"),
    "t": ("f", "r"),
    "a": ("o",),
    "s": ("5",),
    "u": ("ii",),
    "d": ("cl",),
    "I": ("l", "1"),
    "O": ("0",),
    "S": ("5",),
    "B": ("8",),
    "w": ("vv",),
}


def ocr(ink: Ink, rng: random.Random) -> Ink:
    """Slips of character recognition in about one letter in forty, never in a value and never in a digit."""
    out = ink.blank()
    for at, shown in enumerate(ink.shown):
        slip = rng.random()
        if ink.holds_value(at) or "\n" in shown:
            out.copy_from(ink, at, at + 1)
        elif shown in _SCAN_SLIPS and slip < 0.026:
            out.put(rng.choice(_SCAN_SLIPS[shown]), ink.clean[at], ink.marks[at])
        elif shown == " " and slip < 0.012:
            out.copy_from(ink, at, at + 1)
            out.insert(" ", ink.between(at + 1))
        elif shown in ".," and slip < 0.05:
            out.insert(" ", ink.between(at))
            out.copy_from(ink, at, at + 1)
        else:
            out.copy_from(ink, at, at + 1)
    return out


_MOJIBAKE = str.maketrans({"’": "â€™", "‘": "â€˜", "“": "â€œ", "”": "â€", "–": "â€“", "£": "Â£", "€": "â‚¬", "é": "Ã©"})


def mojibake(ink: Ink, rng: random.Random) -> Ink:
    """UTF-8 read as Windows-1252, as mail gateways do; values stay readable."""
    del rng
    out = ink.blank()
    for at, shown in enumerate(ink.shown):
        wrong = shown if ink.holds_value(at) else shown.translate(_MOJIBAKE)
        out.put(wrong, ink.clean[at], ink.marks[at])
    return out


def wrap(width: int, *, hyphenate: bool) -> Pass:
    """Break lines longer than ``width``; with ``hyphenate`` long words are split at the break."""

    def run(ink: Ink, rng: random.Random) -> Ink:
        out = ink.blank()
        for number, (start, end) in enumerate(ink.lines()):
            if number:
                out.copy_from(ink, start - 1, start)
            _wrap_line(ink, out, start, end, width=width, rng=rng if hyphenate else None)
        return out

    return run


def _wrap_line(ink: Ink, out: Ink, start: int, end: int, *, width: int, rng: random.Random | None) -> None:
    prefix = ""
    while start + len(prefix) < end and ink.shown[start + len(prefix)] in "> ":
        prefix += ink.shown[start + len(prefix)]
    column = 0
    at = start
    while at < end:
        stop = at
        while stop < end and ink.shown[stop] == " ":
            stop += 1
        word_from = stop
        while stop < end and ink.shown[stop] != " ":
            stop += 1
        gap, word = word_from - at, stop - word_from
        if column + gap + word <= width or column <= len(prefix):
            out.copy_from(ink, at, stop)
            column += gap + word
            at = stop
            continue
        cut = _hyphen_point(ink, word_from, stop, room=width - column - gap - 1, rng=rng)
        if cut:
            out.copy_from(ink, at, cut)
            out.insert("-\n" + prefix, ink.between(cut))
            at = cut
        else:
            marks = ink.between(word_from) & ink.between(at)
            out.put("\n", " ", marks if gap else NO_MARKS)
            out.insert(prefix, marks)
            at = word_from
        column = len(prefix)


def _hyphen_point(ink: Ink, start: int, stop: int, *, room: int, rng: random.Random | None) -> int:
    """Where to split the word, or 0: before a consonant and a vowel, three letters on either side."""
    if rng is None or stop - start < 7 or rng.random() < 0.25:
        return 0
    word = "".join(ink.shown[start:stop])
    if not word.strip(".,;:)").isalpha() or any(ink.holds_value(at) for at in range(start, stop)):
        return 0
    for size in range(min(room, len(word) - 4), 2, -1):
        ahead = word[size : size + 2]
        if ahead.isalpha() and ahead[0] not in _NO_START and ahead[1] in _VOWELS and _ends_syllable(word[:size]):
            return start + size
    return 0


_VOWELS = "aeiouy"
_NO_START = _VOWELS + "h"  # th, ch, sh and ph stay together


def _ends_syllable(head: str) -> bool:
    """A vowel, or one consonant after a vowel."""
    return head[-1] in _VOWELS or head[-2] in _VOWELS


def pages(header: Callable[[int], Ink], footer: Callable[[int], Ink], *, lines_per_page: int) -> Pass:
    """Put a footer and the next page's header between pages, never inside a marked phrase.

    ``header`` and ``footer`` take the page number and give ink of their own, with the same owners.
    """

    def run(ink: Ink, rng: random.Random) -> Ink:
        del rng
        out = ink.blank()
        out_header = header(1)
        out.copy_from(out_header, 0, len(out_header.shown))
        out.insert("\n\n")
        page, used = 1, 0
        for number, (start, end) in enumerate(ink.lines()):
            if number:
                if used >= lines_per_page and not ink.between(start - 1) and not ink.between(start):
                    out.insert("\n\n")
                    for part in (footer(page), header(page + 1)):
                        out.copy_from(part, 0, len(part.shown))
                        out.insert("\n")
                    page, used = page + 1, 0
                out.copy_from(ink, start - 1, start)
            out.copy_from(ink, start, end)
            used += 1
        last = footer(page)
        out.insert("\n\n")
        out.copy_from(last, 0, len(last.shown))
        return out

    return run


def apply(ink: Ink, passes: Iterable[Pass], rng: random.Random) -> Ink:
    for change in passes:
        ink = change(ink, rng)
    return ink
