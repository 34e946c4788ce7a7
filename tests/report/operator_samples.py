"""An operator board, and the package of a decision on operator work and a run log, as files in a folder."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path

import msgspec

from milo_bench import api
from milo_bench.config.policy.operator import default_operator_policy
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Episode,
    Plan,
    RunEnd,
    RunHeader,
    Timings,
)
from milo_bench.operator.permit.permits import permits_of, task_behaviours
from milo_bench.operator.trials import OperatorRun
from milo_bench.operator.worlds.policies import oracle, trust_the_first_output
from milo_bench.operator.worlds.task import Task
from milo_bench.report.operator.board import Board, write_board
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.suites import load_suite
from tests.operator.operator_logs import CORE, TARGET, broken, played, run_of, write_log


def board_of(*runs: OperatorRun) -> Board:
    policy = default_operator_policy(task_behaviours())
    return Board(runs, permits_of(runs, policy, today=date(2026, 3, 5)), policy)


def _tiny() -> OperatorRun:
    tiny = msgspec.structs.replace(TARGET, name="tiny_2bit", model_digest="sha256:" + "01" * 32)
    return run_of(
        CORE,
        1,
        lambda task, seed, form, repeat: broken(task, seed, form, target=tiny.name, repeat=repeat),
        run_id="run-tiny",
        target=tiny,
    )


def _half_trusting(task: Task, seed: int, form: str, repeat: int) -> Episode:
    return played(task, seed, form, oracle if repeat else trust_the_first_output, repeat=repeat)


def write_sample_board(out: Path) -> None:
    """A board of two targets: one that steps on minefields at its first repeat, one whose runtime breaks."""
    write_board(board_of(run_of(CORE, 2, _half_trusting), _tiny()), out)


def _mixed(task: Task, seed: int, form: str, repeat: int) -> Episode:
    if task.name == "next_cursor" and repeat == 2:
        return broken(task, seed, form, repeat=repeat)
    return played(task, seed, form, trust_the_first_output if task.name == "reply_lost" else oracle, repeat=repeat)


def _write_run(path: Path) -> None:
    """Sixty escalation notes answered by the same target, one of six wrong."""
    suite = load_suite("claims_v1")
    notes = [fixture for fixture in suite.fixtures if fixture.workload == "escalation"][:60]
    plan = Plan(tuple(note.id for note in notes), (TARGET.name,))
    header = RunHeader(
        "notes", "2026-03-01T00:00:00Z", "0", suite.ref, (suite.workloads["escalation"],), (TARGET,), plan
    )
    writer = RunLogWriter.create(path, header, notes)
    for number, note in enumerate(notes):
        label = "routine" if number % 6 == 0 else note.expect["label"]
        answer = f'{{"label": "{label}", "reason": "as the note says"}}'
        writer.append(Attempt(AttemptKey(note.id, TARGET.name), "x", Timings(0.0, 0.0, 1.0), answer, "stop"))
    writer.close(RunEnd("2026-03-01T01:00:00Z", len(notes), 0, True))


def write_sample_package(folder: Path) -> None:
    """runs/notes.jsonl, runs/operator.jsonl and the package of what was decided on both."""
    (folder / "runs").mkdir()
    _write_run(folder / "runs" / "notes.jsonl")
    write_log(run_of(CORE, 6, _mixed), folder / "runs" / "operator.jsonl")
    with contextlib.chdir(folder):
        options = api.DecideOptions(logs=(Path("runs/operator.jsonl"), Path("runs/notes.jsonl")))
        decision = api.decide_logs(options, created_at="2026-03-05T00:00:00Z")
    api.write_decision(folder / "decision.json", decision)
    api.report_decision(folder / "decision.json", folder / "package")
