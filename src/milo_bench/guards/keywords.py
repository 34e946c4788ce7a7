"""A note in, the words in it that send it to a person whatever a model says out; it rather rings too often than misses.

A rail in front of a classifier: any hit means human review. So nothing takes a hit away. "No lawyer is
involved", a quoted clause and a closed case ring as well; a person clears them in seconds, and a rule
that read denials would one day read "he did not threaten to sue, he has sued" as harmless. Negation
only ever adds: "will not accept", "refuses to pay", "never paid" are payment disputes because of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from milo_bench.core.keyword_sets import KeywordSet
from milo_bench.core.records import Frozen

# Each entry is a pattern over one or a few words, at word edges, in any case. ``_`` stands for white space, line
# breaks included; ``…`` for up to 40 characters within a sentence.
KEYWORDS: Final[Mapping[KeywordSet, tuple[str, ...]]] = MappingProxyType(
    {
        "litigation": (
            r"litigat\w*",
            r"law_?suits?",
            r"su(?:e|es|ed|ing)",
            r"solicitors?",
            r"lawyers?",
            r"attorneys?",
            r"barristers?",
            r"counsel(?:'s)?",
            r"legal_(?:action|advice|proceedings|representatives?|fees|team|claim)",
            r"(?:issue|start|begin|bring|serve)\w*_(?:court_)?proceedings",
            r"proceedings",
            r"courts?",
            r"tribunals?",
            r"writs?",
            r"summons(?:es|ed)?",
            r"subpoena\w*",
            r"injunctions?",
            r"letter_before_(?:action|claim)",
            r"pre-action|without_prejudice",
            r"statutory_demand",
            r"arbitrat\w*",
            r"particulars_of_claim",
            r"claim_form_(?:from|has_been|was)",
            r"indemnity_basis",
            r"hearing_(?:listed|date|on)",
            r"llp",
        ),
        "regulator": (
            r"ombuds(?:man|men|woman|person|man's)?",
            r"regulat(?:or|ors|or's|ory)",
            r"fca|fos|fsa|pra|ico|hse|naic|bafin",
            r"financial_conduct_authority",
            r"insurance_(?:commissioner|department|commission)",
            r"trading_standards",
            r"data_protection_(?:authority|commissioner|officer)",
            r"supervisory_authority",
            r"health_and_safety_executive",
            r"formal(?:ly)?_complain\w*",
            r"complain\w*_to_(?:the|my|our)",
            r"unfair_claims?_practices?",
            r"improvement_notice",
            r"(?:my|our|his|her|their|customer's)_mp",
            r"member_of_parliament",
        ),
        "injury": (
            r"hospital\w*",
            r"intensive_care|icu|ward",
            r"ambulance\w*",
            r"surger(?:y|ies)|operat(?:ed|ion)_on|operation",
            r"fractur\w*",
            r"broken_(?:bones?|neck|back|spine|hip|leg|arm|skull|pelvis|wrist|ankle|collarbone|femur)",
            r"broken_an?_(?:arm|leg|hip)",
            r"amputat\w*",
            r"paraly[sz]\w*",
            r"unconscious|coma|concuss\w*|ventilator|life[- ]support",
            r"spin(?:e|al)",
            r"brain",
            r"burn(?:s|ed|t)?_(?:on|to|over)",
            r"burns",
            r"died|dead|death|dies|dying|fatal\w*|killed|deceased|estate_of",
            r"critical(?:ly)?",
            r"serious(?:ly)?_(?:injur\w*|hurt|ill|one)",
            r"lost_(?:the_)?(?:sight|use|feeling)",
            r"airlift\w*|helicopter",
            r"collapsed",
            r"life[- ](?:changing|threatening)",
            r"bleed(?:ing|s)?",
        ),
        "payment_dispute": (
            r"disput\w*",
            r"underpaid|under-paid|short-paid",
            r"(?:reject|decline)(?:s|ed|ing)?_(?:the|your|our|this|that|any)…(?:offer|settlement|payment|sum|figure)",
            r"(?:refus|den)\w*…(?:pay|payment|payments|paid|settle|settlement|offer|cheque)",
            r"(?:pay|payment|payments|cheque|settlement)…(?:refused|withheld|recalled|denied)",
            r"(?:will|would|do|does|did|shall|can)(?:_not|n't|n’t|not)_(?:accept|agree|sign|cash)",
            r"(?:never|not)_(?:been_)?paid",
            r"stop(?:s|ped|ping)?_(?:the_)?(?:payments?|premiums?|standing_order|direct_debit|all_dealings)",
            r"payment_stopped",
            r"demand(?:s|ed|ing)?_(?:full_)?(?:payment|the_full|the_money|repayment)",
            r"payment_in_full|plus_interest",
            r"final_offer",
            r"charge_?back|bad_faith",
        ),
        "threat": (
            r"threat(?:s|en|ens|ened|ening)?",
            r"(?:will|you'll|'ll|would|they'd)_(?:all_)?(?:regret|be_sorry|pay_for)",
            r"be_sorry",
            r"i_(?:will|shall|'ll)_(?:come|find|burn|kill|hurt|get|smash)|i'll_(?:come|find|burn|kill|hurt|get|smash)",
            r"i_am_coming|i'm_coming",
            r"coming_to_(?:your|the)_(?:office|branch|house|home)",
            r"know_where…(?:lives?|live|parks?|works?)",
            r"(?:kill|killing|kills|killers?|suicide|shoot|stab|strangle|bullets?|guns?|knife|bomb|bat)",
            r"(?:get|gets|be|going_to_get)_hurt",
            r"burn…(?:down|office|branch|house)",
            r"finish_(?:him|her|you|them)",
            r"nothing_left_to_lose",
            r"better_off_without_me|end_it_all|harm_(?:myself|himself|herself)",
            r"watch_your_back|or_else",
            r"have_(?:your|her|his)_address",
        ),
    }
)


class KeywordHit(Frozen, frozen=True):
    """Words at ``start`` to ``end`` of the note that belong to ``keyword_set``."""

    keyword_set: KeywordSet
    start: int
    end: int
    text: str


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[KeywordSet, re.Pattern[str]], ...]:
    made = []
    for name, entries in KEYWORDS.items():
        joined = "|".join(f"(?:{entry})" for entry in entries)
        source = joined.replace("_?", r"[\s-]?").replace("_", r"\s+").replace("…", r"[^.!?\n]{0,40}?\b")
        made.append((name, re.compile(rf"(?<!\w)(?:{source})(?!\w)", re.IGNORECASE)))
    return tuple(made)


def keyword_risk(text: str) -> tuple[KeywordHit, ...]:
    """Every hit of every keyword set, in the order of the text; empty means that the rail lets the note pass."""
    plain = text.replace("’", "'").replace("‘", "'").replace("\u00a0", " ")
    hits = [
        KeywordHit(name, *match.span(), text[slice(*match.span())])
        for name, pattern in _patterns()
        for match in pattern.finditer(plain)
    ]
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.keyword_set)))
