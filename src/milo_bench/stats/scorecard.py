"""Columns of graded attempts of one suite in, a scorecard of measures out: each with n, most with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from milo_bench.core.records import AttemptKey, Decoding, Frozen, Measure, SuiteRef, TargetRecord
from milo_bench.grade.set_up import SetUpProblem
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases, FixtureTable
from milo_bench.stats.cases.kinds import answered
from milo_bench.stats.cases.measures import measure_all
from milo_bench.stats.check_rules import CheckRules
from milo_bench.stats.representatives import choose_representatives

EXAMPLES_PER_CATEGORY = 3


class ErrorCategory(Frozen, frozen=True):
    """One way in which a workload fails on a target: how often, and attempts that show it, chosen to differ."""

    workload: str
    target: str
    decoding: Decoding
    check: str
    category: str
    attempts: int
    of: int
    examples: tuple[str, ...]


class Confusion(Frozen, frozen=True):
    """Counts of (expected, got) labels; ``labels`` gives the order of rows and columns."""

    workload: str
    target: str
    decoding: Decoding
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Scorecard(Frozen, frozen=True):
    """Measures of one suite, over one or more run logs."""

    suite: SuiteRef
    variants: dict[str, str]
    targets: tuple[TargetRecord, ...]
    planned: int
    attempted: int
    measures: tuple[Measure, ...]
    categories: tuple[ErrorCategory, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    set_up: tuple[SetUpProblem, ...] = ()
    others: tuple[str, ...] = ()  # sentences on servers that worked for others beside our answers, or from a cache
    judges: tuple[str, ...] = ()  # sentences on what model judges said of the answers, uncorrected
    unread: tuple[str, ...] = ()  # sentences on rows of the logs that could not be read
    stopped: tuple[str, ...] = ()  # what ended by what its run saw: its intervals hold at every look
    unjudged: tuple[str, ...] = ()  # sentences on checks that do not read the language of a workload
    rules: tuple[
        CheckRules, ...
    ] = ()  # of the checks that look for faults by rules: rates on them are as good as these
    silver: dict[str, str] = {}  # by workload, how far its labels can be trusted: they were mined
    buffered: tuple[str, ...] = ()  # targets whose answers came in blocks: first-token times are unknown

    def find(
        self, name: str, workload: str, target: str, *, slice: str = "", decoding: Decoding = "free"
    ) -> Measure | None:
        """The one measure of that name, or None."""
        for measure in self.measures:
            if (measure.name, measure.workload, measure.target, measure.slice, measure.decoding) == (
                name,
                workload,
                target,
                slice,
                decoding,
            ):
                return measure
        return None


def make_scorecard(
    suite: SuiteRef,
    targets: Mapping[str, TargetRecord],
    cases: Sequence[Cases],
    table: FixtureTable,
    *,
    planned: int,
    variants: Mapping[str, str] | None = None,
    peak_memory_bytes: Mapping[str, int] | None = None,
) -> Scorecard:
    """The scorecard of ``cases``, one entry for each workload, target and decoding, in that order.

    ``planned`` counts attempts, retries aside. ``peak_memory_bytes`` is of each target's server.
    """
    peaks = peak_memory_bytes or {}
    return Scorecard(
        suite=suite,
        variants=dict(variants or {}),
        targets=tuple(targets.values()),
        planned=planned,
        attempted=sum(len(one) for one in cases),
        measures=tuple(measure for one in cases for measure in measure_all(one, table, peaks.get(one.target))),
        categories=tuple(category for one in cases for category in _categories(one, table)),
        confusions=tuple(_confusion(one) for one in cases if one.labels),
    )


def _categories(cases: Cases, table: FixtureTable) -> list[ErrorCategory]:
    of = int(answered(cases).sum())
    found = []
    for (check, category), rows in cases.categories.items():
        # The first attempt that went wrong stands for its fixture.
        fixtures, first = np.unique(cases.fixture[rows], return_index=True)
        tags = {
            _key_text(cases, table, int(rows[row])): _tags(table, int(fixture))
            for fixture, row in zip(fixtures, first, strict=True)
        }
        found.append(
            ErrorCategory(
                workload=cases.workload,
                target=cases.target,
                decoding=cases.decoding,
                check=check,
                category=category,
                attempts=len(rows),
                of=of,
                examples=choose_representatives(tags, EXAMPLES_PER_CATEGORY),
            )
        )
    return sorted(found, key=lambda entry: (-entry.attempts, entry.check, entry.category))


def _key_text(cases: Cases, table: FixtureTable, row: int) -> str:
    fixture = table.ids[cases.fixture[row]]
    return AttemptKey(fixture, cases.target, int(cases.repeat[row]), cases.decoding, int(cases.retry[row])).text


def _tags(table: FixtureTable, fixture: int) -> tuple[str, ...]:
    return tuple(tag for tag, tagged in table.tags.items() if tagged[fixture])


def _confusion(cases: Cases) -> Confusion:
    labels = tuple(sorted(cases.labels))
    place = np.array([labels.index(label) for label in cases.labels], dtype=np.int64)
    judged = cases.want != NOT_JUDGED
    pairs = place[cases.want[judged]] * len(labels) + place[cases.got[judged]]
    counts = np.bincount(pairs, minlength=len(labels) ** 2).reshape(len(labels), len(labels))
    rows = tuple(tuple(int(count) for count in row) for row in counts)
    return Confusion(cases.workload, cases.target, cases.decoding, labels, rows)
