"""A gate on what rules only flag and answers that people labelled in, the rows that settle it out.

Rules miss most of what a person finds wrong, and flag some of what is right. So a safety gate on their flags is settled
by people's labels of answers drawn at random, never by the flags. Another gate takes the flags, corrected for what
the rules were measured to miss and to flag wrongly.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from milo_bench.config.policy.measures import known_measures, parse_slice
from milo_bench.config.policy.models import GateConfig
from milo_bench.decide.gates.ends import IntervalEnds
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.guards.measured import DetectorCounts, figures_of
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.columns import NOT_JUDGED, UNJUDGED, UNSUPPORTED_CHECKS, Cases, FixtureTable
from milo_bench.stats.cases.rows import RateRows, rows_in_slice
from milo_bench.stats.exact import exact_ends

DETECTOR: Final = "unsupported_facts_summaries"
NO_DIFFERENCE: Final = "flags of rules prove no difference from the baseline"
NO_LABELS: Final = "no sample of the answers has labels"


def question_of(gate: GateConfig) -> str:
    """The question of a review that settles ``gate``; "" for a gate that does not rest on flags."""
    if not gate.measure:
        return ""
    if gate.measure == "check_pass_rate":
        parts = parse_slice(gate.slice, gate.measure)
        flags = any(part.name == "check" and part.value in UNSUPPORTED_CHECKS for part in parts)
        return known_measures()["unsupported_claim_rate"].asked if flags else ""
    return known_measures()[gate.measure].asked


def waits_for_labels(gate: GateConfig) -> bool:
    """Whether no answer decides ``gate`` before people have labelled some."""
    return gate.safety and bool(question_of(gate))


class LabelledRows(Struct, frozen=True):
    """``rows`` of a gate as people labelled them, and how often rules agreed: ``caught`` of the ``wrong`` answers were
    flagged, and ``false`` of the ``right`` ones. ``answers`` is how many the sample was drawn from, ``from_gold`` that
    no person labelled them.
    """

    rows: RateRows
    answers: int
    caught: int
    wrong: int
    false: int
    right: int
    from_gold: bool = False

    @property
    def labelled(self) -> int:
        return round(float(self.rows.asked.sum()))


class RestsOnFlags(Struct, frozen=True):
    """What a gate has besides its ends: the share of answers that rules flagged, and what people said of some.

    ``why`` there are no labels. ``people_decide``: no flag does.
    """

    gate: GateConfig
    flags: RateRows
    labelled: LabelledRows | None
    why: str

    @property
    def of(self) -> int:
        return round(float(self.flags.asked.sum()))

    @property
    def flagged(self) -> int:
        held = round(float(self.flags.held.sum()))
        return self.of - held if self.gate.direction == "at_least" else held

    @property
    def people_decide(self) -> bool:
        return self.gate.safety or (self.labelled is not None and self.labelled.labelled > 0)


def labelled_rows(
    said: PeopleSaid, cases: Cases, table: FixtureTable, gate: GateConfig, rows: Bools | None
) -> LabelledRows:
    """The rows of ``gate`` within ``rows``, held as people said.

    Where rules looked at some of the answers, only those count: the others, such as a bare "HUMAN_REVIEW", claim
    nothing and would only thin out the rate.
    """
    label = said.column(cases, table, question_of(gate))
    keep = rows_in_slice(cases, table, gate.measure, slice=gate.slice, rows=rows)
    claims = cases.unsupported != NOT_JUDGED
    keep = keep & claims if claims.any() else keep
    wrong, right = keep & (label == 0), keep & (label == 1)
    held = right if gate.direction == "at_least" else wrong
    unscored = keep & (label == UNJUDGED)
    flagged = cases.unsupported == 1
    looked = cases.unsupported >= 0
    return LabelledRows(
        RateRows(
            held.astype(np.float64),
            (wrong | right).astype(np.float64),
            "people labelled none of these answers",
            unscored.astype(np.float64) if unscored.any() else None,
        ),
        said.answers,
        int((wrong & flagged).sum()),
        int((wrong & looked).sum()),
        int((right & flagged).sum()),
        int((right & looked).sum()),
        said.from_gold,
    )


def corrected_for_misses(ends: IntervalEnds, other: IntervalEnds, confidence: float, direction: str) -> IntervalEnds:
    """``ends`` of a share of flags as ends of the share that is wrong, each one-sided at ``confidence``.

    ``other`` are the ends of the flags at half the error; the other half is that of the measured recall and of the
    false flags (both Clopper and Pearson), so that both ends hold together (Bonferroni). The high end is the flags'
    over the least recall, the low one the flags' less the most false flags.
    """
    if ends.value is None or other.low is None or other.high is None:
        return replace(ends, low=None, high=None)
    found = detector_counts()
    sure = (1 + confidence) / 2
    least_recall = exact_ends(found.caught, found.wrong, sure)[0]
    most_false = exact_ends(found.false, found.right, sure)[1]
    flipped = direction == "at_least"
    low, high = (1 - other.high, 1 - other.low) if flipped else (other.low, other.high)
    raw = 1 - ends.value if flipped else ends.value
    recall, false = found.caught / found.wrong, found.false / found.right
    value = min(1.0, max(0.0, (raw - false) / (recall - false))) if recall > false else raw
    low, high = max(0.0, (low - most_false) / (1 - most_false)), min(1.0, high / least_recall)
    if flipped:
        value, low, high = 1 - value, 1 - high, 1 - low
    return replace(ends, value=value, low=low, high=high, k=None, method=f"{other.method}_corrected")


def detector_counts() -> DetectorCounts:
    """What rules caught and flagged of labelled summaries: figures of another kind of text than the team's own."""
    counts = figures_of(DETECTOR).counts
    assert counts is not None
    return counts
