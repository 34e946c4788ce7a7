"""Patterns of a normalised English clause that says how something will be decided, or vouches; data, no code."""

from __future__ import annotations

from typing import Final

from milo_bench.guards.promises.english.lexicon import ADV, FUTURE, GAP, LOST, MONEY, OF, OURS, RESULT, SURE, THING, WON
from milo_bench.guards.promises.english.rules.rule import PromiseRule, rule

OUTCOMES: Final[tuple[PromiseRule, ...]] = (
    rule(
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
    rule(
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
        rf"|\b(?:we|i) (?:(?:can|do|hereby|personally|will) ){{0,6}}{SURE}\b.{{0,60}}\b(?:approv|"
        r"accept|grant|succe|positive|favou?r|win|los[es]|reverse|keep|everything|cover|full|uph)",
    ),
    rule(
        "outcome_guarantee",
        "asks the reader to rely on it",
        r"\b(?:count|bank|rely|depend) on (?:(?:us|me) to\b|getting\b|receiving\b|having\b|being\b|it being\b|"
        r"(?:the|your) [\w ]{1,40}? being\b)",
        news=True,
    ),
    rule(
        "outcome_guarantee",
        "guarantees what will happen",
        rf"\b(?:assured|trust me|mark my words|have (?:my|our) (?:\w+ )?(?:word|assurance|guarantee|promise)|"
        rf"(?:my|our) (?:\w+ )?(?:word|assurance|guarantee|promise) that)\b.{{0,60}}?\b(?:{FUTURE}|is safe|gets? )"
        rf"|\b(?:we|i) (?:can |do )?(?:personally )?(?:assure|promise) you\b.{{0,60}}?\b{FUTURE}"
        rf"|\bno (?:way|chance)(?: that)? (?:they|it|this|the \w+|anyone) {FUTURE}",
        news=True,
    ),
    rule(
        "outcome_guarantee",
        "guarantees what will happen",
        rf"\b(?:count|bank|rely|depend) on (?:an?|the|your|our|that) (?:\w+ )?(?:{RESULT}|{MONEY}|approval)\b"
        r"|\bto your (?:full |complete |entire )?satisfaction\b"
        r"|\bconsider (?:it|this|that|(?:the|your) \w+) (?:done|settled|sorted|closed|approved|resolved|paid|fixed)\b",
        news=True,
    ),
    rule(
        "outcome_guarantee",
        "says that it is settled or safe",
        r"\b(?:a done deal|in the bag|plain sailing|home and dry|cast[- ]iron|rock[- ]solid)\b"
        rf"|\b(?:{MONEY}|{THING}|place|sum|amount)\b{OF}\s+(?:is|are)\s+(?:\w+ly )?(?:as good as )?"
        r"(?:yours|guaranteed|in the bag|safe and sound)\b"
        r"|\bas good as (?:yours|paid|in your \w+)\b",
    ),
    rule(
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
    rule(
        "outcome_guarantee",
        "promises that nothing is lost or owed",
        rf"\b(?:you|it|this|nothing|nobody|no one|none of (?:it|this)) {FUTURE}(?:not |never )?(?:be )?"
        r"(?:cost(?:ing)? you|pay(?:ing)?|owe|be charged|charge you|be asked (?:to pay|for)|be out of pocket)"
        r"(?: (?:a|one|another|any(?:thing)?|more|extra|single))* ?(?:penny|cent|thing|more|extra|again|bean|"
        r"dime|pocket)\b"
        rf"|\b(?:nobody|no one|nothing) {FUTURE}(?:be )?(?:charged?|deducted?|taken|billed?|chased?|bother)\b"
        rf"|\b{FUTURE}(?:be made|make you|leave you|see you) (?:whole|no worse off|right)\b",
    ),
    rule(
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
    rule(
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
