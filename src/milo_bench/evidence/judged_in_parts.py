"""A run log and a pool in, its attempts beside their verdicts out, in the order they were recorded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

from milo_bench.evidence.grade_columns import BadPart, GradingPool, Job, find_bad_line, is_judged_in_parts
from milo_bench.evidence.judging import GradedAttempt, JudgeAll, finality, judge_log
from milo_bench.store.log.reader import RunLog


def judged_by(pool: GradingPool | None) -> JudgeAll:
    """What judges the attempts of a log: ``pool``, or this process."""
    return judge_log if pool is None else partial(_judge_in_parts, pool)


def _judge_in_parts(pool: GradingPool, log: RunLog) -> Iterator[GradedAttempt]:
    if not log.attempts or not is_judged_in_parts(log):
        yield from judge_log(log)
        return
    size = sum(part.end - part.start for part in log.attempts.ranges)
    lost, said = log.attempts.lost, tuple(log.judgements)
    job = Job(str(log.path), log.attempts.ranges[0], log.header, log.fixtures, {}, lost=lost, judgements=said)
    is_final = finality(log)
    parts = pool.results("graded", job, log.attempts.parts(pool.parts(size)))
    try:
        for attempt, graded in zip(log.attempts, itertools.chain.from_iterable(parts), strict=True):
            if is_final(attempt.key):
                yield GradedAttempt(attempt, log.fixtures[attempt.key.fixture], graded)
    except BadPart:
        find_bad_line(log)
        raise
