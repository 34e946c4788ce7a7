"""An answer and what it was written from in, each of its sentences with the evidence that it cites out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from milo_bench.core.records import Frozen
from milo_bench.guards.citations import cited_sentences
from milo_bench.guards.citing.lines import find_line_citations, numbered_lines

_EVENT_ID: Final = re.compile(r"E-\d{4}")


class CitedSource(Frozen, frozen=True, omit_defaults=False):
    """What a citation leads to: an event with its day, or a numbered line; ``text`` is "" where it leads nowhere."""

    id: str
    text: str


class CitedStatement(Frozen, frozen=True, omit_defaults=False):
    """A sentence at ``start`` to ``end`` of the answer. ``uncited``: it states something and cites nothing."""

    text: str
    start: int
    end: int
    sources: tuple[CitedSource, ...]
    uncited: bool


def cited_statements(
    answer: str, sources: Mapping[str, str], *, exempt: Iterable[str] = ()
) -> tuple[CitedStatement, ...]:
    """Every sentence of ``answer`` with its evidence, in order; ``sources`` as `sources_in` finds them.

    ``exempt`` is text that needs no citation, as in ``is_claim``. In an answer that cites lines, what needs a citation
    depends on its sections, so none of its sentences is called uncited.
    """
    by_lines = bool(find_line_citations(answer))
    found = []
    for one in cited_sentences(answer, exempt=exempt):
        sentence = one.sentence
        numbers = dict.fromkeys(number for line in find_line_citations(sentence.text) for number in line.numbers)
        ids = (*one.event_ids, *(f"L{number}" for number in numbers))
        evidence = tuple(CitedSource(id, sources.get(id, "")) for id in ids)
        uncited = one.claim and not ids and not by_lines
        found.append(CitedStatement(sentence.text, sentence.start, sentence.end, evidence, uncited))
    return tuple(found)


def cited_answer(answer: str, given: str) -> tuple[CitedStatement, ...]:
    """The sentences of ``answer``, each with the events or numbered lines of ``given`` that it cites.

    ``given`` is a timeline, a JSON object with the inputs of a template, or a plain text.
    """
    try:
        data = msgspec.json.decode(given) if given.lstrip().startswith("{") else given
    except msgspec.DecodeError:
        data = given
    return cited_statements(answer, sources_in(data))


def sources_in(*given: Any) -> dict[str, str]:
    """What can be cited of an input or a prepared timeline: events by id, numbered lines by ``L12``."""
    return dict(source for data in given for source in _sources(data))


def _sources(data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        yield from ((f"L{number}", line) for number, line in numbered_lines(data).items())
    elif isinstance(data, Mapping):
        id, text = data.get("id"), data.get("text")
        if isinstance(id, str) and isinstance(text, str) and _EVENT_ID.fullmatch(id):
            said = (str(data.get("at", ""))[:10], str(data.get("status", "")).replace("_", " "), text)
            yield id, ", ".join(part for part in said if part)
        for value in data.values():
            yield from _sources(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _sources(value)
