"""What grading and measuring make of a run log's records: verdicts on each attempt, and figures over many."""

from __future__ import annotations

from typing import Literal, TypeAlias

from milo_bench.core.records.frozen import Frozen, Tokens
from milo_bench.core.records.log import AttemptKey, Decoding


class Span(Frozen, frozen=True):
    """Characters ``start`` to ``end`` (exclusive) of the output or of a named part of the input."""

    where: str  # "output", or "input.document", "input.events[E-0412]" …
    start: int
    end: int
    label: str = ""


VerdictOutcome: TypeAlias = Literal["pass", "fail", "flag", "skip", "unjudged"]


class Verdict(Frozen, frozen=True):
    """One check's judgement of one attempt.

    ``flag`` asks for a person's review and never counts as a pass; ``skip`` means the check does not apply to this
    fixture, ``unjudged`` that it could not read what it needs to judge this answer. ``subject`` names the part judged
    where a check judges several (a field, a sentence). A check that counts parts says how many held:
    ``parts_held`` of ``parts`` (claim sentences with a citation, of all of them).
    """

    check: str
    version: str
    outcome: VerdictOutcome
    category: str = ""  # error category, e.g. "malformed_json", "wrong_field", "stale_status"
    reason: str = ""
    subject: str = ""
    spans: tuple[Span, ...] = ()
    expected: str = ""
    got: str = ""
    parts_held: Tokens | None = None
    parts: Tokens | None = None


class Graded(Frozen, frozen=True, tag="graded", tag_field="type"):
    """All verdicts of one attempt. ``passed`` is None where nobody knows: for a failure, and for an unjudged answer."""

    key: AttemptKey
    workload: str
    verdicts: tuple[Verdict, ...]
    passed: bool | None

    @property
    def unjudged(self) -> bool:
        """Whether the model answered, and no check failed, but one that was asked for could not judge."""
        return self.passed is None and any(verdict.outcome == "unjudged" for verdict in self.verdicts)


class Interval(Frozen, frozen=True, omit_defaults=False):
    """``low`` to ``high`` at ``confidence``, by ``method``; None at an end that the data do not bound."""

    low: float | None
    high: float | None
    confidence: float
    method: str


class Measure(Frozen, frozen=True):
    """A figure with n, unit, interval and the records it came from.

    ``value`` is None where the data give none (an empty class, no token counts, a quantile among failed attempts);
    ``note`` then says why. ``slice`` narrows the rows, e.g. ``field=received_date`` or ``tag=long``.
    """

    name: str
    workload: str
    target: str
    value: float | None
    unit: str
    n: int
    slice: str = ""
    interval: Interval | None = None
    k: int | None = None  # successes, for a rate
    decoding: Decoding = "free"
    note: str = ""
    records: tuple[str, ...] = ()  # attempt keys as text, for figures on few records
