"""A normalised English clause in which no rule holds in, whether it may be a commitment all the same out.

The patterns of ``rules`` say what a promise is, and miss wordings that nobody thought of. Here it is the other way
round: a clause is in doubt where it speaks of what will be and of something to gain, or vouches, or gives in the
present, unless it has a form that is no commitment (news, negation, hedge, report, duty, price, step of the work).
"""

from __future__ import annotations

import re
from typing import Final

from milo_bench.guards.promises.english.lexicon import MONEY, NAMES_RESULT, TIME, UPDATE
from milo_bench.guards.promises.english.taken_back import DISCLAIMED


def _any_of(*entries: str) -> str:
    return r"\b(?:" + "|".join(entries) + r")\b"


_AHEAD: Final = re.compile(
    _any_of(
        "will|shall|going to|gonna|about to",
        r"(?:is|are|am) (?:\w+ly )?(?:set|due|scheduled|booked|bound) (?:to|for)",
        r"(?:is|are|am) (?:\w+ly )?(?:coming|paying|sending|refunding|returning|waiving|cancell?ing|replacing|closing)",
        r"(?:is|are|am) (?:\w+ly )?(?:releasing|covering|crediting|giving|granting|approving|extending|sorting|fixing)",
        r"(?:is|are|am) (?:\w+ly )?(?:making|taking|accepting|upholding|wiping|dropping)",
        "gets?|goes|comes|arrives?|lands?|turns? up|shows? up|happens?|takes effect|kicks? in|"
        r"drops?|reach(?:es)?|stays?|keeps?|follows|sides?",
        "on its way|in the post|in tomorrow's post",
    )
)
# What vouches for what will be, alone; and what does so beside something to gain.
_VOUCHED: Final = re.compile(
    _any_of(
        r"guarantee\w*|promise\w*|assure\w*|pledge\w*|swear|vow|undertake\w*|commits? (?:to|ourselves)|committed to",
        "(?:my|our) word|no doubt|without (?:fail|doubt|question)|(?:is|are|for) (?:sure|certain)|whatever it takes",
        "(?:rely|count|bank) on (?:it|this|that|us|me|getting|having|being)|trust (?:us|me)|nothing to (?:fear|worry)",
        "automatic|as good as|winner|positive answer|say yes|sides? with|in your favou?r|regarded as|goodwill",
        r"(?:take|accept|admit|bear)s? (?:\w+ )?(?:responsibility|liability)|at (?:our|my) (?:own )?(?:expense|cost)",
        "no two ways about it|you have (?:my|our) word|come what may|rain or shine",
        "that is (?:settled|agreed|final|a deal)",
        "matter is settled|at fault|make good|behind you|leave (?:it|this) with (?:me|us)|see to (?:it|this)|honou?r",
        "succeed|in line for|(?:matter|question) of (?:time|days|hours|weeks|minutes)|personal guarantee",
        "(?:cannot|can not|will not|never) (?:fail|lose|go wrong|be refused|be rejected|happen)",
    )
    + r"|^(?:and )?consider (?:it|this|that|the|your|yourself)\b"
)
_CANNOT_FAIL: Final = re.compile(_any_of("(?:cannot|can not) (?:fail|lose|go wrong|be refused|be rejected)|no doubt"))
_FIRM: Final = re.compile(
    _any_of(
        "certain(?:ly|ty)?(?! (?:cases|conditions|circumstances|documents|types))|definite(?:ly)?|surely|absolutely",
        "whatever|no matter|(?:happy|pleased|glad) to (?:confirm|say|tell)|can (?:confirm|tell)|worry|always|settled",
        "safe|secure|yours|personal(?:ly)?|positive|match|makes? sure|ensure|qualif(?:y|ies)",
    )
)
_GAIN: Final = re.compile(
    _any_of(
        MONEY,
        r"pays?|paid|paying|refund\w*|reimburs\w*|compensat\w*|credit(?:ed|ing|s)?(?! card)|cover(?:s|ed|ing)?",
        r"waiv\w*|wiped?|written off|(?<!feel )free|gone|cancel\w*|fees?|fine|penn(?:y|ies)|penalty|premium",
        r"loss|lose|lost",
        r"back|replac\w+|repair\w*|fix\w*|restor\w+|work(?:s|ing)? again|fitted|install\w*|sort\w*|resolv\w+",
        r"settle[ds]?|settlement|clos(?:e|es|ed|ing)|complet(?:e|es|ed)|finish\w*|decid\w+|decision|outcome|answer",
        r"approv\w+|grant\w*|accept\w*|uphold\w*|upheld|success\w*|succeed|go(?:es)? through|fail|win|wins|won",
        r"award\w*",
        r"extend\w*|renew\w*|reinstat\w+|evict\w*|stopped|place|seat|spot|booking|visa|licen[cs]e|passport|pension|tenancy|salary|parcel",
        "boiler|equipment|needed|yes",
    )
)
# Said in the present: how it was decided, which a case's record may say as well; what is given, taken over or spared.
_DECIDED: Final = re.compile(
    _any_of(
        r"(?:is|are) (?:now |hereby |\w+ly )?(?:accepted|approved|granted|covered|credited|awarded|upheld|waived|off)",
        r"(?:is|are) (?:now |hereby |\w+ly )?(?:reinstated|renewed|locked in|forgiven|yours)",
    )
)
_STATUS: Final = re.compile(_any_of("at present|currently|status|as of"))
_SPARED: Final = r"(?:you|nobody|no one|there) (?:\w+ ){0,4}?(?:nothing|not|no|take|be no|never)\b.{0,40}"
_GIVEN: Final = re.compile(
    _any_of(
        "(?:is|are) to be (?:credited|paid|refunded|released|waived)|award is made|(?:is|are) on us",
        r"(?:is|are) being (?:\w+ )?(?:sent|transferred|paid|issued|credited|released|refunded|delivered)",
        "(?:i am|we are) (?:now |just )?(?:putting|authori[sz]ing|transferring|issuing)",
        r"(?:we|i|(?:our|the) \w+) (?:hereby |now )?(?:agrees?|ha(?:ve|s) agreed|have decided to|stand by|owe|accept)",
        r"(?:we|i|(?:our|the) \w+) (?:hereby |now )?(?:pay|pays|picks? up|foot|make an exception)",
        "you (?:can|may|should|are to) (?:have|see|receive|get|expect|spend|book|consider|regard|relax)",
        r"let(?:ting)? .{0,40}\b(?:slide|pass)|turn(?:ing)? a blind eye|overlook(?:ing)?|finds? its way to you",
        r"(?:done|redone|fixed|adjusted|repaired|reworked) (?:\w+ ){0,3}until",
        "(?:held|count(?:ed)?) against you|(?:take|takes|taken) (?:it |that |this )?away from you",
        "(?:with your name on|set aside for you|reserved for you|waiting for you|earmarked for you)",
        "gone ahead and (?:credited|refunded|waived|cancelled|issued|applied|removed|booked)|you are entitled to",
        "forget it|nothing stands|(?:will|shall) not (?:go ahead|apply|be applied|be enforced)",
        "(?:our|my) (?:own )?(?:fault|mistake|error|doing|system|side|negligence)|got (?:this|it) wrong|liable",
        rf"{_SPARED}\b(?:to pay|out of pocket|charges?|deductions?|lose|costs?|away|asked of you|from you)",
        r"put (?:it|this|things) right|got you covered",
        r"no way (?:\w+ ){1,6}(?:out of pocket|pay|pays|lose|loses)",
        r"(?:ends?|starts?|comes? off|goes? (?:up|down|ahead))\b.{0,30}\b(?:this|next|on|by|your|tomorrow|today)",
    )
    + r"|^(?:take it|regard|expect|leave it)\b"
)
_WOULD_ANYWAY: Final = re.compile(
    r"\b(?:we|i) would (?:\w+ )?(?:pay|cover|refund|reimburse|compensate|replace|waive|bear)\b"
    r".{0,60}\b(?:in any (?:event|case)|anyway|regardless|no matter|either way|at all events)\b"
)
# Steps of the office's own work, and what it says of itself: no gain to the reader.
_OFFICE_WORK: Final = (
    r"check|look|review|read|examin|consider|assess|process|handl|deal|need|lack|miss|ha(?:ve|s|d)\b|be\b|was\b|were\b|know|see"
    r"|understand|apolog|regret|thank|appreciat|ask|invit|remind|ring|call|phone|writ|wrote|let|tell|inform|updat|contact|repl"
    r"|answer|send|sent|forward|pass|enclos|attach|compar|not(?:e|ed|ing)?\b|record|stor|keep|hope|wish|want|would|could|may"
    r"|might|can|must|should|tr(?:y|ies|ying)\b|aim|recommend|suggest|advis|refer|expect|wait|await|receiv|talk|speak|spoke"
    r"|discuss|explain|find|found|think|believ|feel|hear|listen|confirm|acknowledg|investigat|d(?:o|id|oes)\b|never|sorry"
    r"|sure|afraid|unable|able|glad|happy|pleased|still|currently|only|decid|hold"
    r"|rest\b|going to (?:ask|write|call|check|look)"
    r"|(?:are|am|is|will|shall|now|hereby|gladly|simply|also)\b|\w+ed\b"
)
# What the office does for the reader now or soon, what they get, and what becomes of a thing of theirs.
_DONE_FOR_YOU: Final = re.compile(
    rf"^(?:and |but |so |then )?(?:(?:we|i|our \w+)(?: (?:will|shall|are|am|is|now|hereby|gladly|simply|also)){{0,2}}"
    rf"|the \w+ (?:is|are)) (?!{_OFFICE_WORK})[a-z]+\b.{{0,60}}\b(?:you|your|yours)\b"
    r"|^(?:then )?you (?:will |shall |are |re )?(?:gets?|getting|keep|keeping|come off)\b"
    r"(?! (?:one|an? (?:update|letter|reply|answer|form))\b)"
    r"|^your (?:\w+ ){1,3}(?:works|runs|stays|continues|carries on|goes (?:live|through|ahead))\b"
    r"|\bno longer (?:appl(?:y|ies)|due|payable|charged)\b|\byou are owed\b"
    r"|\bno (?:\w+ )?(?:further|more|extra|other) (?:bill|charge|cost|fee|payment|claim)s?\b"
    r"|\b(?:covers|pays for|takes on|picks up) (?:it all|all|everything|the lot|the whole)\b"
    r"|\b(?:free of charge|at no cost|rest easy|at your door)\b|\byou can be sure\b"
    r"|\b(?:costs?|cost(?:ing)?) you (?:nothing|not a)\b|\bat (?:our|the company's) expense\b|\bhave you covered\b"
    r"|\b(?:nothing|no obstacle) (?:\w+ ){0,2}(?:stands?|is) in (?:the|your) way\b|\bat the full rate\b"
    r"|^(?:all )?(?:of )?your (?:\w+ ){1,3}(?:will )?(?:count|be counted|be recognised)\b"
    r"|\b(?:add|throw)(?:ing)? (?:in )?another\b"
    r"|^(?:we|i) (?:wrap up|finish|close|conclude|complete|drop|lift)\b"
    r"|\b(?:deadline|date|promise|word)\b.{0,30}\b(?:we|i) (?:will |shall )?keep\b"
)
# Forms that are no commitment, whatever else the clause says.
_HARMLESS: Final = re.compile(
    _any_of(
        r"committee|panel|by post|at your disposal|working on (?:it|your|this)",
        r"help you (?:to )?(?:fill|complet|understand)\w*",
        "getting (?:this|the) (?:letter|e-?mail|message|notice)|because your",
        "depends?|no (?:room|scope|entitlement|right|prospect)|out of the question|ruled out|excluded|announced",
        "might|(?<!you )may|could|would|hopes?|hoping|aims?|tr(?:y|ies|ying)|perhaps|maybe|possibl[ye]|probably",
        "whether",
        r"usually|normally|typical(?:ly)?|generally|often|sometimes|depend\w*|please",
        "you (?:will |may |can |should |must )?(?:also )?(?:need|have) to|you must|must not|needs? to be|allows?",
        "you (?:can|may|should)(?! (?:rest|be (?:sure|certain|confident)|count|rely|bank|have|see|receive|get|expect"
        "|spend|consider|regard|relax|book))",
        "(?:will|shall) (?:also |then )?(?:need|require|cost)",
        "(?:cannot|can not)(?! (?:fail|lose|go wrong|be refused|be rejected))|unable to|not able to|too early",
        "no(?:t)? (?:yet )?(?:decision|guarantee|promise|in a position|approved|decided|known|clear|certain|confirmed)",
        "no(?:t)? (?:yet )?(?:started|available)|nothing in|no date",
        "do(?:es)? not (?:guarantee|promise|mean|know|accept|admit|qualify|apply|cover|include)",
        r"will not (?:receive|get|hear|have)|(?:will not|not) .{0,60}\b(?:before|until)",
        "will (?:first |now |then |next |also )*(?:check|retrieve|search|look|review|verify|read|consider|assess|help)",
        "will be (?:reviewed|read|checked|considered|assessed|discussed|looked at|charged|held)",
        "will (?:take place|pass)",
        "let (?:me|us|'s|s) (?:first |now )?(?:double|check|look|see|know|retrieve|search|verify|start)|safe travels",
        r"take care|under review|(?:file|data|documents?|records?) .{0,20}(?:kept|stored|deleted|returned)|excludes?",
        r"is being (?:\w+ly )?(?:read|checked|reviewed|looked at|considered|assessed|processed)",
        "(?:stays?|remains?) open",
        r"charged to your|(?:cost|price|amount|total|value|difference|expense)s? .{0,40}\bwill be",
    )
    + r"|^(?:the |your )?(?:\w+ )?(?:contract|policy|lease|subscription|membership)\b.{0,30}\b(?:ends?|starts?)\b"
    + r"|^(?:the |your )?(?:\w+ )?(?:hearing|meeting|appointment|interview|flight|deadline|office|course)\b"
)
_REPORTED: Final = re.compile(
    _any_of(
        "believes?|said|says|told|wrote|writes?|asked|asks|claims that|stated?|states|reported|according to",
        r"you (?:\w+ )?(?:mention|sa(?:y|id)|wr[io]te|ask|note|believe|feel|think|want|tell)\w*",
        "your (?:letter|e-?mail|message) (?:says|asks|states)",
    )
)


def may_commit(clause: str, lead: str = "", *, cited: bool = False) -> bool:
    """Whether a normalised ``clause``, with the adverbials ``lead`` before it, is not clearly harmless.

    What a ``cited`` clause or one on a status says of today is a record's: its truth is for other checks.
    """
    whole = f"{lead} {clause}"
    if _REPORTED.search(whole):
        return False
    if _HARMLESS.search(clause):
        return _WOULD_ANYWAY.search(clause) is not None
    if DISCLAIMED.search(whole) and not _CANNOT_FAIL.search(clause):
        return False
    vouched = _VOUCHED.search(clause) is not None
    if UPDATE.search(clause) and not NAMES_RESULT.search(clause) and not vouched:
        return False
    if vouched or _GIVEN.search(clause) or _DONE_FOR_YOU.search(clause):
        return True
    if _DECIDED.search(clause) and not cited and not _STATUS.search(whole):
        return True
    ahead, gains = _AHEAD.search(clause) is not None, _GAIN.search(clause) is not None
    return (ahead and (gains or TIME.search(whole) is not None)) or (_FIRM.search(clause) is not None and gains)
