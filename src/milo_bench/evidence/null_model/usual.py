"""A log in, what each candidate's most frequent answer scores, as far as its own verdicts tell, out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from milo_bench.decide.evidence import ConstantAnswer
from milo_bench.decide.records import Candidate
from milo_bench.evidence.null_model.answers import text_of
from milo_bench.stats.cases.columns import NOT_JUDGED, Cases
from milo_bench.store.log.reader import RunLog


def usual_answers(
    log: RunLog, workloads: Collection[str], numbers: Mapping[str, int], cases: Mapping[Candidate, Cases]
) -> Iterator[tuple[Candidate, ConstantAnswer]]:
    """The most frequent answer of each candidate of ``workloads``: right where it was given and right, else wrong.

    For logs without texts, and verdicts that cannot be made again. So it is never taken for better than it is. An
    answer that was given once says nothing.
    """
    variants = log.header.plan.variants
    given: dict[Candidate, dict[tuple[int, int], str]] = defaultdict(dict)
    for attempt in log.attempts:
        key = attempt.key
        workload = log.fixtures[key.fixture].workload
        said = attempt.output_hash or text_of(attempt)
        if workload in workloads and said and attempt.failure is None and not attempt.erased:
            candidate = Candidate(workload, key.target, variants.get(workload, ""), key.decoding)
            given[candidate][numbers[key.fixture], key.repeat] = said
    ids = {number: id for id, number in numbers.items()}
    for candidate, hashes in given.items():
        (usual, count) = Counter(hashes.values()).most_common(1)[0]
        if count < 2 or candidate not in cases:
            continue
        columns = cases[candidate]
        rows = zip(columns.fixture.tolist(), columns.repeat.tolist(), strict=True)
        is_usual = np.array([hashes.get(row) == usual for row in rows], dtype=np.bool_)
        if is_usual.any():
            fixture = ids[int(columns.fixture[int(is_usual.argmax())])]
            yield candidate, ConstantAnswer(fixture, _only(columns, is_usual))


def _only(cases: Cases, right: NDArray[np.bool_]) -> Cases:
    """``cases`` with every verdict outside ``right`` as a miss."""

    def missed(column: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.where(right | (column == NOT_JUDGED), column, 0).astype(np.int8)

    return replace(
        cases,
        outcome=missed(cases.outcome),
        held={name: missed(column) for name, column in cases.held.items()},
        fields={name: missed(column) for name, column in cases.fields.items()},
        parts={name: (np.where(right, held, 0).astype(np.int32), of) for name, (held, of) in cases.parts.items()},
        got=np.where(right, cases.got, NOT_JUDGED).astype(np.int16),
    )
