"""An answer in words in, the letters of the options that it chooses out: as it says so, marks them or leaves them over.

"The answer is B" decides. Otherwise every letter that is named counts by what is said of it: options that are ruled
out or only possible do not count, and one that is called correct counts for more than one that is only named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_ENDS_READ: Final = 4_000  # characters of each end of a long answer
_SHORT: Final = 60
# From the first space of a run alone, and none is given back: a run of spaces is gone through once.
_JOIN = r"(?<!\s)\s*+(?:,|/|&|\+|\band\b|\bor\b|\bund\b|\boder\b|\bou\b|\bet\b)\s*+"
_WORDS = (
    r"answers?|antwort|option|choice|(?:options|choices)(?=\s+(?:is|are|would)\b)|choose|select|réponse|respuesta|risposta|"
    "antwoord|odpowiedź|resposta|ответ"
)
_BETWEEN = (
    "is|are|ist|est|es|è|be|to|jest|the|die|la|le|el|correct|correcta|correcte|right|best|final|here|opción|option|"
    "letter|choice|either"
)
_LETTERS = rf"(?P<letters>[A-Za-z](?:{_JOIN}(?:(?:either|both)\s+)?\(?[A-Za-z]\)?(?![^\W_]))*)(?![^\W_'’])"
# "Answer: B", "the correct option is (B)", "\boxed{B}": the model says what it chose. The last one counts.
_SAYS: Final = rf"(?:(?<![^\W_])(?:{_WORDS})(?![^\W_])|答え|答案|\\boxed)"
_CUE: Final = rf"{_SAYS}(?:[^\w\n.!?]|\n|\\text|(?:{_BETWEEN})(?![^\W_])|は|是){{0,12}}?"
_SAID: Final = re.compile(rf"{_CUE}{_LETTERS}", re.IGNORECASE)
_NAMED: Final = re.compile(rf"(?<![\w'’.])(?P<letters>[A-Z](?![\w'’])(?:\)?{_JOIN}\(?[A-Z](?![\w'’]))*)")
_ALONE: Final = re.compile(r"[\s>#*_\-\"'`(\[]*+(?:\d+[.)]\s*+)?[\s*_\"'`(\[]*+(?P<letter>[A-Za-z])[\s)\].:!*_\"'`]*")
_MARK_BEFORE: Final = re.compile(r"(?:^|\n)[\s>#*_\-\"'`(\[]*(?:\d+[.)]\s*)?[*_(\[]*$")
_MARK_AFTER: Final = re.compile(r"\s*(?:\*\*)?\s*[)\].:]|\*\*|\s*$|\s*\n|\s+[-–—]\s")
_RULED_OUT_BEFORE: Final = re.compile(
    r"(?:\bnot\b|n['’]t\b|\bnor\b|\bneither\b|\bnever\b|\bnicht\b|\bkeine?\b|"
    r"\brul(?:e|es|ed|ing)\s+out\b|\beliminat\w+\b|\bexclud\w+\b|\bdiscard\w*\b|\brather than\b|\binstead of\b|"
    r"\bthan\b|\bexcept\b|\bunlike\b|\bbetween\b|\bzwischen\b)"
    r"\s*(?:(?:options?|choices?|the|be)\s*)*\(?$",
    re.IGNORECASE,
)
_ONLY_POSSIBLE: Final = re.compile(
    r"\b(?:could|might|may|maybe|perhaps|possibly|könnte|vielleicht)\b\s*(?:(?:also|be|auch|well|as|option)\s*)*\(?$",
    re.IGNORECASE,
)
_WRONG_AFTER: Final = re.compile(
    r"[^.;!?\n]{0,60}?(?:\bnot\b|n['’]t\b|\bwrong\b|\bincorrect\b|\bfalse\b|\btrap\b|\bdistractor\b|\bfalsch\b|\bnein\b|\bfaux\b|"
    r"\bincorrecta?\b|"
    r"\beliminated\b|\bexcluded\b|\bruled out\b)|\s*[)\].:\-–—]*\s*no\b",
    re.IGNORECASE,
)
_RIGHT_AFTER: Final = re.compile(
    r"[^.;!?\n,]{0,40}?\b(?:correct|right|best|true|richtig|korrekt|correcta?|juste|fits|matches|works)\b|\s*[)\].:\-–—]*\s*yes\b|"
    r"\s*,?\s+(?:because|since)\b|\s+it is\b",
    re.IGNORECASE,
)
_CHOSEN_BEFORE: Final = re.compile(
    r"(?:\b(?:is|it['’]s|be|pick|picks|chose|choose|chosen|select|selected|with|so|thus|therefore|hence|only|final|say|"
    r"correct|right|best|ist|nehme|wähle|option)\b\s*[,:]?|=|->|=>|→|⇒)\s*(?:(?:option|choice|letter|the)\s+)?[*_(\[\"'`]*$",
    re.IGNORECASE,
)
_UP_TO_NEXT: Final = re.compile(
    r"\bbecause\b.*|\bsince\b.*|(?<![\w'’])[B-Z](?![\w'’])|(?<![\w'’])A(?=\s+is\b)", re.DOTALL
)
_END_OF_LINE: Final = re.compile(r"[)\].!*_\s]*?(?:$|\n)")
_TAKEN_BACK: Final = re.compile(r"\b(?:wait|actually|correction|on second thought|no,|instead|rather)\b", re.IGNORECASE)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")
_COUNTED: Final = re.compile(
    rf"(?:the\s+)?(?:(?:option|choice)\s+(\d{{1,2}})|(\d{{1,2}})|({'|'.join(_ORDINALS)})(?:\s+(?:option|one|choice))?)",
    re.IGNORECASE,
)


class _Mention(NamedTuple):
    letters: tuple[str, ...]
    weight: int  # 1 named, 2 marked as options are, 3 called correct or chosen


def chosen_letters(text: str, options: Sequence[str], letters: str) -> tuple[str, ...]:
    """The letters in order, several where the answer names several; () where it chooses none."""
    text = unicodedata.normalize("NFKC", text)
    if len(text) > 2 * _ENDS_READ:  # what is chosen is said first or last
        text = f"{text[:_ENDS_READ]}\n{text[-_ENDS_READ:]}"
    whole = folded_option(text)
    if whole in options:
        return (letters[options.index(whole)],)
    if len(text) <= _SHORT and (alone := _ALONE.fullmatch(text)) and alone["letter"].upper() in letters:
        return (alone["letter"].upper(),)
    for match in reversed(list(_SAID.finditer(text))):
        found = split_letters(match["letters"], letters)
        if found and not _RULED_OUT_BEFORE.search(text[: match.start()]):
            after = text[match.end() :]
            return (_TAKEN_BACK.search(after) and _weighed(after, letters)) or found
    said = [place for place, one in enumerate(options) if one and re.search(rf"{_CUE}{re.escape(one)}(?!\w)", whole)]
    if len(said) == 1:
        return (letters[said[0]],)
    return _weighed(text, letters) or _by_words(whole, options, letters) or _counted(whole, options, letters)


def split_letters(written: str, letters: str) -> tuple[str, ...]:
    """``A, C`` as letters; () where one of them names no option."""
    parts = [part.strip(" ()").upper() for part in re.split(_JOIN, re.sub(r"\b(?:either|both)\b", "", written))]
    # A small "a" in running words is an article.
    if written.strip() == "a" and len(parts) == 1:
        return ()
    return tuple(sorted(set(parts))) if parts and all(one in letters and len(one) == 1 for one in parts) else ()


def folded_option(text: str) -> str:
    """An option's words as they are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold().strip("\"'`*. ")


def _weighed(text: str, letters: str) -> tuple[str, ...]:
    """What is left of the letters that are named, the best of them by what is said of each."""
    mentions = list(_mentions(text, letters))
    best = max((one.weight for one in mentions), default=0)
    kept = [one for one in mentions if one.weight == best]
    if len({one.letters for one in kept}) > 1 and best == 3 and _TAKEN_BACK.search(text):
        kept = kept[-1:]
    return tuple(sorted({letter for one in kept for letter in one.letters}))


def _mentions(text: str, letters: str) -> Iterator[_Mention]:
    for match in _NAMED.finditer(text):
        found = split_letters(match["letters"], letters)
        before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 80]
        if not found or _is_word(match["letters"], after):
            continue
        said = _UP_TO_NEXT.split(after)[0]
        if _RULED_OUT_BEFORE.search(before) or _ONLY_POSSIBLE.search(before) or _WRONG_AFTER.match(said):
            continue
        last_on_line = before.rstrip().endswith(":") and _END_OF_LINE.match(after)
        if _RIGHT_AFTER.match(said) or _CHOSEN_BEFORE.search(before) or last_on_line:
            yield _Mention(found, 3)
        else:
            marked = _MARK_BEFORE.search(before) if len(before) < 60 else _MARK_BEFORE.search(before[1:])
            yield _Mention(found, 2 if marked and _MARK_AFTER.match(after) else 1)


def _is_word(written: str, after: str) -> bool:
    """Whether a lone A or I is the article or the pronoun."""
    verbs = r"\s+(?:is|was|because|since|and|or|but|seems|fits|looks|has|would|can)\b"
    return written in ("A", "I") and re.match(r"\s+[a-z]", after) is not None and re.match(verbs, after) is None


def _by_words(whole: str, options: Sequence[str], letters: str) -> tuple[str, ...]:
    """The one option whose words the answer has and does not deny."""
    found = []
    for place, option in enumerate(options):
        said = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", whole)] if option else []
        if any(not _RULED_OUT_BEFORE.search(whole[:start]) for start in said):
            found.append(letters[place])
    return tuple(found) if len(found) == 1 else ()


def _counted(whole: str, options: Sequence[str], letters: str) -> tuple[str, ...]:
    """``option 2`` and ``the second option`` where no option is a number itself."""
    match = _COUNTED.fullmatch(whole)
    if match is None or any(option.isdecimal() for option in options):
        return ()
    number = int(match[1] or match[2] or _ORDINALS.index(match[3]) + 1)
    return (letters[number - 1],) if 1 <= number <= len(letters) else ()
