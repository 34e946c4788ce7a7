"""A compiled pattern in, texts that would make it slow out: what each of its repetitions takes, many times over.

For each repetition without a bound, what stands before it is written once (a single attempt that backtracks), or each
time (a search that begins anew everywhere), then what it repeats, then an end that does not match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]  # the parser of re itself: nothing public says what a pattern is
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

_UNBOUNDED: Final = 256  # repetitions that may take as many or more count as having no bound
_END: Final = "\x00"
_OF_CATEGORY: Final = {
    codes.CATEGORY_DIGIT: "1",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_NOT_SPACE: "a",
    codes.CATEGORY_NOT_WORD: " ",
}


def attacks(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Texts of about ``length`` characters, each once."""
    made: set[tuple[str, str]] = set()
    for before, body in _repetitions(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG), ""):
        for head, piece in ((before, body), ("", before + body)):
            if piece and (head, piece) not in made:
                made.add((head, piece))
                yield head + (piece * (length // len(piece) + 1))[:length] + _END


def _repetitions(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    for code, argument in tree:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            _, most, body = argument
            if most == codes.MAXREPEAT or most >= _UNBOUNDED:
                for choice in _choices(body):
                    yield before, choice
            yield from _repetitions(body, before)
        elif code is codes.SUBPATTERN:
            yield from _repetitions(argument[3], before)
        elif code is codes.ATOMIC_GROUP:
            yield from _repetitions(argument, before)
        elif code is codes.BRANCH:
            for branch in argument[1]:
                yield from _repetitions(branch, before)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from _repetitions(argument[1], before)
        before += _sample([(code, argument)])


def _choices(body: Any) -> list[str]:
    """What one turn of a repetition may take: a sample of each branch, and characters of each part of a set."""
    if len(body) == 1 and body[0][0] is codes.IN:
        return list(dict.fromkeys(filter(None, (_of_set([part]) for part in body[0][1]))))[:6] or [_sample(body)]
    if len(body) == 1 and body[0][0] is codes.BRANCH:
        return [_sample(branch) for branch in body[0][1][1]][:6]
    return [_sample(body)]


def _sample(tree: Any) -> str:
    """A text that ``tree`` matches, as far as a look at each part alone can tell."""
    found = ""
    for code, argument in tree:
        if code is codes.LITERAL:
            found += chr(argument)
        elif code is codes.NOT_LITERAL:
            found += "a" if argument != ord("a") else "b"
        elif code is codes.ANY:
            found += "a"
        elif code is codes.IN:
            found += _of_set(argument)
        elif code is codes.BRANCH:
            found += _sample(argument[1][0])
        elif code is codes.SUBPATTERN:
            found += _sample(argument[3])
        elif code is codes.ATOMIC_GROUP:
            found += _sample(argument)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            least, most, body = argument
            found += _sample(body) * min(max(least, 1), 40, int(most))
    return found


def _of_set(parts: Any) -> str:
    denied = bool(parts) and parts[0][0] is codes.NEGATE
    if denied:
        for char in "a 1.\t\n-":
            if not any(_holds(part, char) for part in parts[1:]):
                return char
        return ""
    for code, argument in parts:
        if code is codes.LITERAL:
            return chr(argument)
        if code is codes.RANGE:
            return chr(argument[0])
        if code is codes.CATEGORY:
            return _OF_CATEGORY.get(argument, "a")
    return ""


def _holds(part: Any, char: str) -> bool:
    code, argument = part
    if code is codes.LITERAL:
        return ord(char) == int(argument)
    if code is codes.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    if code is codes.CATEGORY:
        return (
            (argument == codes.CATEGORY_DIGIT and char.isdigit())
            or (argument == codes.CATEGORY_SPACE and char.isspace())
            or (argument == codes.CATEGORY_WORD and (char.isalnum() or char == "_"))
            or (argument == codes.CATEGORY_NOT_DIGIT and not char.isdigit())
            or (argument == codes.CATEGORY_NOT_SPACE and not char.isspace())
            or (argument == codes.CATEGORY_NOT_WORD and not (char.isalnum() or char == "_"))
        )
    return False
