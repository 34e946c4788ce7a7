"""A text and the case's open document requests in, the places that treat an open one as received out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from milo_bench.core.records import Frozen
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import split_sentences

REQUESTS_VERSION = "3"


class TreatedAsReceived(Frozen, frozen=True, omit_defaults=False):
    """``source[start:end]`` is the sentence; ``document`` is "" where it speaks of all documents at once."""

    document: str
    start: int
    end: int
    text: str


class RequestReading(Frozen, frozen=True, omit_defaults=False):
    """``outstanding``: open documents that the text rightly names as still missing or asked for."""

    treated_as_received: tuple[TreatedAsReceived, ...]
    outstanding: tuple[str, ...]


_GOT = re.compile(
    r"\b(?:thank(?:s| you)(?: \w+){0,3} for (?:sending|providing|submitting|supplying|returning|uploading|"
    r"forwarding|completing|your (?!patience|message|e-?mail|"
    r"letter|call|understanding|enquiry|inquiry|time))|(?:we|i) (?:have|'ve|did|now have|had)?\s*(?:now |also |"
    r"already |just |recently |duly |safely )*"
    r"(?:received|got|obtained|have (?:your|the|all|everything|both)|hold (?:your|the)|reviewed|checked|verified|"
    r"accepted|processed|logged)|"
    r"(?:was|were|has been|have been|is|are)(?: now| also| already| all| both| duly| safely)* (?:received|"
    r"provided|submitted|supplied|checked|examined|assessed|scanned|considered|recorded|on file|on record|"
    r"in hand|uploaded|complete|"
    r"accepted|verified|reviewed|in order|with us|added to|satisfied|fulfilled|closed|resolved|logged|attached)|"
    r"now that (?:we have|you have|your|the)|"
    r"(?:receipt of|having received|with) (?:your|the|all)\b(?=.*\b(?:on file|in hand|received|complete|"
    r"confirmed|now|acknowledged)\b)|"
    r"(?:confirm|acknowledge)(?:s|d)? (?:the )?(?:safe )?receipt|"
    r"(?:arrived|(?:came|come) (?:in|through)|reached (?:us|our office))\b|in receipt of|"
    r"satisf(?:y|ies|ied)\b|(?:meets?|answers?|fulfils?) (?:our|the) request|no longer (?:outstanding|missing|"
    r"needed|required|awaited)|outstanding\b[\w ]{0,20}:\s*(?:none|nil)|having (?:read|reviewed|seen|checked)|"
    r"(?:has|have) (?:now |already |also |since )*(?:sent|provided|submitted|supplied|forwarded|returned|handed "
    r"(?:in|over)|uploaded)|(?:we|i) (?:(?:looked at|read|studied|examined) (?:the|your)|(?:note|see) (?:from|in))|"
    r"(?:you|claimant|applicant|he|she) (?:have |has |had )?(?:already |now |also )*"
    r"(?:sent|provided|submitted|supplied|returned|uploaded|furnished|handed in|delivered)|no (?:further|more|"
    r"other|additional|outstanding) "
    r"(?:documents?|documentation|paperwork|information|items?|evidence)|nothing (?:further|more|"
    r"else) is (?:needed|required|outstanding)|based on (?:your|the)|according to (?:your|the)|as shown (?:in|"
    r"by) (?:your|the))",
    re.I,
)
_LACKING = re.compile(
    r"\b(?:not (?:yet )?(?:been )?(?:received|got|obtained|arrived|provided|submitted|supplied|sent|on file|here|"
    r"complete|returned|uploaded|have|hold|seen|reached)|"
    r"(?:have|has|had|did|do|does|is|are|was|were)(?:n't| not)|never|yet to|still (?:need|require|await|waiting|"
    r"missing|outstanding|open|to come|due|lack)\w*|outstanding|await\w*|"
    r"missing|pending|waiting (?:for|on)|remains? open|is open|(?:we|i) (?:need|require|ask|request|asked for|"
    r"requested)|please|kindly|once|when|after|if|until|unless|as soon as|"
    r"none of|there is no|sent nothing|nothing (?:yet|so far)|unreadable|illegible|blurred|incomplete|cut off|"
    r"damaged|"
    r"before|upon|without|required|requested|is needed|are needed|must (?:send|provide|submit|reach)|"
    r"to be (?:sent|provided|submitted)|expected|following receipt|document receipt|send us|will be)\b",
    re.I,
)
_ALL = re.compile(
    r"\b(?:all|every|both|the) (?:of the |the |your |other |required |requested |necessary |outstanding |"
    r"supporting |needed ){0,6}(?:documents?|documentation|paperwork|forms?|evidence|items?)\b"
    r"|\beverything (?:we (?:need|asked|require)|that|is|has)|\bno (?:further|more|other|additional|"
    r"outstanding) (?:documents?|documentation|paperwork|information|items?|evidence)"
    r"|\bnothing (?:further|more|else) is (?:needed|required|outstanding)|\boutstanding\b[\w ]{0,20}:\s*(?:none|nil)"
    r"|\byour file is (?:now )?complete|"
    r"\bthe file is (?:now )?complete|\bthe (?:document )?requests? (?:is|has been|was|are|have been) (?:now )?"
    r"(?:closed|complete[d]?|fulfilled|satisfied|resolved)",
    re.I,
)
# "The agreement confirms the rent": it has been read; not so "your employer confirms that the agreement …".
_SHOWS = re.compile(r"\b(?:confirms?|shows?|proves?|establish(?:es)?|demonstrates?) (?:that|the|your|how)\b", re.I)
_SAID = re.compile(r"\byou (?:said|say|told|tell|wr[io]te|mention|mentioned|believe|think|stated?)\b", re.I)
_SETTLED = re.compile(
    r"\bno (?:further|more|other|additional|outstanding)\b|\bnothing (?:further|more|else|is)\b|\bnow that\b|"
    r"\bno longer\b|: *(?:none|nil)\b",
    re.I,
)
# "Everything but the payslips": what follows is what lacks.
_EXCEPT = re.compile(
    r"\b(?:except(?: for)?|apart from|other than|with the exception of|excluding|but not|"
    r"(?:everything|all(?: \w+){0,3}) but)\b",
    re.I,
)
# A message about a document is not the document.
_ABOUT = re.compile(
    r"\b(?:messages?|e-?mails?|letters?|calls?|questions?|notes?|enquir(?:y|ies)|requests?) (?:about|regarding|"
    r"concerning|on) [^,;]*",
    re.I,
)
_CLAUSE = re.compile(
    r";|(?:,|(?<![\s,]))\s++(?:but|however|although|though|while|whereas|so\b|"
    r"and (?=(?:we|you|the|your|it|this|they|i)\b))\s*|"
    r",\s+(?=(?:we|you|your|the|it|i|they|our|please)\b)",
    re.I,
)
_IDLE = frozenset(
    {
        "the",
        "a",
        "an",
        "of",
        "for",
        "from",
        "your",
        "our",
        "and",
        "or",
        "to",
        "copy",
        "copies",
        "signed",
        "recent",
        "latest",
        "original",
        "certified",
        "completed",
        "updated",
        "new",
    }
)
_SAME = {
    "statement": ("statement", "statements"),
    "certificate": ("certificate", "cert"),
    "report": ("report", "reports"),
    "payslip": ("payslip", "payslips", "pay slip", "pay slips", "paystub", "pay stubs", "wage slips"),
    "identification": ("identification", "id", "identity document", "identity"),
    "invoice": ("invoice", "invoices", "bill"),
    "receipt": ("receipt", "receipts"),
    "photograph": ("photograph", "photographs", "photo", "photos", "pictures"),
    "form": ("form", "forms", "paperwork"),
}


def read_requests(text: str, open_documents: Iterable[str], *, expected: str = "") -> RequestReading:
    """How ``text`` speaks of documents that are still open.

    A document is recognised by its content words in any order within one sentence ("the medical
    report", "your doctor's medical report"), with plurals and common variants (payslips, pay
    stubs). It is treated as received where a clause says that it came, thanks for it, builds on
    it ("now that we have …", "based on your …") or says that nothing is missing any more, and the
    same clause has no word of lack or condition ("not yet", "still", "once", "please send"). Each sentence is read
    with the words of its language; ``expected`` is that of texts too short to recognise.
    """
    documents = tuple(dict.fromkeys(document for document in open_documents if document.strip()))
    wrong: list[TreatedAsReceived] = []
    outstanding: set[str] = set()
    if not documents:
        return RequestReading(treated_as_received=(), outstanding=())
    languages = {part.start: part.language or expected for part in recognise(text, expected=expected)}
    for sentence in split_sentences(text):
        if sentence.text.endswith("?"):
            continue
        if (language := languages.get(sentence.start, expected)) in languages_of("requests"):
            got_here, lacks_here = _read_in(sentence.text, documents, language)
            outstanding.update(lacks_here)
            wrong.extend(TreatedAsReceived(one, sentence.start, sentence.end, sentence.text) for one in got_here)
            continue
        plain = sentence.text.replace("’", "'")
        excepted = _EXCEPT.search(plain)
        if excepted:
            lacks = [document for document in documents if names_document(plain[excepted.end() :], document)]
            outstanding.update(lacks)
            if lacks:
                continue
        plain = _ABOUT.sub("message", plain)
        named_before: tuple[str, ...] = ()
        pieces = [piece for piece in _CLAUSE.split(plain) if piece and piece.strip()]
        for piece in pieces:
            named = tuple(document for document in documents if names_document(piece, document))
            everything = bool(_ALL.search(piece))
            about = named or (named_before if re.search(r"\b(?:it|they|them|this|that|which)\b", piece, re.I) else ())
            named_before = named or named_before
            shows = _SHOWS.search(piece)
            shown = shows and any(names_document(piece[: shows.start()], document) for document in named)
            got = not _SAID.search(piece) and (_GOT.search(piece) or shown)
            lacking = _lacking(piece)
            if about and lacking:
                outstanding.update(about)
            elif got and (about or everything):
                wrong.extend(
                    TreatedAsReceived(document=document, start=sentence.start, end=sentence.end, text=sentence.text)
                    for document in (about or ("",))
                )
    return RequestReading(
        treated_as_received=tuple(dict.fromkeys(wrong)),
        outstanding=tuple(document for document in documents if document in outstanding),
    )


def _read_in(sentence: str, documents: tuple[str, ...], language: str) -> tuple[list[str], list[str]]:
    """The documents that a sentence of a language with a file treats as received ("" for all), and as missing."""
    got: list[str] = []
    lacking: list[str] = []

    def has(part: str, where: str) -> bool:
        return pattern_of("requests", language, part).search(where) is not None

    whole = sentence.lower().replace("’", "'")
    if has("said", whole):
        return got, lacking
    about = pattern_of("requests", language, "about").search(whole)
    named = [] if about else [document for document in documents if _names_in(whole, document)]
    missing = has("lacking", whole) and not has("settled", whole)
    if missing:
        lacking += named
    elif named and (has("got", whole) or has("settled", whole)):
        got += named
    elif has("all", whole) and (has("got", whole) or has("settled", whole)):
        got.append("")
    return got, lacking


def _names_in(text: str, document: str) -> bool:
    """Whether every longer word of the document's name is in ``text``, whatever its ending."""
    words = [word for word in re.findall(r"[^\W\d_]+", document.lower()) if len(word) > 3]
    there = re.findall(r"[^\W\d_]+", text)
    return bool(words) and all(
        any(one.startswith(word[: max(4, len(word) - 2)]) or one.endswith(word) for one in there) for word in words
    )


def _lacking(piece: str) -> bool:
    if _SETTLED.search(piece):
        return False
    # "the report that we requested was received": the request lies behind, the receipt is stated.
    behind = re.sub(
        r"\b(?:that |which )?(?:we|i|you were) (?:had |have )?(?:asked for|requested|asked)\b|\b(?:the|all|"
        r"your) (?:requested|required|outstanding|missing|pending)\b",
        " the ", piece, flags=re.I,
    )  # fmt: skip
    return bool(_LACKING.search(behind))


def names_document(text: str, document: str) -> bool:
    """True where every content word of the document's name, or a variant of it, stands in ``text``."""
    words = [word for word in re.findall(r"[a-z0-9]+", document.casefold()) if word not in _IDLE]
    if not words:
        return False
    there = text.casefold().replace("’", "'")
    return all(any(re.search(rf"\b{re.escape(form)}(?:'s|s)?\b", there) for form in _forms(word)) for word in words)


def _forms(word: str) -> tuple[str, ...]:
    stem = word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
    return (word, stem, *_SAME.get(stem, ()))
