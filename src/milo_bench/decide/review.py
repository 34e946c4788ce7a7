"""Graded attempts in, a stratified sample for people out; their scores in, measures of the whole population out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Frozen, Interval, Measure
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.gates.people import PeopleSaid
from milo_bench.decide.records import Candidate
from milo_bench.stats.agreement import alpha_interval, krippendorff_alpha
from milo_bench.stats.arrays import Bools
from milo_bench.stats.cases.columns import NOT_JUDGED, UNJUDGED, Cases, FixtureTable
from milo_bench.stats.stratified import stratified_mean

REVIEW_SCHEMA: Final = 1
CHANGED: Final = "the labelled answers are not those that the review's seed draws from these logs"
# Chosen by a person, or drawn at random among all answers; the others are strata.
Stratum: TypeAlias = Literal["disputed", "failed", "near", "passed", "chosen", "random"]

# The rubric: what is scored from 1 (useless or wrong) to 5 (as good as the best person's work).
RUBRIC: Final[Mapping[str, str]] = {
    "factual_coverage": "The facts that matter are there.",
    "unsupported_claims": "Nothing is said that the input does not support: 5 is none, 1 is many or grave.",
    "missing_documents": "What is missing is named, and nothing else is. Leave empty where it does not apply.",
    "usefulness": "A colleague could work with it as it stands.",
}
# Agreement below this is too little to rest on (Krippendorff 2004, p. 241: tentative conclusions from 0.667).
AGREEMENT_BAR: Final = 0.667


class ReviewItem(Frozen, frozen=True, omit_defaults=False):
    """One answer to review. ``id`` says nothing about the target, so that reviewers are blind to it."""

    id: str
    candidate: Candidate
    fixture: str
    repeat: int
    stratum: Stratum


class SampleKey(Frozen, frozen=True, omit_defaults=False):
    """What the review file leaves out: which answer each item is, and how many answers it stands for.

    ``sizes`` maps a candidate's text to the answers in each stratum; a candidate whose answers people chose has none,
    and scores of what was chosen measure no population. ``logs`` are the last seals of the run logs that
    the sample was drawn from (of a log without seals the hash of its file), which a log that grew still has.
    """

    schema_version: int
    seed: int
    logs: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    sizes: dict[str, dict[str, int]]
    rubric: dict[str, str] = {}

    @property
    def questions(self) -> Mapping[str, str]:
        """What people are asked, by name: the suite's own questions, or the built-in ones."""
        return self.rubric or RUBRIC


class Agreement(Frozen, frozen=True, omit_defaults=False):
    """How far reviewers agree on one question: Krippendorff's alpha, on how many items with two scores."""

    question: str
    alpha: float | None
    low: float | None
    high: float | None
    items: int
    reviewers: tuple[str, ...]


class ReviewedItem(Frozen, frozen=True, omit_defaults=False):
    """The middle score of people for one answer, by question: what a model judge is calibrated on."""

    candidate: Candidate
    fixture: str
    repeat: int
    scores: dict[str, int]


class Review(Frozen, frozen=True, omit_defaults=False):
    """Scores of a sample, as measures of the population that it was drawn from.

    ``random`` maps the text of each candidate whose answers were drawn at random, from ``seed``, to how many answers it
    had; its ``items`` are all that were drawn, those without scores too. Only such a sample can settle a safety gate.
    ``from_gold``: a program wrote the scores from known right answers, and no person did.
    """

    schema_version: int
    logs: tuple[str, ...]
    reviewers: tuple[str, ...]
    scored: int
    sampled: int
    measures: tuple[tuple[Candidate, Measure], ...]
    agreements: tuple[Agreement, ...]
    items: tuple[ReviewedItem, ...] = ()
    seed: int = 0
    random: dict[str, int] = {}
    from_gold: bool = False


Scores: TypeAlias = Mapping[tuple[str, str, str], int]  # (item, reviewer, question) -> 1..5


def draw_sample(
    evidence: Evidence, count: int, *, seed: int = 0, only: Sequence[str] = (), at_random: bool = False
) -> SampleKey:
    """About ``count`` answers of each candidate: what is disputed first, then a third that failed, a third near the
    line, a third that passed. ``at_random``: a simple random sample instead, which a safety gate can rest on.

    Disputed are answers on which a model judge and the checks, or two judges, disagree. Near the line is an answer that
    one check alone failed, or that was flagged. A stratum with too few gives its places to the others, and never fewer
    than two are drawn from one that has them, so that its spread is known. ``only`` narrows to workloads. Failures of
    the runtime and cases that a rail sent elsewhere hold no answer to review.
    """
    items: list[ReviewItem] = []
    sizes: dict[str, dict[str, int]] = {}
    for candidate in sorted(evidence.cases):
        if only and candidate.workload not in only:
            continue
        if at_random:
            drawn = order_at_random(evidence.cases[candidate], evidence.fixtures, candidate, seed)
            sizes[candidate.text] = {"random": len(drawn)}
            items += (_item_of(candidate, *one, "random", seed) for one in drawn[:count])
            continue
        strata = _strata(evidence, candidate)
        sizes[candidate.text] = {name: len(rows) for name, rows in strata.items()}
        random = np.random.default_rng([seed, *bytes.fromhex(sha256_text(candidate.text)[:16])])
        for name, take in _shares({name: len(rows) for name, rows in strata.items()}, count).items():
            for row in sorted(random.choice(strata[name], size=take, replace=False)) if take else ():
                items.append(_item(evidence, candidate, int(row), name, seed))
    # In an order that tells nothing of candidate or stratum.
    items.sort(key=lambda item: item.id)
    return SampleKey(
        REVIEW_SCHEMA, seed, tuple(sorted(log.seal or log.sha256 for log in evidence.logs)), tuple(items), sizes
    )


def order_at_random(cases: Cases, table: FixtureTable, candidate: Candidate, seed: int) -> list[tuple[str, int]]:
    """Every answer of a candidate as (fixture id, repeat), in an order whose first n are a simple random sample of n.

    By a hash of seed and answer, so that the order of rows and logs makes no difference, and a larger sample of the
    same seed holds the smaller one. Failed attempts, and cases that a rail sent elsewhere, have no answer.
    """
    answers = [
        (table.ids[cases.fixture[row]], int(cases.repeat[row])) for row in np.flatnonzero(_answered(cases)).tolist()
    ]
    return sorted(answers, key=lambda one: sha256_text(f"{seed}\x00{candidate.text}\x00{one[0]}\x00{one[1]}"))


def labels_of(
    review: Review | None, table: FixtureTable, cases: Mapping[Candidate, Cases]
) -> dict[Candidate, PeopleSaid]:
    """What people said of each candidate whose answers were drawn at random.

    The draw is worked out again from the review's seed: answers that somebody chose, or a log that has more answers
    than the sample was drawn from, are not used, and the reason is given.
    """
    if review is None or not review.random:
        return {}
    found: dict[Candidate, PeopleSaid] = {}
    for candidate, columns in cases.items():
        answers = review.random.get(candidate.text)
        if answers is None:
            continue
        scores = {(one.fixture, one.repeat): one.scores for one in review.items if one.candidate == candidate}
        drawn = order_at_random(columns, table, candidate, review.seed)
        same = len(drawn) == answers and set(drawn[: len(scores)]) == scores.keys()
        found[candidate] = PeopleSaid(answers, scores, "" if same else CHANGED, review.from_gold)
    return found


def _answered(cases: Cases) -> Bools:
    return np.asarray((cases.outcome != NOT_JUDGED) & ~cases.bypassed)


def _strata(evidence: Evidence, candidate: Candidate) -> dict[Stratum, list[int]]:
    cases = evidence.cases[candidate]
    answered = _answered(cases)
    unjudged = cases.outcome == UNJUDGED  # by a check: a person can
    failed_checks = sum(((column == 0).astype(int) for column in cases.held.values()), np.zeros(len(cases), dtype=int))
    disputed = answered & _disputed(cases)
    rest = answered & ~disputed
    near = rest & (unjudged | cases.flagged | ((cases.outcome == 0) & (failed_checks == 1)))
    passed = rest & (cases.outcome == 1) & ~near
    failed = rest & (cases.outcome == 0) & ~near
    return {
        "disputed": np.flatnonzero(disputed).tolist(),
        "failed": np.flatnonzero(failed).tolist(),
        "near": np.flatnonzero(near).tolist(),
        "passed": np.flatnonzero(passed).tolist(),
    }


def _disputed(cases: Cases) -> NDArray[np.bool_]:
    """Answers on which a model judge and the checks, or two judges, disagree, or that a judge could not read."""
    found = np.zeros(len(cases), dtype=np.bool_)
    accepted, rejected = found.copy(), found.copy()
    for column in cases.judged.values():
        accepted |= column == 1
        rejected |= column == 0
        found |= column == UNJUDGED
    checks_fail = cases.outcome == 0
    return np.asarray(found | (accepted & rejected) | (accepted & checks_fail) | (rejected & ~checks_fail))


def _shares(sizes: Mapping[Stratum, int], count: int) -> dict[Stratum, int]:
    """How many to draw from each stratum."""
    take: dict[Stratum, int] = {name: min(size, 2) for name, size in sizes.items()}
    if "disputed" in take:
        take["disputed"] = min(sizes["disputed"], max(take["disputed"], count - sum(take.values()) + take["disputed"]))
    while sum(take.values()) < min(count, sum(sizes.values())):
        open_strata = [name for name, size in sizes.items() if take[name] < size]
        smallest = min(open_strata, key=lambda name: take[name])
        take[smallest] += 1
    return take


def _item(evidence: Evidence, candidate: Candidate, row: int, stratum: Stratum, seed: int) -> ReviewItem:
    cases = evidence.cases[candidate]
    return _item_of(candidate, evidence.fixtures.ids[cases.fixture[row]], int(cases.repeat[row]), stratum, seed)


def _item_of(candidate: Candidate, fixture: str, repeat: int, stratum: Stratum, seed: int) -> ReviewItem:
    id = "r-" + sha256_text(f"{seed}\x00{candidate.text}\x00{fixture}\x00{repeat}")[:10]
    return ReviewItem(id, candidate, fixture, repeat, stratum)


def judge_review(key: SampleKey, scores: Scores, *, settled: Scores | None = None) -> Review:
    """Weight ``scores`` of people back to the population, and say how far they agree.

    ``settled`` are the scores that count for the measures, where a third person settled what two disputed; agreement is
    of ``scores`` always.
    Raises DataError for scores of items that the sample does not hold, and where nothing was scored.
    """
    known = {item.id for item in key.items}
    for item, _, _ in scores:
        if item not in known:
            message = f"The sample has no item '{item[:40]}'."
            raise DataError(message, hint="import the file that 'review sample' wrote, with the key beside it.")
    if not scores:
        message = "No item has a score."
        raise DataError(message, hint="fill the columns with whole numbers from 1 to 5, and save as CSV.")
    return Review(
        schema_version=REVIEW_SCHEMA,
        logs=key.logs,
        reviewers=tuple(sorted({reviewer for _, reviewer, _ in scores})),
        scored=len({item for item, _, _ in scores}),
        sampled=len(key.items),
        measures=tuple(_measures(key, settled or scores)),
        agreements=tuple(_agreement(question, scores) for question in key.questions),
        items=tuple(_items(key, settled or scores)),
        seed=key.seed,
        random={candidate: sizes["random"] for candidate, sizes in key.sizes.items() if set(sizes) == {"random"}},
    )


def _measures(key: SampleKey, scores: Scores) -> list[tuple[Candidate, Measure]]:
    by_item: dict[tuple[str, str], list[int]] = {}
    for (id, _, question), score in scores.items():
        by_item.setdefault((id, question), []).append(score)
    found = []
    for candidate in sorted({item.candidate for item in key.items if item.candidate.text in key.sizes}):
        for question in key.questions:
            samples: dict[str, list[float]] = {}
            for item in key.items:
                given = by_item.get((item.id, question))
                if item.candidate == candidate and given:
                    samples.setdefault(item.stratum, []).append(sum(given) / len(given))
            n = sum(map(len, samples.values()))
            if not n:
                continue
            mean, interval = stratified_mean(samples, key.sizes[candidate.text])
            if interval is not None and interval.low is not None and interval.high is not None:
                ends = max(1.0, interval.low), min(5.0, interval.high)
                interval = Interval(*ends, interval.confidence, interval.method)
            note = "" if mean is not None else "a stratum of the sample has no scores"
            found.append(
                (
                    candidate,
                    Measure(
                        f"review_{question}",
                        candidate.workload,
                        candidate.target,
                        mean,
                        "points",
                        n,
                        interval=interval,
                        decoding=candidate.decoding,
                        note=note,
                    ),
                )
            )
    return found


def _agreement(question: str, scores: Scores) -> Agreement:
    items: dict[str, list[int]] = {}
    reviewers = set()
    for (item, reviewer, asked), score in scores.items():
        if asked == question:
            items.setdefault(item, []).append(score)
            reviewers.add(reviewer)
    several = [given for given in items.values() if len(given) > 1]
    interval = alpha_interval(several)
    return Agreement(
        question,
        krippendorff_alpha(several),
        interval.low if interval else None,
        interval.high if interval else None,
        len(several),
        tuple(sorted(reviewers)),
    )


def _items(key: SampleKey, scores: Scores) -> Iterator[ReviewedItem]:
    given: dict[str, dict[str, list[int]]] = {}
    for (id, _, question), score in scores.items():
        given.setdefault(id, {}).setdefault(question, []).append(score)
    for item in key.items:
        if item.id in given:
            # Of an even number the lower middle one: in doubt an answer is not called better than a person said.
            middle = {question: sorted(of)[(len(of) - 1) // 2] for question, of in sorted(given[item.id].items())}
            yield ReviewedItem(item.candidate, item.fixture, item.repeat, middle)
        elif item.stratum == "random":
            yield ReviewedItem(item.candidate, item.fixture, item.repeat, {})
