"""Attempts whose texts will not be kept in; their verdicts, without those texts, in a file beside the log out."""

from __future__ import annotations

from pathlib import Path

import msgspec

from milo_bench.core.records import Fixture, Graded, Verdict
from milo_bench.core.version import __version__
from milo_bench.grade.engine import grade_attempt
from milo_bench.run.events import AttemptFinished, RunEvent, RunStarted
from milo_bench.run.spec import RunSpec
from milo_bench.store.verdicts import VerdictHeader, VerdictWriter, verdicts_path


class JudgeWhileRunning:
    """Judges attempts before their text is redacted or dropped; verdicts go beside the log.

    Reasons and quotations are cut: they hold pieces of the text that must not be stored.
    """

    def __init__(self, spec: RunSpec, path: Path) -> None:
        self._spec = spec
        self._path = path
        self._writer: VerdictWriter | None = None
        self._labels = frozenset(
            fixture.expect["label"]
            for fixture in spec.fixtures.values()
            if isinstance(fixture.expect.get("label"), str)
        )

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            header = VerdictHeader(run_id=event.header.run_id, tool_version=__version__)
            self._writer = VerdictWriter(verdicts_path(self._path), header, append=event.done > 0)
        elif isinstance(event, AttemptFinished) and self._writer is not None:
            fixture = self._spec.fixtures[event.attempt.key.fixture]
            graded = grade_attempt(self._spec.workloads[fixture.workload], fixture, event.attempt)
            self._writer.add(without_text(graded, fixture, self._labels))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


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
            subject=verdict.subject if verdict.subject in own_subjects else "",
            expected=verdict.expected if verdict.expected in labels else "",
            got=verdict.got if verdict.got in labels else "(another)" if verdict.check == "label" else "",
            parts_held=verdict.parts_held,
            parts=verdict.parts,
        )
        for verdict in graded.verdicts
    )
    return msgspec.structs.replace(graded, verdicts=verdicts)
