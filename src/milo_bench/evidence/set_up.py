"""Run logs in, which candidates could not be judged because of their set-up or their language out."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

from milo_bench.core.records.buffering import LEAST_CHUNKS
from milo_bench.decide.records import Candidate
from milo_bench.grade.languages.unspoken import language_of_work, unspoken_languages
from milo_bench.grade.set_up import SetUpProblem, SetUpWatch
from milo_bench.store.log.reader import RunLog

# A set-up fails from its first answer on: so many of a log tell, and a log of a million costs no second pass.
MOST_READ: Final = 5000
BESIDE_S: Final = 0.5  # a sample is taken once a second


def find_set_up_problems(logs: Iterable[RunLog]) -> dict[Candidate, SetUpProblem]:
    """By candidate; empty where every set-up works. Logs without texts tell of failures alone."""
    watches: dict[Candidate, SetUpWatch] = {}
    for log in logs:
        workloads = {workload.name: workload for workload in log.header.workloads}
        for attempt in islice(log.attempts, MOST_READ) if log.attempts else ():
            fixture = log.fixtures.get(attempt.key.fixture)
            if fixture is None or fixture.workload not in workloads:
                continue
            candidate = Candidate(fixture.workload, attempt.key.target, log.variant_of(fixture), attempt.key.decoding)
            if candidate not in watches:
                watches[candidate] = SetUpWatch(workloads[fixture.workload], attempt.key.target)
            watches[candidate].add(attempt)
    found = {candidate: watch.problem() for candidate, watch in watches.items()}
    return {candidate: problem for candidate, problem in found.items() if problem is not None}


def buffered_targets(logs: Iterable[RunLog]) -> tuple[str, ...]:
    """Targets whose answers came in blocks: their first-token times are those of a proxy's buffer."""
    blocks: Counter[str] = Counter()
    streamed: Counter[str] = Counter()
    for log in logs:
        for attempt in islice(log.attempts, MOST_READ) if log.attempts else ():
            gaps = attempt.timings.chunk_gaps_s
            if attempt.failure is None and len(gaps) >= LEAST_CHUNKS - 1:
                (blocks if attempt.in_blocks else streamed)[attempt.key.target] += 1
    return tuple(target for target, count in blocks.items() if count > streamed[target])


def unreported_caches(logs: Iterable[RunLog]) -> tuple[str, ...]:
    """A sentence for each target whose server keeps prompts and was seen not to say so."""
    names = dict.fromkeys(
        target.name
        for log in logs
        for target in log.header.targets
        if target.cache == "unreported" and log.header.plan.cache == "cold" and log.attempts
    )
    return tuple(
        f"the server of {name} answers from a prompt cache and does not report it, so answers in less than half the "
        "time of a new prompt are listed as warm"
        for name in names
    )


def unread_languages(logs: Iterable[RunLog]) -> dict[tuple[str, str], str]:
    """By workload and check, the language (ISO 639-1) of the workload's texts that the check does not read."""
    return {
        (workload.name, one.check): one.language
        for log in logs
        for workload in log.header.workloads
        for one in unspoken_languages(workload, log.fixtures.values())
    }


def languages_of_work(logs: Iterable[RunLog]) -> dict[str, str]:
    """By workload, the language (ISO 639-1) of its texts; none where it cannot be told."""
    return {
        workload.name: language
        for log in logs
        for workload in log.header.workloads
        if (language := language_of_work(workload, log.fixtures.values()))
    }


def served_others(logs: Iterable[RunLog]) -> tuple[str, ...]:
    """A sentence for each target whose server worked for others while it answered us: how many answers that touched."""
    touched: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for log in logs:
        times = {target: sorted(at_s) for target, at_s in log.others_at_s.items()}
        if not times:
            continue
        for attempt in log.attempts:
            target, seen = attempt.key.target, times.get(attempt.key.target)
            if seen is None:
                continue
            answers[target] += 1
            start = bisect_left(seen, attempt.timings.started_s - BESIDE_S)
            touched[target] += start < len(seen) and seen[start] <= attempt.timings.ended_s + BESIDE_S
    return tuple(
        f"{target}: its server worked for others too beside {count:,} of {answers[target]:,} answers, so those times "
        "are not its own"
        for target, count in touched.items()
        if count
    )
