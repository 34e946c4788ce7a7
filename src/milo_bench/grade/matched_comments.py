"""Golden comments, a reviewer's comments and a judge's matches in, how many of each were found out; pure.

A judge says which comment names the same fault as which golden one. Two golden comments may be matched by one comment,
which then counts once as right. Comments that match nothing are wrong, golden ones without a match are missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class MatchedComments:
    """``found`` of ``golden`` golden comments, ``right`` of ``given`` comments of the reviewer."""

    found: int
    golden: int
    right: int
    given: int


def count_matches(golden: Iterable[str], given: Iterable[str], matches: Iterable[tuple[str, str]]) -> MatchedComments:
    """The counts of one review. ``matches`` are pairs of a golden and a given comment; texts are compared as they are.

    A match that names a comment which is not among ``given`` makes its golden comment found all the same, and adds that
    comment to those given: some judges quote a comment in their own words.
    """
    golden_ones, given_ones = set(golden), set(given)
    pairs = [(one, other) for one, other in matches if one in golden_ones]
    right = {other for _, other in pairs}
    return MatchedComments(
        found=len({one for one, _ in pairs}),
        golden=len(golden_ones),
        right=len(right),
        given=len(given_ones | right),
    )
