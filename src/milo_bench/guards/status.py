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

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Frozen
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import Sentence, split_sentences
from milo_bench.guards.status_words import Stance, stance_by_words
from milo_bench.guards.values.status_columns import in_status_column

STATUS_VERSION = "7"


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
    found = []
    for sentence in split_sentences(text):
        language = languages.get(sentence.start, expected)
        last_end, last_stance = 0, None
        for match in pattern.finditer(sentence.text):
            if language in languages_of("status"):
                stance = stance_by_words(sentence.text, match.start(), match.end(), language)
            else:
                stance = _stance(sentence.text, match.start(), match.end())
                if stance is not None and sentence.text.rstrip(_QUOTES).endswith("?"):
                    stance = "open"
            if stance is None and last_stance and _AND.fullmatch(sentence.text, last_end, match.start()):
                stance = last_stance  # "is open and under review"
                over = stance == "past" and "no longer" in sentence.text[: match.start()].casefold()
                if (stance == "denied" or over) and "but" in sentence.text[last_end : match.start()]:
                    stance = "current"  # "is not under review but approved"
            if stance is None and _is_value_of_heading(text, sentence, match):
                stance = "current"
            if stance is None:
                stance = in_status_column(text, sentence.start + match.start(), sentence.start + match.end())
            last_end, last_stance = match.end(), stance
            if stance is not None:
                start = sentence.start + match.start()
                status = status_of[_folded(match[0])]
                end = start + len(match[0])
                found.append(StatusClaim(status, stance, match[0], start, end, sentence.start, sentence.end))
    return tuple(found)


def _languages(text: str, expected: str) -> dict[int, str]:
    """The language of each sentence by where it begins, "" for none."""
    return {part.start: part.language or expected for part in recognise(text, expected=expected)}


_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")  # text that is struck through
_STATUS_HEADING = re.compile(r"\bstatus\b[^.\n]{0,30}$", re.IGNORECASE)


def _is_value_of_heading(text: str, sentence: Sentence, match: re.Match[str]) -> bool:
    """A wording alone on its line, under a line that ends with "status"."""
    if any(
        mark.isalnum() for mark in _BRACKETED.sub("", sentence.text[: match.start()] + sentence.text[match.end() :])
    ):
        return False
    above = text[max(0, sentence.start - _REACH) : sentence.start].rstrip(" \t\r\n*_#>|:-•")
    return _STATUS_HEADING.search(above) is not None


@lru_cache(maxsize=64)
def _compiled(vocabulary: Vocabulary) -> tuple[re.Pattern[str], dict[str, str]]:
    status_of: dict[str, str] = {}
    for status, wordings in vocabulary:
        for wording in wordings:
            status_of.setdefault(_folded(wording), status)
    longest_first = sorted(status_of, key=len, reverse=True)
    phrases = "|".join(r"[\s_-]+".join(re.escape(word) for word in phrase.split()) for phrase in longest_first)
    # No phrase at all must match nothing, not the empty string everywhere.
    return re.compile(rf"(?<![\w-])(?:{phrases})(?![\w-])" if phrases else r"(?!)", re.IGNORECASE), status_of


def _folded(wording: str) -> str:
    return " ".join(re.split(r"[\s_-]+", wording.casefold().strip()))


# ---------------------------------------------------------------- the words around a wording

_CLAUSE_EDGE = re.compile(
    r"[;,()–—]|:(?=\s+(?:the|your|it|this|that|her|his|their|ms|mr|mrs)\b)|\s-\s|\b(?:but|although|though|while|"
    r"whereas|however|before|after which|and then|until)\b"
)
_AND = re.compile(r"[\s\"'“”*_]*(?:,|,?\s*(?:and|or|nor|but)(?:\s+(?:still|now|also|rather|instead))?)[\s\"'“”*_]*")
_QUOTES = "\"'“”‘’*_` "
_ADVERBS = r"(?:\s+(?:\w+ly|now|since|still|already|also|again|at first|both|then|thus|as|not|never|yet|no longer))*"
_NOT = re.compile(
    r"\b(?:not|never|neither|nor|no longer|isn't|wasn't|hasn't|aren't|without|yet to be|rather than|"
    r"instead of|cannot|nobody|untrue|false|incorrect (?:to|that)|"
    r"no (?:indication|sign|evidence|record|suggestion|reason|question)|"
    r"wrong to (?:say|call))\b"
    r"|n't\b"
)
_OPEN = re.compile(
    r"\b(?:will|would|may|might|could|should|can|shall|must|if|once|when|whether|unless|expected to|to be|in case|"
    r"as soon as|before an?|by the time|about to|likely|request(?:s|ed|ing)? (?:to|that)|asks?(?:ed)? (?:to|that))\b"
)
_FORMER = re.compile(
    r"\b(?:previous(?:ly)?|former(?:ly)?|original(?:ly)?|initial(?:ly)?|earlier|at first|at one point|used to|prior|"
    r"until|till|at that time|at the time|back then|had(?: been)?|old|stale|incorrect(?:ly)?|erroneous(?:ly)?|"
    r"mistaken(?:ly)?|in error|wrong(?:ly)?|no longer|superseded|replac(?:ed|ing|es)|instead of|rather than)\b"
)
_LATER = re.compile(
    r"^[\s,]*(?:until\b|(?:no more|no longer|any ?more)\b(?! than)|"
    r"before (?:it|being|the)|but (?:was|has|is|this|that|later|then|now)|"
    r"and (?:was )?(?:later|then|subsequently)|"
    r"(?:was|were|has been|is) (?:later |since |then |subsequently )?(?:corrected|superseded|replaced|reversed|"
    r"overturned|withdrawn|changed|lifted|cancelled|in error|incorrect|wrong|entered in error)|"
    r"in error\b|by mistake\b|to\b(?=\s+\w))"
)
# What somebody said, thinks or asks is not what the record says; "you say that it was approved".
_SAID = re.compile(
    r"\b(?:you|he|she|they|claimant|applicant|tenant|customer|caller)\b(?: \w+){0,3}? (?:say|said|says|believes?|"
    r"believed|thinks?|thought|claims?|claimed|wr[io]tes?|heard|understands?|understood|feels?|told us|hopes?|"
    r"hoped)\b"
)
# Things that close, stop, hold or decline without being a case.
_ELSEWHERE = re.compile(
    r"\b(?:shop|store|office|surgery|school|bank|branch|road|street|bridge|door|gate|window|windows|line|phone|call|"
    r"card|bus|train|car|engine|clinic|library|station|site|company|website|desk|counter|invitation|invoice)\b"
)
_A_CASE = re.compile(
    r"\b(?:case|claim|file|application|request|appeal|complaint|status|benefit|pension|allowance|payments?|grant|"
    r"award|matter|record|entry|refund|licence|permit|review|it|this)\b"
)
_FROM = re.compile(r"\bfrom\s+(?:(?:the|a|an|status|being|of)\s+)*$")
# "(was: under review)", "after being closed".
_EARLIER = re.compile(
    r"\b(?:was|were|previously|formerly|before|earlier)\s*[:=]$|\b(?:after|since|despite) (?:being|having been)$"
)
_CHANGE = re.compile(
    r"\b(?:set|moved|changed|updated|corrected|transferred|revised|amended|reclassified|switched|returned|reverted|"
    r"restored|marked|recorded|logged|listed|reported|noted|entered|placed|put|became|becomes|changes|moves|turned|"
    r"went|given|got|gets)\b"
    r"(?:\s+(?:back|the|its|a|case|claim|status|on|in|from\s+[\w -]{1,40}?|by\s+[\w -]{1,30}?)){0,4}"
    rf"(?:\s+(?:to|as|into|under|at))?{_ADVERBS}\s*(?:the\s+status\s+(?:of\s+)?)?$"
)
_WAS = re.compile(rf"\b(?:was|were|wasn't|being)\b{_ADVERBS}$")
_HAS_BEEN = re.compile(
    rf"\b(?:has|have|had|'s|'ve|'d|hasn't|haven't){_ADVERBS}\s+(?:been|become|gone|remained){_ADVERBS}$"
    rf"|\b(?:be|become){_ADVERBS}$"
)
_IS = re.compile(
    r"(?:\b(?:it|that|there|he|she|this)'s|\b(?:is|are|isn't|aren't|remains?|stays?|sits|rests|stands?(?: at| as)?|"
    r"(?:is|are) (?:(?:now|currently) )?(?:considered|deemed|regarded as|treated as|with \w+ and)|"
    r"(?:is|are) (?:(?:now|currently) )?(?:put |set )?(?:down|entered|filed|shown|held|carried|registered|noted) as|"
    r"(?:is|are|sits|rests|remains) (?:(?:now|currently) )?with (?:us|them|the \w+) as|"
    r"continues? (?:to be|as)|shows?(?: as)?|reads?|"
    r"(?:shows?|lists?|records?|has|calls?) (?:(?:the|your|this|her|his) )?(?:case|claim|file|application|it) as|"
    r"(?:puts?|keeps?|leaves?|has) (?:(?:the|your|this|her|his) )?(?:case|claim|file|application|it)|"
    r"currently|now|presently|status(?: of)?)|\b(?:status|decision|outcome|result)\s*[:=-]|"
    rf"\b(?:is|are)\s+(?:now\s+)?(?:in|at|set to|marked(?: as)?|listed as|recorded as)){_ADVERBS}$"
)
_BRACKETED = re.compile(r"[\[(][^\])\n]{0,80}[\])]")
_REACH = 200  # characters before a wording that can say something about it
_STATUS_AFTER = re.compile(
    r"^\s*(?:status|state|stage)\b|^\s*is\s+(?:now\s+|currently\s+)?(?:the|its|your|this|her|his)\s+(?:[\w'-]+\s+){0,3}"
    r"status\b|^\s+(?:as of|as at|at present|at this time|now|today)\b"
)
_PARTICIPLE = re.compile(r"\w+(?:ed|wn|n|ld|pt|id)$")


def _stance(sentence: str, start: int, end: int) -> Stance | None:
    """What the words around ``start`` to ``end`` make of the status named there; None for no claim at all."""
    before_all = _plain(sentence[max(0, start - 2 * _REACH) : start]).rstrip(_QUOTES)
    after_all = _plain(sentence[end : end + _REACH]).lstrip(_QUOTES)
    before = _clause_before(before_all)[-_REACH:]
    after = _clause_after(after_all)
    wording = sentence[start:end].casefold()
    if _FROM.search(before + " ") or _EARLIER.search(before):
        return "past"
    anchored = _anchor(before, wording, after, before_all)
    if anchored is None:
        return None
    if _ELSEWHERE.search(before) and not _A_CASE.search(before) and not _DECIDES.search(before):
        return None
    if _NOT.search(_negatable(before)):
        return "past" if "no longer" in before else "denied"
    if anchored != "current" and _FORMER.search(_negatable(before)):
        return "past"
    if _LATER.match(f" {after_all}") and not (anchored == "current" and after_all.lstrip(" ,").startswith("until")):
        return "past"
    if anchored == "current" and re.search(r"\b(?:previous|former|original|initial|earlier|old|prior)\b", before):
        return "past"
    stated = _STATED.sub(" ", before)
    if _OPEN.search(stated) or _SAID.search(stated):
        return "open"
    if anchored == "change" and _ENDS.search(wording) and _since_reopened(_plain(sentence), start, end):
        return "past"
    return anchored


# To say that one can confirm it is to say it.
_STATED = re.compile(
    r"\b(?:we|i)\s+(?:can|may|would like to|want to|wish to|must|should|are (?:able|happy|pleased|sorry) to)\s+"
    r"(?:now |also |only )?(?:confirm|tell you|inform you|let you know|advise(?: you)?|say|report|state)\b"
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
    r"ministry|fund|insurer|caseworker|case worker|case manager|officer|assessor|adjudicator|service))"
    rf"(?:\s+(?:have|has|had))?{_ADVERBS}$"
)
_ITS_CASE = re.compile(
    r"\s*(?:your|the|this|her|his|their|that)\s+(?:\w+\s+)?(?:case|claim|file|application|request|appeal|complaint|"
    r"benefit|pension|allowance|payments?|grant|award|refund|licence|permit)\b"
)


# "Status:", "last updated on 3 May 2025:".
_HEADED = re.compile(
    r"\b(?:status\b[^.]{0,40}|(?:(?:last |latest )?(?:updated?|changed?|checked|amended|reviewed)|as (?:of|at)|latest|"
    r"position|where (?:it|things|we) (?:is|are|stands?))\b[^.:]{0,40})[:=|–—-]\s*$"
)


def _anchor(before: str, wording: str, after: str, before_all: str) -> Literal["current", "change", "past"] | None:
    if _DECIDES.search(before) and _PARTICIPLE.match(wording) and _ITS_CASE.match(after):
        return "change"
    if _IS.search(before):
        return "current"
    if _CHANGE.search(before):
        passive_now = re.search(r"\b(?:is|are)\s+(?:now\s+|currently\s+)?\w+(?:\s+\w+){0,2}$", before)
        return "current" if passive_now else "change"
    if _HAS_BEEN.search(before):
        return "change"
    if _WAS.search(before):
        # "was approved" tells of the day it became so; "was pending" tells of a state that may be over.
        return "change" if _PARTICIPLE.match(wording.split()[-1]) and len(wording.split()) == 1 else "past"
    if _STATUS_AFTER.match(after):
        return "current"
    if not before_all.strip() or _HEADED.search(before_all):
        return (
            "current" if not after.strip(" .!") or re.match(r"\s*(?:\[|\(|:|\||on\b|since\b|as of\b)", after) else None
        )
    return None


def _clause_before(text: str) -> str:
    edges = [edge.end() for edge in _CLAUSE_EDGE.finditer(text)]
    clause = text[edges[-1] :] if edges else text
    if clause.strip() in ("", "now", "currently", "still") and len(edges) > 1 and text[edges[-1] - 1] != ";":
        # "The claim, now closed": what stands before the comma still belongs to it.
        return text[edges[-2] :]
    # The word at the edge ("until", "before") opens the clause and colours it.
    edge = text[: edges[-1]].split()[-1:] if edges else []
    return " ".join([*edge, clause])


def _clause_after(text: str) -> str:
    edge = _CLAUSE_EDGE.search(text)
    return text[: edge.start()] if edge else text
