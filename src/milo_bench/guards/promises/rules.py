"""One normalised English clause in, the kind of commitment that a pattern finds in it out; data, no code."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

from milo_bench.guards.promises.lexicon import (
    ADV,
    DAY,
    DONE,
    FINISH,
    FINISHED,
    FUTURE,
    GAP,
    LOST,
    MONEY,
    NUMBER,
    OF,
    OURS,
    RESULT,
    SURE,
    THING,
    UNIT,
    WON,
)

PromiseKind: TypeAlias = Literal[
    "completion_promise",  # a result or an end by a time: "the review will be completed within five days"
    "completion_estimate",  # the same said as an expectation: "the review is expected to be completed by …"
    "outcome_guarantee",  # how it will be decided: "your claim will be approved"
    "payment_promise",  # money: "you will be refunded"
    "deadline_commitment",  # another act of ours by a time: "we will assign an inspector by Monday"
    "liability_admission",  # "this was our fault"
    "waiver",  # a rule put aside: "we will make an exception"
]


class PromiseRule(NamedTuple):
    """``pattern`` over a normalised clause; ``timed``: only with a time expression or a condition of
    receipt; ``news``: not where the clause speaks of news alone."""

    kind: PromiseKind
    reason: str
    pattern: re.Pattern[str]
    timed: bool = False
    news: bool = False


def _rule(kind: PromiseKind, reason: str, pattern: str, *, timed: bool = False, news: bool = False) -> PromiseRule:
    return PromiseRule(kind, reason, re.compile(pattern), timed, news)


RULES: tuple[PromiseRule, ...] = (
    # -- responsibility
    _rule(
        "liability_admission",
        "accepts responsibility or fault",
        rf"\b(?:accepts?|admits?|acknowledges?|takes?|bears?|assumes?|concedes?)\b{GAP}\s+(?:(?:full|complete|"
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
        "waives a rule, fee or deadline",
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
        "promises a payment",
        rf"\b(?:we|i|they|{OURS}|\w+ance)\s+{FUTURE}(?:be paying|pay|reimburse|refund|compensate|remit|credit|"
        r"cover the (?:cost|bill|expense)s?|"
        rf"(?:send|transfer|issue|release|wire|give|mail|return|deposit|make){GAP}\s+{MONEY})\b"
        rf"|\byou\s+{FUTURE}(?:be\s+{ADV}(?:paid|reimbursed|refunded|compensated|credited)|(?:be\s+)?(?:get|"
        r"receive|have|see|receiving|getting)"
        rf"(?:\s+back)?{GAP}\s+(?:{MONEY}))\b"
        rf"|\b{MONEY}{OF}\s+(?:{FUTURE}|should |is expected to |are expected to )(?:be\s+{ADV}(?:in your|"
        r"on its way|with you|paid|issued|made|released|"
        r"credited|transferred|mailed|posted|sent|deposited|processed|refunded|reimbursed|wired)|reach|land|"
        r"arrive|follow|hit|go out|come)"
        rf"|\bexpect\s+(?:the|your|a)\s+(?:\w+ )?{MONEY}\b|\b{SURE}\s+(?:a\s+|the\s+|your\s+|full\s+|"
        r"you\s+)*(?:payment|refund)"
        rf"|\b(?:money|payment|refund|cheque|check|funds) (?:is )?on (?:its|the) way\b",
    ),
    _rule(
        "payment_promise",
        "promises a payment",
        r"\b(?:claims?|invoices?|bills?|expenses|costs?|loss(?:es)?|damages?|premiums?|salary|wages|pension|"
        rf"allowance|entitlement|account)\s+(?:{OF}\s+)?{FUTURE}be\s+{ADV}(?:paid|reimbursed|refunded|compensated|"
        r"paid out|met in full|settled in full)\b"
        r"(?! (?:by|from) (?:you|the (?:claimant|customer|tenant|policyholder)))",
    ),
    _rule(
        "payment_promise",
        "promises a payment",
        rf"\b{MONEY}{OF}\s+(?:is|are|gets?)\s+(?:paid|issued|released)\b",
        timed=True,
    ),
    # -- how it will be decided
    _rule(
        "outcome_guarantee",
        "promises a decision",
        rf"\b(?:{FUTURE}|is bound to |is certain to |is sure to |are certain to |"
        rf"are sure to )(?:be\s+{ADV}(?:found\s+)?{WON}|succeed\b|prevail\b|win\b|"
        r"go through\b|certainly qualify|qualify\b|(?:find|decide|rule|come out)\b.{0,20}in your favou?r|"
        r"go your way|pass\b(?! (?:it|the|your|this|on)))"
        rf"|\bbound to (?:be|succeed|win)\b"
        rf"|\b(?:we|i|the board|the panel|{OURS})\s+{FUTURE}(?:approve|grant|overturn|reverse|uphold|reinstate|"
        r"accept your|allow your|award you|rule in)"
        rf"|\b(?:you|{THING}|nothing)\s+{FUTURE}(?:not\s+|never\s+)(?:be\s+{ADV}{LOST}|lose|have to pay|"
        rf"owe)\b|\bnothing {FUTURE}be {LOST}"
        rf"|\byou\s+{FUTURE}(?:keep|get|receive|have|be (?:awarded|given))\s+(?:the |"
        r"your )?(?:full(?! (?:control|access|details|name|text|report|list))|everything|"
        r"all of|all the|whole|maximum|higher|place|benefits?|cover)"
        rf"|\b(?:coverage|cover|benefits?|payments?) {FUTURE}(?:continue|carry on|resume|not be interrupted)"
        rf"|\b{THING}\s+{FUTURE}be\s+{ADV}(?:removed|erased|deleted)\b",
    ),
    _rule(
        "outcome_guarantee",
        "guarantees an outcome",
        r"\b(?:approval|success|eligibility|acceptance|result|payment|outcome|decision in your favou?r|"
        rf"favou?rable decision)\b{OF}\s+(?:is|are)\s+(?:\w+ly )?"
        r"(?:guaranteed|assured|certain|a certainty|a formality|only a matter of time|just a matter of time|"
        r"in the bag)"
        r"|\b(?:as good as|all but) (?:approved|granted|accepted|settled|done|won)\b|\bsure of (?:a|"
        r"the) (?:positive|favou?rable|good)\b"
        r"|\bno (?:doubt|question|reason why|chance) (?:that |about |the |your ).{0,40}(?:will|would|approv|"
        r"favou?r|refus|den)"
        r"|\b100\s?%|\bnothing to worry about\b|\balways (?:approves?|grants?|accepts?|wins?) (?:these|them|such|"
        r"this)"
        rf"|\bconfident (?:that )?(?:your|the|you|we){GAP}\s+will\b|\b(?:claim|appeal|application|"
        rf"request)\b.{{0,20}}\b(?:is|are) a (?:formality|certainty|done deal)"
        rf"|\b(?:we|i) (?:can |do |hereby |personally |will |will personally )*{SURE}\b.{{0,60}}\b(?:approv|"
        r"accept|grant|succe|positive|favou?r|win|los[es]|reverse|keep|everything|cover|full|uph)",
    ),
    # -- an end, by a time
    _rule(
        "completion_promise",
        "promises an end by a given time",
        rf"(?<!office )(?<!offices )(?<!line )(?<!desk )\b{FUTURE}{DONE}{FINISHED}\b(?! whether)"
        rf"|\b{FUTURE}have\s+(?:\w+\s+){{1,3}}(?:reviewed|"
        rf"{FINISHED})\b|\b{FUTURE}have {FINISHED}\b"
        rf"|(?<!you )\b{FUTURE}{FINISH}\b(?! whether| if)|\b(?:gets?|is|are) {FINISHED} (?:with)?in\b"
        rf"|(?<!you )\b{FUTURE}(?:make|reach|issue|give|take|send|have|provide|come to|"
        rf"deliver)\s+(?:you\s+)?(?:an?|our|the|your|its)?\s*(?:\w+ )?{RESULT}"
        rf"|\b{FUTURE}(?:(?!not\b|never\b)\w+\s+){{0,4}}?(?:with|hear|know|get|receive|have|issue|learn|see|"
        rf"give you|be told)\s+(?:you\s+)?(?:an?|our|the|its|your)?\s*(?:\w+ )?{RESULT}"
        rf"|\b{RESULT}{OF}\s+{FUTURE}(?:be\s+{ADV}(?:made|issued|sent|known|reached|given|taken|with you|"
        r"ready|communicated|announced|delivered|posted|available)|occur|follow|come|arrive|happen|take place)"
        rf"|\bthere {FUTURE}be (?:an?|the) {RESULT}|\b(?:review|assessment|investigation|enquir\w+|inquiry|"
        rf"audit|appeal|evaluation|process)\b{OF}\s+{FUTURE}"
        rf"(?:conclude|end|finish|be over|be completed?)"
        rf"|\b{RESULT}\s+(?:is|are)\s+(?:guaranteed|promised|assured)"
        rf"|\b(?:commit(?:ted)?|undertakes?|promise|pledge|guarantee|agree) to (?:{FINISH}|\w+(?:clud|plet|ish|"
        r"los|olv|ettl|id|ess)ing)\b"
        rf"|\bexpect (?:an?|our|the|your)?\s*{RESULT}|\bassur\w+.{{0,20}}\b{FINISHED}\b",
        timed=True,
    ),
    _rule(
        "completion_promise",
        "promises a duration",
        r"\b(?:process(?:ing)?|review|assessment|investigation|verification|it|appeal|approval|evaluation|"
        r"this)\b.{0,30}\b(?:takes|(?:will|shall) take|"
        r"(?:will|shall) not take)\s+(?:no |not )?(?:any )?(?:more|longer)?\s*(?:than|only|just|about|at most|"
        r"up to|under)?\s*"
        rf"(?:{NUMBER}\s+{UNIT})",
    ),
    _rule(
        "completion_promise",
        "promises a result by a given time",
        rf"^(?:\W|\w+\s+){{0,3}}?(?:review |claim |case )?{RESULT}\s*(?::|in|within|by|on)?\s*(?:within|"
        rf"in)?\s*\S*\s*(?:{NUMBER}\s+{UNIT}|{DAY})\b\W*$",
    ),
    _rule(
        "completion_estimate",
        "promises when it ends",
        r"\b(?:expect(?:ed|s)?|anticipated?s?|likely|ought|scheduled|due)\b(?: for)?(?:\s+(?:to|that|that we|"
        r"the|your|our|it|we|you|will|this|review|claim|appeal|"
        rf"investigation|assessment|case|file|be|have|been|is)){{0,6}}\s+{ADV}(?:{FINISHED}|{FINISH}|"
        r"(?:complet|finish|conclud|clos|resolv|settl|decid|finali[sz])ing)\b"
        rf"|(?<!you )\b(?:should|ought to)\s+{ADV}(?:be|have been)\s+{ADV}{FINISHED}\b"
        rf"|\b{RESULT}{OF}\s+(?:is|are|should|ought to)\s+(?:be\s+)?(?:\w+ly )?(?:expected|anticipated|"
        r"with you|due|arrive|follow|reach|come|ready|made|issued)"
        r"|\b(?:should|can expect|may expect|can expect to|expect to|should expect)\s+(?:to\s+)?(?:have|receive|"
        rf"get|hear|see|know)?\s*(?:an?|our|the|your)?\s*{RESULT}"
        rf"|\bexpect\b{GAP}\s+to be {FINISHED}\b"
        rf"|\b(?:we|i) (?:expect|anticipate) (?:to )?(?:have|reach|make|issue)?\s*(?:an?|our|the|your) {RESULT}",
        timed=True,
    ),
    # -- another act of ours, by a time
    _rule(
        "deadline_commitment",
        "guarantees an act by a given time",
        r"\b(?:we|i)\s+(?:can\s+|do\s+|hereby\s+|personally\s+)?(?:guarantee|promise|commit|undertake|pledge)\b|"
        r"\b(?:without fail)\b|\bmy word\b",
        timed=True,
    ),
    _rule(
        "deadline_commitment",
        "promises an act by a given time",
        rf"\b(?:{OURS})\s+{FUTURE}(?!not\b|be (?:on (?:leave|holiday)|off|out|away|closed|happy|glad|able|open"
        rf"|here)|need|require|"
        r"(?:also )?try|do (?:our|my|everything)|have to|look\b|continue)(?:be\s+)?[a-z]+"
        rf"|\b{FUTURE}be\s+{ADV}(?:sent|posted|mailed|e-?mailed|transferred|assigned|rescheduled|forwarded|"
        r"escalated|corrected|issued|reopened|delivered|"
        r"appointed|started|opened|repaired|replaced|arranged|uploaded|dispatched|couriered|handed|passed|"
        r"returned|installed)\b"
        r"|\b(?:review|assessment|investigation|inspection|work|repair) (?:will|shall) (?:start|begin|commence)\b",
        timed=True,
    ),
    # -- wordings of a second writer: what leaves or ends on a day, dates held, vouching idioms
    _rule(
        "payment_promise",
        "promises when money is paid or received",
        rf"\b{MONEY}{OF}\s+(?:(?:goes|go)(?: out)?|leaves?|lands?|arrives?|clears?|comes?|hits?|reaches)\b"
        rf"|\b{MONEY}{OF}\s+{FUTURE}(?:take place|clear|be (?:forthcoming|available|in|{ADV}(?:remitted|disbursed|"
        r"settled|returned)))\b",
        timed=True,
    ),
    _rule(
        "payment_promise",
        "promises a payment",
        rf"\b{SURE} (?:you )?(?:to |that we will |that you will be )?(?:pay|reimburse|refund|compensate|cover)"
        rf"|\b(?:we|i|they|{OURS}|insurer)\s+{FUTURE}cover (?:the|your|all|any) (?:\w+ )?(?:costs?|bills?|expenses?)"
        rf"|\b{MONEY}\s+(?:is|are) on (?:its|the|their) way\b|\b{FUTURE}have paid you\b",
    ),
    _rule(
        "completion_promise",
        "promises an end on a given day",
        r"\b(?<!it )(?:completes|finishes|concludes|wraps up|goes live)\b"
        rf"|\b(?:completed|finished|done|closed|resolved) by\s*:|\b{FUTURE}be (?:complet|finish|finali[sz]|conclud|"
        rf"clos|resolv|settl|decid|determin|process|sort|clear)ing\b"
        rf"|\b{RESULT}{OF}\s+{FUTURE}have been\b|(?<!you )\b{FUTURE}(?:have )?(?:render|arrive at|publish|"
        rf"announce|hand down|pronounce)(?:ed|d)?\s+(?:an?|our|the|your|its)\s+(?:\w+ )?{RESULT}"
        rf"|\byou (?:can |may )?look forward to (?:an?|the|your)\s+(?:\w+ )?{RESULT}"
        rf"|\b{FUTURE}be\s+{ADV}(?:reviewed|assessed|verified|confirmed|checked|approved|restored|renewed|"
        r"handed down)\b",
        timed=True,
    ),
    _rule(
        "completion_promise",
        "gives a result a date, as on a form",
        rf"^\W*(?:\w+ )?(?:{RESULT}|delivery|payment|resolution|repair)\s+(?:due )?date\s*:?\s.{{0,12}}?"
        rf"\b{DAY}\b.{{0,12}}"
        r"\b(?:guaranteed|promised|confirmed|firm|latest|without fail)\b",
    ),
    _rule(
        "completion_promise",
        "promises a duration",
        r"\b(?:checks|repairs|works?|reviews|steps|tests)\b(?:\s\w+){0,2}?\s+(?:takes?|(?:will|shall) take)\s+"
        rf"(?:no more than |no longer than |only |just |at most |up to |under )?{NUMBER}\s+{UNIT}",
    ),
    _rule(
        "deadline_commitment",
        "promises a date",
        rf"\b{FUTURE}(?:meet|keep to|honou?r|stick to|hit|not (?:miss|exceed))\s+(?:the|our|that|this|your)\b.{{0,30}}"
        rf"(?:deadlines?|dates?|{DAY})\b",
    ),
    _rule(
        "deadline_commitment",
        "promises to be or bring something by a given time",
        rf"\b{FUTURE}be (?:ready|gone|working|up and running|live|in place|in your hands|with you|at your)\b"
        rf"|\byou {FUTURE}have (?:the|your) (?!right|chance|option|opportunity|choice|say)"
        r"|\b(?:letter|card|licen[cs]e|permit|certificate|award|notice|order|parcel|router|replacement|contract|keys?)"
        r"s?\b(?: \w+){0,2}? (?:goes out|go out|ships?|leaves?|arrives?|lands?)\b",
        timed=True,
    ),
    _rule(
        "outcome_guarantee",
        "asks the reader to rely on it",
        r"\b(?:count|bank|rely|depend) on (?:(?:us|me) to\b|getting\b|receiving\b|having\b|being\b|it being\b|"
        r"(?:the|your) [\w ]{1,40}? being\b)",
        news=True,
    ),
    _rule(
        "outcome_guarantee",
        "guarantees what will happen",
        rf"\b(?:assured|trust me|mark my words|have (?:my|our) (?:\w+ )?(?:word|assurance|guarantee|promise)|"
        rf"(?:my|our) (?:\w+ )?(?:word|assurance|guarantee|promise) that)\b.{{0,60}}?\b(?:{FUTURE}|is safe|gets? )"
        rf"|\b(?:we|i) (?:can |do )?(?:personally )?(?:assure|promise) you\b.{{0,60}}?\b{FUTURE}"
        rf"|\bno (?:way|chance)(?: that)? (?:they|it|this|the \w+|anyone) {FUTURE}",
        news=True,
    ),
    _rule(
        "liability_admission",
        "accepts responsibility or fault",
        r"\b(?:we|i|it|they|the (?:council|company|insurer|landlord|office)) (?:have |has )?breached (?:our|its|the|"
        r"their) (?:\w+ )?(?:duty|dut|oblig|contract)"
        r"|\bour (?:own )?(?:\w+ )?(?:driver|contractor|engineer|agent|adviser|advisor|caseworker|employee|"
        r"system|surveyor)s? (?:is|are|was|were) (?:\w+ly )?(?:to blame|at fault|liable|negligent|in the wrong)\b",
    ),
    # -- wordings of a third writer
    _rule(
        "outcome_guarantee",
        "guarantees what will happen",
        rf"\b(?:count|bank|rely|depend) on (?:an?|the|your|our|that) (?:\w+ )?(?:{RESULT}|{MONEY}|approval)\b"
        r"|\bto your (?:full |complete |entire )?satisfaction\b"
        r"|\bconsider (?:it|this|that|(?:the|your) \w+) (?:done|settled|sorted|closed|approved|resolved|paid|fixed)\b",
        news=True,
    ),
    _rule(
        "payment_promise",
        "promises a payment",
        rf"\b(?:{MONEY}|entitlement|allowance|pension)\s+{FUTURE}be\s+{ADV}(?:backdated|topped up|doubled|made up)\b",
    ),
    _rule(
        "completion_promise",
        "says when a result reaches the reader",
        rf"\b{RESULT} (?:letter|notice|e-?mail)s?\s+(?:{FUTURE}(?:reach|arrive|follow|come|land|go out|"
        r"be (?:sent|posted|issued|with|in))|(?:goes|leaves|reaches|arrives))\b"
        rf"|\b{FUTURE}not (?:have|need) to wait (?:any )?(?:longer|more) than\b",
        timed=True,
    ),
    _rule(
        "payment_promise",
        "promises when money or service returns",
        rf"\b(?:{MONEY}|cover(?:age)?|service|supply|allowance|pension|entitlement)\s+(?:restarts?|resumes?|"
        r"starts? again|comes? back)\b",
        timed=True,
    ),
    _rule(
        "payment_promise",
        "promises a payment",
        rf"\b{FUTURE}be\s+{ADV}(?:refunded|reimbursed|paid back|repaid|re-?credited)\b"
        r"(?! (?:by|from) (?:you|the (?:claimant|customer|tenant|policyholder)))",
    ),
    _rule(
        "completion_promise",
        "says when a result reaches the reader",
        rf"\b{RESULT}{OF}\s+{FUTURE}(?:reach|arrive|get to|come to|follow|land|find)\b",
        timed=True,
    ),
    # -- forms of a commitment: what the reader will hold, what is said to be safe, what is put aside, who pays
    _rule(
        "deadline_commitment",
        "promises something by a given time",
        rf"\byou {FUTURE}(?:have|get|receive|see|hold) (?:it|this|that|them|these|those|everything|all of it)"
        r"\b(?! (?:right|as))"
        rf"|\b(?:it|this|that|they|everything) {FUTURE}(?:be|arrive|land|reach you|get to you|come|follow|be there)\b"
        r"(?! (?:on|by) (?:you|the claimant))(?! (?:reviewed|read|looked|checked|considered|discussed|needed|due|able))"
        rf"|\b(?:engineer|technician|plumber|surveyor|courier|driver|colleague|somebody|someone)\b{OF}\s+{FUTURE}"
        r"(?:be (?:there|with you|out|round)|come|arrive|visit|turn up|call round|fix|repair|install)\b"
        rf"|\b{FUTURE}(?:have|get) (?:someone|somebody|an? \w+) (?:out|round|over|there|with you)\b",
        timed=True,
        news=True,
    ),
    _rule(
        "outcome_guarantee",
        "says that it is settled or safe",
        r"\b(?:a done deal|in the bag|plain sailing|home and dry|cast[- ]iron|rock[- ]solid)\b"
        rf"|\b(?:{MONEY}|{THING}|place|sum|amount)\b{OF}\s+(?:is|are)\s+(?:\w+ly )?(?:as good as )?"
        r"(?:yours|guaranteed|in the bag|safe and sound)\b"
        r"|\bas good as (?:yours|paid|in your \w+)\b",
    ),
    _rule(
        "outcome_guarantee",
        "guarantees what will happen",
        r"\b(?:we|i) (?:can |do |hereby |personally |will |shall |absolutely )*(?:guarantee|promise|assure|swear|vow|"
        r"pledge)\b(?: to)?(?: you| everyone| them)?(?: that)?\s.{1,80}?\b(?:will|shall|gets?|is going to|"
        r"are going to)\b"
        r"|\b(?:give|giving|gave|have|got) (?:you )?(?:my|our) (?:\w+ )?(?:word|assurance|promise|guarantee|"
        r"commitment) "
        r"(?:that|on)\b"
        r"|\brest (?:assured|easy)\b.{0,60}?\b(?:will|shall|is on|are on|going to|gets? (?:paid|fixed|done)|"
        r"is (?:safe|sorted|settled|covered))\b",
        news=True,
    ),
    _rule(
        "outcome_guarantee",
        "promises that nothing is lost or owed",
        rf"\b(?:you|it|this|nothing|nobody|no one|none of (?:it|this)) {FUTURE}(?:not |never )?(?:be )?"
        r"(?:cost(?:ing)? you|pay(?:ing)?|owe|be charged|charge you|be asked (?:to pay|for)|be out of pocket)"
        r"(?: (?:a|one|another|any(?:thing)?|more|extra|single))* ?(?:penny|cent|thing|more|extra|again|bean|"
        r"dime|pocket)\b"
        rf"|\b(?:nobody|no one|nothing) {FUTURE}(?:be )?(?:charged?|deducted?|taken|billed?|chased?|bother)\b"
        rf"|\b{FUTURE}(?:be made|make you|leave you|see you) (?:whole|no worse off|right)\b",
    ),
    _rule(
        "waiver",
        "waives a rule, fee or deadline",
        r"\b(?:fees?|charges?|penalty|penalties|excess|interest|fines?|surcharge|debts?|costs?|late fee|deadline)\b"
        rf"{OF}\s+(?:(?:is|are)\s+(?:hereby |now |all )?(?:waived|written off|dropped|forgiven|cancelled|canceled)"
        rf"|{FUTURE}be\s+{ADV}(?:dropped|removed|cancelled|canceled|taken off|scrapped|lifted|wiped|refunded)"
        rf"|{FUTURE}not (?:apply|be (?:applied|charged|due|payable|taken|added|counted))|{FUTURE}disappear)\b",
    ),
    _rule(
        "payment_promise",
        "promises to bear the cost",
        rf"\b(?:we|i|they|{OURS}|insurer)\s+{FUTURE}(?:take care of|foot|pick up|meet|bear|absorb|shoulder|pay for|"
        r"stand)\s+(?:the|your|all|any|every|each|these|those|that|this)\s+(?:\w+ ){0,3}?(?:bills?|costs?|expenses?|"
        r"fees?|damages?|repairs?|rent|loss(?:es)?|hotel|invoices?|excess|taxi|shortfall)\b"
        r"|\bevery (?:last )?(?:cent|penny|pound|euro|dollar)\b.{0,20}\b(?:back|returned|refunded|repaid)\b"
        rf"|\b{FUTURE}(?:get|receive|have|see|return|repay|refund|pay|reimburse)\s+(?:you )?(?:back )?every (?:last )?"
        r"(?:cent|penny|pound|euro|dollar)\b"
        rf"|\b{MONEY}{OF}\s+(?:is|are) (?:coming|headed|heading|winging its way|making its way)\b"
        rf"|\b{FUTURE}reverse (?:the|your|that|this|both|all) (?:\w+ )?(?:charges?|debits?|payments?|fees?)\b",
    ),
    _rule(
        "payment_promise",
        "promises when money is paid or received",
        rf"\b(?:{MONEY}|transfer){OF}\s+(?:is|are)\s+(?:scheduled|set|booked|timed|lined up|planned|down) "
        r"(?:to|for)\b"
        r"|\b(?:we|i)\s+(?:pay|pay out|refund|reimburse|repay|credit|settle)\b(?! .{0,40}\b(?:usually|normally|most|"
        r"approv\w+|if|once)\b)"
        rf"|\blook forward to (?:an?|the|your)\s+(?:\w+ )?{MONEY}\b|\byou (?:can|may) expect .{{0,30}}{MONEY}\b",
        timed=True,
    ),
    _rule(
        "completion_promise",
        "promises an end by a given time",
        r"\b(?:case|file|claim|review|complaint|matter|repair|job|work|dispute)\s+(?:closes|ends|wraps up|is over|"
        r"is (?:settled|resolved|finished|done|fixed))\b(?!.{0,60}\b(?:if|unless)\b)"
        rf"|\b{FUTURE}(?:have|get) (?:this|it|that|everything|all this|the \w+|your \w+) (?:all )?(?:sorted|fixed|"
        r"wrapped up|settled|cleared|resolved|finished|done|repaired|ready|closed|over with)\b"
        rf"|\b{FUTURE}(?:put|set) (?:it|this|that|things|everything|matters) (?:right|straight)\b",
        timed=True,
    ),
    # -- forms of an outcome: who decides for whom, what cannot be refused, what is certain
    _rule(
        "outcome_guarantee",
        "says how it will be decided",
        r"\b(?:we|they|i|(?:the|our|your) (?:\w+ )?(?:board|panel|tribunal|court|judge|insurer|committee|"
        r"council|office|"
        rf"ombudsman|reviewer|assessor|bank))\s+(?:{FUTURE}|(?:is|are) (?:sure|certain|bound) to |always )"
        r"(?:say yes|agree with you|side with (?:you|people)|be on your side|find (?:for|in favou?r of) (?:you|people)|"
        r"rule for you|decide (?:for|in favou?r of) you|come down on your side|see it your way|take your side|"
        r"have no choice|have to (?:give|pay|accept|agree)|back you|let you (?:keep|stay|have))\b"
        rf"|\b(?:we|they|nobody|no one|(?:the|our) (?:board|panel|tribunal|insurer|council))\s+{FUTURE}(?:not |never )?"
        r"(?:reject|refuse|turn (?:you|this|it|your \w+) down|say no|take your \w+ away|take .{1,30} away|"
        r"stand in your way|deny|dismiss|cut your|stop your)\b"
        r"|\b(?:decision|answer|reply|verdict|result|outcome|ruling)\s+(?:will|shall|is going to|can only)\s+be\s+"
        r"(?:an? )?(?:yes\b(?! or)|positive|favou?rable|good (?:one|for you)|in your favou?r|to your liking|"
        r"what you want)"
        r"|\b(?:appeal|case|claim|matter|this|it|dispute) (?:will )?(?:ends?|comes? out|goes|turns? out|closes) "
        r"(?:in your favou?r|your way|well for you)\b"
        r"|\byou (?:will|shall|are going to) (?:be (?:pleased|happy|delighted) with (?:the|our) (?:decision|"
        r"outcome|result)|"
        r"walk away with|come out (?:of this )?(?:on top|ahead|with)|keep (?:your|the|it|both|all))\b",
        news=True,
    ),
    _rule(
        "outcome_guarantee",
        "says that it cannot go wrong",
        r"\b(?:cannot|can not|can't|could not|never|will not) (?:fail|lose|loses|go wrong|be refused|be turned down|"
        r"be rejected)\b(?! to\b)(?! (?:to|by) (?:send|reply|read))"
        r"|\bcan only (?:go up|improve|win|succeed|end well)\b"
        r"|\bnothing (?:to fear|to lose|(?:is )?(?:stopping|standing in the way of|in the way of)|can go wrong)\b"
        r"|\bno reason (?:why|for|that) .{0,30}(?:say no|refuse|reject|turn|fail|lose|not (?:pay|approv|be))"
        r"|\b(?:outcome|result|decision|approval|success|award|grant|place|job|tenancy|money|benefit|cover)s?\b"
        rf"{OF}\s+(?:is|are) (?:\w+ly |already )?(?:secure|safe|assured|automatic|settled|beyond doubt|beyond question|"
        r"not in (?:question|doubt)|a given|a foregone conclusion|yours)\b"
        r"|\b(?:claim|case|application|request|you|it) (?:qualifies|qualify) ?(?:,|so|and)\b.{0,30}\b(?:money|pay|"
        r"follows|get)"
        r"|\b(?:cover(?:age)?|payments?|benefits?|pension|allowance)\s+(?:continues?|carr(?:y|ies) on|stays?|remains?) "
        r"(?:without|unbroken|in full|as before|as it is|untouched|unchanged)\b"
        r"|\b(?:it|this|that|the \w+) (?:is|are) (?:all )?yours\b|\bthat much is (?:settled|certain|sure)\b"
        r"|\b(?:this|that|it|yours)(?: one)? is a (?:sure thing|certainty|winner|dead cert|safe bet)\b"
        r"|\bback in your (?:pocket|hands|account) before\b"
        r"|\b(?:we|i) (?:will )?(?:see to it|see|make sure|make certain) that you (?:win|get|keep|receive|are (?:paid|"
        r"approved|covered|given|awarded))\b",
        news=True,
    ),
)
