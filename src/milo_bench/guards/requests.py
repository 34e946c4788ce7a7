"""A text and the case's open document requests in, the places that treat an open one as received out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from milo_bench.core.records import Frozen
from milo_bench.guards.languages.contractions import without_contractions
from milo_bench.guards.languages.recognise import recognise
from milo_bench.guards.packs.patterns import pattern_of
from milo_bench.guards.packs.read import languages_of
from milo_bench.guards.sentences import split_sentences

REQUESTS_VERSION = "5"


class TreatedAsReceived(Frozen, frozen=True, omit_defaults=False):
    """``source[start:end]`` is the sentence; ``document`` is "" where it speaks of all documents at once."""

    document: str
    start: int
    end: int
    text: str


class RequestReading(Frozen, frozen=True, omit_defaults=False):
    """``outstanding``: open documents that the text rightly names as still missing or asked for. ``unread``: sentences
    that name an open document and that no rule reads either way, for a person to read."""

    treated_as_received: tuple[TreatedAsReceived, ...]
    outstanding: tuple[str, ...]
    unread: tuple[TreatedAsReceived, ...] = ()


# A clause on a document that is asked for, owed or to come, where nothing says that it came.
_AHEAD = re.compile(
    r"^\W*(?:(?:so|then|just|also|do|always|you (?:can|could|may|should|must))\s+)?"
    r"(?:get|bring|attach|ask|fill (?:in|out)|send|provide|upload|include|enclose|remember|return|sign|complete|"
    r"e-?mail|"
    r"post|let us have|forward|submit|make sure|show|give|hand|drop|contact|request|obtain|have|take|use|find)\b|"
    r"\b(?:will|shall|must|should|would|could|can|(?<!\d )may(?! \d)|might|needs?|need to|have to|has to|is to|"
    r"are to|ought to|"
    r"due|overdue|deadline|depends? on|subject to|owes?|lacks?|chas(?:ed|ing|e)|remind(?:ed|er|ing|s)?|promised?|"
    r"look(?:ing)? forward|on (?:its|their|the) way|to follow|to come|in the post|ask(?:ed|ing|s)? (?:[\w']+ ){0,4}for|"
    r"writ(?:e|ten|ing) to|wrote to|appl(?:y|ied) for|order(?:ed)? (?:a|the|your)|no|only then|instead of|rather than|"
    r"too (?:blurr(?:y|ed)|dark|small|faint|old)|we (?:enclose|attach|accept|take)|(?:sent|posted|e-?mailed|gave) you|"
    r"(?:sent|posted|returned|e-?mailed|given|handed|forwarded) (?:back )?to (?:you|the)|if|unless|want|wish|hope|"
    r"expect\w*)\b",
    re.I,
)
_DOCUMENTS = r"(?:documents?|documentation|paperwork|papers|information|items?|evidence|forms?)"
# What is done with a document that came: "we have read your report", "your report has been filed".
_HANDLED = (
    r"received|provided|submitted|supplied|handed (?:in|over)|dropped off|delivered|brought in|posted|e-?mailed|"
    r"forwarded|"
    r"uploaded|returned|checked|verified|examined|assessed|scanned|considered|reviewed|read|seen|studied|opened|"
    r"processed|"
    r"registered|recorded|filed|saved|logged|noted|stamped|accepted|acknowledged|attached|added to"
)
_GOT = re.compile(
    rf"\b(?:(?:thank(?:s| you)|grateful|we appreciate)(?: \w+){{0,3}} for (?:sending|providing|submitting|supplying|"
    r"returning|uploading|forwarding|completing|letting us have|getting|bringing|dropping off|"
    r"(?:your|the|this|these|both|all) (?!patience|message|e-?mail|letter|call|understanding|enquiry|inquiry|time|"
    r"reminder|"
    r"question|chance|opportunity))|"
    r"(?:we|i) (?:(?:have|did|now have|had) )?(?:(?:now|also|already|just|recently|duly|safely|carefully|since) )*"
    r"(?:received|got|obtained|have (?:your|the|all|everything|both)|hold (?:your|the)|reviewed|checked|verified|"
    r"accepted|processed|logged|(?:read|seen|studied|examined|considered|opened|scanned|filed|looked (?:at|through)|"
    r"gone through|had a look at) (?:your|the|all|everything|both))|"
    r"(?:we|i) (?:(?:were|was|are|am) able to|could|managed to) (?:check|verify|read|review|open|assess|use|process|"
    r"scan)|"
    r"(?:was|were|(?:has|have)(?: (?:now|also|already|all|both|duly|safely|since))* been|is|are)"
    r"(?: (?:now|also|already|all|both|duly|safely|since))* "
    rf"(?:{_HANDLED}|on (?:file|record)|in (?:hand|order|place|(?:our|the) (?:system|file))|complete|here|"
    r"with (?:us|our|the (?:team|office|handler|assessor))|satisfied|fulfilled|closed|resolved)|"
    rf"(?:is|are|{_DOCUMENTS}|everything|they) (?:(?:all|now|both) )*in(?=\W*$|[,;])|"
    r"now that (?:we have|you have|your|the)|"
    r"(?:receipt of|having received|with) (?:your|the|all)\b(?=.*\b(?:on file|in hand|received|complete|"
    r"confirmed|now|acknowledged)\b)|"
    r"(?:confirm|acknowledge)(?:s|d)? (?:the )?(?:safe )?receipt|acknowledge (?:your|the)|in receipt of|"
    r"(?:arrived|(?:came|come) (?:in|through|back|to us)|turned up|landed|reached (?:us|our|the))\b|"
    r"satisf(?:y|ies|ied)\b|(?:meets?|answers?|fulfils?) (?:our|the) request|no longer (?:outstanding|missing|"
    r"needed|required|awaited)|outstanding\b[\w ]{0,20}:\s*(?:none|nil)|having (?:read|reviewed|seen|checked|"
    r"studied|examined|considered|gone through|looked (?:at|through))|"
    rf"(?:has|have) (?:(?:now|already|also|since) )*(?:sent|let us have|given us|{_HANDLED})|"
    r"(?:we|i) (?:(?:looked at|read|studied|examined) (?:the|your)|(?:note|see) (?:from|in))|"
    r"(?:you|claimant|applicant|he|she) (?:(?:have|has|had) )?(?:(?:now|already|also) )*"
    r"(?:sent|let us have|gave us|furnished|provided|submitted|supplied|returned|uploaded|handed in|delivered|"
    r"brought in|"
    r"dropped off|posted|e-?mailed)|"
    rf"no (?:further|more|other|additional|outstanding) {_DOCUMENTS}|not need (?:any )?(?:further|more|other|"
    rf"additional|else)|"
    r"not need anything (?:further|more|else)|nothing (?:further|more|else) is (?:needed|required|outstanding)|"
    r"thanks to (?:your|the)|(?:based|going) (?:on|by) (?:your|the)|according to (?:your|the)|(?:on the basis|"
    r"in (?:the )?light) of (?:your|the)|"
    r"as (?:shown|stated|set out|confirmed) (?:in|by) (?:your|the)|as (?:your|the) [\w' -]{1,40} (?:shows?|says?|"
    r"states?))",
    re.I,
)
_DAY = r"(?:(?:the )?\d|(?:jan|feb|mar|apr|may\b|june?\b|july?\b|aug|sep|oct|nov|dec)\w*|\w+day\b)"
_LACKING = re.compile(
    r"\b(?:not (?:yet )?(?:been )?(?:received|got|obtained|arrived|provided|submitted|supplied|sent|on file|here|"
    r"complete|returned|uploaded|have|hold|seen|reached)|"
    r"(?:have|has|had|did|do|does|is|are|was|were|could|can|will) not|cannot|never|yet to|still (?:need|require|"
    r"await|waiting|"
    r"missing|outstanding|open|to come|due|lack)\w*|outstanding|await\w*|"
    r"missing|pending|waiting (?:for|on)|remains? open|is open|(?:we|i) (?:need|require|ask|request|asked for|"
    r"requested)|please|kindly|once|when|if|unless|as soon as|"
    rf"(?:after|until|before)(?! {_DAY})|(?:un|not )able to|fail(?:s|ed)? to|wrong (?:address|person|department|"
    rf"office)|"
    r"(?:sent|posted|e-?mailed|given|handed|forwarded) (?:back )?to (?:you|the wrong)|only (?:page|part|"
    r"half|one)|"
    r"none of|there is no|no (?!longer|further|more|other|additional|outstanding|later)(?:[\w'-]+ ){1,5}(?:has|have|"
    r"had|was|were|is|are|came|arrived)|sent nothing|nothing (?:yet|so far)|unreadable|illegible|blurred|incomplete|"
    r"cut off|"
    r"damaged|blank|unsigned|undated|expired|corrupt(?:ed)?|cropped|faded|too (?:dark|small|faint|old)|out of date|"
    r"invalid|"
    r"should (?:the|your|an?|any|we|you|it|they)|(?:would|'d) (?:\w+ )?(?:be grateful|appreciate|need|like|help)|"
    r"upon|without|required|requested|is needed|are needed|must (?:send|provide|submit|reach)|"
    r"to be (?:sent|provided|submitted)|expected|following receipt|document receipt|send us|will be|in advance)\b",
    re.I,
)
_ALL = re.compile(
    r"\b(?:all|every|both|the) (?:of the |the |your |other |required |requested |necessary |outstanding |"
    r"supporting |needed ){0,6}(?:documents?|documentation|paperwork|forms?|evidence|items?)\b"
    r"|\beverything (?:we (?:need|asked|require)|that|is|has)|\bno (?:further|more|other|additional|"
    r"outstanding) (?:documents?|documentation|paperwork|information|items?|evidence)"
    r"|\bnothing (?:further|more|else) is (?:needed|required|outstanding)|\bnot need any(?:thing)? (?:further|more|"
    r"other|"
    r"additional|else)\b|\boutstanding\b[\w ]{0,20}:\s*(?:none|nil)"
    r"|\byour file is (?:now )?complete|"
    r"\bthe file is (?:now )?complete|\bthe (?:document )?requests? (?:is|has been|was|are|have been) (?:now )?"
    r"(?:closed|complete[d]?|fulfilled|satisfied|resolved)",
    re.I,
)
# "The agreement confirms the rent": it has been read; not so "your employer confirms that the agreement …".
_SHOWS = re.compile(
    r"(?<!must )(?<!should )(?<!to )\b(?:confirms?|shows?|proves?|establish(?:es)?|demonstrates?|states?|says?) "
    r"(?:(?:that|the|your|you|how|an?|no|both|all|his|her|its|their)\b|[£$€\d])",
    re.I,
)
_SAID = re.compile(r"\byou (?:said|say|told|tell|wr[io]te|mention|mentioned|believe|think|stated?)\b", re.I)
_SETTLED = re.compile(
    r"\bno (?:further|more|other|additional|outstanding)\b|\bnothing (?:further|more|else|is)\b|\bnow that\b|"
    r"\bno longer\b|: *(?:none|nil)\b|\bnot need any(?:thing)? (?:further|more|other|additional|else)\b",
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
# "Received: invoice", or a line "Documents on file:" over a list of them.
_CAME_LABEL = re.compile(
    r"^\W*(?:[\w ]{0,30}\b)?(?:received|on file|on record|in hand|accepted|submitted|provided|uploaded|sent in)"
    r"(?: (?:so far|to date|already|from you|by us))?\W*[:=–-]",
    re.I,
)
_LIST_MARK = re.compile(r"[ \t>]*(?:[-*•–·☐☑✓✔]|\(?\w{1,2}[.)])[ \t]*(?:\[[ xX]?\][ \t]*)?$")
_CLAUSE = re.compile(
    r";|(?:,|(?<![\s,]))\s++(?:but|however|although|though|while|whereas|so\b|"
    r"and (?=(?:we|you|the|your|it|this|they|i)\b))\s*|"
    r",\s+(?=(?:we|you|your|the|it|i|they|our|please)\b)",
    re.I,
)
# "The report you sent is old" names a document by how it came, and says something else of it.
_NAMED_BY = re.compile(
    r"(?<=\w) (?:that |which )?(?:you|he|she|they) (?:have |had )?(?:sent|provided|attached|gave|submitted|supplied|"
    r"uploaded|"
    r"returned|e-?mailed|posted)(?: us| in| over| back)?(?= (?:is|are|was|were|has|have|had|does|do|did)\b)",
    re.I,
)
_BOTH = re.compile(r"(\bboth\b[^,;]*?\b)and\b", re.I)  # "both the deed and the plan came" is one clause
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
    stubs). It is treated as received where a clause or the heading of its list says that it came, thanks for it,
    builds on it ("now that we have …", "based on your …") or says that nothing is missing any more, and the
    same clause has no word of lack or condition ("not yet", "still", "once", "please send"). Each sentence is read
    with the words of its language; ``expected`` is that of texts too short to recognise.
    """
    documents = tuple(dict.fromkeys(document for document in open_documents if document.strip()))
    wrong: list[TreatedAsReceived] = []
    outstanding: set[str] = set()
    unread: list[TreatedAsReceived] = []
    if not documents:
        return RequestReading(treated_as_received=(), outstanding=())
    languages = {part.start: part.language or expected for part in recognise(text, expected=expected)}
    heading = ""  # the line "…:" over the items of a list
    for sentence in split_sentences(text):
        if sentence.text.endswith("?"):
            continue
        if (language := languages.get(sentence.start, expected)) in languages_of("requests"):
            got_here, lacks_here, unread_here = _read_in(sentence.text, documents, language)
            outstanding.update(lacks_here)
            wrong.extend(TreatedAsReceived(one, sentence.start, sentence.end, sentence.text) for one in got_here)
            unread.extend(TreatedAsReceived(one, sentence.start, sentence.end, sentence.text) for one in unread_here)
            continue
        plain = without_contractions(sentence.text.replace("’", "'"))
        if heading and _LIST_MARK.search(text[text.rfind("\n", 0, sentence.start) + 1 : sentence.start]):
            plain = f"{heading} {plain}"
        else:
            heading = plain if plain.endswith(":") else ""
        excepted = _EXCEPT.search(plain)
        if excepted:
            lacks = [document for document in documents if names_document(plain[excepted.end() :], document)]
            outstanding.update(lacks)
            if lacks:
                continue
        plain = _BOTH.sub(r"\1&", _NAMED_BY.sub("", _ABOUT.sub("message", plain)))
        named_before: tuple[str, ...] = ()
        named_here, read_here = set[str](), bool(_SAID.search(plain))
        pieces = [piece for piece in _CLAUSE.split(plain) if piece and piece.strip()]
        for piece in pieces:
            named = tuple(document for document in documents if names_document(piece, document))
            everything = bool(_ALL.search(piece))
            about = named or (named_before if re.search(r"\b(?:it|they|them|this|that|which)\b", piece, re.I) else ())
            named_before = named or named_before
            shows = _SHOWS.search(piece)
            shown = shows and any(names_document(piece[: shows.start()], document) for document in named)
            got = not _SAID.search(piece) and (_GOT.search(piece) or _CAME_LABEL.search(piece) or shown)
            lacking = _lacking(piece) or (not got and bool(_AHEAD.search(piece)))
            named_here.update(named)
            read_here |= bool(got or lacking)
            if about and lacking:
                outstanding.update(about)
            elif got and (about or everything):
                wrong.extend(
                    TreatedAsReceived(document=document, start=sentence.start, end=sentence.end, text=sentence.text)
                    for document in (about or ("",))
                )
        if not read_here:
            unread.extend(
                TreatedAsReceived(document=one, start=sentence.start, end=sentence.end, text=sentence.text)
                for one in documents
                if one in named_here
            )
    return RequestReading(
        unread=tuple(unread),
        treated_as_received=tuple(dict.fromkeys(wrong)),
        outstanding=tuple(document for document in documents if document in outstanding),
    )


def _read_in(sentence: str, documents: tuple[str, ...], language: str) -> tuple[list[str], list[str], list[str]]:
    """The documents that a sentence of a language with a file treats as received ("" for all), as missing, or names and
    says neither."""
    got: list[str] = []
    lacking: list[str] = []
    unread: list[str] = []

    def has(part: str, where: str) -> bool:
        return pattern_of("requests", language, part).search(where) is not None

    whole = sentence.lower().replace("’", "'")
    if has("said", whole):
        return got, lacking, unread
    about = pattern_of("requests", language, "about").search(whole)
    named = [] if about else [document for document in documents if _names_in(whole, document)]
    missing = has("lacking", whole) and not has("settled", whole)
    if missing:
        lacking += named
    elif named and (has("got", whole) or has("settled", whole)):
        got += named
    elif has("all", whole) and (has("got", whole) or has("settled", whole)):
        got.append("")
    else:
        unread += named
    return got, lacking, unread


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
        r"your) (?:requested|required|outstanding|missing|pending)\b|"
        r"(?<=\beverything) (?:that )?(?:we|you) (?:need(?:ed)?|required?|want(?:ed)?)\b",
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
