"""A kind, a reason and a pattern in, a rule of English commitments out."""

from __future__ import annotations

import re
from typing import NamedTuple

from milo_bench.guards.promises.promise import PromiseKind


class PromiseRule(NamedTuple):
    """``pattern`` over a normalised clause; ``timed``: only with a time expression or a condition of
    receipt; ``news``: not where the clause speaks of news alone."""

    kind: PromiseKind
    reason: str
    pattern: re.Pattern[str]
    timed: bool = False
    news: bool = False


def rule(kind: PromiseKind, reason: str, pattern: str, *, timed: bool = False, news: bool = False) -> PromiseRule:
    return PromiseRule(kind, reason, re.compile(pattern), timed, news)
