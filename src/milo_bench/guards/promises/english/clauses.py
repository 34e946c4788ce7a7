"""An English sentence in, its clauses and each of them normalised out: no contractions, quotations, misspellings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from milo_bench.guards.citations import find_citations
from milo_bench.guards.languages.contractions import without_contractions


def without_citations(text: str) -> str:
    for citation in reversed(find_citations(text)):
        text = text[: citation.start].rstrip() + text[citation.end :]
    return text


_SUBJECT = (
    r"(?:the|your|our|we|you|it|i|they|this|that|a|an|no|there|these|those|he|she|expect|please|rest|nothing|"
    r"everything|be|decision|compensation|"
    r"payment|approval|completion|in (?:your|this) case|by|within)\b"
)
_SUBJECT_AHEAD = rf"(?={_SUBJECT})"
CONTRAST = r"(?:but|so|yet|and|or|then|still|however|nevertheless|nonetheless|instead|rather)"
_SPACE = r"(?:,\s++|(?<!\s)\s++)"  # a run of spaces is looked at from its first one alone
_CUT = re.compile(
    rf";|:\s+(?!by\b|within\b){_SUBJECT_AHEAD}|\s[-–—]+\s|,\s+(?=(?:and |but |so |or |then |yet )?(?:(?:we|i|"
    rf"they|it|you)\b|{_SUBJECT}))"
    rf"|{_SPACE}(?=(?:but|so|yet|however|nevertheless|although|though|even though|because|since|whereas),?\s+"
    rf"{_SUBJECT})|"
    # A second predicate under the same subject: "We cannot pay today but will pay you on Friday".
    rf"{_SPACE}(?={CONTRAST},?\s+(?:{CONTRAST},?\s+)?(?:will|shall|am going to|is going to|are going to)\s)|"
    rf"(?<!\s)\s++(?=and\s+{_SUBJECT}\s)"
    r"|,\s+(?=which means that|and that|so that)",
    re.I,
)
_RELATIVE = re.compile(r",\s*(?:which|who|whose|where)\b(?! means)[^,;]*,")
_QUOTED = re.compile(r"\"[^\"]*\"|“[^“”]*”|‘[^‘’]{3,}’(?!\w)")
LEAD = re.compile(
    r"^(?:and |but |so )?(?:once|if|when|as soon as|after|before|unless|until|following|upon|within|by|on|at|in|"
    r"as|since|"
    r"because|although|though|even though|while|where|should|without|with|during|provided|now that|given|"
    r"depending|for|due to|subject to)\b"
)
SUBORDINATE = re.compile(
    r"^(?:and |but |so )?(?:once|if|when|as soon as|unless|until|although|though|even though|while|where|whether|"
    r"because|"
    r"since|as|provided|now that|given that|before|after|should (?:the|you|we|your|it)|who|which(?! means)|"
    r"depending)\b"
)


def clauses_of(source: str, start: int, end: int) -> Iterator[tuple[int, int]]:
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


_SHORTHAND = (
    (re.compile(r"\bu\b"), "you"),
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
    from rapidfuzz import fuzz, process  # only a long word that is spelt otherwise needs it

    near = process.extractOne(word, _SPELLED, scorer=fuzz.ratio, score_cutoff=87)
    # The same ending keeps "approves" and "receiver" what they are.
    return near[0] if near and near[0][-1] == word[-1] and near[0][0] == word[0] else word


def normalised(clause: str) -> str:
    text = without_citations(clause)
    # "may" is a hedge, "May" a month; told apart while the case still says so.
    text = re.sub(r"(?<=\d )May\b|\bMay(?= \d)|(?<=of )May\b|(?<=by )May\b|(?<=in )May\b", "june", text)
    text = text.translate({0x2018: "'", 0x2019: "'", 0x2013: "-", 0x2014: "-", 0x2011: "-"}).casefold()
    text = _QUOTED.sub(" ", text)
    text = _RELATIVE.sub(" ", text)
    text = re.sub(r",\s*without fail\s*,|\(\w+\)|[*_#]", " ", text)
    text = without_contractions(text)
    for pattern, instead in _SHORTHAND:
        text = pattern.sub(instead, text)
    return re.sub(r"\s+", " ", _WORD.sub(_mend, text)).strip(" .,;")
