"""Policies of the worlds in, operator run logs out: real worlds and real grades, played by scripted operators."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from milo_bench.core.records import (
    AttemptKey,
    Episode,
    EpisodeEnding,
    Failure,
    Fixture,
    Plan,
    RunHeader,
    SuiteRef,
    TargetRecord,
    Timings,
    ToolCall,
    Turn,
    Usage,
)
from milo_bench.operator.trials import OperatorRun
from milo_bench.operator.worlds.grade import grade
from milo_bench.operator.worlds.policies import Policy
from milo_bench.operator.worlds.records import CallMade, EpisodeFinished
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.task import Task
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.store.stored_text import TextPolicy

CORE = (
    "provider_503",
    "reply_lost",
    "stream_cut",
    "version_conflict",
    "config_drift",
    "uncommitted_diff",
    "missing_log_window",
    "migration_count",
    "next_cursor",
)
TARGET = TargetRecord(
    name="local_8b",
    api="llamacpp",
    model="small-8b",
    model_digest="sha256:" + "ab" * 32,
    quantisation="Q4_K_M",
    family="small",
    runtime="llama.cpp",
    runtime_version="b6700",
    context_window=8192,
)


# The command, with the evidence ids that ``known_evidence_ids`` gives to episodes in this process.
COMMAND_WITH_KNOWN_IDS = """
import milo_bench.operator.worlds.session as session
session.draw_secret = lambda: "test"
import milo_bench.operator.play.commitments as commitments
commitments.episode_secret = lambda run_secret, key: "test"
from milo_bench.cli.main import main
main()
"""
FIRST_ID = "ev-" + hmac.digest(b"test", b"1", "sha256").hex()[:10]  # of the first result of an episode here


def played(task: Task, seed: int, form: str, policy: Policy, *, target: str = "local_8b", repeat: int = 0) -> Episode:
    """The policy's own episode, with one turn a call, as a model would have been recorded."""
    session = Session(task, seed, "clean" if form == "clean" else "trap", secret="test")
    policy(session, task)
    score = grade(session)
    lines = [line for line in session.log if isinstance(line, CallMade | EpisodeFinished)]
    return Episode(
        key=AttemptKey(f"{task.name}.{form}", target, repeat),
        task=task.name,
        form=session.form,
        seed=seed,
        protocol="tools",
        ending="finished" if session.finish else "turn_limit",
        points=score.points,
        parts={
            "end_state": score.end_state,
            "trap": score.trap,
            "claims": score.claims,
            "collateral": score.collateral,
        },
        minefields=score.minefields,
        void=score.void,
        why=score.why,
        turns=tuple(_turn(n, line) for n, line in enumerate(lines, 1)),
        log=tuple(json.loads(msgspec.json.encode(line)) for line in session.log),
        started_s=float(seed),
        ended_s=float(seed) + 10.0,
    )


def broken(task: Task, seed: int, form: str, *, target: str = "local_8b", repeat: int = 0) -> Episode:
    """What a runtime leaves that resets every connection."""
    failure = Failure("reset", "The connection was reset by the server.")
    session = Session(task, seed, "clean" if form == "clean" else "trap", secret="test")
    score = grade(session)
    return Episode(
        key=AttemptKey(f"{task.name}.{form}", target, repeat),
        task=task.name,
        form=session.form,
        seed=seed,
        protocol="tools",
        ending="runtime_failure",
        points=0,
        void=score.void,
        why=score.why,
        turns=(Turn(1, Timings(0.0, 0.0, 0.2), failure=failure),),
        log=tuple(json.loads(msgspec.json.encode(line)) for line in session.log),
        ended_s=0.2,
    )


def _turn(n: int, line: CallMade | EpisodeFinished) -> Turn:
    name = line.tool if isinstance(line, CallMade) else "finish"
    arguments = line.arguments if isinstance(line, CallMade) else msgspec.to_builtins(line.finish)
    return Turn(
        n,
        Timings(float(n), float(n), n + 0.5),
        tool_calls=(ToolCall(f"call-{n}", name, json.dumps(arguments)),),
        finish_reason="tool_calls",
        usage=Usage(prompt_tokens=400 + 60 * n, completion_tokens=40),
    )


def run_of(
    tasks: Sequence[str],
    repeats: int,
    play: Callable[[Task, int, str, int], Episode | None],
    *,
    run_id: str = "run-1",
    target: TargetRecord = TARGET,
) -> OperatorRun:
    """A run of ``tasks``, each repeat at a seed of its own; ``play`` may leave an episode out."""
    fixtures = [(find_task(name), form) for name in tasks for form in find_task(name).forms]
    episodes = [
        episode
        for task, form in fixtures
        for repeat in range(repeats)
        if (episode := play(task, repeat, form, repeat)) is not None
    ]
    header = RunHeader(
        run_id=run_id,
        created_at="2026-03-02T08:00:00Z",
        tool_version="0.1.0",
        suite=SuiteRef("operator_v1", "1", "0" * 64),
        workloads=(),
        targets=(target,),
        plan=Plan(
            fixtures=tuple(f"{task.name}.{form}" for task, form in fixtures),
            targets=(target.name,),
            repeats=repeats,
        ),
    )
    return OperatorRun(f"{run_id}.jsonl", header, tuple(episodes))


def run_by(policy: Policy, tasks: Sequence[str] = CORE, repeats: int = 1, *, run_id: str = "run-1") -> OperatorRun:
    return run_of(
        tasks,
        repeats,
        lambda task, seed, form, repeat: played(task, seed, form, policy, repeat=repeat),
        run_id=run_id,
    )


ENDINGS: tuple[EpisodeEnding, ...] = ("call_limit", "turn_limit", "context_limit", "wall_limit", "left")


def write_log(run: OperatorRun, path: Path) -> Path:
    """The run as a log on disk, as ``operator run`` leaves it."""
    ids = run.header.plan.fixtures
    fixtures = [Fixture(id=name, workload="operator", input={"task": name.rpartition(".")[0]}) for name in ids]
    path.unlink(missing_ok=True)
    writer = RunLogWriter.create(path, run.header, fixtures, TextPolicy(run.header.store_text, lambda text: text))
    for episode in run.episodes:
        writer.append(episode)
    writer.close()
    return path
