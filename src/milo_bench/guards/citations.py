"""Text in, its event citations with offsets out, and whether a sentence states something that needs one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from milo_bench.core.records import Frozen
from milo_bench.guards.citing.brackets import EVENT_ID, OPENING, cited_in_brackets
from milo_bench.guards.languages.marks import unmarked
from milo_bench.guards.packs.read import beginnings, languages_of, words
from milo_bench.guards.sentences import Sentence, languages_told, split_sentences


class Citation(Frozen, frozen=True, omit_defaults=False):
    """One cited event; ``start`` to ``end`` is the bracket that holds it, ``[`` and ``]`` included."""

    event_id: str
    start: int
    end: int


_BRACKET = re.compile(cited_in_brackets(EVENT_ID, r"\d{4}"), re.IGNORECASE)
_WITH_SPACE = re.compile(r"(?:(?<![ \t])[ \t]++)?" + _BRACKET.pattern, re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)\d{4}(?!\d)")
_UNDER_HEADING = re.compile(
    r"[ \t|]*+\n[ \t]*+\|?[ \t]*+:?-{3}[-:| \t]*+(?:\n|$)"
)  # a table's names of columns are above it
_KEPT = 2000  # characters: the citations of a longer text are not remembered
# Anything that looks as if it meant to cite: a wrong number of digits, other words in the bracket, a bare id.
_LOOSE = re.compile(r"[\[(]\s*(?:see\s+)?(?:events?\s+)?E[-–—_ ]?\d+[^\])\n]{0,40}[\])]|\bE[-–—_]\d+\b", re.I)


def find_citations(text: str) -> tuple[Citation, ...]:
    """Citations that a reader can follow: ``[E-0412]``, ``(see E-0412; E-0413)``, ``[E-0412, 0413 and 0414]``.

    One Citation for each event id. Brackets are square or round, hyphens are any, and what may lead in or part the ids
    is in ``citing.brackets``. Of a range, ``[E-0412–E-0418]``, the ends are cited: which events are between them only
    the case says. Ids with other than four digits, or without brackets, are no citations; those are in
    `find_malformed_citations`. Full-width characters and zero-width ones are read as a person sees them.
    """
    return (_citations_of_short if len(text) <= _KEPT else _citations)(text)


def _citations(text: str) -> tuple[Citation, ...]:
    plain = unmarked(text)
    found = []
    for bracket in _BRACKET.finditer(plain.text):
        start, end = plain.at(*bracket.span())
        for number in _NUMBER.findall(bracket.group(1)):
            found.append(Citation(event_id=f"E-{number}", start=start, end=end))
    return tuple(found)


# Each check of an answer asks for the citations of each of its sentences.
_citations_of_short = lru_cache(maxsize=1 << 14)(_citations)


def find_malformed_citations(text: str) -> tuple[Sentence, ...]:
    """What looks like a citation and is none, e.g. ``[not E-0412]``, ``[E-412]``, ``E-0412`` without brackets."""
    plain = unmarked(text)
    good = [plain.at(*match.span()) for match in _BRACKET.finditer(plain.text)]
    ends = [end for _, end in good]
    found = []
    for match in _LOOSE.finditer(text):
        next_good = bisect_right(ends, match.start())  # the first that ends behind the start
        if next_good == len(good) or good[next_good][0] >= match.end():
            found.append(Sentence(text=match.group(), start=match.start(), end=match.end()))
    return tuple(found)


def without_citations(text: str) -> str:
    """``text`` without its citations and the space before each."""
    return _WITH_SPACE.sub("", text) if any(mark in text for mark in OPENING) else text


class CitedSentence(Frozen, frozen=True, omit_defaults=False):
    """A sentence, the event ids that it cites, and whether it states something about the case."""

    sentence: Sentence
    event_ids: tuple[str, ...]
    claim: bool


def cited_sentences(text: str, *, exempt: Iterable[str] = ()) -> tuple[CitedSentence, ...]:
    """Every sentence of ``text`` with its citations; ``exempt`` as in `is_claim`."""
    exempt = tuple(exempt)
    return tuple(
        CitedSentence(
            sentence=sentence,
            event_ids=tuple(dict.fromkeys(citation.event_id for citation in find_citations(sentence.text))),
            claim=is_claim(sentence.text, exempt=exempt) and not _UNDER_HEADING.match(text, sentence.end),
        )
        for sentence in split_sentences(text)
    )


# ---------------------------------------------------------------- which sentences state something

_LETTERHEAD = re.compile(
    r"^(?:template|escalate|subject|re|to|from|cc|bcc|attn|date|sent|our ref(?:erence)?|your ref(?:erence)?|"
    r"(?:case )?ref(?:erence)?|case(?: (?:no|number|id))?\.?)\s*[:#]",
    re.I,
)
_GREETING = re.compile(
    r"^(?:dear\b|hello\b|hi\b|hey\b|greetings\b|good (?:morning|afternoon|evening|day)\b|to whom it may concern)", re.I
)
_SIGN_OFF = re.compile(
    r"^(?:(?:with |our )?(?:kind|kindest|best|warm|warmest|many)?\s*(?:regards|wishes|thanks)|(?:yours|your) "
    r"(?:sincerely|faithfully|truly)|sincerely(?: yours)?|respectfully(?: yours)?|cheers|all the best|thank you"
    r"(?: (?:very|so) much)?(?: again)?|thanks(?: again)?|on behalf of [\w .,&'-]++|for and on behalf of [\w .,&'-]++)"
    r"\s*+[,.!]*+$",
    re.I,
)
_COURTESY = re.compile(
    r"^(?:thank you|thanks|many thanks|we thank you|we appreciate|i appreciate)(?: (?:again|very much|so much))? for "
    r"(?:your|the|contacting|writing|getting in touch|reaching out|being in touch|bearing with|taking the time)"
    r"(?: (?:recent|kind|continued|further|ongoing))*"
    r"(?: (?:e-?mail|letter|message|note|call|enquiry|inquiry|question|patience|understanding|cooperation|co-operation|"
    r"time|interest|reply|correspondence|us|me|to us|with us|again|today|in|this matter|about (?:this|your case))\b)*"
    r"(?: (?:and|while|on|about|regarding|with|to|in) [^.]*)?[.!]*$"
    r"|^(?:i|we) (?:hope|trust) (?:that )?(?:this|you|all|these|the)\b"
    r"|^(?:i am|i'm|we are|we're) (?:very |so |truly |really |sincerely )?(?:sorry|grateful|glad|happy|pleased) "
    r"(?:to (?:hear|help|assist)|for (?:the|any|your)|about|that this|you (?:got|wrote))"
    r"|^(?:we|i) (?:sincerely |do |fully |quite )*(?:apologi[sz]e|regret|understand|appreciate|recogni[sz]e|"
    r"reali[sz]e|know|acknowledge)\b(?: that)?[^.]*\b(?:inconvenience|delay|frustrat\w+|"
    r"wait(?:ing)?|stress\w*|difficult|worr\w+|"
    r"patience|upset\w*|concern\w*|distress\w*|hard|long)\b"
    r"|^(?:my|our) (?:sincere )?(?:apologies|condolences)\b",
    re.I,
)
_OFFER = re.compile(
    r"^(?:(?:in the meantime|meanwhile|to help us|if so|otherwise|also|and|finally|next),? )?"
    r"(?:please|kindly|(?:do )?feel free|(?:do not|don't) hesitate|let (?:us|me) know|"
    r"(?:we|i) (?:look|are looking) forward|looking forward|should you (?:have|need|wish|require)|"
    r"if you (?:have|need|wish|require|would like|want|are unsure|think|believe|feel|prefer|cannot|can't|disagree)|"
    r"for (?:any|further) (?:questions|queries|help|information)|"
    r"you (?:can|may) (?:also |always )?(?:reach|contact|call|reply|write|email|e-mail|phone|send|upload|return)|"
    r"(?:we|i) (?:are|am) (?:here|happy|glad|available) to|"
    r"(?:send|reply|contact|call|write|upload|return|quote|email) )",
    re.I,
)
_NOTICE = re.compile(
    r"^(?:please|kindly|(?:we|i) would like you to)?\s*(?:note|be advised|be aware|be informed|remember|rest assured|"
    r"(?:do )?bear in mind)(?: that|,|:)?\s+",
    re.I,
)
# A request may carry a fact about the case along: "Please send the form that we asked for on 3 May".
_FACT_INSIDE = re.compile(
    r"\b(?:(?:was|were|has been|have been|had been) \w+(?:ed|n|t|d)\b|(?:we|you|i|he|she|they) (?:have |has |had )?"
    r"(?:already )?(?:requested|asked|received|sent|told|submitted|approved|denied|rejected|closed|paid|reviewed))",
    re.I,
)
_SILENCE = re.compile(
    r"^(?:(?:however|also|at present|so far|but),? )?(?:(?:the|this) (?:case )?(?:record|file|case|document|timeline|"
    r"log|events?)(?: provided| supplied| given)?|(?:the )?events? (?:provided|listed|above|selected)) "
    r"(?:do(?:es)? not|don't|doesn't) (?:contain|show|state|say|mention|include|record|give|list|specify|indicate)\b"
    r"|^(?:no|nothing) (?:further |other |more |later )*(?:events?|entries|information|details?|in the record)\b[^.]*"
    r"\b(?:record(?:ed)?|listed|given|provided|available|stated|shown|present)\b",
    re.I,
)
_HEADING_WORD = re.compile(
    r"^(?:summary|timeline|overview|background|current status|status|next steps?|key (?:events|dates|facts)|outstanding"
    r"(?: documents| items)?|open requests?|details|conclusion|history|notes?|signature|enclosures?|attachments?)$",
    re.I,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|am|be|been|being|has|have|had|do|does|did|will|would|can|could|may|might|must|shall|should|"
    r"\w{2,}ed|[a-z]+n't|remains?|shows?|says?|states?|asks?|needs?|expects?|confirms?|sent|received|made|gave|told|"
    r"came|went|wrote|found|held|paid|left|took|put|set|met|got|awaits?|stands?|closes?|opens?|requires?)\b",
    re.I,
)
_ENDS = (".", "!", "。", "！", "｡", "．", "।", "۔")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PLAIN_WORD = re.compile(r"\w+")
_MOST_OF_A_GREETING, _MOST_OF_A_TITLE = 8, 8  # words, characters
_NAME_LINE = re.compile(
    r"^(?:[A-Z][\w.'’&-]*|of|and|the|for|de|van|von|&|\|)(?:[ ,]+(?:[A-Z][\w.'’&-]*|of|and|the|for|de|van|von|&|\|))*$"
)


_PLAIN_MARKS: Final = str.maketrans("‘’“”‐‑‒–—", "''\"\"-----")
_SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    """``text`` as it is compared: straight quotes, plain dashes, single spaces, lower case."""
    return _SPACES.sub(" ", text.translate(_PLAIN_MARKS)).strip().casefold()


def is_claim(sentence_text: str, *, exempt: Iterable[str] = ()) -> bool:
    """True where the sentence states something about the case, and so needs a citation.

    Everything is a claim except: greetings and sign-offs, courtesies ("Thank you for your
    patience"), headings, letterhead lines (``Template:``, ``ESCALATE:``, ``Subject:``), names,
    questions, requests and offers ("Please reply …", "If you have any questions …") that carry no
    past fact along, statements that the record is silent on something, and sentences that stand
    in ``exempt`` (policy language given to the writer). "Please note that X" is judged as X.
    "Key: value" lines with a value ("Current status: closed") are claims. What other languages than English begin
    such sentences with is in ``guards/packs/sentences``.
    """
    return _is_claim(sentence_text, tuple(exempt))


@lru_cache(maxsize=1 << 14)  # each check of an answer asks, and many answers begin and end with the same sentences
def _is_claim(sentence_text: str, exempt: tuple[str, ...]) -> bool:
    text = without_citations(sentence_text).strip().strip("*_ ")
    if not any(mark.isalpha() for mark in text):
        return False
    if _is_exempt(text, exempt):
        return False
    if text.startswith("#") or _LETTERHEAD.match(text) or (_GREETING.match(text) and len(text.split()) <= 8):
        return False
    if text.endswith(("?", "？", "؟")) or _SIGN_OFF.match(text) or _is_heading(text) or _states_nothing(text):
        return False
    notice = _NOTICE.match(text)
    if notice and notice.end() < len(text):
        return _is_claim(text[notice.end() :], exempt)
    if _COURTESY.match(text):
        return bool(re.search(r"\d", text) or _FACT_INSIDE.search(text))
    if _OFFER.match(text):
        return bool(_FACT_INSIDE.search(text))
    return not _SILENCE.match(text)


def _states_nothing(text: str) -> bool:
    """Whether ``text`` is a greeting, a sign-off, a courtesy, a request or silence of the record in its language."""
    plain = text.casefold().replace("’", "'")
    for language in languages_told(text) or languages_of("sentences"):
        few_words = len(plain.split()) <= _MOST_OF_A_GREETING
        if few_words and (_begins(plain, language, "sign_off") or _begins(plain, language, "greeting")):
            return not any(mark.isdigit() for mark in plain)
        if _begins(plain, language, "silence"):
            return True
        if _begins(plain, language, "courtesy") or _begins(plain, language, "request"):
            return words("sentences", language, "past").isdisjoint(_PLAIN_WORD.findall(plain))
    return False


def _begins(plain: str, language: str, name: Literal["sign_off", "greeting", "silence", "courtesy", "request"]) -> bool:
    return plain.startswith(beginnings("sentences", language, name))


def _is_exempt(text: str, exempt: tuple[str, ...]) -> bool:
    if not exempt:
        return False
    bare = normalise(text).rstrip(".!")
    if len(bare) < 4:
        return False
    return any(bare in _exempt_forms(allowed) for allowed in exempt)


@lru_cache(maxsize=256)  # every sentence of every answer is compared with the same few texts
def _exempt_forms(allowed: str) -> frozenset[str]:
    """An exempt text as a whole and each of its sentences, as they are compared."""
    plain = without_citations(allowed)
    return frozenset(normalise(text).rstrip(".!") for text in (plain, *(part.text for part in split_sentences(plain))))


def _is_heading(text: str) -> bool:
    parts = text.rstrip(":：").split()
    if text.endswith((":", "：")):
        return len(parts) <= 8 or not re.search(r"\d", text)
    if text.endswith(_ENDS):
        return False
    if _HEADING_WORD.match(text.strip()):
        return True
    # A line without an end mark and without a verb: a title, a name, a signature, an address.
    if len(parts) <= 6 and not _VERB.search(text) and ":" not in text:
        # Chinese and Japanese part no words: what is long there is more than a title.
        short = len(parts) <= 2 and len(_WIDE.findall(text)) <= _MOST_OF_A_TITLE
        return bool(_NAME_LINE.match(text.rstrip(","))) or short
    return False
