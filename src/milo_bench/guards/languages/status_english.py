"""English words around the wording of a status: what makes it so now, once, not, or open."""

from __future__ import annotations

import re
from typing import Final

CLAUSE_EDGE: Final = re.compile(
    r"[;,()–—]|:(?=\s+(?:the|your|it|this|that|her|his|their|ms|mr|mrs)\b)|\s-\s|\b(?:but|although|though|while|"
    r"whereas|however|before|after which|and then|until)\b"
)
AND: Final = re.compile(
    r"[\s\"'“”*_]*(?:,|,?\s*(?:and|or|nor|but)(?:\s+(?:still|now|also|rather|instead))?)[\s\"'“”*_]*"
)
ASKS: Final = re.compile(r"[?？][\s\"'“”»)]*$")
OR: Final = re.compile(r"[\s\"'“”*_]*,?\s*or(?:\s+(?:still|now|also))?[\s\"'“”*_]*")
QUOTES: Final = "\"'“”‘’*_` "
ADVERBS: Final = (
    r"(?:\s+(?:\w+ly|now|since|still|already|also|again|at first|both|then|thus|as|not|never|yet|no longer|"
    r"once (?:again|more)|back))*"
)
NOT: Final = re.compile(
    r"\b(?:not|never|neither|nor|no longer|isn't|wasn't|hasn't|aren't|without|yet to be|rather than|"
    r"instead of|cannot|nobody|nothing|none|untrue|false|incorrect (?:to|that)|"
    r"no (?!doubt|question|longer|one\b)(?:[\w']+ ){1,3}(?:has|have|had|is|are|was|were)|"
    r"no (?:indication|sign|evidence|record|suggestion|reason|question)|"
    r"wrong to (?:say|call))\b"
    r"|n't\b"
)
OPEN: Final = re.compile(
    r"\b(?:will|would|may|might|could|should|can|shall|must|if|once(?! again| more)|when|whether|unless|expected to|"
    r"to be|in case|"
    r"as soon as|before an?|(?:before|until|till)\s+(?:[\w']+\s+){1,4}(?:is|are|gets?|has been|have been)|"
    r"provid(?:ed|ing) (?:that|the|your|it)|assuming|suppos(?:e|ed|ing)|(?:plan(?:s|ned|ning)?|intend(?:s|ed|ing)?) to|"
    r"fears?|wonder(?:s|ing)?|by the time|about to|likely|(?:we|i|you|they|he|she)'d(?! been)|"
    r"hop(?:es?|ed|ing|eful|efully)|expect(?:s|ing)?|aim(?:s|ing)?|usually|normally|generally|typically|"
    r"request(?:s|ed|ing)? (?:to|that)|"
    r"(?:ask(?:s|ed|ing)?|want(?:s|ed)?|wish(?:es|ed)?|prefer(?:s|red)?|needs?|needed) (?:[\w']+ ){0,3}?(?:to|that))\b"
)
FORMER: Final = re.compile(
    r"\b(?:previous(?:ly)?|former(?:ly)?|original(?:ly)?|initial(?:ly)?|earlier|at first|at one point|used to|prior|"
    r"until|till|at that time|at the time|back then|had(?: been)?|old|stale|incorrect(?:ly)?|erroneous(?:ly)?|"
    r"mistaken(?:ly)?|in error|wrong(?:ly)?|no longer|superseded|replac(?:ed|ing|es)|instead of|rather than)\b"
)
LATER: Final = re.compile(
    r"^[\s,]*(?:until\b|(?:no more|no longer|any ?more)\b(?! than)|"
    r"before (?:it|being|the)|but (?:was|has|is|this|that|later|then|now)|"
    r"and (?:was )?(?:later|then|subsequently)|"
    r"(?:was|were|has been|is) (?:later |since |then |subsequently )?(?:corrected|superseded|replaced|reversed|"
    r"overturned|withdrawn|changed|lifted|cancelled|in error|incorrect|wrong|entered in error)|"
    r"in error\b|by mistake\b|(?P<to>to\b(?=\s+\w)))"
)
# "Loans are approved within five days" tells of all loans, or of a day to come.
AS_A_RULE: Final = re.compile(
    r"\s*(?:within|after|every)\s+(?:an?|\w+(?:\s+or\s+\w+)?|\d+)\s+"
    r"(?:working |business )?(?:hour|day|week|month|year)s?\b|\s*(?:on|every)\s+(?:\w+day)s\b|"
    r"\s*,?\s*(?:if|unless|when(?:ever)?|where)\b"
)
# "A claim that is denied …": none of these cases in particular.
ANY_ONE: Final = re.compile(
    rf"\b(?:an?|any|every|each)\s+(?:[\w'-]+\s+){{1,3}}(?:that|which|who)\s+(?:is|are|was|were|has been){ADVERBS}$"
)
# "The appointment was declined by the claimant": who decides on no case.
BY_THEM: Final = re.compile(
    r"\s*by\s+(?:you|him|her|them|(?:the|your|his|her|our)\s+(?:claimant|applicant|tenant|customer|caller|patient|"
    r"resident|member|guest|buyer|seller))\b"
)
# "Visas are issued in the order …": no visa of this case.
OF_ALL: Final = re.compile(
    r"\b(?:most|some|many|few|several|any(?!\s+(?:more|longer))|each|every)(?:\s+[\w']+){0,3}\s+(?:are|is)"
    rf"{ADVERBS}\s*$|"
    r"^\W*(?!(?:payments|benefits|works|repairs|goods|deliveries|proceedings|talks|checks|(?:the|your|our|my|his|"
    r"her|its|their|these|those|both|all|two)\s)\b)"
    r"(?:[a-z]+\s+)?[a-z]+[a-rt-z]s\s+are"
    rf"{ADVERBS}\s*$"
)
# What these do has somebody to whom it is done: "escalated to the second line" is no change from one status to another.
PASSED_ON: Final = re.compile(
    r"escalat|refer|assign|transfer|forward|pass|hand|sent|return|submitt|offer|award|issu|deliver|paid|refund|report"
)
# What somebody said, thinks or asks is not what the record says; "you say that it was approved".
SAID: Final = re.compile(
    r"\b(?:you|he|she|they|claimant|applicant|tenant|customer|caller|patient|parent|resident|member|"
    r"policyholder|borrower|landlord|neighbour|neighbor|mother|father|husband|wife|partner|son|daughter|solicitor|"
    r"lawyer|attorney|agent|broker|employer|representative|"
    r"(?:mr|mrs|ms|miss|mx|dr|prof)\.? [\w'-]+)"
    r"(?: \w+){0,3}? (?:say|said|says|believes?|"
    r"believed|thinks?|thought|claims?|claimed|wr[io]tes?|heard|understands?|understood|feels?|tells? us|told us|"
    r"informs? us|assum(?:es?|ed)|suppos(?:es?|ed)|hopes?|"
    r"hoped)\b"
)
# "Your cousin's email says that": what somebody tells, but for what the office itself has on file.
REPORTS: Final = re.compile(
    r"([\w']+)\s+(?:says?|said|wr[io]tes?|tells?|told|claims?|claimed|fears?|feared|explains?|suspects?|suspected)"
    r"(?:\s+(?:us|me|you|them))?\s+that\b"
)
RECORDS: Final = frozenset(
    {
        "file",
        "files",
        "record",
        "records",
        "register",
        "log",
        "system",
        "decision",
        "notice",
        "note",
        "notes",
        "entry",
        "we",
        "i",
        "letter",
        "database",
        "history",
        "screen",
        "it",
    }
)
# Things that close, stop, hold or decline without being a case.
ELSEWHERE: Final = re.compile(
    r"\b(?:shop|store|office|surgery|school|bank|branch|road|street|bridge|door|gate|window|windows|line|phone|call|"
    r"card|bus|train|car|engine|clinic|library|station|site|company|website|desk|counter|invitation|invoice|"
    r"pharmacy|chemist|museum|pool|gym|park|café|cafe|restaurant|market|gallery|hotel|reception|ward|entrance|"
    r"lift|elevator|hall|lane|box|tram|flight|lesson|meeting|offer|motorway|airport|post office|"
    r"helpline|hotline)(?:e?s)?\b"
)
A_CASE: Final = re.compile(
    r"\b(?:case|claim|file|application|request|appeal|complaint|status|benefit|pension|allowance|payments?|grant|"
    r"award|matter|record|entry|refund|licence|license|permit|review|policy|order|loan|mortgage|referral|ticket|"
    r"repair|visit|booking|membership|account|cover|shipment|parcel|visa|it|this)\b"
)
FROM: Final = re.compile(r"\bfrom\s+(?:(?:the|a|an|status|being|of)\s+)*$")
# "(was: under review)", "after being closed".
EARLIER: Final = re.compile(
    r"\b(?:was|were|previously|formerly|before|earlier)\s*[:=]$|\b(?:after|since|despite) (?:being|having been)$"
)
CHANGE: Final = re.compile(
    r"\b(?:set|moved|changed|updated|corrected|transferred|revised|amended|reclassified|switched|returned|reverted|"
    r"restored|marked|recorded|logged|listed|reported|noted|entered|placed|put|became|becomes|changes|moves|turned|"
    r"went|given|got|gets)\b"
    r"(?:\s+(?:back|the|its|a|case|claim|status|on|in|from\s+[\w -]{1,40}?|by\s+[\w -]{1,30}?)){0,4}"
    rf"(?:\s+(?:to|as|into|under|at))?{ADVERBS}\s*(?:the\s+status\s+(?:of\s+)?)?$"
)
WAS: Final = re.compile(rf"\b(?:was|were|wasn't|being)\b{ADVERBS}$")
HAS_BEEN: Final = re.compile(
    rf"\b(?:has|have|had|'s|'ve|'d|hasn't|haven't){ADVERBS}\s+(?:been|become|gone|remained){ADVERBS}$"
    rf"|\b(?:be|become){ADVERBS}$"
)
IS: Final = re.compile(
    r"(?:\b(?:it|that|there|he|she|this)'s|\b(?:is|are|isn't|aren't|remains?|stays?|sits|rests|stands?(?: at| as)?|"
    r"(?:is|are) (?:(?:now|currently) )?(?:considered|deemed|regarded as|treated as|with \w+ and)|"
    r"(?:is|are) (?:(?:now|currently) )?(?:put |set )?(?:down|entered|filed|shown|held|carried|registered|noted) as|"
    r"(?:is|are|sits|rests|remains) (?:(?:now|currently) )?with (?:us|them|the \w+) as|"
    r"continues? (?:to be|as)|shows?(?: as)?|reads?|"
    r"(?:shows?|lists?|records?|has|calls?) (?:(?:the|your|this|her|his) )?(?:case|claim|file|application|it) as|"
    r"(?:puts?|keeps?|leaves?|has) (?:(?:the|your|this|her|his) )?(?:case|claim|file|application|it)|"
    r"currently|now|presently|status(?: of)?)|\b(?:status|decision|outcome|result)\s*[:=-]|"
    rf"\b(?:is|are)\s+(?:now\s+)?(?:in|at|set to|marked(?: as)?|listed as|recorded as)){ADVERBS}$"
)
BRACKETED: Final = re.compile(r"[\[(][^\])\n]{0,80}[\])]")
REACH: Final = 200  # characters before a wording that can say something about it
STATUS_AFTER: Final = re.compile(
    r"^\s*(?:status|state|stage)\b|^\s*is\s+(?:now\s+|currently\s+)?(?:the|its|your|this|her|his)\s+(?:[\w'-]+\s+){0,3}"
    r"status\b|^\s+(?:as of|as at|at present|at this time|now|today)\b"
)
PARTICIPLE: Final = re.compile(r"\w+(?:ed|wn|n|ld|pt|id)$")
