"""A run log and a pool in, its attempts beside their verdicts out, in the order they were recorded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

from milo_bench.evidence.grade_columns import BadPart, GradingPool, Job, find_bad_line, is_judged_in_parts
from milo_bench.evidence.judging import GradedAttempt, JudgeAll, choose_judge, final_attempts, finality, judge_log
from milo_bench.store.log.reader import RunLog


def judged_by(pool: GradingPool | None, *, aside: frozenset[str] = frozenset()) -> JudgeAll:
    """What judges the attempts of a log: ``pool``, or this process. Those on fixtures ``aside`` are left out."""
    return partial(_judge_here, aside) if pool is None else partial(_judge_in_parts, pool, aside)


def _judge_here(aside: frozenset[str], log: RunLog) -> Iterator[GradedAttempt]:
    if not aside:
        yield from judge_log(log)
        return
    judge = choose_judge(log)
    for attempt in final_attempts(log):
        if attempt.key.fixture not in aside:
            yield GradedAttempt(attempt, log.fixtures[attempt.key.fixture], judge(attempt))


def _judge_in_parts(pool: GradingPool, aside: frozenset[str], log: RunLog) -> Iterator[GradedAttempt]:
    if not log.attempts or not is_judged_in_parts(log):
        yield from _judge_here(aside, log)
        return
    size = sum(part.end - part.start for part in log.attempts.ranges)
    lost, said = log.attempts.lost | aside, tuple(log.judgements)
    job = Job(str(log.path), log.attempts.ranges[0], log.header, log.fixtures, {}, lost=lost, judgements=said)
    is_final = finality(log)
    parts = pool.results("graded", job, log.attempts.parts(pool.parts(size)))
    attempts = (attempt for attempt in log.attempts if attempt.key.fixture not in aside)
    try:
        for attempt, graded in zip(attempts, itertools.chain.from_iterable(parts), strict=True):
            if is_final(attempt.key):
                yield GradedAttempt(attempt, log.fixtures[attempt.key.fixture], graded)
    except BadPart:
        find_bad_line(log)
        raise
