"""Running text in, proper names out, by capital letters and place in the sentence; English."""

from __future__ import annotations

import re
from typing import Final

from milo_bench.guards.packs.read import words

# Words that open sentences and headings with a capital letter and name nobody.
_NOT_NAMES: Final = frozenset(
    """
    a about additionally after again all along also although always am an and another any anyone are as at be because
    been before being below besides best between both but by can claim claimant could customers dear did do does
    during each either email emails even every everyone finally first following for from further furthermore get given
    had has have having he hello her here hers hi him his however i if in including instead into is it its itself
    just kind later lastly let like made make many may me meanwhile members might monday more moreover most much must
    my neither next no none nor not note now of off on once one only or other others otherwise our out over overall
    own participants people please previously rather re readers recipient recipients regarding regards same second see
    she should since sincerely so some someone soon such summary subject tell than thank thanks that the their them
    then there therefore these they third this those though through throughout thus to today together tomorrow too
    two three four five six seven eight nine ten tuesday wednesday thursday friday saturday sunday
    under unfortunately unless until up upon us very via was we were what when where whereas whether which while who
    whose why will with within without would yes yesterday yet you your yours team status template
    january february march april may june july august september october november december mr mrs ms dr miss sir madam
    """.split()  # noqa: SIM905  a list of words reads better than a list of literals
)
# After a capital at the start of a sentence, these say that it is someone or something that acts.
_ACTS: Final = frozenset(
    """
    is was has had will would says said offers offered provides provided asks asked announces announced invites invited
    introduces introduced plans wants can could and also
    """.split()  # noqa: SIM905
)

_ABBREVIATION: Final = 5  # letters

_WORD = r"[^\W\d_][\w'’&]*(?:-\w+)*"
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’&]*(?:-\w+)*"
_PARTICLE = r"(?:(?:de|von|van|der|la|bin|al|of)[ \t])?"
_RUN = re.compile(rf"(?<![\w�]){_CAPITAL}(?:[ \t]{_PARTICLE}{_CAPITAL})*")
_TOKEN = re.compile(_WORD)
_OPENS_SENTENCE = re.compile(r"(?:^|[.!?:;•*>\"“‘(\[|\n\t-])[\s\"“‘'(\[*>#-]*$")
_POSSESSIVE = re.compile(r"['’]s?$")
_NEXT_WORD = re.compile(r"['’]s\b|[ \t]+([a-z]+)")


def find_names(text: str) -> tuple[tuple[int, int], ...]:
    """Where names stand in ``text``: runs of capitalised words, without a sentence's ordinary first word."""
    found = []
    for match in _RUN.finditer(text):
        start = match.start()
        tokens = [(start + one.start(), start + one.end()) for one in _TOKEN.finditer(match[0])]
        opens = bool(_OPENS_SENTENCE.search(text[max(0, start - 12) : start])) or start == 0
        while tokens and _names_nobody(text[slice(*tokens[0])]):
            tokens.pop(0)
            opens = False
        while tokens and _names_nobody(text[slice(*tokens[-1])]):
            tokens.pop()
        if not tokens or (len(tokens) == 1 and opens and not _acts(text, tokens[0])):
            continue
        found.append((tokens[0][0], tokens[-1][1]))
    return tuple(found)


def name_words(name: str) -> str:
    """A name's own words in lower case, without possessives, joined by spaces: what a source must hold."""
    plain = (_plain(word) for word in _split(name))
    return " ".join(word for word in plain if word and word not in _NOT_NAMES) or name.casefold()


_ONE_WORD = re.compile(r"\w+")  # without hyphens and apostrophes
_ELIDED = re.compile(r"(?:[cdjlmnst]|qu|dell|dall|nell|all|sull)['’](?=\w)")  # "de l'Octroi" states the name "Octroi"


def words_of(text: str) -> frozenset[str]:
    """Every word of ``text`` in lower case, as written, without a possessive or plural s, and without "l'" or "d'"."""
    words: set[str] = set()
    for token in set(_TOKEN.findall(text)):
        if _ONE_WORD.fullmatch(token):
            plain = token.casefold()
            words.update((plain, plain.removesuffix("s"), f"{plain}s"))
            continue
        for word in _split(token):
            plain = _plain(word)
            words.update((plain, plain.removesuffix("s"), f"{plain}s"))
            if elided := _ELIDED.match(plain):
                words.add(plain[elided.end() :])
    return frozenset(words)


_NO_PART: Final = frozenset(chr(code) for code in range(128) if not (chr(code).isalnum() or chr(code) in "_'&-"))


def may_be_word(word: str) -> bool:
    """Whether ``words_of`` some text may have ``word``: all of them are in lower case, and none has these marks."""
    return not ("-" in word or "&" in word or (word.isascii() and word != word.lower()))


def stands_alone(word: str, text: str) -> bool:
    """Whether ``word``, in lower case, stands by itself in ``text``, and so is one of its ``words_of``.

    To look takes a hundredth of the time that the words of a long text take. A no says nothing.
    """
    if not (word.isalnum() and word[0].isalpha()):
        return False
    for form in (word.capitalize(), word, word.upper()):
        at = text.find(form) if form.casefold() == word else -1
        while at >= 0:
            end = at + len(form)
            if (not at or text[at - 1] in _NO_PART) and (end == len(text) or text[end] in _NO_PART):
                return True
            at = text.find(form, end)
    return False


def _names_nobody(word: str) -> bool:
    """Whether a word with a capital is an ordinary one, or an abbreviation in capitals: ASAP, BP, HR."""
    plain = _plain(word)
    if word.isupper() and 1 < len(word) <= _ABBREVIATION:
        return True
    return plain in _NOT_NAMES or plain in words("facts", "en", "ordinary")


def _split(name: str) -> list[str]:
    return [part for word in _TOKEN.findall(name) for part in re.split(r"[-&]", word) if part]


def _plain(word: str) -> str:
    return _POSSESSIVE.sub("", word).casefold()


def _acts(text: str, token: tuple[int, int]) -> bool:
    """Whether a sentence's first word is followed by something that only a name is."""
    word = text[slice(*token)]
    if _POSSESSIVE.search(word) or (len(word) > 1 and (word.isupper() or not word[1:].islower())):
        return True
    following = _NEXT_WORD.match(text, token[1])
    return bool(following and (following[1] is None or following[1] in _ACTS))
