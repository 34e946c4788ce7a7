"""Attempts whose texts will not be kept in; their verdicts, without those texts, in a file beside the log out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.core.records import Attempt, Fixture, Graded, Verdict, Workload
from milo_bench.core.version import __version__
from milo_bench.grade.engine import grade_attempt
from milo_bench.run.events import AttemptFinished, RunEvent, RunStarted
from milo_bench.run.spec import RunSpec
from milo_bench.stats.cases.columns import LABEL_CHECKS
from milo_bench.store.verdicts import VerdictHeader, VerdictWriter, verdicts_path


class JudgeBeforeStoring:
    """Writes verdicts beside the log at ``path``, on attempts as they are before their text is redacted or dropped.

    Reasons and quotations are cut: they hold pieces of the text that must not be stored.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: VerdictWriter | None = None
        self._workloads: Mapping[str, Workload] = {}
        self._labels: frozenset[str] = frozenset()

    def start(
        self, run_id: str, workloads: Mapping[str, Workload], fixtures: Iterable[Fixture], *, append: bool = False
    ) -> None:
        """Open the file; ``append`` where an earlier part of the run is in it."""
        self._workloads = workloads
        labels = (fixture.expect.get("label") for fixture in fixtures)
        self._labels = frozenset(label for label in labels if isinstance(label, str))
        header = VerdictHeader(run_id=run_id, tool_version=__version__)
        self._writer = VerdictWriter(verdicts_path(self._path), header, append=append)

    def judge(self, attempt: Attempt, fixture: Fixture) -> None:
        """Judge one attempt and write its verdicts."""
        if self._writer is not None:
            graded = grade_attempt(self._workloads[fixture.workload], fixture, attempt)
            self._writer.add(without_text(graded, fixture, self._labels))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class JudgeWhileRunning:
    """Judges the attempts of a run as they finish."""

    def __init__(self, spec: RunSpec, path: Path) -> None:
        self._spec = spec
        self._judge = JudgeBeforeStoring(path)

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            fixtures = self._spec.fixtures.values()
            self._judge.start(event.header.run_id, self._spec.workloads, fixtures, append=event.done > 0)
        elif isinstance(event, AttemptFinished):
            self._judge.judge(event.attempt, self._spec.fixtures[event.attempt.key.fixture])

    def close(self) -> None:
        self._judge.close()


_NAMED_PARTS: Final = frozenset({"record_list"})  # its subjects are its own words: found, exact, precision


def _is_own_word(verdict: Verdict, said: str, labels: frozenset[str]) -> bool:
    """Whether ``said`` is a word of the suite and not of an answer: a label, or the letter of a choice."""
    return said in labels or (verdict.check == "multiple_choice" and len(said) == 1)


def without_text(graded: Graded, fixture: Fixture, labels: frozenset[str]) -> Graded:
    """``graded`` with outcomes, categories and counts; of words only those that the suite wrote itself."""
    fields = fixture.expect.get("fields")
    own_subjects = frozenset(fields) if isinstance(fields, dict) else frozenset()
    verdicts = tuple(
        Verdict(
            check=verdict.check,
            version=verdict.version,
            outcome=verdict.outcome,
            category=verdict.category,
            subject=verdict.subject if verdict.subject in own_subjects or verdict.check in _NAMED_PARTS else "",
            expected=verdict.expected if _is_own_word(verdict, verdict.expected, labels) else "",
            got=verdict.got
            if _is_own_word(verdict, verdict.got, labels)
            else "(another)"
            if verdict.check in LABEL_CHECKS
            else "",
            parts_held=verdict.parts_held,
            parts=verdict.parts,
        )
        for verdict in graded.verdicts
    )
    return msgspec.structs.replace(graded, verdicts=verdicts)
