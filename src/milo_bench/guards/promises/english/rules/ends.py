"""Patterns of a normalised English clause that promises an end, a result or another act by a time; data, no code."""

from __future__ import annotations

from typing import Final

from milo_bench.guards.promises.english.lexicon import (
    ADV,
    DAY,
    DONE,
    FINISH,
    FINISHED,
    FUTURE,
    GAP,
    NUMBER,
    OF,
    OURS,
    RESULT,
    UNIT,
)
from milo_bench.guards.promises.english.rules.rule import PromiseRule, rule

ENDS: Final[tuple[PromiseRule, ...]] = (
    rule(
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
    rule(
        "completion_promise",
        "promises a duration",
        r"\b(?:process(?:ing)?|review|assessment|investigation|verification|it|appeal|approval|evaluation|"
        r"this)\b.{0,30}\b(?:takes|(?:will|shall) take|"
        r"(?:will|shall) not take)\s+(?:no |not )?(?:any )?(?:more|longer)?\s*(?:than|only|just|about|at most|"
        r"up to|under)?\s*"
        rf"(?:{NUMBER}\s+{UNIT})",
    ),
    rule(
        "completion_promise",
        "promises a result by a given time",
        rf"^(?:\W|\w+\s+){{0,3}}?(?:review |claim |case )?{RESULT}\s*(?::|in|within|by|on)?\s*(?:within|"
        rf"in)?\s*\S*\s*(?:{NUMBER}\s+{UNIT}|{DAY})\b\W*$",
    ),
    rule(
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
    rule(
        "deadline_commitment",
        "guarantees an act by a given time",
        r"\b(?:we|i)\s+(?:can\s+|do\s+|hereby\s+|personally\s+)?(?:guarantee|promise|commit|undertake|pledge)\b|"
        r"\b(?:without fail)\b|\bmy word\b",
        timed=True,
    ),
    rule(
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
    rule(
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
    rule(
        "completion_promise",
        "gives a result a date, as on a form",
        rf"^\W*(?:\w+ )?(?:{RESULT}|delivery|payment|resolution|repair)\s+(?:due )?date\s*:?\s.{{0,12}}?"
        rf"\b{DAY}\b.{{0,12}}"
        r"\b(?:guaranteed|promised|confirmed|firm|latest|without fail)\b",
    ),
    rule(
        "completion_promise",
        "promises a duration",
        r"\b(?:checks|repairs|works?|reviews|steps|tests)\b(?:\s\w+){0,2}?\s+(?:takes?|(?:will|shall) take)\s+"
        rf"(?:no more than |no longer than |only |just |at most |up to |under )?{NUMBER}\s+{UNIT}",
    ),
    rule(
        "deadline_commitment",
        "promises a date",
        rf"\b{FUTURE}(?:meet|keep to|honou?r|stick to|hit|not (?:miss|exceed))\s+(?:the|our|that|this|your)\b.{{0,30}}"
        rf"(?:deadlines?|dates?|{DAY})\b",
    ),
    rule(
        "deadline_commitment",
        "promises to be or bring something by a given time",
        rf"\b{FUTURE}be (?:ready|gone|working|up and running|live|in place|in your hands|with you|at your)\b"
        rf"|\byou {FUTURE}have (?:the|your) (?!right|chance|option|opportunity|choice|say)"
        r"|\b(?:letter|card|licen[cs]e|permit|certificate|award|notice|order|parcel|router|replacement|contract|keys?)"
        r"s?\b(?: \w+){0,2}? (?:goes out|go out|ships?|leaves?|arrives?|lands?)\b",
        timed=True,
    ),
    rule(
        "completion_promise",
        "says when a result reaches the reader",
        rf"\b{RESULT} (?:letter|notice|e-?mail)s?\s+(?:{FUTURE}(?:reach|arrive|follow|come|land|go out|"
        r"be (?:sent|posted|issued|with|in))|(?:goes|leaves|reaches|arrives))\b"
        rf"|\b{FUTURE}not (?:have|need) to wait (?:any )?(?:longer|more) than\b",
        timed=True,
    ),
    rule(
        "completion_promise",
        "says when a result reaches the reader",
        rf"\b{RESULT}{OF}\s+{FUTURE}(?:reach|arrive|get to|come to|follow|land|find)\b",
        timed=True,
    ),
    rule(
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
    rule(
        "completion_promise",
        "promises an end by a given time",
        r"\b(?:case|file|claim|review|complaint|matter|repair|job|work|dispute)\s+(?:closes|ends|wraps up|is over|"
        r"is (?:settled|resolved|finished|done|fixed))\b(?!.{0,60}\b(?:if|unless)\b)"
        rf"|\b{FUTURE}(?:have|get) (?:this|it|that|everything|all this|the \w+|your \w+) (?:all )?(?:sorted|fixed|"
        r"wrapped up|settled|cleared|resolved|finished|done|repaired|ready|closed|over with)\b"
        rf"|\b{FUTURE}(?:put|set) (?:it|this|that|things|everything|matters) (?:right|straight)\b",
        timed=True,
    ),
)
