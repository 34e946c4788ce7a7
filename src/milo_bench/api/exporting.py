"""Run logs in, files for other tools out: JUnit XML, Inspect logs, records of Every Eval Ever."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from milo_bench.core.chat import Message
from milo_bench.core.errors import UsageError
from milo_bench.core.files import write_file
from milo_bench.core.records import TargetRecord
from milo_bench.evidence.judging import GradedAttempt, grade_logs, judge_log
from milo_bench.evidence.scorecards import score_logs
from milo_bench.report.files.every_eval_ever import write_every_eval
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
    out = _folder(folder, "inspect")
    written: list[Path] = []
    for path, log, target, workload, samples in _groups(logs):
        name = re.sub(r"[^\w.-]", "_", f"{path.stem}_{target.name}_{workload}.eval")
        write_inspect_log(out / name, log.header, target, workload, samples, end=log.end)
        written.append(out / name)
    return written


def export_every_eval(logs: Sequence[Path], folder: Path | None) -> list[Path]:
    """Records of Every Eval Ever for each log, target and workload, below ``folder``; the paths of their samples.

    Raises UsageError without a folder, PrerequisiteError where they cannot be written.
    """
    out = _folder(folder, "every-eval-ever")
    rates = {
        (card.suite.name, measure.target, measure.workload): measure
        for card in score_logs(logs)
        for measure in card.measures
        if measure.name == "pass_rate" and not measure.slice and measure.decoding == "free"
    }
    return [
        write_every_eval(
            out, log.header, target, workload, samples, rates.get((log.header.suite.name, target.name, workload))
        ).samples
        for _, log, target, workload, samples in _groups(logs)
    ]


def _folder(folder: Path | None, form: str) -> Path:
    if folder is None:
        message = f"--format {form} needs a folder."
        raise UsageError(message, hint=f"add one: --format {form} --out logs/")
    return folder


def _groups(logs: Sequence[Path]) -> Iterator[tuple[Path, RunLog, TargetRecord, str, list[InspectSample]]]:
    """The samples of each log by target and workload, in the order in which they were recorded."""
    for path in logs:
        log = read_run_log(path)
        groups: dict[tuple[str, str], list[InspectSample]] = {}
        for row in judge_log(log):
            place = (row.attempt.key.target, row.fixture.workload)
            groups.setdefault(place, []).append(_sample(log, row))
        targets = {target.name: target for target in log.header.targets}
        for (target, workload), samples in groups.items():
            yield path, log, targets[target], workload, samples


def _sample(log: RunLog, row: GradedAttempt) -> InspectSample:
    """The sample with its prompt made again from the log, which holds everything that went into it."""
    prompt: tuple[Message, ...] = ()
    if row.fixture.input and not row.attempt.bypass:
        workload = next(workload for workload in log.header.workloads if workload.name == row.fixture.workload)
        prepared = prepare(row.fixture, workload, decoding=row.attempt.key.decoding)
        whole = prepared.all_in_one
        prompt = whole.messages if whole is not None else ()
    return InspectSample(row.attempt, row.fixture, row.graded, prompt)
