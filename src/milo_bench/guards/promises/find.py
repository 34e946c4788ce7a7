"""Text in, the commitments that it makes out, with kind, reason and offsets; rules only, no model.

The language of each sentence is recognised. What is in a language with a file of words goes to `by_pack`; the rules
here are those of English, which also read what has no language of its own. An English sentence is cut into clauses,
each clause is normalised (contractions, quotations, frequent misspellings), and the patterns of `rules` are tried on
it. What makes an update expectation ("the next update is expected within five business days") differ from a promise
("the review will be completed within five business days") is the thing that is expected: news is allowed, an end, an
outcome, money or another act of ours by a time is not.

Limits: one sentence at a time, so "It will. By Friday." is missed; no world knowledge, so a promise in unusual words
is missed. Measured precision and recall are in ``measured.json`` and are recomputed by a test.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec
from rapidfuzz import fuzz, process

from milo_bench.core.records import Frozen
from milo_bench.guards.citations import find_citations, normalise
from milo_bench.guards.languages.marks import Unmarked, unmarked
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.promises.by_pack import promises_in_sentence
from milo_bench.guards.promises.lexicon import CONDITION, NAMES_RESULT, TIME, TRIGGER, UPDATE, VOUCH
from milo_bench.guards.promises.rules import RULES, PromiseKind, PromiseRule
from milo_bench.guards.sentences import split_sentences

PROMISES_VERSION = "7"


class Promise(Frozen, frozen=True, omit_defaults=False):
    """A commitment in ``source[start:end]`` (the clause); ``reason`` is for people."""

    start: int
    end: int
    text: str
    kind: PromiseKind
    reason: str


def find_promises(text: str, *, exempt: Iterable[str] = (), expected: str = "") -> tuple[Promise, ...]:
    """The commitments in ``text``, at most one for each clause, in order.

    Allowed, and so not found: update expectations, conditional descriptions of a process without
    a time or an outcome, completed past facts, negations and disclaimers ("we cannot promise"),
    what others asked, said or will do, questions, aims and hedges ("we hope to", "may"), what the
    reader must do, and sentences that stand in ``exempt`` (policy language) word for word.
    An expectation of an *end* ("the review is expected to be completed by Friday") is found as
    ``completion_estimate``: a record that expects an update does not support it. ``expected`` is the language of
    texts that are too short to recognise (ISO 639-1, "" for English). Zero-width characters, full-width letters and
    look-alikes of other scripts hide nothing.
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
        if allowed and normalise(_without_citations(sentence.text)).rstrip(".!") in allowed:
            continue
        for part in parts[bisect_left(starts, sentence.start) : bisect_left(starts, sentence.end)]:
            found.extend(_judge_part(plain.text, part.start, part.end, part.language or expected))
    if plain.places is None:
        return tuple(found)
    return tuple(_placed(one, text, plain) for one in found)


def _judge_part(source: str, start: int, end: int, language: str) -> Iterator[Promise]:
    if language not in languages_of("promises"):  # English, and what has no language
        yield from _judge_sentence(source, start, end)
        return
    for one in promises_in_sentence(source[start:end], language):
        begin, last = start + one.start, start + one.end
        yield Promise(start=begin, end=last, text=source[begin:last], kind=one.kind, reason=one.reason)


def _placed(promise: Promise, text: str, plain: Unmarked) -> Promise:
    start, end = plain.at(promise.start, promise.end)
    return msgspec.structs.replace(promise, start=start, end=end, text=text[start:end])


def _without_citations(text: str) -> str:
    for citation in reversed(find_citations(text)):
        text = text[: citation.start].rstrip() + text[citation.end :]
    return text


# ---------------------------------------------------------------- clauses

_SUBJECT = (
    r"(?:the|your|our|we|you|it|i|they|this|that|a|an|no|there|these|those|he|she|expect|please|rest|nothing|"
    r"everything|be|decision|compensation|"
    r"payment|approval|completion|in (?:your|this) case|by|within)\b"
)
_SUBJECT_AHEAD = rf"(?={_SUBJECT})"
_CONTRAST = r"(?:but|so|yet|and|or|then|still|however|nevertheless|nonetheless|instead|rather)"
_CUT = re.compile(
    rf";|:\s+(?!by\b|within\b){_SUBJECT_AHEAD}|\s[-–—]+\s|,\s+(?=(?:and |but |so |or |then |yet )?(?:(?:we|i|"
    rf"they|it|you)\b|{_SUBJECT}))"
    rf"|,?\s+(?=(?:but|so|yet|however|nevertheless|although|though|even though|because|since|whereas),?\s+{_SUBJECT})|"
    # A second predicate under the same subject: "We cannot pay today but will pay you on Friday".
    rf",?\s+(?={_CONTRAST},?\s+(?:{_CONTRAST},?\s+)?(?:will|shall|am going to|is going to|are going to)\s)|"
    rf"\s+(?=and\s+{_SUBJECT}\s)"
    r"|,\s+(?=which means that|and that|so that)",
    re.I,
)
_RELATIVE = re.compile(r",\s*(?:which|who|whose|where)\b(?! means)[^,;]*,")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|‘[^’]{3,}’(?!\w)")
_LEAD = re.compile(
    r"^(?:and |but |so )?(?:once|if|when|as soon as|after|before|unless|until|following|upon|within|by|on|at|in|"
    r"as|since|"
    r"because|although|though|even though|while|where|should|without|with|during|provided|now that|given|"
    r"depending|for|due to|subject to)\b"
)
_SUBORDINATE = re.compile(
    r"^(?:and |but |so )?(?:once|if|when|as soon as|unless|until|although|though|even though|while|where|whether|"
    r"because|"
    r"since|as|provided|now that|given that|before|after|should (?:the|you|we|your|it)|who|which(?! means)|"
    r"depending)\b"
)


def _clauses(source: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges of clauses; an opening "once …," or "by Friday," stays its own clause."""
    text = source[start:end]
    hidden = _RELATIVE.sub(lambda match: "," + "x" * (len(match.group()) - 2) + ",", text)
    hidden = _QUOTED.sub(lambda match: "x" * len(match.group()), hidden)
    position = 0
    for cut in _CUT.finditer(hidden):
        if cut.start() > position:
            yield start + position, start + cut.start()
        position = cut.end()
    if position < len(text):
        yield start + position, end


_CONTRACTIONS = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b|\bcan not\b"), "cannot"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"\b(it|that|there|he|she|what)'s\b"), r"\1 is"),
    (re.compile(r"\bu\b"), "you"),
)
_SHORTHAND = (
    (re.compile(r"\bwil\b"), "will"),
    (re.compile(r"\b(?:tmrw|tmw|tmr|2moro|2morrow)\b"), "tomorrow"),
    (re.compile(r"\b(?:eod|cob|eob)\b"), "end of day"),
    (re.compile(r"\bmid-(?=\w)"), "mid "),
    # Said twice over: "will not fail to pay" pays.
    (re.compile(r"\b(will|shall|do|does) not (?:fail|omit|neglect|hesitate) to\b"), r"\1"),
    (re.compile(r"\bnever fail(?:s|ed)? to\b"), "will"),
    # Said to leave no doubt; "come what may" holds no hedge.
    (re.compile(r",?\s*\b(?:come what may|no matter what|without (?:any )?exception|no question)\b"), " without fail"),
)
_SPELLED = (
    "approved", "approval", "business", "completed", "completion", "complete", "decision", "guarantee", "guaranteed",
    "payment", "receive", "received", "refunded", "reimbursed", "resolved", "tomorrow", "finished", "accepted",
    "unlocked", "processed", "reviewed", "delivered", "transferred",
)  # fmt: skip
_WORD = re.compile(r"[a-z]{6,}")


def _mend(match: re.Match[str]) -> str:
    word = match.group()
    if word in _SPELLED:
        return word
    near = process.extractOne(word, _SPELLED, scorer=fuzz.ratio, score_cutoff=87)
    # The same ending keeps "approves" and "receiver" what they are.
    return near[0] if near and near[0][-1] == word[-1] and near[0][0] == word[0] else word


def _normalised(clause: str) -> str:
    text = _without_citations(clause)
    # "may" is a hedge, "May" a month; told apart while the case still says so.
    text = re.sub(r"(?<=\d )May\b|\bMay(?= \d)|(?<=of )May\b|(?<=by )May\b|(?<=in )May\b", "june", text)
    text = text.translate({0x2018: "'", 0x2019: "'", 0x2013: "-", 0x2014: "-", 0x2011: "-"}).casefold()
    text = _QUOTED.sub(" ", text)
    text = _RELATIVE.sub(" ", text)
    text = re.sub(r",\s*without fail\s*,|\(\w+\)|[*_#]", " ", text)
    for pattern, instead in (*_CONTRACTIONS, *_SHORTHAND):
        text = pattern.sub(instead, text)
    return re.sub(r"\s+", " ", _WORD.sub(_mend, text)).strip(" .,;")


# ---------------------------------------------------------------- what takes the promise out of a clause

_DISCLAIMED = re.compile(
    r"\b(?:(?:do(?:es)?|should|must|can|may|will|would|could|did|please do) not (?:\w+ )?"
    r"(?:expect|count|rely|bank|depend|assume|conclude|infer|"
    r"anticipate|suppose|say|suggest|confirm|think|believe|hope)|"
    r"(?:refus|declin)(?:e|es|ed|ing) to|(?:un|not )willing to|(?:un|not |not at all )(?:certain|sure|clear|known|"
    r"likely|"
    r"decided|guaranteed|assured|settled|given)|far from (?:certain|sure|clear|guaranteed|likely|given)|"
    r"anything but (?:certain|sure|clear)|"
    r"(?:under|in) no circumstances|by no means|in no way|on no account|"
    r"(?<!no )(?<!out )(?<!yond )doubt(?:ful|s)?(?: that| whether| if)|"
    r"no (?:certainty|assurance|undertaking|obligation)|avoid (?:assuming|promising)|"
    r"(?:refrain|stop short) (?:from|of)|"
    r"cannot|(?:un|not )able to|will not be able|not (?:yet )?(?:in a position|possible|a (?:promise|"
    r"guarantee|decision|commitment))|do(?:es)? not "
    r"(?:know|promise|guarantee|mean|accept|take|assume|admit|imply|commit|constitute|make)|not (?:take|read|"
    r"treat) this|no "
    r"(?:guarantees?|promises?|date|commitment|admission|(?:final )?decision|time|way (?:of|to))\b|"
    r"never (?:assume|promise|said|guarantee)|nothing in this|neither|"
    r"too early|wrong to (?:tell|say|assume|promise)|would be wrong|not been|not mean|impossible to|"
    r"without (?:any )?(?:admission|guarantee|prejudice)|"
    r"rather than|have not|has not|did not)\b"
)
_HEDGED = re.compile(
    r"\b(?:aims?|aiming|hopes?|hoping|try|tries|trying|target|would like|might|may|could|possibl[ey]|probably|"
    r"usually|normally|typical(?:ly)?|generally|"
    r"on average|some claims|do (?:our|my) best|do everything|best efforts|endeavou?r|strive|as (?:quickly|"
    r"soon) as (?:we|possible)|often|sometimes|perhaps|maybe)\b"
)
_OTHERS = re.compile(
    r"^(?:and |but |so |in your \w+,? |as )?(?:(?:you|he|she|(?:the|your|a|our) (?:claimant|applicant|customer|"
    r"policyholder|employer|doctor|landlord|"
    r"hospital|surgery|bank|manufacturer|supplier|solicitor|lawyer|letter|e-?mail|note|message|colleague|friend|insurer|surgeon|gp|tribunal|"
    r"neighbou?r|wife|husband|son|daughter|mother|"
    r"father|garage|school|caller|member|tenant))\b(?! (?:can|should|will|may|could|"
    r"shall)\b)(?: (?:\w+ ){0,4}?)?(?:ha(?:s|ve|d) )?(?:also )?(?:ask|sa(?:y|id)|wr[io]te|told|tell|want|request|"
    r"believe|hope|"
    r"demand|mention|state|expect|claim|note|think|feel|insist|report|would like|was told|were told|been told|"
    r"promis|indicat|understood|understand)\w*\b"
    r"|according to\b|(?:we|i) (?:note|understand|see|appreciate) (?:that |your |from )|you want|you expect)"
)
_OTHER_ACTOR = re.compile(
    r"\b(?:your|the|his|her|their|my) (?:\w+ )?(?:employer|doctor|landlord|hospital|surgery|bank|solicitor|lawyer|"
    r"insurer|surgeon|gp|tribunal|court|police|garage|school|"
    r"policy|deadline|form|meeting|hours|university|ministry|council|claimant|applicant|customer|wife|husband|"
    r"son|daughter|supplier|courier)\s+(?:also )?$|\b(?:he|she) $"
)
_INDIRECT = re.compile(
    r"\b(?:ask\w*|say|said|tell|told|know|sure|clear|confirm|decides?|determine|predict|see|check|find out|"
    r"by which)\b[^,]*\b(?:when|whether|if|how|why|by which|which)\b"
    r"|\bwhether\b|\bby which\b|^(?:when|how|why)\b|\b(?:describes?|explains?|sets out) how\b"
)
_NARRATED = re.compile(
    r"^(?:and )?(?:we|i) (?:had |have )?(?:promised|said|told|wrote|stated)\b|\b(?:last (?:week|month|year)|"
    r"yesterday)\b"
)
_WARNING = re.compile(
    r"\b(?:without (?:the|your|a|it|this)|unless|if (?:you|we|it|the \w+|they) (?:do|does|is|are|have|has|"
    r"fail)s? ?(?:not|to)?\b.*\bnot|failure to|failing)\b"
)


_SECOND_PREDICATE = re.compile(rf"(?:{_CONTRAST},? )+(?=(?:will|shall|(?:am|is|are) going to)\b)")
_NAMED_SUBJECT = re.compile(
    rf"(?:{_CONTRAST},? )*((?:we|i|you|they|it|he|she|(?:the|your|our|this|a|an|no) (?:\w+ ){{0,2}}?\w+))"
    r"(?= (?:will|shall|can|cannot|do|does|did|has|have|had|is|are|was|were|may|might|must|should|need|would)\b)"
)


def _judge_sentence(source: str, start: int, end: int) -> Iterator[Promise]:
    whole = _normalised(source[start:end])
    if not TRIGGER.search(whole):
        return
    lead = ""  # opening adverbials: they give the next clause its time
    lead_start: int | None = None
    subject = "we"
    for first, last in _clauses(source, start, end):
        clause = _normalised(source[first:last])
        if not clause:
            continue
        if second := _SECOND_PREDICATE.match(clause):
            clause = f"{subject} {clause[second.end() :]}"
        elif named := _NAMED_SUBJECT.match(clause):
            subject = named[1]
        opening = bool(_LEAD.match(clause)) and not re.search(r"\b(?:will|shall|going to|is guaranteed)\b", clause)
        if opening or (_SUBORDINATE.match(clause) and last < end):
            lead = f"{lead} {clause}".strip()
            lead_start = first if lead_start is None else lead_start
            continue
        rule = _broken_rule(clause, lead)
        if rule is not None:
            begin = first if lead_start is None else lead_start
            shown = source[begin:last].rstrip()
            yield Promise(start=begin, end=begin + len(shown), text=shown, kind=rule.kind, reason=rule.reason)
        lead, lead_start = "", None


def _broken_rule(clause: str, lead: str) -> PromiseRule | None:
    if _OTHERS.match(clause) and not re.match(r"^(?:and )?(?:we|i) .*\bthat (?:we|your|the)\b.*\bwill\b", clause):
        return None
    if _NARRATED.search(clause) or (_HEDGED.search(clause) and not VOUCH.search(clause)):
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
    disclaimed = _DISCLAIMED.search(clause)
    if disclaimed and disclaimed.start() <= at + 4:
        return False
    if _INDIRECT.search(before) or (
        re.match(r"^(?:if|unless|until|before|when|once)\b", clause[:at])
        and "," not in before
        and at > 0
        and _SUBORDINATE.match(clause)
    ):
        return False
    if _OTHER_ACTOR.search(before + " " if before and not before.endswith(" ") else before):
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
            and _WARNING.search(f"{lead} {clause}")
        ):
            return False
        if rule.kind == "deadline_commitment" and not TIME.search(f"{lead} {clause}"):
            return False
    return True
