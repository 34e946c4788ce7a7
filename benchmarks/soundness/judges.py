"""Judges with known error rates and answers with a known truth in, how often a gate on corrected verdicts errs out."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.config.policy.judges import JudgeTerms
from milo_bench.stats.exact import exact_ends
from milo_bench.stats.judge_calibration import Confusion, corrected_ends, grant_licence

ANSWERS = 180
LABELS = 100
CONFIDENCE = 0.95
# (sensitivity, specificity): good alike, strict, lenient, hardly licensed.
JUDGES = ((0.95, 0.95), (0.7, 0.99), (0.99, 0.7), (0.8, 0.8))
BOUNDS = (0.3, 0.6, 0.9)
_MANY = 20  # draws for each decision of the other roads: these are quick


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Answers that people would accept at exactly the threshold; labels of both kinds at random.

    A judge that gets no licence decides nothing, so it keeps nothing. ``naive`` takes the judge at its word.
    """
    rows, draws = [], runs * _MANY
    for sensitivity, specificity in JUDGES:
        for bound in BOUNDS:
            kept = rejected = raw = raw_rejected = licensed = 0
            for _ in range(draws):
                labelled = _labels(random, sensitivity, specificity)
                said = _said(random, bound, sensitivity, specificity)
                low, high = corrected_ends(said, ANSWERS, ANSWERS, labelled, CONFIDENCE)
                granted = grant_licence(labelled, terms=JudgeTerms()).granted
                licensed += granted
                kept += granted and low >= bound
                rejected += granted and high < bound
                ends = exact_ends(said, ANSWERS, CONFIDENCE)
                raw += ends[0] >= bound
                raw_rejected += ends[1] < bound
            setting = f"sensitivity {sensitivity:.2f}, specificity {specificity:.2f}, threshold {bound}"
            rows.append(Row(f"wrong keep, {setting}", 0.05, Found(kept, draws), Found(raw, draws)))
            rows.append(Row(f"wrong reject, {setting}", 0.05, Found(rejected, draws), Found(raw_rejected, draws)))
            rows.append(Row(f"  licensed, {setting}", None, Found(licensed, draws)))
    rows += _beside_checks(random, draws)
    rows += _licences(random, draws)
    return rows


def _labels(random: Random, sensitivity: float, specificity: float, share: float = 0.5) -> Confusion:
    yes = int(random.binomial(LABELS, share))
    true_yes, true_no = int(random.binomial(yes, sensitivity)), int(random.binomial(LABELS - yes, specificity))
    return Confusion(true_yes=true_yes, false_no=yes - true_yes, true_no=true_no, false_yes=LABELS - yes - true_no)


def _said(random: Random, truth: float, sensitivity: float, specificity: float, n: int = ANSWERS) -> int:
    good = int(random.binomial(n, truth))
    return int(random.binomial(good, sensitivity) + random.binomial(n - good, 1 - specificity))


def _beside_checks(random: Random, draws: int) -> Sequence[Row]:
    """Other checks fail some answers, and what is left is judged: the pass rate is exactly the threshold."""
    rows = []
    for passing, of_these in ((0.8, 0.75), (0.9, 2 / 3)):
        kept = rejected = 0
        for _ in range(draws):
            labelled = _labels(random, 0.9, 0.85)
            eligible = int(random.binomial(ANSWERS, passing))
            said = _said(random, of_these, 0.9, 0.85, eligible)
            low, high = corrected_ends(said, eligible, ANSWERS, labelled, CONFIDENCE)
            kept += low >= passing * of_these
            rejected += high < passing * of_these
        setting = f"other checks pass {passing:.0%}, people accept {of_these:.0%} of these"
        rows.append(Row(f"wrong keep, {setting}", 0.05, Found(kept, draws)))
        rows.append(Row(f"wrong reject, {setting}", 0.05, Found(rejected, draws)))
    return rows


def _licences(random: Random, draws: int) -> Sequence[Row]:
    """A judge whose sensitivity or specificity is exactly at the terms must rarely be licensed."""
    terms, rows = JudgeTerms(), []
    for sensitivity, specificity in ((terms.sensitivity, 0.99), (0.99, terms.specificity)):
        granted = sum(grant_licence(_labels(random, sensitivity, specificity)).granted for _ in range(draws))
        setting = f"sensitivity {sensitivity:.2f}, specificity {specificity:.2f}"
        rows.append(Row(f"a licence at the terms, {setting}", 0.05, Found(granted, draws)))
    return rows


ROAD = Road(
    "a judge's verdicts taken as they are",
    f"{ANSWERS} answers judged, {LABELS} labels, truth at the threshold",
    simulate,
)
