"""A run log and some attempt keys in, those attempts with fixtures, verdicts and texts out; the rest is not decoded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from milo_bench.core.records import Attempt, AttemptKey, Fixture, Graded, StoreText
from milo_bench.evidence.grade_columns import stored_verdict
from milo_bench.grade.engine import grade_attempt
from milo_bench.store.log.lines import decode_line
from milo_bench.store.log.survey import ATTEMPT_START, LogSurvey, survey_log
from milo_bench.store.verdicts import read_verdicts, verdicts_path


@dataclass(frozen=True)
class ChosenAttempt:
    """One attempt with all that belongs to it; ``key`` is without its retry."""

    key: AttemptKey
    attempt: Attempt
    fixture: Fixture
    graded: Graded
    variant: str
    store_text: StoreText


def judged_attempts(path: Path, wanted: Collection[AttemptKey]) -> Iterator[ChosenAttempt]:
    """The attempts of ``path`` whose key, retry aside, is in ``wanted``; of retries each, the last one last."""
    survey = survey_log(path)
    header = survey.header
    workloads = {workload.name: workload for workload in header.workloads}
    full = header.store_text == "full"
    verdicts = {} if full or not survey.attempts else read_verdicts(verdicts_path(path))
    names = {key.fixture.encode() for key in wanted}
    for line in _attempt_lines(survey):
        if _fixture_name(line) not in names:
            continue
        attempt = decode_line(path, 0, line)
        assert isinstance(attempt, Attempt)
        key = msgspec.structs.replace(attempt.key, retry=0)
        if key not in wanted:
            continue
        fixture = survey.fixtures[key.fixture]
        if full:
            graded = grade_attempt(workloads[fixture.workload], fixture, attempt)
        else:
            graded = stored_verdict(verdicts, path, attempt.key)
        variant = header.plan.variants.get(fixture.workload, "")
        yield ChosenAttempt(key, attempt, fixture, graded, variant, header.store_text)


def _attempt_lines(survey: LogSurvey) -> Iterator[bytes]:
    with survey.path.open("rb") as file:
        file.seek(survey.start)
        place = survey.start
        for line in file:
            place += len(line)
            if line.startswith(ATTEMPT_START):
                yield line
            if place >= survey.end:
                return


def _fixture_name(line: bytes) -> bytes:
    """The fixture's name as it stands in an attempt line, read without decoding the rest."""
    start = line.find(b'"fixture":"') + len(b'"fixture":"')
    return line[start : line.find(b'"', start)]
