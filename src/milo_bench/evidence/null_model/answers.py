"""Logs in, a few answers of each candidate out: those that it gave most often, and some that passed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeAlias

from milo_bench.core.errors import DataError
from milo_bench.core.records import Attempt
from milo_bench.decide.records import Candidate
from milo_bench.store.log.attempts import attempt_lines, decode_attempt
from milo_bench.store.log.reader import RunLog

# Of a candidate: what it answers again and again shows within so many answers.
_LOOKED_AT: Final = 200
_OFTEN, _PASSED = 2, 2
_TRIED: Final = 20  # answers that are judged to find some that pass
_ALL_BELOW: Final = 20_000  # attempts of a log that are all looked at
_PLACES: Final = 200  # of a longer log, looked at evenly
_AT_A_PLACE: Final = 100

Passes: TypeAlias = Callable[[Attempt], bool]


def collect_answers(log: RunLog) -> Mapping[Candidate, list[Attempt]]:
    """Answers of each candidate, at most ``_LOOKED_AT``; none whose text was erased or that the model did not give."""
    variants = log.header.plan.variants
    found: dict[Candidate, list[Attempt]] = defaultdict(list)
    for attempt in _some_attempts(log):
        if (
            attempt.failure is not None
            or attempt.bypass
            or attempt.erased
            or not (attempt.output or attempt.tool_calls)
        ):
            continue
        key = attempt.key
        workload = log.fixtures[key.fixture].workload
        answers = found[Candidate(workload, key.target, variants.get(workload, ""), key.decoding)]
        if len(answers) < _LOOKED_AT:
            answers.append(attempt)
    return found


def choose_answers(answers: Collection[Attempt], passes: Passes) -> Iterator[tuple[Attempt, bool]]:
    """What was answered most often, and that it was; then what passed on its own fixture. Each text once."""
    texts = Counter(text_of(answer) for answer in answers)
    first = {text_of(answer): answer for answer in reversed(list(answers))}
    often = [text for text, count in texts.most_common(_OFTEN) if count > 1]
    yield from ((first[text], True) for text in often)
    others = (first[text] for text in texts if text not in often)
    yield from islice(((one, False) for one in islice(others, _TRIED) if passes(one)), _PASSED)


def text_of(answer: Attempt) -> str:
    """All of an answer that checks judge."""
    calls = "".join(f"\n{call.name} {call.arguments}" for call in answer.tool_calls)
    return f"{answer.output}{calls}"


def _some_attempts(log: RunLog) -> Iterable[Attempt]:
    if len(log.attempts) <= _ALL_BELOW:
        return log.attempts.on_fixtures(log.fixtures)
    return _evenly(log)


def _evenly(log: RunLog) -> Iterator[Attempt]:
    for part in log.attempts.parts(_PLACES):
        for number, line in islice(attempt_lines(log.path, part), _AT_A_PLACE):
            try:
                attempt = decode_attempt(log.path, number, line, part.schema)
            except DataError:
                continue  # named by who reads all of them
            if attempt.key.fixture in log.fixtures:
                yield attempt
