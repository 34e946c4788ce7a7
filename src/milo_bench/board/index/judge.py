"""One answer of a log in, its verdicts out: judged by the checks of this version, or as they were recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from milo_bench.core.errors import MiloError
from milo_bench.core.records import Attempt, AttemptKey, Execution, Fixture, Graded, RunHeader
from milo_bench.grade.engine import CheckBroken, grade_attempt
from milo_bench.store.verdicts import CutGraded, VerdictHeader, verdicts_path

_DECODER: Final = msgspec.json.Decoder(Graded | CutGraded | VerdictHeader)


class AnswerJudge:
    """Judges answers of one log one at a time, without reading the log whole."""

    def __init__(self, path: Path, header: RunHeader) -> None:
        self._workloads = {workload.name: workload for workload in header.workloads}
        self._has_texts = header.store_text == "full"
        self._executions: dict[AttemptKey, dict[str, Execution]] = {}
        self._file = verdicts_path(path)
        self._read = 0
        self.is_whole = True  # no check broke; else the index is made anew at the next start
        self._places: dict[AttemptKey, tuple[int, int]] = {}
        self._recorded: dict[AttemptKey, Graded] = {}

    def add_execution(self, execution: Execution) -> None:
        self._executions.setdefault(execution.key, {})[execution.program] = execution

    def look_again(self) -> None:
        """Read the verdicts that a run wrote beside its log since."""
        try:
            with self._file.open("rb") as file:
                file.seek(self._read)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    record = _DECODER.decode(line)
                    if isinstance(record, Graded):
                        self._places[record.key] = (self._read, len(line))
                        self._recorded[record.key] = record
                    self._read += len(line)
        except (OSError, msgspec.MsgspecError):
            return

    def judge(self, attempt: Attempt, fixture: Fixture) -> Graded | None:
        """None where the answer cannot be judged: its text is gone, or a suite's own check was not run on it."""
        if attempt.failure is not None:
            return Graded(attempt.key, fixture.workload, (), None)
        if not self._has_texts or attempt.erased:
            return self._recorded.get(attempt.key)
        try:
            return grade_attempt(self._workloads[fixture.workload], fixture, attempt, self._executions.get(attempt.key))
        except CheckBroken:
            self.is_whole = False
            return None
        except MiloError:
            return None

    def place(self, key: AttemptKey) -> tuple[int, int]:
        """Where the recorded verdicts on ``key`` lie, (-1, 0) where there are none."""
        return self._places.get(key, (-1, 0))
