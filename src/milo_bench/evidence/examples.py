"""Evidence and its run logs in, the texts of the attempts that a decision shows out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from milo_bench.core.records import AttemptKey
from milo_bench.decide.evidence import Evidence
from milo_bench.decide.examples.choose import ChosenExample, choose_examples, make_example
from milo_bench.decide.records import Example
from milo_bench.evidence.judging import judge_chosen, without_retry
from milo_bench.store.log.reader import read_run_log


def read_examples(evidence: Evidence, logs: Iterable[Path], *, check_seals: bool = True) -> Iterator[Example]:
    """The texts of the attempts that were chosen to be looked at, read from their logs."""
    wanted: dict[AttemptKey, list[ChosenExample]] = {}
    for chosen in choose_examples(evidence):
        key = AttemptKey(chosen.fixture_id, chosen.candidate.target, chosen.repeat, chosen.candidate.decoding)
        wanted.setdefault(key, []).append(chosen)
    if not wanted:
        return
    found: dict[ChosenExample, Example] = {}
    for path in logs:
        log = read_run_log(path, check_seals=check_seals)
        for row in judge_chosen(log, wanted):
            for chosen in wanted[without_retry(row.attempt.key)]:
                if log.variant_of(row.fixture) == chosen.candidate.variant:
                    found[chosen] = make_example(chosen, row.attempt, row.graded, row.fixture, log.header.store_text)
    yield from (found[chosen] for chosen in (one for some in wanted.values() for one in some) if chosen in found)
