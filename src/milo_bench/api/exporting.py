"""Run logs in, files for other tools out: JUnit XML, Inspect logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from milo_bench.core.chat import Message
from milo_bench.core.errors import UsageError
from milo_bench.core.files import write_file
from milo_bench.evidence.judging import GradedAttempt, grade_logs, judge_log
from milo_bench.report.files.inspect_log import InspectSample, write_inspect_log
from milo_bench.report.files.junit import junit_xml
from milo_bench.run.prepare import prepare
from milo_bench.store.log.reader import RunLog, read_run_log


def export_junit(logs: Sequence[Path], out: Path | None) -> str:
    """JUnit XML of all attempts in ``logs``, written to ``out`` where it is given; the text."""
    rows = ((row.attempt, row.fixture, row.graded) for row in grade_logs(logs))
    text = junit_xml(", ".join(log.stem for log in logs), rows)
    if out is not None:
        write_file(out, text)
    return text


def export_inspect(logs: Sequence[Path], folder: Path | None) -> list[Path]:
    """One ``.eval`` file for each log, target and workload, in ``folder``; their paths.

    Raises UsageError without a folder, PrerequisiteError where it cannot be written.
    """
    if folder is None:
        message = "--format inspect needs a folder."
        raise UsageError(message, hint="add one: --format inspect --out logs/")
    written: list[Path] = []
    for path in logs:
        log = read_run_log(path)
        groups: dict[tuple[str, str], list[InspectSample]] = {}
        for row in judge_log(log):
            place = (row.attempt.key.target, row.fixture.workload)
            groups.setdefault(place, []).append(_sample(log, row))
        targets = {target.name: target for target in log.header.targets}
        for (target, workload), samples in groups.items():
            name = re.sub(r"[^\w.-]", "_", f"{path.stem}_{target}_{workload}.eval")
            write_inspect_log(folder / name, log.header, targets[target], workload, samples)
            written.append(folder / name)
    return written


def _sample(log: RunLog, row: GradedAttempt) -> InspectSample:
    """The sample with its prompt made again from the log, which holds everything that went into it."""
    prompt: tuple[Message, ...] = ()
    if row.fixture.input and not row.attempt.bypass:
        workload = next(workload for workload in log.header.workloads if workload.name == row.fixture.workload)
        prepared = prepare(row.fixture, workload, decoding=row.attempt.key.decoding)
        prompt = prepared.request.messages if prepared.request is not None else ()
    return InspectSample(row.attempt, row.fixture, row.graded, prompt)
