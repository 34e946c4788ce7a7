"""Rules with known recall and false flags, answers with a known truth and labels of a sample in, wrong verdicts out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from benchmarks.soundness.candidates import evidence
from benchmarks.soundness.road import Found, Random, Road, Row
from milo_bench.config.policy.file import PolicyFile, read_policy
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.figures import Figures
from milo_bench.decide.gates.flagged import detector_counts
from milo_bench.decide.gates.judge import judge_gates
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.decide.records import Candidate
from milo_bench.decide.review import order_at_random
from milo_bench.stats.cases.columns import NOT_JUDGED
from milo_bench.stats.exact import exact_ends

BOUND = 0.12
ANSWERS = 120
LABELS = 40
# (recall, false flags), from the least to the most that an audit found by kind of text.
RULES = ((0.12, 0.0), (0.25, 0.0), (0.59, 0.05), (0.46, 0.22), (0.9, 0.41))
WORK = Candidate("w0", "t0")


def _policy(*, safety: bool) -> PolicyFile:
    gate = f"{{measure: unsupported_claim_rate, at_most: {BOUND}, safety: {str(safety).lower()}}}"
    rules = "[{name: rest, when: [], finding: defer}]"
    return read_policy(f"policy: 1\nworkloads:\n  w0: {{gates: [{gate}]}}\nfindings: {rules}\n")


def simulate(runs: int, random: Random) -> Sequence[Row]:
    """Answers of which exactly ``BOUND`` are wrong. ``naive`` takes the share of flags for the share of wrong answers.

    The labelled answers are drawn as ``review sample --at-random`` draws them. Without labels the share of flags
    decides a gate that is no safety gate, corrected by rules whose recall and false flags were counted on other texts.
    """
    rows = []
    for recall, false in RULES:
        kept = rejected = flags_kept = flags_rejected = 0
        for seed in range(runs):
            wrong, flagged = _answers(random, recall, false)
            outcome = _outcome(_labelled(wrong, flagged, seed), safety=True)
            kept += outcome == "pass"
            rejected += outcome == "fail"
            low, high = exact_ends(int(flagged.sum()), ANSWERS, 0.95)
            flags_kept += high <= BOUND
            flags_rejected += low > BOUND
        setting = f"safety gate, recall {recall:.2f}, false flags {false:.2f}"
        rows.append(Row(f"wrong keep, {setting}", 0.05, Found(kept, runs), Found(flags_kept, runs)))
        rows.append(Row(f"wrong reject, {setting}", 0.05, Found(rejected, runs), Found(flags_rejected, runs)))
    counts = detector_counts()
    recall, false = counts.caught / counts.wrong, counts.false / counts.right
    for what, truth, verdict in (("keep", BOUND, "pass"), ("reject", BOUND, "fail")):
        err = sum(
            _outcome(_flags_only(*_answers(random, recall, false, truth)), safety=False) == verdict for _ in range(runs)
        )
        setting = f"no safety gate, flags corrected, recall {recall:.2f}, false flags {false:.2f}"
        rows.append(Row(f"wrong {what}, {setting}", 0.05, Found(err, runs)))
    alone = 0
    for truth in (0.0, 0.5):
        for _ in range(runs):
            alone += _outcome(_flags_only(*_answers(random, 0.25, 0.3, truth)), safety=True) != "undecided"
    rows.append(Row("a safety gate decided by flags alone", 0.0, Found(alone, 2 * runs)))
    return rows


def _answers(random: Random, recall: float, false: float, truth: float = BOUND) -> tuple[np.ndarray, np.ndarray]:
    wrong = random.random(ANSWERS) < truth
    return wrong, np.where(wrong, random.random(ANSWERS) < recall, random.random(ANSWERS) < false)


def _flags_only(wrong: np.ndarray, flagged: np.ndarray) -> Evidence:
    made = evidence({(0, 0): ~wrong})
    cases = replace(made.cases[WORK], unsupported=flagged.astype(np.int8))
    return replace(made, cases={WORK: cases})


def _labelled(wrong: np.ndarray, flagged: np.ndarray, seed: int) -> Evidence:
    made = _flags_only(wrong, flagged)
    places = made.fixtures.numbers()
    drawn = order_at_random(made.cases[WORK], made.fixtures, WORK, seed)[:LABELS]
    scores = {one: {"unsupported_claims": 1 if wrong[places[one[0]]] else 5} for one in drawn}
    return replace(made, labels={WORK: PeopleSaid(ANSWERS, scores)})


def _outcome(made: Evidence, *, safety: bool) -> str:
    assert (made.cases[WORK].unsupported != NOT_JUDGED).all()
    return judge_gates(_policy(safety=safety), made, WORK, Figures())[0].outcome


ROAD = Road(
    "a safety gate on a blind detector",
    f"{ANSWERS} answers, {LABELS} of them labelled, {BOUND:.0%} of all answers wrong: the threshold",
    simulate,
)
