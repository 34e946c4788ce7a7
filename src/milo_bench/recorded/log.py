"""A recording and the fixture of each of its cases in, a run log with the source of every attempt out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from milo_bench.core.errors import DataError
from milo_bench.core.hashing import sha256_data
from milo_bench.core.records import (
    AnswerSource,
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    ImportedFile,
    Plan,
    RunEnd,
    RunHeader,
    TargetRecord,
    Timings,
    Workload,
)
from milo_bench.recorded.answer import Account, RecordedAnswer
from milo_bench.recorded.cases import Recording
from milo_bench.recorded.files import RecordFile
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.store.stored_text import TextPolicy
from milo_bench.suites.load import Suite

_NO_TIMES = Timings(0.0, 0.0, 0.0)  # of our own clock: nothing was sent


@dataclass(frozen=True)
class LogRequest:
    """Where the log goes and what its first line says besides the recording."""

    out: Path
    format: str
    suite: Suite
    suite_folder: str
    tool_version: str
    now: datetime
    hosted: Collection[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    policy: TextPolicy = field(default_factory=TextPolicy)
    listener: AttemptListener | None = None


class AttemptListener(Protocol):
    """Told of each attempt before its text is redacted or dropped."""

    def start(self, run_id: str, workloads: Mapping[str, Workload], fixtures: Sequence[Fixture]) -> None: ...

    def judge(self, attempt: Attempt, fixture: Fixture) -> None: ...


@dataclass(frozen=True)
class WrittenLog:
    """What was written: attempts by target, how many failed, and how many of those planned are missing."""

    attempts: dict[str, int]
    failures: int
    missing: int
    fixtures: int


def write_recorded_log(
    recording: Recording,
    fixtures: Mapping[int, Fixture],
    files: Sequence[RecordFile],
    request: LogRequest,
    account: Account,
) -> WrittenLog:
    """Write the log of a recording. ``fixtures`` are those of its cases; answers to other cases are left out.

    Raises UsageError and PrerequisiteError where the log cannot be made, IncompleteRun where the disk is full.
    """
    names = target_names(recording.targets)
    keys = _keys(recording, fixtures, names, files, account)
    used = {key.fixture for key in keys if key is not None}
    targets = {key.target for key in keys if key is not None}
    repeats = max((key.repeat for key in keys if key is not None), default=0) + 1
    decodings = tuple(sorted({key.decoding for key in keys if key is not None}, reverse=True))
    if not used:
        message = f"{files[0].path} has no answer that can be imported."
        raise DataError(message, hint=account.broken[0].hint if account.broken else "check --format and --map.")
    plan = Plan(
        fixtures=tuple(fixture.id for fixture in request.suite.fixtures if fixture.id in used),
        targets=tuple(name for name in names.values() if name in targets),
        repeats=repeats,
        decodings=decodings,
    )
    header = _header(recording, plan, names, files, request)
    planned = [fixture for fixture in request.suite.fixtures if fixture.id in used]
    writer = RunLogWriter.create(request.out, header, planned, request.policy, resumes=False)
    by_id = {fixture.id: fixture for fixture in planned}
    if request.listener is not None:
        request.listener.start(header.run_id, request.suite.workloads, planned)
    counts, failures = dict.fromkeys(plan.targets, 0), 0
    try:
        for key, (_, answer) in zip(keys, recording.answers(), strict=True):
            if key is None:
                continue
            attempt = _attempt(key, answer, files)
            if request.listener is not None:
                request.listener.judge(attempt, by_id[key.fixture])
            writer.append(attempt)
            counts[key.target] += 1
            failures += answer.failure is not None
        written = sum(counts.values())
        missing = len(plan.fixtures) * len(plan.targets) * repeats * len(plan.decodings) - written
        ended_at = request.now.isoformat(timespec="microseconds")
        writer.close(RunEnd(ended_at, written, failures, complete=missing == 0))
    finally:
        writer.close()
    return WrittenLog(counts, failures, missing, len(plan.fixtures))


def target_names(models: Collection[str]) -> dict[str, str]:
    """A target's name for each model: letters, digits and ``._:+-``, each once."""
    names: dict[str, str] = {}
    for model in models:
        plain = re.sub(r"[^\w.:+-]+", "-", model).strip("-.")[:100] or "model"
        name, number = plain, 1
        while name in names.values():
            number += 1
            name = f"{plain}-{number}"
        names[model] = name
    return names


def _keys(
    recording: Recording,
    fixtures: Mapping[int, Fixture],
    names: Mapping[str, str],
    files: Sequence[RecordFile],
    account: Account,
) -> list[AttemptKey | None]:
    """The key of each answer, None where its case has no fixture; a repeat that is taken gets the next free one."""
    counted = sorted({answer.repeat for _, answer in recording.answers() if answer.repeat is not None})
    places = {repeat: place for place, repeat in enumerate(counted)}  # a seed or a year is no count from 0
    taken: dict[tuple[str, str, str], set[int]] = {}
    keys: list[AttemptKey | None] = []
    for number, answer in recording.answers():
        fixture = fixtures.get(number)
        if fixture is None:
            keys.append(None)
            continue
        target = names[answer.target]
        of = taken.setdefault((fixture.id, target, answer.decoding), set())
        repeat = len(of) if answer.repeat is None else places[answer.repeat]
        if repeat in of:
            repeat = next(free for free in range(len(of) + 1) if free not in of)
            if answer.repeat is not None:
                where = files[answer.file].where(answer.line)
                account.leave("a repeat that is recorded twice", where, "the later one is kept as a further repeat.")
        of.add(repeat)
        keys.append(AttemptKey(fixture.id, target, repeat, answer.decoding))
    return keys


def _header(
    recording: Recording,
    plan: Plan,
    names: Mapping[str, str],
    files: Sequence[RecordFile],
    request: LogRequest,
) -> RunHeader:
    suite = request.suite
    used = {suite.fixture(id).workload: None for id in plan.fixtures}
    targets = tuple(
        TargetRecord(name, "recorded", model, hosted=bool({name, model} & set(request.hosted)))
        for model, name in names.items()
        if name in plan.targets
    )
    imported = tuple(
        ImportedFile(
            file.name,
            file.sha256,
            request.format,
            *recording.tools.get(file.number, ("", "")),
            columns=dict(request.columns),
            target=request.target,
        )
        for file in files
    )
    created_at = request.now.isoformat(timespec="microseconds")
    digest = sha256_data([created_at, suite.ref, plan, imported])
    return RunHeader(
        run_id=f"{request.now:%Y%m%dT%H%M%S}-{digest[:8]}",
        created_at=created_at,
        tool_version=request.tool_version,
        suite=suite.ref,
        workloads=tuple(suite.workloads[name] for name in used),
        targets=targets,
        plan=plan,
        store_text=request.policy.store_text,
        suite_folder=request.suite_folder,
        imported=imported,
    )


def _attempt(key: AttemptKey, answer: RecordedAnswer, files: Sequence[RecordFile]) -> Attempt:
    file = files[answer.file]
    failure = None if answer.failure is None else Failure(answer.failure, answer.failure_message[:2_000])
    source = AnswerSource(
        tool=answer.tool,
        version=answer.version,
        file=file.name,
        sha256=file.sha256,
        line=answer.line,
        id=answer.id,
        cached=answer.cached,
        times_s={} if answer.cached else answer.times_s,
        verdicts=answer.verdicts,
        cost_usd=answer.cost_usd,
    )
    answered = failure is None and not answer.bypass
    return Attempt(
        key=key,
        request_hash="",
        timings=_NO_TIMES,
        output=answer.output if answered else "",
        reasoning=answer.reasoning,
        tool_calls=answer.tool_calls if answered else (),
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        failure=failure,
        bypass=answer.bypass,
        server_timings={} if answer.cached else answer.server_timings,
        source=source,
    )
