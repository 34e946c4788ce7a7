"""A recorded execution of a suite's own check in, its verdicts out; nothing is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.core.errors import IncompleteRun
from milo_bench.core.hashing import sha256_data, sha256_text
from milo_bench.core.records import Attempt, AttemptKey, Execution, Span, Verdict, VerdictOutcome, Workload
from milo_bench.grade.base import GradeCase

LatestExecutions = Mapping[AttemptKey, Mapping[str, Execution]]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One verdict as the suite's Python gave it."""

    outcome: VerdictOutcome
    category: str = ""
    reason: str = ""
    subject: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    expected: str = ""
    got: str = ""
    parts_held: int | None = None
    parts: int | None = None


class NotExecuted(IncompleteRun):
    """A suite's own check was never executed on an answer, so nothing can be said about that answer."""

    def __init__(self, check: str, log: Path | None = None) -> None:
        self.check = check
        of = f" in {log}" if log is not None else ""
        message = f"The suite's own check '{check}' was not executed on every answer{of}."
        super().__init__(message, hint=f"milo-bench grade {log or 'LOG'} --trust-suite")

    def of(self, log: Path) -> NotExecuted:
        """The same error with the log named."""
        return NotExecuted(self.check, log)


class OwnCheck:
    """A function of the suite's own Python as a check: its version is the digest of the code that was executed."""

    def __init__(self, name: str, digest: str) -> None:
        self.name = name
        self.version = version_of(digest)

    def validate(self, params: Mapping[str, Any], workload: Workload) -> None:
        """Any parameters will do: only the suite's Python knows what it takes, and that is not run here."""

    def judge(self, case: GradeCase, params: Mapping[str, Any]) -> Iterable[Verdict]:
        execution = case.executions.get(self.name)
        if execution is None:
            raise NotExecuted(self.name)
        if execution.answer_hash != sha256_text(case.output):
            raise ValueError("its execution belongs to another answer, so the log was changed after it was written")
        if execution.ending != "done":
            raise ValueError(execution.problem or f"it ended by {execution.ending}")
        version = version_of(execution.digest)
        return [self._verdict(result, version, len(case.output)) for result in execution.results]

    def _verdict(self, result: dict[str, Any], version: str, length: int) -> Verdict:
        try:
            said = msgspec.convert(result, _Said)
        except msgspec.ValidationError as error:
            raise ValueError(f"its result is not a verdict: {error}") from None
        spans = tuple(Span("output", start, end) for start, end in said.spans if 0 <= start <= end <= length)
        return Verdict(
            check=self.name,
            version=version,
            outcome=said.outcome,
            category=said.category or ("own_check" if said.outcome == "fail" else ""),
            reason=said.reason,
            subject=said.subject,
            spans=spans,
            expected=said.expected,
            got=said.got,
            parts_held=said.parts_held,
            parts=said.parts,
        )


def version_of(digest: str) -> str:
    """What a verdict calls the version of a suite's own check."""
    return f"sha256:{digest}"


def params_hash(params: Mapping[str, Any]) -> str:
    """What tells executions under other parameters apart."""
    return sha256_data(dict(params))


def own_names(workload: Workload) -> tuple[str, ...]:
    """The checks of a workload that are the suite's own Python."""
    own = () if workload.own is None else workload.own.names
    return tuple(spec.name for spec in workload.checks if spec.name in own)


def latest_executions(executions: Iterable[Execution]) -> LatestExecutions:
    """The execution that counts for each attempt and check: the last one recorded."""
    found: dict[AttemptKey, dict[str, Execution]] = {}
    for execution in executions:
        found.setdefault(execution.key, {})[execution.program] = execution
    return found


def needs_execution(workload: Workload, attempt: Attempt) -> bool:
    """Whether the suite's own checks have something to judge: an answer came, and it can be read."""
    return bool(own_names(workload)) and attempt.failure is None and not attempt.bypass
