"""Prose and a vocabulary of statuses in, what each sentence says of which status out: as it is now, as it was, or not.

The vocabulary is data: ``{"under_review": ["under review", "being reviewed"], "closed": []}``; a
status without wordings is worded as its own name. What counts as a claim needs an
anchor beside the wording ("is", "status:", "moved to"): "an open request" claims no status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import msgspec

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Frozen
from milo_bench.guards.languages import status_english as english
from milo_bench.guards.languages.contractions import without_contractions
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import Sentence, split_sentences
from milo_bench.guards.status_words import Stance, stance_by_words
from milo_bench.guards.values.status_arrows import arrow_between, tells_any_case
from milo_bench.guards.values.status_columns import in_status_column

STATUS_VERSION = "10"


class StatusClaim(Frozen, frozen=True):
    """The wording of ``status`` at ``start`` to ``end``; ``sentence_start`` to ``sentence_end`` is around it."""

    status: str
    stance: Stance
    text: str
    start: int
    end: int
    sentence_start: int
    sentence_end: int


Vocabulary: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


def read_vocabulary(data: object, *, also: Iterable[str] = ()) -> Vocabulary:
    """A vocabulary from plain data, with the statuses ``also`` where the data lack them.

    ``data`` is a list of statuses, or a mapping from status to wordings (a list, or a mapping with
    ``wordings``). Raises ConfigError for anything else.
    """
    wordings: dict[str, tuple[str, ...]] = {}
    if isinstance(data, Mapping):
        wordings = {str(status): _wordings(str(status), given) for status, given in data.items()}
    elif isinstance(data, list | tuple):
        wordings = {str(status): () for status in data}
    elif data is not None:
        message = "A status vocabulary must be a list of statuses, or a mapping from status to wordings."
        raise ConfigError(message, hint="for example: statuses: {under_review: [under review, being reviewed]}")
    for status in also:
        wordings.setdefault(status, ())
    return tuple((status, (status.replace("_", " "), *extra)) for status, extra in wordings.items() if status)


def _wordings(status: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, Mapping):
        given = given.get("wordings")
    if isinstance(given, str):
        return (given,)
    if given is None:
        return ()
    if isinstance(given, list | tuple) and all(isinstance(wording, str) and wording.strip() for wording in given):
        return tuple(given)
    message = f"The wordings of status '{status}' must be a list of words or phrases."
    raise ConfigError(message, hint=f"for example: {status}: [{status.replace('_', ' ')}]")


def find_status_claims(text: str, vocabulary: Vocabulary, *, expected: str = "") -> tuple[StatusClaim, ...]:
    """Every claim about a status in ``text``, in order. Wordings are compared without case, hyphens as spaces.

    Each sentence is read with the words of its language; ``expected`` is that of texts too short to recognise.
    """
    pattern, status_of = _compiled(vocabulary)
    text = _STRUCK.sub(lambda match: " " * len(match[0]), text)
    languages = _languages(text, expected)
    found: list[StatusClaim] = []
    for sentence in split_sentences(text):
        language = languages.get(sentence.start, expected)
        last_end = 0
        last_stance: Stance | None = None
        last: re.Match[str] | None = None
        for match in pattern.finditer(sentence.text):
            if language in languages_of("status"):
                stance = stance_by_words(sentence.text, match.start(), match.end(), language)
            else:
                stance = _stance(sentence.text, match.start(), match.end())
            if stance is None and last_stance and english.AND.fullmatch(sentence.text, last_end, match.start()):
                stance = last_stance  # "is open and under review"
                over = stance == "past" and "no longer" in sentence.text[: match.start()].casefold()
                if (stance == "denied" or over) and "but" in sentence.text[last_end : match.start()]:
                    stance = "current"  # "is not under review but approved"
            if (
                stance is None
                and last_stance in ("current", "change", "past")
                and _THEN.fullmatch(sentence.text, last_end, match.start())
            ):
                stance = "current" if last_stance == "current" else "change"  # "was approved, then closed"
                found[-1] = msgspec.structs.replace(found[-1], stance="past")
            if stance is not None and _NOT_WHOLLY.search(sentence.text, 0, match.start()):
                stance = "open"  # "is partially approved" is not "is approved"
            if stance is None and (_is_value_of_heading(text, sentence, match) or _is_value_of_label(sentence, match)):
                stance = "current"
            if stance is None:
                stance = in_status_column(text, sentence.start + match.start(), sentence.start + match.end())
            if stance is not None and english.ASKS.search(sentence.text):
                stance = "open"
            if last_stance and english.OR.fullmatch(sentence.text, last_end, match.start()):
                stance = "open"  # "is approved or refused" says neither
                found[-1] = msgspec.structs.replace(found[-1], stance="open")
            if last is not None and (arrow := arrow_between(sentence.text, last.end(), match.start())):
                before, stance = _along(arrow, last_stance, sentence)
                if last_stance is not None:
                    found.pop()
                if before is not None:
                    found.append(_claim(before, last, sentence, status_of))
            last, last_end, last_stance = match, match.end(), stance
            if stance is not None:
                found.append(_claim(stance, match, sentence, status_of))
    return tuple(found)


def _claim(stance: Stance, match: re.Match[str], sentence: Sentence, status_of: Mapping[str, str]) -> StatusClaim:
    start = sentence.start + match.start()
    status = status_of[_folded(match[0])]
    return StatusClaim(status, stance, match[0], start, start + len(match[0]), sentence.start, sentence.end)


def _along(
    arrow: Literal["on", "back"], stance: Stance | None, sentence: Sentence
) -> tuple[Stance | None, Stance | None]:
    """What is said of the two ends of an arrow, of which the first was read as ``stance``."""
    if stance in ("open", "denied"):
        return stance, stance
    if stance is None and tells_any_case(sentence.text):
        return None, None
    later: Stance = "current" if stance == "current" else "change"
    return ("past", later) if arrow == "on" else (later, "past")


def _languages(text: str, expected: str) -> dict[int, str]:
    """The language of each sentence by where it begins, "" for none."""
    return {part.start: part.language or expected for part in recognise(text, expected=expected)}


_THEN = re.compile(
    r"[\s\"'“”*_]*,?\s*(?:and\s+|but\s+)?(?:then|later|afterwards|subsequently|thereafter)\s+(?:it\s+was\s+)?[\"'“”*_]*",
    re.I,
)
_NOT_WHOLLY = re.compile(
    r"\b(?:part(?:ly|ially)|in part|conditionally|provisionally|almost|nearly|virtually|practically|all but|as good as|"
    r"not fully|not (?:quite|entirely|wholly|completely))\s+[\"'“”*_]*$",
    re.I,
)
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")  # text that is struck through
_STATUS_HEADING = re.compile(r"\bstatus\b[^.\n]{0,30}$", re.IGNORECASE)


def _is_value_of_heading(text: str, sentence: Sentence, match: re.Match[str]) -> bool:
    """A wording alone on its line, under a line that ends with "status"."""
    if any(
        mark.isalnum()
        for mark in english.BRACKETED.sub("", sentence.text[: match.start()] + sentence.text[match.end() :])
    ):
        return False
    above = text[max(0, sentence.start - english.REACH) : sentence.start].rstrip(" \t\r\n*_#>|:-•")
    return _STATUS_HEADING.search(above) is not None


_LABEL = re.compile(r"\W*(?:\w+[.)]\s+)?[^\W\d][\w '-]{0,40}:\s*")


def _is_value_of_label(sentence: Sentence, match: re.Match[str]) -> bool:
    """A wording that is all that a line says of something: "Roof: approved"."""
    before, after = sentence.text[: match.start()].rstrip(english.QUOTES) + " ", sentence.text[match.end() :]
    label = before.casefold()
    return (
        _LABEL.fullmatch(before) is not None
        and not any(mark.isalnum() for mark in english.BRACKETED.sub("", after))
        and not any(words.search(label) for words in (english.ELSEWHERE, english.FORMER, english.NOT, english.OPEN))
    )


@lru_cache(maxsize=64)
def _compiled(vocabulary: Vocabulary) -> tuple[re.Pattern[str], dict[str, str]]:
    status_of: dict[str, str] = {}
    for status, wordings in vocabulary:
        for wording in wordings:
            status_of.setdefault(_folded(wording), status)
    longest_first = sorted(status_of, key=len, reverse=True)
    phrases = "|".join(
        r"[\s_-]+".join(re.escape(word).replace("'", "['’]") for word in phrase.split()) for phrase in longest_first
    )
    # No phrase at all must match nothing, not the empty string everywhere.
    return re.compile(rf"(?<![\w-])(?:{phrases})(?![\w-])" if phrases else r"(?!)", re.IGNORECASE), status_of


def _folded(wording: str) -> str:
    return " ".join(re.split(r"[\s_-]+", wording.casefold().replace("’", "'").strip()))


def _stance(sentence: str, start: int, end: int) -> Stance | None:
    """What the words around ``start`` to ``end`` make of the status named there; None for no claim at all."""
    before_all = without_contractions(_plain(sentence[max(0, start - 2 * english.REACH) : start])).rstrip(
        english.QUOTES
    )
    after_all = without_contractions(_plain(sentence[end : end + english.REACH])).lstrip(english.QUOTES)
    before = _clause_before(before_all)[-english.REACH :]
    after = _clause_after(after_all)
    wording = sentence[start:end].casefold()
    if english.FROM.search(before + " ") or english.EARLIER.search(before):
        return "past"
    anchored = _anchor(before, wording, after, before_all, after_all)
    if anchored is None:
        return None
    if english.ELSEWHERE.search(before) and not english.A_CASE.search(before) and not _DECIDES.search(before):
        return None
    if english.NOT.search(_negatable(before)):
        return "past" if "no longer" in before else "denied"
    if anchored != "current" and english.FORMER.search(_negatable(before)):
        return "past"
    if english.ANY_ONE.search(before) or (
        english.BY_THEM.match(after) and re.match(r"declin|refus|reject|turned", wording)
    ):
        return None
    later = english.LATER.match(f" {after_all}")
    if anchored == "current" and (english.AS_A_RULE.match(after_all) or english.OF_ALL.search(before_all)):
        return "open"
    still = anchored == "current" and after_all.lstrip(" ,").startswith("until")
    if later is not None and not still and not (later["to"] and english.PASSED_ON.search(wording)):
        return "past"
    if anchored == "current" and re.search(r"\b(?:previous|former|original|initial|earlier|old|prior)\b", before):
        return "past"
    stated = _STATED.sub(" ", before)
    if any(match[1] not in english.RECORDS for match in english.REPORTS.finditer(_STATED.sub(" ", before_all))):
        return "open"
    if english.OPEN.search(stated) or english.SAID.search(stated):
        return "open"
    if anchored == "change" and _ENDS.search(wording) and _since_reopened(_plain(sentence), start, end):
        return "past"
    return anchored


# To say that one can confirm it is to say it.
_STATED = re.compile(
    r"\b(?:we|i)\s+(?:can|may|would like to|want to|wish to|must|should|are (?:able|happy|pleased|sorry) to)\s+"
    r"(?:now |also |only )?(?:confirm|tell you|inform you|let you know|advise(?: you)?|say|report|state)\b"
    r"|\byou\s+(?:will|may|might|would|should)\s+(?:be\s+\w+\s+to\s+(?:hear|know|learn|read)|see|know|notice)\b"
)
_ENDS = re.compile(r"clos|shut|resolv|complet|finish|end|archiv|settl|refus|reject|declin|deni|dismiss|withdr")
_REOPENED = re.compile(r"\bre-?open(?:ed|ing)\b")


def _since_reopened(text: str, start: int, end: int) -> bool:
    """Whether the case was opened again after what is told here: "closed in May and reopened", "reopened; it was closed
    in May"."""
    if _REOPENED.search(text, end):
        return True
    before = list(_REOPENED.finditer(text, 0, start))
    if not before:
        return False
    between = text[before[-1].end() : start]
    again = re.search(r"\b(?:again|then|later|subsequently|now)\b", f"{between}|{text[end : end + 30]}")
    return again is None and re.search(r"[;:–—(]|\b(?:because|since|as|after|having)\b", between) is not None


# "Nobody disputes that" says it twice over: what follows is stated, not denied.
_UNDISPUTED = re.compile(
    r"\b(?:nobody|no one|none|no|not|never|cannot|can't|without|beyond|isn't|doesn't|don't|does not|do not)\b"
    r"(?:\s+[\w']+){0,4}?\s+(?:disput\w+|doubt\w*|den(?:y|ies|ied|ying)|questions?|questioned|contest\w*|disagrees?|"
    r"in (?:dispute|doubt|question))\b"
)
# A predicate of its own, or the other side of "not … but …": a "not" before it is not about what comes after.
_NEW_PREDICATE = re.compile(
    r"\bbut\b|\binstead\b(?! of)|"
    r"\band\b(?=\s+(?:(?:it|this|that|the \w+|now|currently|instead|then|rather|today|therefore|so)\s+){0,2}"
    r"(?:is|was|are|were|has|have|had|remains?|stays?|stands?|shows?|became|becomes|went|moved|got|currently|now)\b)"
)


def _negatable(before: str) -> str:
    """The words before a status that can deny it."""
    plain = _UNDISPUTED.sub(" ", before)
    edges = [edge.end() for edge in _NEW_PREDICATE.finditer(plain)]
    return plain[edges[-1] :] if edges else plain


_MAY = re.compile(r"(?<=[a-z0-9,] )May\b|\bMay(?= \d)")


# Other ways to say "not", and words that look like one and deny nothing.
_SAYS_NOT = re.compile(
    r"\b(?:neither|hardly|scarcely|by no means|in no way|nowhere near|anything but|nothing like|other than|far from)\b"
)
_NOT_ONLY = re.compile(r"\b(?:not (?:only|just|merely|simply)|nothing but|none other than)\b")


def _plain(text: str) -> str:
    # The month is no "may"; it has a capital within a sentence or a number after it.
    lower = _MAY.sub("june", text).casefold().replace("’", "'")
    return _SAYS_NOT.sub("not", _NOT_ONLY.sub("also", lower))


# Who decides on a case, as the subject of what was done to it: "we have approved your claim".
_DECIDES = re.compile(
    r"\b(?:we|i|(?:the|our|an?|your) (?:\w+ )?(?:office|team|department|agency|board|panel|authority|council|tribunal|"
    r"ministry|fund|insurer|lender|bank|building society|adjuster|handler|underwriter|manager|director|governors?|"
    r"head|embassy|consulate|committee|school|hospital|clinic|court|judge|"
    r"provider|caseworker|case worker|case manager|officer|assessor|adjudicator|ombudsman|service))"
    rf"(?:(?:\s+[\w']+){{1,6}}?\s+and)?(?:\s+(?:have|has|had))?{english.ADVERBS}$"
)
_ITS_CASE = re.compile(
    r"\s*(?:your|the|this|her|his|their|that)\s+(?:\w+\s+)?(?:case|claim|file|application|request|appeal|complaint|"
    r"benefit|pension|allowance|payments?|grant|award|refund|licence|permit|"
    r"loan|mortgage|overdraft|referral|ticket|order|visit|repair|booking|appointment|account|policy|membership|visa|"
    r"leave)\b"
)


# "Your policy lapsed", "order 8812 has shipped".
_ITS_SUBJECT = re.compile(
    r"(?:^|[\s(])(?:(?:your|the|this|her|his|their|that)\s+(?:[\w'-]+\s+){0,2})?(?:case|claim|file|application|request|"
    r"appeal|complaint|policy|cover|order|parcel|shipment|goods|loan|mortgage|membership|licence|license|permit|ticket)"
    rf"(?:\s+(?:no\.?\s+)?#?[\w/-]*\d[\w/-]*)?(?:\s+(?:has|have|had))?{english.ADVERBS}$"
)


# "Status:", "last updated on 3 May 2025:".
_HEADED = re.compile(
    r"\b(?:status\b[^.]{0,40}|(?:(?:last |latest )?(?:updated?|changed?|checked|amended|reviewed)|as (?:of|at)|latest|"
    r"position|where (?:it|things|we) (?:is|are|stands?))\b[^.:]{0,40})[:=|–—-]\s*$"
    # "INC-4411:", "Claim no. 44/20 –"
    r"|^\W*(?:(?:case|claim|file|ticket|order|job|application|ref(?:erence)?)\b[ .:]*)?(?:(?:no|number|id)\b[ .:]*)?"
    r"#?[\w/.-]*\d[\w/.-]*\s*[:=–—-]\s*$"
)


# "Status: approved", "… (3 May)", "… since 3 May", "awaiting documents from the hospital".
_NOTHING_MORE = re.compile(r"[ .!]*$|\s*(?:\[|\(|:|\||(?:on|since|as of|from|for|by|with|until|at|pending)\b)")


def _anchor(
    before: str, wording: str, after: str, before_all: str, after_all: str
) -> Literal["current", "change", "past"] | None:
    if _DECIDES.search(before) and english.PARTICIPLE.match(wording) and _ITS_CASE.match(after):
        return "change"
    if english.IS.search(before):
        return "current"
    if _ITS_SUBJECT.search(before) and english.PARTICIPLE.match(wording):
        return "change"
    if english.CHANGE.search(before):
        passive_now = re.search(r"\b(?:is|are)\s+(?:now\s+|currently\s+)?\w+(?:\s+\w+){0,2}$", before)
        return "current" if passive_now else "change"
    if english.HAS_BEEN.search(before):
        return "change"
    if english.WAS.search(before):
        # "was approved" tells of the day it became so; "was pending" tells of a state that may be over.
        return "change" if english.PARTICIPLE.match(wording.split()[-1]) and len(wording.split()) == 1 else "past"
    if english.STATUS_AFTER.match(after):
        return "current"
    if (not before_all.strip() or _HEADED.search(before_all)) and _NOTHING_MORE.match(after):
        # "Rejected in May, your request is pending again": the clause that follows says how it is.
        return "past" if re.match(r"[^,;]*,\s+(?:your|the|it|this|we)\b", after_all) else "current"
    return None


def _clause_before(text: str) -> str:
    edges = [edge.end() for edge in english.CLAUSE_EDGE.finditer(text)]
    clause = text[edges[-1] :] if edges else text
    if clause.strip() in ("", "now", "currently", "still") and len(edges) > 1 and text[edges[-1] - 1] != ";":
        # "The claim, now closed": what stands before the comma still belongs to it.
        return text[edges[-2] :]
    # The word at the edge ("until", "before") opens the clause and colours it.
    edge = [word for word in text[: edges[-1]].split()[-1:] if word.isalpha()] if edges else []
    return " ".join([*edge, clause])


def _clause_after(text: str) -> str:
    edge = english.CLAUSE_EDGE.search(text)
    return text[: edge.start()] if edge else text
