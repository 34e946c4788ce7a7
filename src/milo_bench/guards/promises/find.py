"""Text in, the commitments that it makes out, with kind, reason and offsets, and the clauses that may be one.

The language of each sentence is recognised. What is in a language with a file of words goes to `by_pack`; the rules of
`english` also read what has no language of its own. Rules know the wordings that somebody thought of, and miss those
of strangers. So what no rule finds is looked at from the other side: a clause that is not clearly harmless is a
``possible_promise``, which no check may pass and which a person must read. With ``suspects`` a learned score looks at
what is left (`suspects`).

Limits: one sentence at a time, so "It will. By Friday." is missed; no world knowledge. Measured figures are in
``measured.json`` and are recomputed by a test: ``promises`` is what rules find, ``promises_caught`` what does not pass.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from milo_bench.guards.citations import normalise
from milo_bench.guards.languages.marks import Unmarked, unmarked
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.promises.by_pack import FoundByPack, promises_in_sentence
from milo_bench.guards.promises.english.clauses import without_citations
from milo_bench.guards.promises.english.judge import promises_in_english
from milo_bench.guards.promises.promise import POSSIBLE, SUSPECTED, Promise
from milo_bench.guards.promises.suspects import is_suspect
from milo_bench.guards.sentences import split_sentences

PROMISES_VERSION = "13"


def find_promises(text: str, *, exempt: Iterable[str] = (), expected: str = "") -> tuple[Promise, ...]:
    """The commitments that a rule finds in ``text``; those in doubt are left out: see ``read_promises``."""
    return tuple(one for one in read_promises(text, exempt=exempt, expected=expected) if one.kind != POSSIBLE)


def read_promises(
    text: str, *, exempt: Iterable[str] = (), expected: str = "", suspects: bool = False
) -> tuple[Promise, ...]:
    """The commitments in ``text`` and the clauses that may be one, at most one for each clause, in order.

    Allowed, and so not found: update expectations, conditional descriptions of a process without
    a time or an outcome, completed past facts, negations and disclaimers ("we cannot promise"),
    what others asked, said or will do, questions, aims and hedges ("we hope to", "may"), what the
    reader must do, and sentences that stand in ``exempt`` (policy language) word for word.
    An expectation of an *end* ("the review is expected to be completed by Friday") is found as
    ``completion_estimate``: a record that expects an update does not support it. ``expected`` is the language of
    texts that are too short to recognise (ISO 639-1, "" for English). ``suspects`` adds the sentences that no rule
    finds anything in and that the learned score suspects, as ``possible_promise``. Zero-width characters, full-width
    letters and look-alikes of other scripts hide nothing.
    """
    allowed = {
        normalise(part.text).rstrip(".!") for whole in exempt for part in split_sentences(whole) if len(part.text) > 3
    }
    plain = unmarked(text)
    parts = recognise(plain.text, expected=expected)
    starts = [part.start for part in parts]
    found: list[Promise] = []
    for sentence in split_sentences(plain.text):
        if sentence.text.rstrip("\"'”’) ").endswith("?"):
            continue
        if allowed and normalise(without_citations(sentence.text)).rstrip(".!") in allowed:
            continue
        for part in parts[bisect_left(starts, sentence.start) : bisect_left(starts, sentence.end)]:
            language = part.language or expected
            judged = tuple(_judge_part(plain.text, part.start, part.end, language))
            found += judged or (_suspect(plain.text, part.start, part.end, language) if suspects else ())
    if plain.places is None:
        return tuple(found)
    return tuple(_placed(one, text, plain) for one in found)


def _judge_part(source: str, start: int, end: int, language: str) -> Iterator[Promise]:
    for one in _judge_sentence(source[start:end], language):
        begin, last = start + one.start, start + one.end
        yield Promise(start=begin, end=last, text=source[begin:last], kind=one.kind, reason=one.reason)


def _suspect(source: str, start: int, end: int, language: str) -> tuple[Promise, ...]:
    text = source[start:end]
    if not is_suspect(text, language):
        return ()
    return (Promise(start=start, end=end, text=text, kind=POSSIBLE, reason=SUSPECTED),)


@lru_cache(maxsize=4096)  # one sentence comes again with the same answer to another case, and with its cut
def _judge_sentence(sentence: str, language: str) -> tuple[FoundByPack, ...]:
    if language not in languages_of("promises"):  # English, and what has no language
        found = promises_in_english(sentence, 0, len(sentence))
        return tuple(FoundByPack(one.start, one.end, one.kind, one.reason) for one in found)
    return tuple(promises_in_sentence(sentence, language))


def _placed(promise: Promise, text: str, plain: Unmarked) -> Promise:
    start, end = plain.at(promise.start, promise.end)
    return msgspec.structs.replace(promise, start=start, end=end, text=text[start:end])
