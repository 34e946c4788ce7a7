"""Patterns of a normalised English clause that promises money; data, no code."""

from __future__ import annotations

from typing import Final

from milo_bench.guards.promises.english.lexicon import ADV, FUTURE, GAP, MONEY, OF, OURS, SURE
from milo_bench.guards.promises.english.rules.rule import PromiseRule, rule

PAYMENTS: Final[tuple[PromiseRule, ...]] = (
    rule(
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
    rule(
        "payment_promise",
        "promises a payment",
        r"\b(?:claims?|invoices?|bills?|expenses|costs?|loss(?:es)?|damages?|premiums?|salary|wages|pension|"
        rf"allowance|entitlement|account)\s+(?:{OF}\s+)?{FUTURE}be\s+{ADV}(?:paid|reimbursed|refunded|compensated|"
        r"paid out|met in full|settled in full)\b"
        r"(?! (?:by|from) (?:you|the (?:claimant|customer|tenant|policyholder)))",
    ),
    rule(
        "payment_promise",
        "promises a payment",
        rf"\b{MONEY}{OF}\s+(?:is|are|gets?)\s+(?:paid|issued|released)\b",
        timed=True,
    ),
    rule(
        "payment_promise",
        "promises when money is paid or received",
        rf"\b{MONEY}{OF}\s+(?:(?:goes|go)(?: out)?|leaves?|lands?|arrives?|clears?|comes?|hits?|reaches)\b"
        rf"|\b{MONEY}{OF}\s+{FUTURE}(?:take place|clear|be (?:forthcoming|available|in|{ADV}(?:remitted|disbursed|"
        r"settled|returned)))\b",
        timed=True,
    ),
    rule(
        "payment_promise",
        "promises a payment",
        rf"\b{SURE} (?:you )?(?:to |that we will |that you will be )?(?:pay|reimburse|refund|compensate|cover)"
        rf"|\b(?:we|i|they|{OURS}|insurer)\s+{FUTURE}cover (?:the|your|all|any) (?:\w+ )?(?:costs?|bills?|expenses?)"
        rf"|\b{MONEY}\s+(?:is|are) on (?:its|the|their) way\b|\b{FUTURE}have paid you\b",
    ),
    rule(
        "payment_promise",
        "promises a payment",
        rf"\b(?:{MONEY}|entitlement|allowance|pension)\s+{FUTURE}be\s+{ADV}(?:backdated|topped up|doubled|made up)\b",
    ),
    rule(
        "payment_promise",
        "promises when money or service returns",
        rf"\b(?:{MONEY}|cover(?:age)?|service|supply|allowance|pension|entitlement)\s+(?:restarts?|resumes?|"
        r"starts? again|comes? back)\b",
        timed=True,
    ),
    rule(
        "payment_promise",
        "promises a payment",
        rf"\b{FUTURE}be\s+{ADV}(?:refunded|reimbursed|paid back|repaid|re-?credited)\b"
        r"(?! (?:by|from) (?:you|the (?:claimant|customer|tenant|policyholder)))",
    ),
    rule(
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
    rule(
        "payment_promise",
        "promises when money is paid or received",
        rf"\b(?:{MONEY}|transfer){OF}\s+(?:is|are)\s+(?:scheduled|set|booked|timed|lined up|planned|down) "
        r"(?:to|for)\b"
        r"|\b(?:we|i)\s+(?:pay|pay out|refund|reimburse|repay|credit|settle)\b(?! .{0,40}\b(?:usually|normally|most|"
        r"approv\w+|if|once)\b)"
        rf"|\blook forward to (?:an?|the|your)\s+(?:\w+ )?{MONEY}\b|\byou (?:can|may) expect .{{0,30}}{MONEY}\b",
        timed=True,
    ),
)
