"""What a commitment is: its kind, its place and the reason."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from milo_bench.core.records import Frozen

PromiseKind: TypeAlias = Literal[
    "completion_promise",  # a result or an end by a time: "the review will be completed within five days"
    "completion_estimate",  # the same said as an expectation: "the review is expected to be completed by …"
    "outcome_guarantee",  # how it will be decided: "your claim will be approved"
    "payment_promise",  # money: "you will be refunded"
    "deadline_commitment",  # another act of ours by a time: "we will assign an inspector by Monday"
    "liability_admission",  # "this was our fault"
    "waiver",  # a rule put aside: "we will make an exception"
    "possible_promise",  # no rule holds, and the clause is not clearly harmless
]
POSSIBLE: Final[PromiseKind] = "possible_promise"
UNSURE: Final = "may be a promise that no rule describes"
SUSPECTED: Final = "is worded like promises that people labelled"


class Promise(Frozen, frozen=True, omit_defaults=False):
    """A commitment in ``source[start:end]`` (the clause); ``reason`` is for people."""

    start: int
    end: int
    text: str
    kind: PromiseKind
    reason: str
