"""Fixtures and their contracts in, which of them ask a model the same question out. Pure.

A fixture is as much evidence as its question is new. Fixtures of one group are one cluster, and so are those that a
model is asked the same: a column that no prompt shows, white space, case and stops make no new question. Numbers and
names make one where the right answer changes with them, and where the suite's author said so by a group.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from msgspec import Struct

from milo_bench.core.errors import MiloError
from milo_bench.core.records import Fixture, Workload
from milo_bench.guards.languages.marks import unmarked
from milo_bench.run.prepare import prepare
from milo_bench.suites.importing.sets import Parts
from milo_bench.suites.importing.shapes import names_in, says_something, shape

Contracts = Mapping[str, Sequence[Workload]]  # of a workload every contract that its fixtures were sent under

_NOT_ALNUM: Final = bytes(byte for byte in range(256) if not chr(byte).isascii() or not chr(byte).isalnum())
_GAPS = re.compile(r"[\W_]+")
_WITH_DIGIT = re.compile(r"[^\W_]*\d[^\W_]*")
_WORD = re.compile(r"\b[^\W\d_]+\b")
_NAMED = re.compile(r"[^\W_]+")
_LEAST_WORDS: Final = 3
_LONGEST_TEMPLATE: Final = 20_000  # characters; longer documents do not differ by a name alone
_NUMBER = re.compile(r"\d(?:[\d.,'’]*\d)?")
_DAY_OR_MONTH = re.compile(
    r"\b(?:mon|tues?|wednes|wed|thurs?|thu|fri|satur|sat|sun)(?:day)?\b"
    r"|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)


def contracts_of(workloads: Mapping[str, Workload]) -> Contracts:
    """The contracts of a suite or a run, which has one for each workload."""
    return {name: (workload,) for name, workload in workloads.items()}


def find_alike(
    fixtures: Sequence[Fixture], contracts: Contracts | None = None, *, same_as: Mapping[str, str] | None = None
) -> list[int]:
    """For each fixture the number of the first one that is alike: its own where it stands alone.

    ``contracts`` say what a model was asked; without one, that is the whole input. ``same_as`` names fixtures by
    others which ask the same, beside those that say so themselves.
    """
    first: dict[tuple[str, str, object], int] = {}
    parts = Parts(len(fixtures))
    said = {one.id: one.same_as for one in fixtures if one.same_as} | dict(same_as or {})
    named = set(said.values())
    for number, fixture in enumerate(fixtures):
        if fixture.id in said or fixture.id in named:
            name = said.get(fixture.id, fixture.id)
            parts.join(first.setdefault((fixture.workload, "same as", name), number), number)
        for kind, key in _keys(fixture, (contracts or {}).get(fixture.workload, ())):
            parts.join(first.setdefault((fixture.workload, kind, key), number), number)
    return [parts.find(number) for number in range(len(fixtures))]


def name_alike(fixtures: Sequence[Fixture], contracts: Contracts) -> dict[str, str]:
    """Of fixtures that ask the same as an earlier one, or are of its group, the ids: theirs and that of the first."""
    alike = find_alike(fixtures, contracts)
    return {
        one.id: fixtures[first].id for one, first in zip(fixtures, alike, strict=True) if fixtures[first] is not one
    }


class SameQuestions(Struct, frozen=True):
    """A workload in which ``same`` of ``of`` fixtures ask what an earlier one asks: ``example`` what ``first`` does."""

    workload: str
    same: int
    of: int
    example: str
    first: str

    @property
    def text(self) -> str:
        noun = "fixtures ask" if self.same > 1 else "fixture asks"
        return (
            f"{self.workload}: {self.same} of {self.of} {noun} the same as an earlier one, for example "
            f"'{self.example}' as '{self.first}'. Every interval counts them once"
        )

    @property
    def hint(self) -> str:
        return (
            "show the model what makes them different. If only names or numbers differ and each is a case of its own, "
            "give each a 'group'."
        )


def same_questions(fixtures: Sequence[Fixture], contracts: Contracts) -> Iterator[SameQuestions]:
    """Each workload with fixtures that ask the same although nobody put them into one group."""
    by_id = {one.id: one for one in fixtures}
    alike = {
        id: first
        for id, first in name_alike(fixtures, contracts).items()
        if not by_id[id].group or by_id[id].group != by_id[first].group
    }
    of = Counter(one.workload for one in fixtures)
    same = Counter(by_id[id].workload for id in alike)
    examples = {by_id[id].workload: (id, first) for id, first in reversed(alike.items())}
    for workload, count in same.items():
        yield SameQuestions(workload, count, of[workload], *examples[workload])


def _keys(fixture: Fixture, contracts: Sequence[Workload]) -> Iterator[tuple[str, object]]:
    """Each key that it shares with a fixture which is alike."""
    if fixture.group:
        yield "group", fixture.group
    if fixture.erased or not fixture.input:
        yield "hash", fixture.hash or fixture.id
        return
    for place, contract in enumerate(contracts or (None,)):
        asked, has_pictures = _asked(fixture, contract)
        yield f"asked {place}", _digest(asked.encode("utf-8", "surrogatepass"))
        gold = repr(fixture.expect)
        if words := letters(asked):
            yield f"words {place}", (_digest(words), _digest(letters(gold)))
        if not fixture.group and not has_pictures and _says_something(fixture) and (text := _without_numbers(asked)):
            yield f"numbers {place}", (_digest(text), _digest(_gold_without_numbers(gold, asked)))
        may_be_template = not fixture.group and not has_pictures and len(asked) <= _LONGEST_TEMPLATE
        if may_be_template and says_something(shape("\n".join(_values(fixture.input)))):
            template = " ".join(shape(asked)).encode("utf-8", "surrogatepass")
            yield f"names {place}", (_digest(template), _digest(_gold_without_names(gold, asked)))


def _says_something(fixture: Fixture) -> bool:
    """Whether the case has words besides numbers: "text 17" stands for a text that is not here."""
    return sum(1 for text in _values(fixture.input) for _ in _WORD.finditer(text)) >= _LEAST_WORDS


def _asked(fixture: Fixture, contract: Workload | None) -> tuple[str, bool]:
    """All that a model is asked, and whether there are pictures in it; the input where nothing can be rendered."""
    try:
        requests = () if contract is None else prepare(fixture, contract).requests
    except MiloError:
        requests = ()
    if not requests:
        return "\n".join(_texts(fixture.input)), False
    messages = [message for request in requests for message in request.messages]
    pictures = [picture.name for message in messages for picture in message.pictures]
    return "\n".join([*(f"{message.role}: {message.content}" for message in messages), *pictures]), bool(pictures)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from _texts(value)
    else:
        yield str(data)


def _values(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        data = tuple(data.values())
    if isinstance(data, (list, tuple)):
        for value in data:
            yield from _values(value)
    elif isinstance(data, str):
        yield data


def letters(text: str) -> bytes:
    """Letters and digits of ``text`` alone, whatever their case and type."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unmarked(text).text)
    folded = text.casefold()
    if folded.isascii():
        return folded.encode().translate(None, _NOT_ALNUM)
    return _GAPS.sub("", folded).encode("utf-8", "surrogatepass")


def _without_numbers(text: str) -> bytes:
    """The letters of ``text`` without dates and the words that have a digit; b"" where it has no such word."""
    text = unicodedata.normalize("NFKC", text).casefold()
    masked, count = _WITH_DIGIT.subn("", text)
    return letters(_DAY_OR_MONTH.sub("", masked)) if count else b""


def _gold_without_numbers(gold: str, asked: str) -> bytes:
    """The letters of ``gold`` without what it repeats of the question's numbers: another sum is another answer."""
    words = {word.casefold() for word in _WITH_DIGIT.findall(asked)}
    numbers = {_significant(number) for number in _NUMBER.findall(asked)}

    def masked(match: re.Match[str]) -> str:
        repeated = match[0].casefold() in words or _significant(match[0]) in numbers - {""}
        return "" if repeated else match[0]

    return letters(_WITH_DIGIT.sub(masked, _NUMBER.sub(masked, gold)))


def _gold_without_names(gold: str, asked: str) -> bytes:
    """The letters of ``gold`` without what it repeats of the question's names and numbers."""
    names = {name.casefold() for name in names_in(asked)}
    plain = _GAPS.sub(" ", gold.casefold()).split() if names else ()
    if not names.intersection(plain):
        return _gold_without_numbers(gold, asked)
    masked = _NAMED.sub(lambda match: "" if match[0].casefold() in names else match[0], gold)
    return _gold_without_numbers(masked, asked)


def _significant(number: str) -> str:
    return "".join(digit for digit in number if digit.isdigit()).strip("0")


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()
