"""The words that commitments are made of, as pieces of patterns over one normalised English clause."""

from __future__ import annotations

import re

NUMBER = (
    r"(?:(?<!\d)(?<!\d[.,])\d[\d.,]*(?:\s*(?:-|to|or)\s*\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"fourteen|fifteen|several|"
    r"twenty(?:-\w+)?|thirty|sixty|ninety|a few|a couple of|couple of|the next|the (?:next|coming) \w+)"
)
UNIT = (
    r"(?:(?:business|working|calendar|full|more|short)\s+)?(?:minutes?|hours?|hrs?|days?|weeks?|fortnights?|months?|"
    r"quarters?|years?)"
)
DAY = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tues?|wed|thurs?|fri|(?:jan|febr)uary|march|april|may|"
    r"june|july|"
    r"august|(?:septem|octo|novem|decem)ber|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|today|tonight|tomorrow|"
    r"noon|"
    r"midnight|midday|lunchtime|midweek|christmas|easter|bank holiday|weekend|new year|close of (?:play|business))"
)
TIME = re.compile(
    rf"\b(?:{NUMBER}\s+{UNIT}\b(?!\s+ago)|{NUMBER}-(?:business-)?(?:day|week|month|hour)\b|fortnight\b|"
    r"within the (?:hour|day|week|month)\b"
    r"|(?:by|before|until|on|this|next|(?:no|not) later than|at|around|for|deadline of)\s*:?\s+"
    r"(?:the\s+)?(?:end of|close of|start of|"
    r"beginning of|"
    rf"first thing|morning of|next|this|coming|following|early|late|mid)?\s*(?:the\s+|next\s+|on\s+)?(?:{DAY}\b|"
    rf"\d{{1,2}}(?:st|nd|rd|th)\b|"
    rf"\d{{1,2}}[:.]\d\d|\d{{1,2}}\s*[ap]\.?m|\d{{1,2}}\s+{DAY}\b|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}|"
    r"(?:business|week|month|day|year|quarter|afternoon|"
    rf"morning|evening)\b|your (?:next|holiday)|the (?:month|office|weekend|hearing))"
    rf"|in (?:early |late |mid |the )?(?:january|february|march|april|june|july|"
    r"august|september|october|november|december)\b"
    r"|in time for\b|by the time\b|in the (?:next|coming) \w+"
    rf"|{DAY}\s+(?:morning|afternoon|evening|at)\b|\b(?:today|tonight|tomorrow|asap|soon|shortly|straight away|"
    r"right away|immediately|"
    r"at once|on the spot|in no time|same day|this (?:week|month|afternoon|morning|evening|year)|next (?:week|"
    r"month)|before long|inside of)\b)"
)
# A condition that the other side meets puts a clock on the sentence as well.
CONDITION = re.compile(r"\b(?:once|as soon as|upon|following|after|when|now that|as the \w+ (?:is|are) now)\b")

ADV = (
    r"(?:(?:also|then|now|all|soon|certainly|definitely|surely|of course|personally|always|simply|fully|finally|"
    r"in fact|"
    r"gladly|again|still|already|just|absolutely|[a-z]+ly)\s+)*"
)
FUTURE = rf"(?:will|shall|(?:is|are|am)\s+{ADV}(?:going|set|due)\s+to|gonna)\s+{ADV}"
DONE = (
    rf"(?:be|have been|get|be getting|have)\s+{ADV}(?:[a-z]+(?:ed|en)(?:\s+(?:out|off|up))?(?:\s+and\s+|"
    rf"\s*,\s*){ADV})?"
)

FINISHED = (
    r"(?:complete[d]?|finished|finali[sz]ed|concluded|closed|resolved|settled|decided|determined|processed|"
    r"sorted|restored|done|"
    r"fixed|fulfilled|repaired|replaced|unlocked|"
    r"over|wrapped up|signed off|dealt with|carried out|ready|cleared|known|corrected|adjudicated|"
    r"(?:completely|fully) \w+ed|concluded|ended|made final|registered)"
)
FINISH = (
    r"(?:complete|finish|finali[sz]e|conclude|close(?: out)?|resolve|settle|decide|determine|process|sort|"
    r"wrap up|end|"
    r"fix|adjudicate|deal with|clear|get (?:this|it|your \w+|everything) \w+|be (?:finished|done|through) with)"
)
RESULT = (
    r"(?:(?:final |full |formal |written )*(?:decisions?|outcome|results?|determination|resolution|ruling|"
    r"verdict|conclusion|"
    r"answer|final response|decision letter|completion))"
)
OF = r"(?:\s+(?!will\b|shall\b|is\b|are\b|should\b)[\w'.,£$€-]+){0,8}?"  # what hangs on the subject
GAP = r"(?:\s+[\w'.,£$€%-]+){0,6}?"
OURS = (
    r"(?:we|i|they|(?:our|the|an?|your) (?:\w+ )?(?:team|office|caseworkers?|case workers?|case managers?|"
    r"adjusters?|assessors?|reviewers?|inspectors?|engineers?|surveyors?|officers?|managers?|supervisors?|"
    r"board|panel|department|staff|colleagues?|agents?|handlers?|specialists?|technicians?|examiners?|"
    r"contractors?|drivers?|plumbers?|electricians?|builders?|fitters?|crew|adjudicators?|underwriters?|committee))"
)
MONEY = (
    r"(?:payments?|money|refunds?|funds|che(?:que|ck)s?|settlement(?: amount)?|arrears|reimbursements?|"
    r"compensation|deposits?|rebates?|disbursements?|remittance|bursary|instal?ments?|"
    r"back ?pay|(?:backdated )?benefits?|balance|credits?|payout|award|(?:full|total|outstanding) (?:amount|sum)|"
    r"[£$€]\s?\d[\d.,]*|(?<!\d)(?<!\d[.,])\d[\d.,]*\s?(?:euros?|dollars?|pounds?|eur|usd|gbp))"
)
THING = (
    r"(?:claim|appeal|application|request|case|eligibility|benefits?|cover(?:age)?|licen[cs]e|permit|approval|"
    r"decision|refund|complaint|it|this|award|entitlement|penalty|fee|charge)"
)
WON = (
    r"(?:approved|accepted|granted|allowed|upheld|overturned|reversed|reinstated|awarded|covered|honou?red|"
    r"successful|"
    r"removed from your|lifted|validated|authori[sz]ed|eligible|entitled|guaranteed|renewed|"
    r"decided in your favou?r|waved through)"
)
LOST = (
    r"(?:denied|refused|rejected|declined|revoked|stopped|cancelled|canceled|terminated|suspended|deducted|"
    r"charged|penali[sz]ed|"
    r"reduced|cut|held against|turned down|evicted|removed|lost)"
)
SURE = (
    r"(?:guarantee[ds]?|promise|assure|swear|vow|pledge|commit(?:ted)? to|undertake to|give you my word|"
    r"have my word|have our word|"
    r"make sure|ensure|see to it)"
)

# An update is no promise: news of where a case stands, by a time, says nothing of its end.
UPDATE = re.compile(
    r"\b(?:updat\w*|progress report|status (?:message|report)|news\b|hear (?:back )?from|be in touch|"
    r"get in touch|keep you (?:informed|posted|up to date)|"
    r"kept (?:informed|posted|up to date)|get word|let you know|contact you|write to you|call you|e-?mail you|"
    r"phone you|"
    r"tell you|inform you|notify you|acknowledg\w+|confirm (?:receipt|that we)|next contact|scheduled contact|"
    r"reply to you|respond to you|check (?:back )?in\b|"
    r"(?:get|come|report) back to you|reach out|follow up with you|ring you|text you|drop you|give you a (?:call|ring)|"
    r"(?:message|e-?mail|letter|call|word|line) (?:from us|will|about (?:the )?(?:next|progress|where)))"
)
NAMES_RESULT = re.compile(rf"(?<!not an )(?<!not a )(?<!not the )\b{RESULT}\b")
VOUCH = re.compile(r"\b(?:guarantee|promise|pledge|undertake|without fail|my word)\b")
