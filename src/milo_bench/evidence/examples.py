"""Evidence and its run logs in, the texts of the attempts that a decision shows out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from milo_bench.core.records import AttemptKey
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.examples.choose import ChosenExample, choose_examples, choose_right_answers, make_example
from milo_bench.decide.records import Candidate, Example
from milo_bench.evidence.judging import judge_chosen, without_retry
from milo_bench.evidence.pictures import PictureRoom
from milo_bench.store.log.reader import RunLog


def read_examples(
    evidence: Evidence, logs: Iterable[RunLog], candidates: Iterable[Candidate] = ()
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """The texts of the failed attempts that were chosen to be looked at, read from their logs.

    ``logs`` are those with attempts, as they were read when the evidence was gathered.
    And of each of ``candidates`` one right answer with the evidence of its sentences, where its answers cite any.
    """
    right = choose_right_answers(evidence, candidates)
    failed = choose_examples(evidence)
    found = _read((*failed, *right), logs)
    shown: dict[Candidate, Example] = {}
    for chosen in right:
        if chosen in found and found[chosen].cited:
            shown.setdefault(chosen.candidate, found[chosen])
    return tuple(found[chosen] for chosen in _by_attempt(failed) if chosen in found), tuple(shown.values())


def _by_attempt(chosen: Iterable[ChosenExample]) -> Iterator[ChosenExample]:
    yield from (one for some in _wanted(chosen).values() for one in some)


def _wanted(some: Iterable[ChosenExample]) -> dict[AttemptKey, list[ChosenExample]]:
    wanted: dict[AttemptKey, list[ChosenExample]] = {}
    for chosen in some:
        key = AttemptKey(chosen.fixture_id, chosen.candidate.target, chosen.repeat, chosen.candidate.decoding)
        wanted.setdefault(key, []).append(chosen)
    return wanted


def _read(some: Iterable[ChosenExample], logs: Iterable[RunLog]) -> dict[ChosenExample, Example]:
    wanted = _wanted(some)
    if not wanted:
        return {}
    found: dict[ChosenExample, Example] = {}
    room = PictureRoom()
    for log in logs:
        workloads = {workload.name: workload for workload in log.header.workloads}
        for row in judge_chosen(log, wanted):
            for chosen in wanted[without_retry(row.attempt.key)]:
                if log.variant_of(row.fixture) == chosen.candidate.variant:
                    made = make_example(chosen, row.attempt, row.graded, row.fixture, log.header.store_text)
                    pictures = room.shown(log.header, workloads.get(row.fixture.workload), row.fixture)
                    found[chosen] = msgspec.structs.replace(made, pictures=pictures) if pictures else made
    return found
