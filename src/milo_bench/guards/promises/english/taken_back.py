"""What takes the promise out of a normalised English clause, as patterns; data, no code."""

from __future__ import annotations

import re

DISCLAIMED = re.compile(
    r"\b(?:(?:do(?:es)?|should|must|can|may|will|would|could|did|please do) not (?:\w+ )?"
    r"(?:expect|count|rely|bank|depend|assume|conclude|infer|"
    r"anticipate|suppose|say|suggest|confirm|think|believe|hope)|"
    r"(?:refus|declin)(?:e|es|ed|ing) to|(?:un|not )willing to|(?:un|not |not at all )(?:certain|sure|clear|known|"
    r"likely|"
    r"decided|guaranteed|assured|settled|given)|far from (?:certain|sure|clear|guaranteed|likely|given)|"
    r"anything but (?:certain|sure|clear)|"
    r"(?:under|in) no circumstances|by no means|in no way|on no account|"
    r"(?<!no )(?<!out )(?<!yond )(?<!not )(?<!never )(?<!nobody )(?<!one )doubt(?:ful|s)?(?: that| whether| if)|"
    r"no (?:certainty|assurance|undertaking|obligation)|avoid (?:assuming|promising)|"
    r"(?:refrain|stop short) (?:from|of)|"
    r"(?:nobody|no one|none of us|no (?:insurer|office|company|person))(?: \w+){0,3}? "
    r"(?:promise|guarantee|assure|commit|know|say)s?|"
    r"no (?:payment|refund|compensation|reimbursement|payout|money) (?:will|can|shall) (?:be (?:made|issued|paid|sent|"
    r"released|transferred|given)|follow)|"
    r"cannot|(?:un|not )able to|will not be able|not (?:yet )?(?:in a position|possible|a (?:promise|"
    r"guarantee|decision|commitment))|do(?:es)? not "
    r"(?:know|promise|guarantee|mean|accept|take|assume|admit|imply|commit|constitute|make)|not (?:take|read|"
    r"treat) this|no "
    r"(?:guarantees?|promises?|date|commitment|admission|(?:final )?decision|time|way (?:of|to))\b|"
    r"never (?:assume|promise|said|guarantee)|nothing in this|neither|"
    r"too early|wrong to (?:tell|say|assume|promise)|would be wrong|not been|not mean|impossible to|"
    r"without (?:any )?(?:admission|guarantee|prejudice)|"
    r"rather than|have not|has not|did not)\b"
)
HEDGED = re.compile(
    r"\b(?:aims?|aiming|hopes?|hoping|try|tries|trying|target|would like|might|may|could|possibl[ey]|probably|"
    r"usually|normally|typical(?:ly)?|generally|"
    r"on average|some claims|do (?:our|my) best|do everything|best efforts|endeavou?r|strive|as (?:quickly|"
    r"soon) as (?:we|possible)|often|sometimes|perhaps|maybe)\b"
)
OTHERS = re.compile(
    r"^(?:and |but |so |in your \w+,? |as )?(?:(?:you|he|she|(?:the|your|a|our) (?:claimant|applicant|customer|"
    r"policyholder|employer|doctor|landlord|"
    r"hospital|surgery|bank|manufacturer|supplier|solicitor|lawyer|letter|e-?mail|note|message|colleague|friend|insurer|surgeon|gp|tribunal|"
    r"neighbou?r|wife|husband|son|daughter|mother|"
    r"father|garage|school|caller|member|tenant))\b(?! (?:can|should|will|may|could|"
    r"shall)\b)(?: (?:\w+ ){0,4}?)?(?:ha(?:s|ve|d) )?(?:also )?(?:ask|sa(?:y|id)|wr[io]te|told|tell|want|request|"
    r"believe|hope|"
    r"demand|mention|state|expect|claim|note|think|feel|insist|report|would like|was told|were told|been told|"
    r"promis|indicat|understood|understand)\w*\b"
    r"|according to\b|(?:we|i) (?:note|understand|see|appreciate) (?:that |your |from )|you want|you expect)"
)
OTHER_ACTOR = re.compile(
    r"\b(?:your|the|his|her|their|my) (?:\w+ )?(?:employer|doctor|landlord|hospital|surgery|bank|solicitor|lawyer|"
    r"insurer|surgeon|gp|tribunal|court|police|garage|school|"
    r"policy|deadline|form|meeting|hours|university|ministry|council|claimant|applicant|customer|wife|husband|"
    r"son|daughter|supplier|courier)\s+(?:also )?$|\b(?:he|she) $"
)
INDIRECT = re.compile(
    r"\b(?:ask\w*|say|said|tell|told|know|sure|clear|confirm|decides?|determine|predict|see|check|find out|"
    r"by which)\b[^,]*\b(?:when|whether|if|how|why|by which|which)\b"
    r"|\bwhether\b|\bby which\b|^(?:when|how|why)\b|\b(?:describes?|explains?|sets out) how\b"
)
NARRATED = re.compile(
    r"^(?:and )?(?:we|i) (?:had |have )?(?:promised|said|told|wrote|stated)\b|\b(?:last (?:week|month|year)|"
    r"yesterday)\b"
)
WARNING = re.compile(
    r"\b(?:without (?:the|your|a|it|this)|unless|if (?:you|we|it|the \w+|they) (?:do|does|is|are|have|has|"
    r"fail)s? ?(?:not|to)?\b.*\bnot|failure to|failing)\b"
)
