"""The words and small grammar of commitments: patterns over one normalised English clause, by kind."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

PromiseKind: TypeAlias = Literal[
    "completion_promise",  # a result or an end by a time: "the review will be completed within five days"
    "completion_estimate",  # the same said as an expectation: "the review is expected to be completed by …"
    "outcome_guarantee",  # how it will be decided: "your claim will be approved"
    "payment_promise",  # money: "you will be refunded"
    "deadline_commitment",  # another act of ours by a time: "we will assign an inspector by Monday"
    "liability_admission",  # "this was our fault"
    "waiver",  # a rule put aside: "we will make an exception"
]


class Rule(NamedTuple):
    """``pattern`` over a normalised clause; ``timed``: only with a time expression or a condition of receipt."""

    kind: PromiseKind
    reason: str
    pattern: re.Pattern[str]
    timed: bool = False


_NUMBER = (
    r"(?:\d[\d.,]*(?:\s*(?:-|to|or)\s*\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"fifteen|"
    r"twenty(?:-\w+)?|thirty|sixty|ninety|a few|a couple of|couple of|the next|the (?:next|coming) \w+)"
)
_UNIT = (
    r"(?:(?:business|working|calendar|full|more)\s+)?(?:minutes?|hours?|hrs?|days?|weeks?|fortnights?|months?|"
    r"quarters?|years?)"
)
_DAY = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thurs?|fri|(?:jan|febr)uary|march|april|may|"
    r"june|july|"
    r"august|(?:septem|octo|novem|decem)ber|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|today|tonight|tomorrow|"
    r"noon|"
    r"midnight|midweek|christmas|easter|weekend|new year)"
)
TIME = re.compile(
    rf"\b(?:{_NUMBER}\s+{_UNIT}\b(?!\s+ago)|{_NUMBER}-(?:business-)?(?:day|week|month|hour)\b|fortnight\b|"
    r"within the (?:hour|day|week|month)\b"
    r"|(?:by|before|until|on|this|next|no later than|at|around|for)\s+(?:the\s+)?(?:end of|close of|start of|"
    r"beginning of|"
    rf"first thing|morning of|next|this|coming|following|early|late|mid)?\s*(?:the\s+|next\s+|on\s+)?(?:{_DAY}\b|"
    rf"\d{{1,2}}(?:st|nd|rd|th)\b|"
    rf"\d{{1,2}}[:.]\d\d|\d{{1,2}}\s*[ap]\.?m|\d{{1,2}}\s+{_DAY}\b|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}|"
    r"(?:business|week|month|day|year|quarter|afternoon|"
    rf"morning|evening)\b|your (?:next|holiday)|the (?:month|office|weekend|hearing))"
    rf"|{_DAY}\s+(?:morning|afternoon|evening|at)\b|\b(?:today|tonight|tomorrow|asap|soon|shortly|straight away|"
    r"right away|immediately|"
    r"at once|on the spot|in no time|same day|this (?:week|month|afternoon|morning|evening|year)|next (?:week|"
    r"month)|before long|inside of)\b)"
)
# A condition that the other side meets puts a clock on the sentence as well.
CONDITION = re.compile(r"\b(?:once|as soon as|upon|following|after|when|now that|as the \w+ (?:is|are) now)\b")

_ADV = (
    r"(?:(?:also|then|now|all|soon|certainly|definitely|surely|of course|personally|always|simply|fully|finally|"
    r"in fact|"
    r"gladly|again|still|already|just|absolutely|[a-z]+ly)\s+)*"
)
FUTURE = rf"(?:will|shall|(?:is|are|am)\s+{_ADV}(?:going|set|due)\s+to|gonna)\s+{_ADV}"
_DONE = (
    rf"(?:be|have been|get|be getting|have)\s+{_ADV}(?:[a-z]+(?:ed|en)(?:\s+(?:out|off|up))?(?:\s+and\s+|"
    rf"\s*,\s*){_ADV})?"
)

_FINISHED = (
    r"(?:complete[d]?|finished|finali[sz]ed|concluded|closed|resolved|settled|decided|determined|processed|"
    r"sorted|restored|done|"
    r"fixed|over|wrapped up|signed off|dealt with|carried out|ready|cleared|known|corrected|adjudicated|"
    r"(?:completely|fully) \w+ed|concluded|ended|made final|registered)"
)
_FINISH = (
    r"(?:complete|finish|finali[sz]e|conclude|close(?: out)?|resolve|settle|decide|determine|process|sort|"
    r"wrap up|end|"
    r"fix|adjudicate|deal with|clear|get (?:this|it|your \w+|everything) \w+|be (?:finished|done|through) with)"
)
_RESULT = (
    r"(?:(?:final |full |formal |written )*(?:decisions?|outcome|results?|determination|resolution|ruling|"
    r"verdict|conclusion|"
    r"answer|final response|decision letter|completion))"
)
_OF = r"(?:\s+(?!will\b|shall\b|is\b|are\b|should\b)[\w'.,£$€-]+){0,8}?"  # what hangs on the subject
_GAP = r"(?:\s+[\w'.,£$€%-]+){0,6}?"
_OURS = (
    r"(?:we|i|they|(?:our|the|an?|your) (?:\w+ )?(?:team|office|caseworkers?|case workers?|case managers?|"
    r"adjusters?|assessors?|reviewers?|inspectors?|engineers?|surveyors?|officers?|managers?|supervisors?|"
    r"board|panel|department|staff|colleagues?|agents?|handlers?|specialists?|technicians?|examiners?))"
)
_MONEY = (
    r"(?:payments?|money|refunds?|funds|che(?:que|ck)s?|settlement(?: amount)?|arrears|reimbursements?|"
    r"compensation|deposits?|"
    r"back ?pay|(?:backdated )?benefits?|balance|credits?|payout|award|(?:full|total|outstanding) (?:amount|sum)|"
    r"[£$€]\s?\d[\d.,]*|\d[\d.,]*\s?(?:euros?|dollars?|pounds?|eur|usd|gbp))"
)
_THING = (
    r"(?:claim|appeal|application|request|case|eligibility|benefits?|cover(?:age)?|licen[cs]e|permit|approval|"
    r"decision|refund|complaint|it|this|award|entitlement|penalty|fee|charge)"
)
_WON = (
    r"(?:approved|accepted|granted|allowed|upheld|overturned|reversed|reinstated|awarded|covered|honou?red|"
    r"successful|"
    r"removed from your|lifted|validated|authori[sz]ed|eligible|entitled|guaranteed|renewed|"
    r"decided in your favou?r|waved through)"
)
_LOST = (
    r"(?:denied|refused|rejected|declined|revoked|stopped|cancelled|canceled|terminated|suspended|deducted|"
    r"charged|penali[sz]ed|"
    r"reduced|cut|held against|turned down|evicted|removed|lost)"
)
_SURE = (
    r"(?:guarantee[ds]?|promise|assure|swear|vow|pledge|commit(?:ted)? to|undertake to|give you my word|"
    r"have my word|have our word|"
    r"make sure|ensure|see to it)"
)


def _rule(kind: PromiseKind, reason: str, pattern: str, *, timed: bool = False) -> Rule:
    return Rule(kind, reason, re.compile(pattern), timed)


RULES: tuple[Rule, ...] = (
    # -- responsibility
    _rule(
        "liability_admission",
        "accepts responsibility or fault",
        rf"\b(?:accepts?|admits?|acknowledges?|takes?|bears?|assumes?|concedes?)\b{_GAP}\s+(?:(?:full|complete|"
        r"sole|entire|total) )?"
        r"(?:responsibility|liability|responsible|liable|blame|fault|negligen\w+|our (?:mistake|error|failure))"
        r"|\b(?:was|is|were|are)\s+(?:\w+ly\s+|all\s+)?our\s+(?:own\s+)?(?:fault|mistake|error|doing)\b"
        r"|\b(?:error|fault|mistake|blame) (?:was|is|lies) (?:entirely |all |wholly )?(?:ours|with us)\b"
        r"|\bwe (?:are|were) (?:\w+ly )?(?:liable|at fault|to blame|negligent|responsible for (?:the|your)|"
        r"wrong to|in the wrong)\b"
        r"|\bour (?:office|company|team|staff|department)\w* (?:is|are|was|were) (?:to blame|at fault|liable|"
        r"negligent)\b"
        r"|\bour (?:own )?(?:negligence|mistake|error|failure|carelessness) (?:led|caused|resulted|cost|is|was)\b",
    ),
    # -- rules put aside
    _rule(
        "waiver",
        "puts a rule, fee or deadline aside",
        rf"\b(?:{FUTURE}|happy to |glad to |agree to |can |we )\s*(?:waive|overlook|disregard|make an exception|"
        r"bend|extend (?:your|the) (?:deadline|time)|"
        r"forgive|cancel (?:the|your) (?:fee|penalty|debt|charge)|write off|turn a blind eye)"
        rf"|\b{FUTURE}be (?:waived|forgiven|overlooked|disregarded|written off)"
        rf"|\b{FUTURE}not (?:be applied to you|hold you to|apply (?:it |this |the \w+ )?to you|enforce|"
        r"charge (?:you )?(?:any )?(?:interest|late|a late|the late|the fee|a fee))"
        rf"|\b{FUTURE}accept (?:your|the) \w+ without|\bignore the (?:deadline|limit|requirement|notice|fee)"
        r"|\bconsider (?:the|your) (?:\w+ )?(?:penalty|fee|charge|debt|fine|excess) (?:cancelled|canceled|waived|"
        r"gone|forgiven)",
    ),
    # -- money
    _rule(
        "payment_promise",
        "says that money will be paid",
        rf"\b(?:we|i|they|{_OURS}|\w+ance)\s+{FUTURE}(?:be paying|pay|reimburse|refund|compensate|remit|credit|"
        r"cover the (?:cost|bill|expense)s?|"
        rf"(?:send|transfer|issue|release|wire|give|mail|return|deposit|make){_GAP}\s+{_MONEY})\b"
        rf"|\byou\s+{FUTURE}(?:be\s+{_ADV}(?:paid|reimbursed|refunded|compensated|credited)|(?:be\s+)?(?:get|"
        r"receive|have|see|receiving|getting)"
        rf"(?:\s+back)?{_GAP}\s+(?:{_MONEY}))\b"
        rf"|\b{_MONEY}{_OF}\s+(?:{FUTURE}|should |is expected to |are expected to )(?:be\s+{_ADV}(?:in your|"
        r"on its way|with you|paid|issued|made|released|"
        r"credited|transferred|mailed|posted|sent|deposited|processed|refunded|reimbursed|wired)|reach|land|"
        r"arrive|follow|hit|go out|come)"
        rf"|\bexpect\s+(?:the|your|a)\s+(?:\w+ )?{_MONEY}\b|\b{_SURE}\s+(?:a\s+|the\s+|your\s+|full\s+|"
        r"you\s+)*(?:payment|refund)"
        rf"|\b(?:money|payment|refund|cheque|check|funds) (?:is )?on (?:its|the) way\b",
    ),
    _rule(
        "payment_promise",
        "says that money will be paid",
        rf"\b{_MONEY}{_OF}\s+(?:is|are|gets?)\s+(?:paid|issued|released)\b",
        timed=True,
    ),
    # -- how it will be decided
    _rule(
        "outcome_guarantee",
        "says how it will be decided",
        rf"\b(?:{FUTURE}|is bound to |is certain to |is sure to |are certain to |"
        rf"are sure to )(?:be\s+{_ADV}(?:found\s+)?{_WON}|succeed\b|prevail\b|win\b|"
        r"go through\b|certainly qualify|qualify\b|(?:find|decide|rule|come out)\b.{0,20}in your favou?r|"
        r"go your way|pass\b(?! (?:it|the|your|this|on)))"
        rf"|\bbound to (?:be|succeed|win)\b"
        rf"|\b(?:we|i|the board|the panel|{_OURS})\s+{FUTURE}(?:approve|grant|overturn|reverse|uphold|reinstate|"
        r"accept your|allow your|award you|rule in)"
        rf"|\b(?:you|{_THING}|nothing)\s+{FUTURE}(?:not\s+|never\s+)(?:be\s+{_ADV}{_LOST}|lose|have to pay|"
        rf"owe)\b|\bnothing {FUTURE}be {_LOST}"
        rf"|\byou\s+{FUTURE}(?:keep|get|receive|have|be (?:awarded|given))\s+(?:the |"
        r"your )?(?:full(?! (?:control|access|details|name|text|report|list))|everything|"
        r"all of|all the|whole|maximum|higher|place|benefits?|cover)"
        rf"|\b(?:coverage|cover|benefits?|payments?) {FUTURE}(?:continue|carry on|resume|not be interrupted)"
        rf"|\b{_THING}\s+{FUTURE}be\s+{_ADV}(?:removed|erased|deleted)\b",
    ),
    _rule(
        "outcome_guarantee",
        "vouches for an outcome",
        r"\b(?:approval|success|eligibility|acceptance|result|payment|outcome|decision in your favou?r|"
        rf"favou?rable decision)\b{_OF}\s+(?:is|are)\s+(?:\w+ly )?"
        r"(?:guaranteed|assured|certain|a certainty|a formality|only a matter of time|just a matter of time|"
        r"in the bag)"
        r"|\b(?:as good as|all but) (?:approved|granted|accepted|settled|done|won)\b|\bsure of (?:a|"
        r"the) (?:positive|favou?rable|good)\b"
        r"|\bno (?:doubt|question|reason why|chance) (?:that |about |the |your ).{0,40}(?:will|would|approv|"
        r"favou?r|refus|den)"
        r"|\b100\s?%|\bnothing to worry about\b|\balways (?:approves?|grants?|accepts?|wins?) (?:these|them|such|"
        r"this)"
        rf"|\bconfident (?:that )?(?:your|the|you|we){_GAP}\s+will\b|\b(?:claim|appeal|application|"
        rf"request)\b.{{0,20}}\b(?:is|are) a (?:formality|certainty|done deal)"
        rf"|\b(?:we|i) (?:can |do |hereby |personally |will |will personally )*{_SURE}\b.{{0,60}}\b(?:approv|"
        r"accept|grant|succe|positive|favou?r|win|los[es]|reverse|keep|everything|cover|full|uph)",
    ),
    # -- an end, by a time
    _rule(
        "completion_promise",
        "says that it will be finished by a time",
        rf"\b{FUTURE}{_DONE}{_FINISHED}\b(?! whether)|\b{FUTURE}have\s+(?:\w+\s+){{1,3}}(?:reviewed|"
        rf"{_FINISHED})\b|\b{FUTURE}have {_FINISHED}\b"
        rf"|(?<!you )\b{FUTURE}{_FINISH}\b(?! whether| if)|\b(?:gets?|is|are) {_FINISHED} (?:with)?in\b"
        rf"|(?<!you )\b{FUTURE}(?:make|reach|issue|give|take|send|have|provide|come to|"
        rf"deliver)\s+(?:you\s+)?(?:an?|our|the|your|its)?\s*(?:\w+ )?{_RESULT}"
        rf"|\b{FUTURE}(?:(?!not\b|never\b)\w+\s+){{0,4}}?(?:with|hear|know|get|receive|have|issue|learn|see|"
        rf"give you|be told)\s+(?:you\s+)?(?:an?|our|the|its|your)?\s*(?:\w+ )?{_RESULT}"
        rf"|\b{_RESULT}{_OF}\s+{FUTURE}(?:be\s+{_ADV}(?:made|issued|sent|known|reached|given|taken|with you|"
        r"ready|communicated|announced|delivered|posted|available)|occur|follow|come|arrive|happen|take place)"
        rf"|\bthere {FUTURE}be (?:an?|the) {_RESULT}|\b(?:review|assessment|investigation|enquir\w+|inquiry|"
        rf"audit|appeal|evaluation|process)\b{_OF}\s+{FUTURE}"
        rf"(?:conclude|end|finish|be over|be completed?)"
        rf"|\b{_RESULT}\s+(?:is|are)\s+(?:guaranteed|promised|assured)"
        rf"|\b(?:commit(?:ted)?|undertakes?|promise|pledge|guarantee|agree) to (?:{_FINISH}|\w+(?:clud|plet|ish|"
        r"los|olv|ettl|id|ess)ing)\b"
        rf"|\bexpect (?:an?|our|the|your)?\s*{_RESULT}|\bassur\w+.{{0,20}}\b{_FINISHED}\b",
        timed=True,
    ),
    _rule(
        "completion_promise",
        "gives the time that it will take",
        r"\b(?:process(?:ing)?|review|assessment|investigation|verification|it|appeal|approval|evaluation|"
        r"this)\b.{0,30}\b(?:takes|(?:will|shall) take|"
        r"(?:will|shall) not take)\s+(?:no |not )?(?:any )?(?:more|longer)?\s*(?:than|only|just|about|at most|"
        r"up to|under)?\s*"
        rf"(?:{_NUMBER}\s+{_UNIT})",
    ),
    _rule(
        "completion_promise",
        "puts a time on a result",
        rf"^(?:\W|\w+\s+){{0,3}}?(?:review |claim |case )?{_RESULT}\s*(?::|in|within|by|on)?\s*(?:within|"
        rf"in)?\s*\S*\s*(?:{_NUMBER}\s+{_UNIT}|{_DAY})\b\W*$",
    ),
    _rule(
        "completion_estimate",
        "says when the end is expected",
        r"\b(?:expect(?:ed|s)?|anticipated?s?|likely|ought|scheduled|due)\b(?: for)?(?:\s+(?:to|that|that we|"
        r"the|your|our|it|we|you|will|this|review|claim|appeal|"
        rf"investigation|assessment|case|file|be|have|been|is)){{0,6}}\s+{_ADV}(?:{_FINISHED}|{_FINISH}|"
        r"(?:complet|finish|conclud|clos|resolv|settl|decid|finali[sz])ing)\b"
        rf"|(?<!you )\b(?:should|ought to)\s+{_ADV}(?:be|have been)\s+{_ADV}{_FINISHED}\b"
        rf"|\b{_RESULT}{_OF}\s+(?:is|are|should|ought to)\s+(?:be\s+)?(?:\w+ly )?(?:expected|anticipated|"
        r"with you|due|arrive|follow|reach|come|ready|made|issued)"
        r"|\b(?:should|can expect|may expect|can expect to|expect to|should expect)\s+(?:to\s+)?(?:have|receive|"
        rf"get|hear|see|know)?\s*(?:an?|our|the|your)?\s*{_RESULT}"
        rf"|\b(?:we|i) (?:expect|anticipate) (?:to )?(?:have|reach|make|issue)?\s*(?:an?|our|the|your) {_RESULT}",
        timed=True,
    ),
    # -- another act of ours, by a time
    _rule(
        "deadline_commitment",
        "vouches for an act by a time",
        r"\b(?:we|i)\s+(?:can\s+|do\s+|hereby\s+|personally\s+)?(?:guarantee|promise|commit|undertake|pledge)\b|"
        r"\b(?:without fail)\b|\bmy word\b",
        timed=True,
    ),
    _rule(
        "deadline_commitment",
        "commits us to an act by a time",
        rf"\b(?:{_OURS})\s+{FUTURE}(?!not\b|be (?:out|away|closed|happy|glad|able|open|here)|need|require|"
        r"(?:also )?try|do (?:our|my|everything)|have to|look\b|continue)(?:be\s+)?[a-z]+"
        rf"|\b{FUTURE}be\s+{_ADV}(?:sent|posted|mailed|e-?mailed|transferred|assigned|rescheduled|forwarded|"
        r"escalated|corrected|issued|reopened|delivered|"
        r"appointed|started|opened|repaired|replaced|arranged|uploaded|dispatched|couriered|handed|passed|"
        r"returned|installed)\b"
        r"|\b(?:review|assessment|investigation|inspection|work|repair) (?:will|shall) (?:start|begin|commence)\b",
        timed=True,
    ),
)

# An update is no promise: news of where a case stands, by a time, says nothing of its end.
UPDATE = re.compile(
    r"\b(?:updat\w*|progress report|status (?:message|report)|news\b|hear (?:back )?from|be in touch|"
    r"get in touch|keep you (?:informed|posted|up to date)|"
    r"kept (?:informed|posted|up to date)|get word|let you know|contact you|write to you|call you|e-?mail you|"
    r"phone you|"
    r"tell you|inform you|notify you|acknowledg\w+|confirm (?:receipt|that we)|next contact|scheduled contact|"
    r"reply to you|respond to you)"
)
RESULT = re.compile(rf"(?<!not an )(?<!not a )(?<!not the )\b{_RESULT}\b")
VOUCH = re.compile(r"\b(?:guarantee|promise|pledge|undertake|without fail|my word)\b")
TRIGGER = re.compile(
    r"\b(?:will|shall|going to|gonna|guarant|promis|expect|should|ought|anticipat|assur|bound to|certain|sure|"
    r"commit|undertak|pledge|decision|outcome|"
    r"approv|accept|admit|acknowledg|fault|liab|blame|neglig|respons|wrong|waiv|exception|ignore|overlook|"
    r"consider|takes|gets|on its way|"
    r"formality|worry|confident|100|complet|paid|matter of time|extend|due|forgiv|is \w+ed within|"
    r"are \w+ed within|result|no doubt)"
)
