"""Prose in, its sentences with exact offsets out; lines, bullets and citations respected."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final

from msgspec import Struct

from milo_bench.core.once import once
from milo_bench.core.records import Frozen
from milo_bench.guards.citing.brackets import ANY_EVENT_ID, ANY_NUMBER, cited_in_brackets
from milo_bench.guards.packs.read import languages_of, words


class Sentence(Frozen, frozen=True, omit_defaults=False):
    """``text`` is exactly ``source[start:end]``, without surrounding space and bullet marks."""

    text: str
    start: int
    end: int


SENTENCES_VERSION: Final = "7"
LONGEST: Final = 2000  # characters
# Characters: the sentences of many short texts are kept, and those of the last few long ones.
_SHORT_TEXT, _LONG_TEXT = 10_000, 200_000
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
# "- ", "* ", "• ", "1. ", "2) ", "(a) ", "> "; a year at the start of a line ("2025. …") is no bullet.
_BULLET = re.compile(r"[ \t\u00a0]*(?:>[ \t]*)*(?:(?:[-*+•‣◦▪·–—]|\d{1,2}[.)]|\([a-z0-9]{1,2}\)|[a-z]\))[ \t]+)?", re.I)
_BULLET_MARK = re.compile(r"[ \t\u00a0]*(?:[-*+•‣◦▪·–—]|\d{1,2}[.)]|\([a-z0-9]{1,2}\)|[a-z]\))[ \t]+", re.I)
_OPENING_CITATION = re.compile(rf"\s*(?:{cited_in_brackets(ANY_EVENT_ID, ANY_NUMBER)}\s*)+[.!?]*", re.IGNORECASE)
_CLOSING: Final = "\"'”’“»›)\\]*_"
_QUOTATIONS: Final = (('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("»", "«"))
_OPENING: Final = "\"'“‘„‚«‹»(*_¿¡"
_END: Final = ".!?…؟۔।॥።։"
_WIDE_END: Final = "。！？｡．"  # Chinese and Japanese: no space follows
_OWN_BOUNDARY = re.compile(
    rf"(?<![{_END}])[{_END}]++(?:[ \u00a0\u202f]?»)?+[{_CLOSING}]*+(\s++)(?=[{_OPENING}]{{0,4}}+[\w\[])"
)
_WIDE_BOUNDARY = re.compile(r"(?:[。！？｡]|．(?![0-9０-９]))++[」』）】〉》”’\"]*+(?!と|って|など)\s*+")
_ENDS_LIKE_A_SENTENCE = re.compile(rf"[{_END}{_WIDE_END}:;：；][{_CLOSING}」』）]*\s*$")

_SURROGATE = re.compile("[\ud800-\udfff]")
_FEW: Final = 3  # more languages than these are no sign of any
_TOLD_BY, _TOLD_BY_WORDS, _LEAST_TOLD = 4000, 400, 2  # a language shows in so many characters and words
_SHORT = 30  # words
_BEHIND = 2  # characters that tell what is before them: an apostrophe, a figure behind a hyphen
# A word, "" where it is initials of a name, an abbreviation or an event id.
_WORD_TOLD = re.compile(r"\b(?:[^\W\d_]\.)+|\b[A-Z][-‐‑]?(?=\d)|([^\W\d_]+['’]?)")
_HERE = 400  # characters before a full stop that tell the language of a sentence within a block in another
_NEAR = 200  # characters: an abbreviation with its brackets and quotes
_ENDED = re.compile(rf"[{_END}{_WIDE_END}\]\n](?:[ \u00a0\u202f]?»)?[{_CLOSING}」』）】〉》]*\s*$")
_LAST_TOKEN = re.compile(
    r"(?P<number>[\dIVX]{1,6}[ \u00a0])?(?P<token>[^\W\d_](?:[\w.ºª°/-]{0,30}[\wºª°])?)\.[\"'”’)\]]*\s*$"
)
_ORDINAL = re.compile(r"(?<![\d.,:/-])\d{1,2}\.\s*$")
_ERA = re.compile(r"\b[ad]\.[ \u00a0]?C\.\s*$")  # a. C., d. C.
_FIRST_WORD = re.compile(r"[^\W\d_]+['’]?")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")


def split_sentences(text: str, *, language: str = "") -> tuple[Sentence, ...]:
    """The sentences of ``text`` in order; every one has at least one letter or digit.

    A line break ends a sentence, except where a long line without an end mark goes on in lower
    case (hard-wrapped prose) or where the next line opens with a citation. Bullet and quote marks
    belong to no sentence. A citation after the full stop ("… received. [E-0412]") belongs to the
    sentence before it. Works line by line with sentencex, then repairs what it cuts or keeps too
    freely: abbreviations, "No. 4", initials, quotations, by the words and abbreviations of ``guards/packs/sentences``.
    ``language`` (ISO 639-1) is what the text is known to be in; without it its small words tell. What runs on for
    more than ``LONGEST`` characters is cut at a space, so that no rule about sentences takes the square of a text's
    length.
    """
    length = len(text)
    split = _split_short if length <= _SHORT_TEXT else _split_long if length <= _LONG_TEXT else _split
    return split(text, language)


def _split(text: str, language: str) -> tuple[Sentence, ...]:
    found: list[Sentence] = []
    for start, end in _blocks(text):
        block = text[start:end]
        for first, last in _sentence_ranges(block, _Languages(text, block, language)):
            for begins, ends in _bounded(text, start + first, start + last):
                piece = _trimmed(text, begins, ends)
                if piece is not None:
                    found.append(piece)
    return tuple(found)


# Each check of an answer asks for its sentences, and each answer to a case for those of the case.
_split_short = lru_cache(maxsize=4096)(_split)
_split_long = lru_cache(maxsize=8)(_split)


class _Languages(Struct, frozen=True, dict=True):
    """The languages of a ``block`` of ``text``, told when they are asked for: at most places none decides."""

    text: str
    block: str
    language: str

    @cached_property
    def told(self) -> tuple[str, ...]:
        """``language``, else the languages that the block speaks for, else those of the text, else any."""
        if self.language:
            return (self.language,)
        told = languages_told(self.block[:_TOLD_BY]) or languages_told(self.text[:_TOLD_BY])
        return told or languages_of("sentences")


def paragraphs(text: str) -> tuple[Sentence, ...]:
    """The paragraphs of ``text``: runs of lines between blank lines, with exact offsets."""
    found = []
    for match in re.finditer(r"\S(?:.|\n(?![ \t]*(?:\n|$)))*", text.replace("\r", "\n")):
        end = match.start() + len(match.group().rstrip())
        found.append(Sentence(text=text[match.start() : end], start=match.start(), end=end))
    return tuple(found)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Ranges that no sentence crosses: a line, or several that were hard-wrapped."""
    lines: list[tuple[int, int]] = []
    position = 0
    for match in _LINE_BREAK.finditer(text):
        lines.append((position, match.start()))
        position = match.end()
    lines.append((position, len(text)))
    open_block: tuple[int, int] | None = None
    last_line = ""
    for start, end in lines:
        line = text[start:end]
        if open_block is not None and line.strip() and _goes_on(text[open_block[0]], last_line, line):
            open_block, last_line = (open_block[0], end), line
            continue
        if open_block is not None:
            yield open_block
        body = start + (_BULLET.match(line) or re.match("", line)).end()  # type: ignore[union-attr]  # "" always matches
        open_block, last_line = (body, end) if line.strip() else None, text[body:end]
    if open_block is not None:
        yield open_block


def _goes_on(first: str, last_line: str, line: str) -> bool:
    """Whether ``line`` goes on with a block that begins with the character ``first`` and ends with ``last_line``."""
    if _OPENING_CITATION.match(line):
        return True
    if _BULLET_MARK.match(line) or line.lstrip().startswith((">", "#", "|")) or first == "#":
        return False
    return len(last_line.strip()) >= 40 and not _ENDS_LIKE_A_SENTENCE.search(last_line) and line.lstrip()[:1].islower()


@lru_cache(maxsize=1 << 15)  # the lines of a case come again with each answer to it, and with each model
def _cuts(block: str) -> tuple[int, ...]:
    """The places within ``block`` where a sentence may end, in order."""
    cuts = {cut for start, end in _bounded(block, 0, len(block)) for cut in _found_cuts(block, start, end)}
    cuts |= {match.end() for match in _OWN_BOUNDARY.finditer(block)}
    if not block.isascii():
        cuts |= {match.end() for match in _WIDE_BOUNDARY.finditer(block)}
    return tuple(cut for cut in sorted(cuts) if 0 < cut < len(block))


def _sentence_ranges(block: str, languages: _Languages) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = seen = opened = 0  # brackets that are open at ``seen``, in the sentence that begins at ``start``
    for cut in _cuts(block):
        if cut <= start:
            continue
        opened += sum(block.count(mark, seen, cut) for mark in "[《") - sum(
            block.count(mark, seen, cut) for mark in "]》"
        )
        seen = cut
        if opened > 0 or _inside(block, start, cut, languages) or _in_quotation(block, start, cut):
            continue
        citation = _OPENING_CITATION.match(block, cut)
        if citation:
            cut = citation.end()
        found.append((start, cut))
        start = seen = cut
        opened = 0
    found.append((start, len(block)))
    return found


def _in_quotation(block: str, start: int, cut: int) -> bool:
    """True where ``cut`` is within quotation marks after which the sentence goes on: he said "Stop! Wait." and left."""
    before = block[max(start, cut - _HERE) : cut]
    for opening, closing in _QUOTATIONS:
        last = before.rfind(opening)
        if opening == closing:  # behind a letter or a figure it closes, or says inches
            is_open = before.count(opening) % 2 == 1 and not before[last - 1 : last].isalnum()
        else:
            is_open = last > before.rfind(closing)
        end = block.find(closing, cut, cut + _NEAR) if is_open else -1
        if end >= 0:
            return block[end + 1 : end + _NEAR].lstrip(" ,")[:1].islower()
    return False


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """``start`` to ``end`` in pieces of at most ``LONGEST`` characters that end at a space where they can."""
    while end - start > LONGEST:
        cut = text.rfind(" ", start + 1, start + LONGEST) + 1 or start + LONGEST
        yield start, cut
        start = cut
    yield start, end


def _found_cuts(block: str, start: int, end: int) -> Iterator[int]:
    """Where sentencex ends a sentence within ``block[start:end]``."""
    from sentencex import get_sentence_boundaries  # its library stays out of a process that splits nothing

    # Half a surrogate pair, which JSON can carry, is no text to sentencex; a stand-in keeps the offsets.
    for found in get_sentence_boundaries("en", _SURROGATE.sub("\ufffd", block[start:end])):
        cut = start + int(found["end_index"])
        parted = block[cut - 1 : cut + 1].strip() != block[cut - 1 : cut + 1] or not block[cut : cut + 1].isalnum()
        if parted and (cut < end or end == len(block)):
            yield cut


def _inside(block: str, start: int, cut: int, spoken: _Languages) -> bool:
    """True where a sentence goes on over ``cut``: an abbreviation or an initial. What is further away than a word and
    its marks decides nothing, so only that is looked at."""
    before, after = block[max(start, cut - _NEAR) : cut], block[cut : cut + _NEAR].lstrip()
    next_word = after.lstrip(_OPENING + "[ ")
    if (
        not _ENDED.search(before)
        or after[:1].islower()
        or _JOINED.match(after)
        or (next_word[:1].islower() and after[:1] != "[" and not _OPENING_CITATION.match(after))
    ):
        return True
    last = before.rstrip()[-1:]  # the patterns end with it, and take far longer to say so
    if last == "." and _ORDINAL.search(before) and _is_german_ordinal(next_word, spoken.told):
        return True
    named = last in ("!", "?") and _MARKED_NAME.search(before)
    if named and (_OF_A_FIRM.match(next_word) or _goes_on_as_a_name(before, next_word)):
        return True
    found = _LAST_TOKEN.search(before)
    if found is None:
        return False
    token = found["token"][-1:] if _TWO_INITIALS.fullmatch(found["token"]) else found["token"]
    word = token.casefold()
    numbered = bool(found["number"])
    shortened = len(token) == 1 or _LETTERS.fullmatch(word) or (not numbered and _NO_VOWEL.fullmatch(token))
    if not (shortened or after[:1].isdigit() or word in _abbreviations()):
        return False  # a word that no language shortens
    languages = _here(block[max(start, cut - _HERE) : cut], spoken.told)
    if after[:1].isdigit() and any(_before_number(word, one) for one in languages):
        return True
    if _LETTERS.fullmatch(word) and any(word in words("sentences", one, "never") for one in languages):
        return True  # "i.e. No. 4"
    if any(word in words("sentences", one, "either") for one in languages) or _LETTERS.fullmatch(word):
        if _starts(next_word, languages) or (numbered and len(word) == 1):
            return False
        return not (after[:1].isdigit() and word in ("a.m", "p.m", "etc"))
    if len(token) == 1:
        # "J. Smith", "z. B. Fotos", "s. Anlage"; but "9 h. Il veut"
        if token.isupper():
            ended = _starts(next_word, languages) and (_ERA.search(before) or _is_letter_of(before, languages))
            return word != "i" and next_word[:1].isupper() and not ended
        return languages != ("en",) and not (numbered and _starts(next_word, languages))
    if any(word in words("sentences", one, "never") for one in languages):
        return True
    return not numbered and _NO_VOWEL.fullmatch(token) is not None and not _starts(next_word, languages)


@once
def _abbreviations() -> frozenset[str]:
    """Words that have a full stop in one language or another."""
    packs = languages_of("sentences")
    return frozenset(word for one in packs for kind in ("never", "either") for word in words("sentences", one, kind))


def _is_german_ordinal(next_word: str, languages: tuple[str, ...]) -> bool:
    """Whether "am 3. Mai" goes on: in German a figure with a full stop is an ordinal where no sentence begins."""
    return "de" in languages and len(languages) <= _FEW and not _starts(next_word, languages)


def _here(text: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """``languages`` of a block and those of one sentence of it, which may be in another: any where none is told."""
    told = languages_told(text) or languages_of("sentences")
    return languages if set(told) <= set(languages) else (*languages, *(one for one in told if one not in languages))


def _before_number(word: str, language: str) -> bool:
    return word in words("sentences", language, "before_number") or any(
        word.endswith(suffix) for suffix in words("sentences", language, "before_number_suffix")
    )


def _is_letter_of(before: str, languages: tuple[str, ...]) -> bool:
    """Whether the capital letter at the end of ``before`` names a thing, "plan B." and "A ↔ B.", and no person."""
    match = _LETTER_OF.search(before)
    if match is None or match["word"] is None:
        return match is not None
    return any(match["word"].casefold() in words("sentences", one, "lettered") for one in languages)


def _goes_on_as_a_name(before: str, next_word: str) -> bool:
    """Whether a name that is known to have a mark within it goes on over the cut."""
    name = _MARKED_NAME.search(before)
    beside = _MARKED_NAMES.get(name[0].strip(), "") if name else ""
    first = _FIRST_WORD.match(next_word)
    return first is not None and first[0].removesuffix("'").removesuffix("’") in beside.split()


# "Yahoo! Inc.", "Guess? Brands Ltd": a firm's name may end in a mark, and no sentence begins with its legal form.
_MARKED_NAME = re.compile(r"\b[A-Z][\w'’&-]*[!?]\s*$")
_OF_A_FIRM = re.compile(
    r"(?:(?!(?:The|A|An|We|It|He|She|They|You|I|This|That|Der|Die|Das|Le|La|El|Wir|Nous)\b)[A-Z][\w'’&-]*,? ){0,2}"
    r"(?:Inc|Incorporated|Ltd|Limited|LLC|LLP|plc|PLC|Plc|Corp|Corporation|GmbH|mbH|AG|SE|KG|KGaA|OHG|SARL|SAS|SpA|SRL|"
    r"S\.A|S\.p\.A|S\.r\.l|S\.L|B\.V|N\.V|Pty|Holdings?|e\.V)(?![\w])"
)
# Names with a mark within them, and what they go on with.
_MARKED_NAMES: Final = {
    "E!": "Entertainment News Online Channel Television Networks",
    "Yahoo!": "Mail Finance News Sports Sport Search Answers Groups Japan Messenger Weather Music Maps Shopping Travel",
    "Yum!": "Brands China",
    "Ahoy!": "Cookies",
    "Jeopardy!": "Champion Champions Masters",
    "OK!": "Magazine",
    "Joomla!": "Extensions Project CMS",
}
_LETTER_OF = re.compile(r"(?:(?P<word>[^\W\d_]{3,}) |[↔→←⇔⇒⇄+=×&/\d] ?)[A-Z]\.[\"'”’)\]]*\s*$")
_TWO_INITIALS = re.compile(r"[^\W\d_]\.[-‐‑][^\W\d_]")  # "J.-P. Roy"
_JOINED = re.compile(r"-\w")  # "Kd.-Nr."
_NO_VOWEL = re.compile(r"[^\W\d_aeiouyAEIOUY\u00c0-\u017f][b-df-hj-np-tv-xz]{1,5}")  # "Hrn.", "mtl.", "fls."
_LETTERS = re.compile(r"(?:[a-z]\.){1,4}[a-z]")  # "u.s", "b.a"


def _starts(text: str, languages: tuple[str, ...]) -> bool:
    """Whether ``text`` begins with a word that begins sentences."""
    word = _FIRST_WORD.match(text)
    if word is None:
        return False
    plain = word[0].casefold().replace("’", "'")
    return any(plain in words("sentences", one, "starters") for one in languages)


@lru_cache(maxsize=1 << 15)
def languages_told(text: str) -> tuple[str, ...]:
    """The languages that small words of ``text`` speak for, the likeliest first; none where there are too few."""
    return languages_told_in((text,))


def languages_told_in(texts: Iterable[str]) -> tuple[str, ...]:
    """``languages_told`` of ``texts``, each on a line of its own; a text that comes again is not read again."""
    said: list[str] = []
    left, typeset = _TOLD_BY, False
    for text in texts:
        if left <= 0:
            break
        said += _words_within(text, left)
        typeset = typeset or "’" in text[:left]
        left -= len(text) + 1
    said = said[:_TOLD_BY_WORDS]
    if len(said) <= _SHORT:
        said = list(dict.fromkeys(said))  # "de" twice tells no more than once
    known = _languages_by_word()
    if typeset:
        said = [word if word in known else word.replace("’", "'") for word in said]
    counts: Counter[str] = Counter()
    for languages, times in Counter(filter(None, map(known.get, said))).items():  # many words are of the same ones
        for language in languages:
            counts[language] += times
    if not counts or (most := max(counts.values())) < _LEAST_TOLD:
        return ()
    return tuple(language for language, count in counts.most_common() if count * 4 >= most * 3)


def _words_within(text: str, length: int) -> Sequence[str]:
    """The words of ``text[:length]`` in lower case; of a longer text, the last ones are read up to there."""
    if len(text) <= length:
        return _words_told(text)
    ends = _ends_told(text[:_TOLD_BY])
    whole = bisect_right(ends, length - _BEHIND)
    start = ends[whole - 1] if whole else 0
    last = (match[1].casefold() for match in _WORD_TOLD.finditer(text, start, length) if match[1])
    return [*_words_told(text[:_TOLD_BY])[:whole], *last]


@lru_cache(maxsize=1 << 14)
def _words_told(text: str) -> Sequence[str]:
    """The words of the beginning of ``text`` in lower case."""
    found = "\n".join(filter(None, _WORD_TOLD.findall(text, 0, _TOLD_BY)))
    return found.casefold().split("\n") if found else ()


@lru_cache(maxsize=1 << 10)
def _ends_told(text: str) -> Sequence[int]:
    """Where each of the words of the beginning of ``text`` ends."""
    return [match.end() for match in _WORD_TOLD.finditer(text, 0, _TOLD_BY) if match[1]]


@once
def _languages_by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language in languages_of("sentences"):
        for word in words("sentences", language, "starters"):
            found[word] = (*found.get(word, ()), language)
    return found


def _trimmed(text: str, start: int, end: int) -> Sentence | None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    if not _LETTER_OR_DIGIT.search(text, start, end):
        return None
    return Sentence(text=text[start:end], start=start, end=end)
