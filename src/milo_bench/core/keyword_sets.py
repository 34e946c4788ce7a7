"""The names of the keyword sets: the same for routing rules, which name them, and for the guardrail that finds them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

KeywordSet: TypeAlias = Literal["litigation", "regulator", "injury", "payment_dispute", "threat"]
KEYWORD_SETS: Final[tuple[KeywordSet, ...]] = get_args(KeywordSet)
