"""Prose and its sources in, the places where it is surer than they are out: certainty, and causes stated as settled.

A word of certainty counts where no source uses it or its family ("confirmed" where the source confirms nothing), and
a cause or diagnosis where no source states it in a near wording. Denials and open statements ("has not been
confirmed"), and what the answer puts in the mouth of others, do not count. The words of other languages than English
are in ``guards/packs/certainty``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, Literal, TypeAlias

from milo_bench.core.records import Frozen
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.patterns import pattern_of, stems_of
from milo_bench.guards.packs.read import languages_of

CERTAINTY_VERSION: Final = "9"
CertaintyKind: TypeAlias = Literal["certainty", "confirmation", "cause", "diagnosis"]


class Certainty(Frozen, frozen=True):
    """``text`` at ``start`` to ``end`` says more than the sources do."""

    kind: CertaintyKind
    text: str
    start: int
    end: int


# By kind: what it looks like, and the family of words by which a source would carry it.
_CERTAIN: Final = re.compile(
    r"\b(?:definitely|certainly|undoubtedly|unquestionably|indisputably|without\s+(?:any\s+|a\s+)?doubt|beyond\s+(?:any\s+)?"
    r"doubt|there\s+is\s+no\s+doubt|conclusively|obviously|evidently|it\s+is\s+(?:clear|certain|obvious)\s+that|"
    r"guaranteed|for\s+certain|(?:beyond|without)\s+(?:all|any|a\s+shadow\s+of\s+(?:a\s+)?)\s*(?:doubt|question)|"
    r"it\s+is\s+(?:now\s+|thus\s+|therefore\s+|quite\s+)?(?:clear|certain|obvious|plain)\s+(?:that|who|what|why|how)|"
    r"(?:on\s+purpose|deliberately|intentionally|wilfully)|lied|been\s+lying|"
    r"(?:is|are|was|were)\s+(?:a\s+|an\s+)?(?:forge[dr]y?|fakes?|faked|falsified|sham)|"
    r"(?:knew|was\s+aware|were\s+aware)\s+(?:about|of)\s+the\s+(?:defect|fault|damage|danger|risk|leak|problem)|"
    r"(?:can|could)\s+only\s+have\s+(?:been|come)|(?:a|one)\s+hundred\s+per\s?cent|"
    r"(?:alone|solely|entirely|only)\s+(?:is\s+|are\s+|was\s+)?to\s+blame)\b",
    re.IGNORECASE,
)
_CONFIRMED: Final = re.compile(
    r"\b(?:(?:is|are|was|were|has\s+been|have\s+been|been)\s+(?:\w+ly\s+)?(?:confirmed|proven|proved|verified|"
    r"established)|(?<!please\s)(?<!\bto\s)(?<!^)confirms?\s+that|proves?\s+that|establish(?:es)?\s+that)\b",
    re.IGNORECASE,
)
# "The cause is given as", "is still open": what the source says, or that it says nothing.
_LEFT_OPEN: Final = (
    r"(?!\s+(?:given|stated|recorded|noted|named|reported|listed|put|not|still|yet|un\w+|open|to\s+be|being|under|"
    r"outstanding|awaited|pending|missing|expected|disputed|contested)\b)"
)
_CAUSE: Final = re.compile(
    r"\b(?:was|were|is|are)\s+(?:\w+ly\s+)?caused\s+by\b|\bthe\s+cause\s+(?:is|was)\b"
    + _LEFT_OPEN
    + r"|\b(?:was|were|is|are)\s+"
    r"(?:\w+ly\s+)?(?:the\s+result\s+of|due\s+to)\b",
    re.IGNORECASE,
)
_DIAGNOSIS: Final = re.compile(
    r"\b(?:is|was|been)\s+diagnosed\s+(?:with|as)\b|\bthe\s+diagnosis\s+is\b" + _LEFT_OPEN, re.IGNORECASE
)
_FAMILIES: Final[dict[CertaintyKind, re.Pattern[str]]] = {
    "confirmation": re.compile(r"confirm|prove[nds]?\b|proof|verif|establish", re.IGNORECASE),
    "cause": re.compile(r"\bcaus|\bdue to\b|\bresult(?:ed|s)? (?:of|from)\b|because", re.IGNORECASE),
    "diagnosis": re.compile(r"diagnos", re.IGNORECASE),
}
_FINDERS: Final[tuple[tuple[CertaintyKind, re.Pattern[str]], ...]] = (
    ("certainty", _CERTAIN),
    ("confirmation", _CONFIRMED),
    ("cause", _CAUSE),
    ("diagnosis", _DIAGNOSIS),
)
# One of these is in whatever a finder finds: to look for them takes a tenth of the time.
_STEMS: Final = (
    *("certain", "doubt", "question", "disput", "conclusiv", "clear", "obvious", "evident", "plain", "guarantee"),
    *("definite", "purpose", "deliberat", "intention", "wilful", "lied", "lying", "forge", "fake", "falsif", "sham"),
    *("knew", "aware", "only", "hundred", "blame", "confirm", "prove", "verif", "establish", "cause", "result"),
    *("due", "diagnos"),
)
_OPEN: Final = re.compile(
    r"\b(?:not|no|never|nobody|whether|if|unless|until|yet\s+to|may|might|could|possibly|perhaps|likely|unclear|open|"
    r"cannot|suspected|alleged(?:ly)?)\b|n't",
    re.IGNORECASE,
)
_SAID: Final = re.compile(
    r"\b(?:says?|said|states?|stated|claims?|argues?|believes?|thinks?|according\s+to|told|writes?|wrote|reports|reported)\b",
    re.IGNORECASE,
)


# "It is certain that nobody locked the door": what is denied behind it is what the sentence is sure of.
_OPENS_WHAT_IS_SURE: Final = re.compile(
    r"\s*(?:[,:]|dass\b|que\b|qu'|che\b|dat\b|że\b|(?:wer|warum|qui|pourquoi|quién|chi|perché|wie|waarom|kto|dlaczego|quem)\b)"
)


def unsupported_certainty(text: str, sources: Iterable[str], *, expected: str = "") -> tuple[Certainty, ...]:
    """Every place of ``text`` that is surer than ``sources``, in order.

    ``expected`` is the language of texts that are too short to recognise.
    """
    whole = _Sources("\n".join(sources))
    plain = unmarked(text)
    packs = languages_of("certainty")
    found: list[Certainty] = []
    for part in recognise(plain.text, expected=expected):
        language = part.language or expected
        piece = plain.text[part.start : part.end]
        said = _in_pack(piece, language, whole) if language in packs else _in_english(piece, whole)
        for kind, start, end in said:
            first, last = plain.at(part.start + start, part.start + end)
            found.append(Certainty(kind, text[first:last], first, last))
    return tuple(sorted(found, key=lambda one: one.start))


class _Sources:
    """The text of all sources, and what is asked of it more than once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._carries: dict[CertaintyKind, bool] = {}

    @cached_property
    def lower(self) -> str:
        return self._text.casefold().replace("’", "'")

    @cached_property
    def spaced(self) -> str:
        """In lower case, with one space between words."""
        return " ".join(self.lower.split())

    def carry(self, kind: CertaintyKind) -> bool:
        """Whether a word of the family of ``kind`` is in them."""
        if kind not in self._carries:
            self._carries[kind] = _FAMILIES[kind].search(self._text) is not None
        return self._carries[kind]


def _in_english(sentence: str, whole: _Sources) -> Iterator[tuple[CertaintyKind, int, int]]:
    if sentence.isascii() and not any(map(sentence.lower().__contains__, _STEMS)):
        return  # of other texts, a letter in any case may be one beyond ASCII
    said = _SAID.search(sentence)
    for kind, finder in _FINDERS:
        for match in finder.finditer(sentence):
            is_open = _OPEN.search(sentence[max(0, match.start() - 40) : match.start()])
            is_said = said is not None and said.end() <= match.start()
            if not (is_open or is_said or _carried(kind, match[0], whole)):
                yield kind, match.start(), match.end()


def _in_pack(sentence: str, language: str, whole: _Sources) -> Iterator[tuple[CertaintyKind, int, int]]:
    """The same with the words of a language's file, whose order is freer: what takes it back may come after."""
    lower = sentence.lower()
    if lower.rstrip().endswith("?"):
        return
    takes_back = [match for part in ("open", "said") for match in _found(part, language, lower)]
    first = min((match.start() for match in takes_back), default=len(lower))
    last = max((match.end() for match in takes_back), default=0)
    for kind, _ in _FINDERS:
        for match in pattern_of("certainty", language, kind).finditer(lower):
            before, behind = first < match.start(), last > match.end()
            if before or (behind and not (kind == "certainty" and _OPENS_WHAT_IS_SURE.match(lower, match.end()))):
                continue  # one of them is not only a part of this
            if kind == "certainty":
                carried = match[0].replace("’", "'") in whole.lower
            else:
                carried = any(stem in whole.lower for stem in stems_of("certainty", language, f"{kind}_source"))
            if not carried:
                yield kind, match.start(), match.end()


def _found(part: str, language: str, text: str) -> Iterator[re.Match[str]]:
    return pattern_of("certainty", language, part).finditer(text)


def _carried(kind: CertaintyKind, said: str, whole: _Sources) -> bool:
    if kind == "certainty":
        return " ".join(said.casefold().split()) in whole.spaced
    return whole.carry(kind)
