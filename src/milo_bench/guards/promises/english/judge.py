"""An English sentence in, the commitments of its clauses out, and the clauses that may be one; rules only, no model.

Each clause is normalised, and the patterns of ``rules`` are tried on it. What makes an update expectation ("the next
update is expected within five business days") differ from a promise ("the review will be completed within five
business days") is the thing that is expected: news is allowed; an end, an outcome, money or another act of ours by a
time is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from milo_bench.guards.citations import find_citations
from milo_bench.guards.promises.english.clauses import CONTRAST, LEAD, SUBORDINATE, clauses_of, normalised
from milo_bench.guards.promises.english.doubt import may_commit
from milo_bench.guards.promises.english.lexicon import CONDITION, NAMES_RESULT, TIME, UPDATE, VOUCH
from milo_bench.guards.promises.english.rules import RULES, PromiseRule
from milo_bench.guards.promises.english.taken_back import (
    DISCLAIMED,
    HEDGED,
    INDIRECT,
    NARRATED,
    OTHER_ACTOR,
    OTHERS,
    WARNING,
)
from milo_bench.guards.promises.promise import POSSIBLE, UNSURE, Promise

_SECOND_PREDICATE = re.compile(rf"(?:{CONTRAST},? )+(?=(?:will|shall|(?:am|is|are) going to)\b)")
_NAMED_SUBJECT = re.compile(
    rf"(?:{CONTRAST},? )*((?:we|i|you|they|it|he|she|(?:the|your|our|this|a|an|no) (?:\w+ ){{0,2}}?\w+))"
    r"(?= (?:will|shall|can|cannot|do|does|did|has|have|had|is|are|was|were|may|might|must|should|need|would)\b)"
)


def promises_in_english(source: str, start: int, end: int) -> Iterator[Promise]:
    """The commitments of the sentence ``source[start:end]``, in order; ``POSSIBLE`` ones for clauses in doubt."""
    cited = bool(find_citations(source[start:end]))
    lead = ""  # opening adverbials: they give the next clause its time
    lead_start: int | None = None
    subject = "we"
    for first, last in clauses_of(source, start, end):
        clause = normalised(source[first:last])
        if not clause:
            continue
        if second := _SECOND_PREDICATE.match(clause):
            clause = f"{subject} {clause[second.end() :]}"
        elif named := _NAMED_SUBJECT.match(clause):
            subject = named[1]
        opening = bool(LEAD.match(clause)) and not re.search(r"\b(?:will|shall|going to|is guaranteed)\b", clause)
        if opening or (SUBORDINATE.match(clause) and last < end):
            lead = f"{lead} {clause}".strip()
            lead_start = first if lead_start is None else lead_start
            continue
        begin = first if lead_start is None else lead_start
        rule = _broken_rule(clause, lead)
        if rule is not None:
            yield _promise(source, begin, last, rule)
        elif may_commit(clause, lead, cited=cited):
            yield _promise(source, begin, last)
        lead, lead_start = "", None
    if lead_start is not None and may_commit(lead, cited=cited):
        yield _promise(source, lead_start, end)


def _promise(source: str, start: int, end: int, rule: PromiseRule | None = None) -> Promise:
    shown = source[start:end].rstrip()
    kind, reason = (rule.kind, rule.reason) if rule else (POSSIBLE, UNSURE)
    return Promise(start=start, end=start + len(shown), text=shown, kind=kind, reason=reason)


def _broken_rule(clause: str, lead: str) -> PromiseRule | None:
    if OTHERS.match(clause) and not re.match(r"^(?:and )?(?:we|i) .*\bthat (?:we|your|the)\b.*\bwill\b", clause):
        return None
    if NARRATED.search(clause) or (HEDGED.search(clause) and not VOUCH.search(clause)):
        return None
    timed = bool(TIME.search(clause) or TIME.search(lead) or CONDITION.search(lead) or CONDITION.search(clause))
    for rule in RULES:
        if rule.timed and not timed:
            continue
        match = rule.pattern.search(clause)
        if match is None or not _stands(rule, clause, match.start(), lead):
            continue
        return rule
    return None


def _stands(rule: PromiseRule, clause: str, at: int, lead: str) -> bool:
    """False where the words around the match take the promise back."""
    before = clause[:at]
    disclaimed = DISCLAIMED.search(clause)
    if disclaimed and disclaimed.start() <= at + 4:
        return False
    if INDIRECT.search(before) or (
        re.match(r"^(?:if|unless|until|before|when|once)\b", clause[:at])
        and "," not in before
        and at > 0
        and SUBORDINATE.match(clause)
    ):
        return False
    if OTHER_ACTOR.search(before + " " if before and not before.endswith(" ") else before):
        return rule.kind in ("payment_promise", "outcome_guarantee") and before.rstrip().endswith(("policy", "insurer"))
    if rule.news and UPDATE.search(clause) and not NAMES_RESULT.search(clause):
        return False
    if rule.kind in ("completion_promise", "completion_estimate", "deadline_commitment"):
        if UPDATE.search(clause) and not NAMES_RESULT.search(clause) and not VOUCH.search(clause):
            return False
        if rule.kind == "completion_estimate" and re.match(
            r"^(?:you|please)\b.*\b(?:must|need to|required|form)\b", clause
        ):
            return False
        if (
            rule.kind != "deadline_commitment"
            and re.search(r"\bclose (?:your|the)\b", clause)
            and WARNING.search(f"{lead} {clause}")
        ):
            return False
        if rule.kind == "deadline_commitment" and not TIME.search(f"{lead} {clause}"):
            return False
    return True
