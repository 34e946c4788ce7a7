"""A sentence and the words of its language in, the commitment that it makes out; rules only, no model.

The words are data (``guards/packs/promises/LANGUAGE.toml``): who pays, what is paid, what ends, what says a time, and
what takes a promise back. The rules over them are the same in every language: an assurance, money that is to be paid,
an outcome, an end or another act of ours by a time, an admission of fault, a rule that is put aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from milo_bench.core.once import once
from milo_bench.guards.citations import find_citations
from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.promises.promise import POSSIBLE, UNSURE, PromiseKind

_PARTS: Final = (
    "vouch", "money", "pay", "owner", "get", "arrive", "back", "won", "finish", "result", "liable", "waive", "time",
    "past", "maybe_past", "deadline", "future", "negation", "hedge", "others", "indirect", "condition", "news", "duty",
    "entitle", "ours", "state", "current", "decision", "ahead", "gain", "spared", "soon", "denial", "does",
    "you", "plain",
)  # fmt: skip
_CLAUSE: Final = re.compile(
    r"(?:;|(?<![,.])[–—]|(?<!\d)[,:]|[,:](?![\d–—-]))+|\s-\s"
)  # "1.234,50", "99,-" and "14:30" are whole
_QUOTED: Final = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«")
_DAY: Final = re.compile(r"\b\d{1,2}(?:[./]\d{1,2}(?:[./]\d{2,4})?|(?:\.|º|er)?(?=\s))|\b\d{4}-\d\d-\d\d\b")
_NOTE_WORDS: Final = 6  # "Zahlung binnen 14 Tagen": a note without a verb


class FoundByPack(NamedTuple):
    """The clause at ``start`` to ``end`` of the sentence."""

    start: int
    end: int
    kind: PromiseKind
    reason: str


@once
def _patterns(language: str) -> dict[str, re.Pattern[str]]:
    return {part: pattern_of("promises", language, part) for part in _PARTS}


def promises_in_sentence(sentence: str, language: str) -> Iterator[FoundByPack]:
    """The commitments of one sentence, at most one for each clause, in order; of one in doubt the kind ``POSSIBLE``."""
    if sentence.rstrip("\"'”’»« )").endswith("?"):
        return
    text = sentence.casefold()
    if len(text) != len(sentence):
        text = sentence.lower()
    text = _QUOTED.sub(lambda match: " " * len(match[0]), text)
    for citation in find_citations(sentence):
        text = text[: citation.start] + " " * (citation.end - citation.start) + text[citation.end :]
    known = _patterns(language)
    timed = conditional = False
    reported = denied = False
    clauses = list(_clauses(text))
    for start, end in clauses:
        clause = text[start:end].replace("’", "'")
        reported = reported or bool(known["others"].search(clause))
        if reported:
            continue
        was_denied, denied = denied, bool(known["denial"].search(clause))
        if denied or was_denied:  # "it is far from certain, that …": the clause behind it goes with it
            continue
        if len(clauses) > 1 and _opens(clause, known, "condition", "indirect"):
            conditional = True  # what follows is to happen when it is met
            continue
        found = _judge(clause, known, timed, conditional)
        if found is None and _may_commit(clause, known, timed):
            found = POSSIBLE, UNSURE
        if found is not None:
            shown = start + len(clause) - len(clause.lstrip())
            yield FoundByPack(shown, end, *found)
        timed = timed or bool(known["time"].search(clause))


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for mark in _CLAUSE.finditer(text):
        if text[at : mark.start()].strip():
            yield at, mark.start()
        at = mark.end()
    if text[at:].strip():
        yield at, len(text.rstrip())


def _judge(
    clause: str, known: dict[str, re.Pattern[str]], timed: bool, conditional: bool
) -> tuple[PromiseKind, str] | None:
    def has(part: str) -> bool:
        return known[part].search(clause) is not None

    negated = has("negation")
    if has("vouch") and not negated:
        return "outcome_guarantee", "assures what will happen"
    if _opens(clause, known, "indirect") or has("duty"):
        return None
    if has("liable") and not negated and not has("hedge") and not has("past"):
        return "liability_admission", "accepts responsibility or the costs"
    if negated or has("hedge") or _is_past(clause, known):
        return None
    timed = timed or has("time") or _DAY.search(clause) is not None
    if has("current") and not timed:
        return None  # how the case is today, as its record says; with a time it is a promise again
    if has("waive"):
        return "waiver", "puts a rule or a charge aside"
    money = has("money")
    if has("back") or (_pays(clause, known) and (money or has("owner"))):
        return "payment_promise", "promises money"
    if money and (has("get") or ((timed or conditional) and has("arrive"))) and not has("news"):
        return "payment_promise", "promises money"
    if money and timed and len(clause.split()) <= _NOTE_WORDS and known["money"].match(clause.lstrip()):
        return "payment_promise", "promises money by a time"
    if has("won") or (money and has("entitle")):
        return "outcome_guarantee", "says how it will be decided"
    if timed and (has("result") or (has("decision") and not has("news"))):
        return "completion_promise", "promises a result by a time"
    if has("finish") and timed and not has("news"):
        return "completion_promise", "promises an end by a time"
    if has("ours") and has("time") and not has("state") and not has("news"):
        return "deadline_commitment", "promises an act by a time"
    return None


_ACTS: Final = (
    "get", "arrive", "back", "won", "finish", "result", "liable", "waive", "decision", "entitle",
)  # fmt: skip


def _may_commit(clause: str, known: dict[str, re.Pattern[str]], timed: bool) -> bool:
    """Whether a clause that breaks no rule is not clearly harmless: see ``doubt``."""

    def has(*parts: str) -> bool:
        return any(known[part].search(clause) for part in parts)

    if _opens(clause, known, "indirect"):
        return False
    if has("spared"):  # "you will not have to pay": the words of a duty, denied
        return True
    if has("duty", "hedge") or (has("news") and not has("gain")):
        return False
    ahead = has("ahead")
    if _is_past(clause, known) and not ahead:
        return False
    if has("gain"):
        return True
    if has("negation", "state"):
        return False
    timed = timed or has("time") or _DAY.search(clause) is not None
    money, acts = has("money"), has(*_ACTS) or _pays(clause, known)
    if has("you") and not has("plain", "news") and (has("does", "get") or timed):
        return True  # done for the reader or had by them, and no step of the office's own work
    if has("liable") or (acts and (money or ahead or timed or has("vouch"))):
        return True
    return not has("plain") and (has("future", "soon") or (money and (ahead or (timed and has("ours")))))


def _pays(clause: str, known: dict[str, re.Pattern[str]]) -> bool:
    """Whether a word of paying is there beside the name of a payment: "Betreff: Ihre Erstattung" promises nothing."""
    return any(known["money"].fullmatch(match[0]) is None for match in known["pay"].finditer(clause))


def _opens(clause: str, known: dict[str, re.Pattern[str]], *parts: str) -> bool:
    return any(known[part].match(clause.lstrip()) for part in parts)


def _is_past(clause: str, known: dict[str, re.Pattern[str]]) -> bool:
    if known["past"].search(clause):
        return True
    if known["maybe_past"].search(clause):
        return _DAY.search(clause) is not None and not known["deadline"].search(clause)
    return False
