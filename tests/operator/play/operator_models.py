"""Models that are scripts: the oracle's calls as answers, and a target that says what it is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.clock import SystemClock
from milo_bench.core.records import (
    AttemptKey,
    Episode,
    Failure,
    TargetRecord,
    Timeouts,
    Timings,
    ToolCall,
    Usage,
)
from milo_bench.operator.play.episode import EpisodeLimits, EpisodePlayer
from milo_bench.operator.play.prompt import Protocol
from milo_bench.operator.worlds.policies import oracle
from milo_bench.operator.worlds.records import CallMade, EpisodeFinished, Form
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.tasks import find_task

Call = tuple[str, dict[str, Any]]
AT_ONCE = Timings(intended_s=0.0, started_s=0.0, ended_s=0.0)


def oracle_calls(task: str, seed: int = 0, form: Form = "trap") -> list[Call]:
    """What the oracle calls; worlds are deterministic, so the same calls again are an oracle's episode."""
    session = Session(find_task(task), seed, form)
    oracle(session, session.task)
    calls: list[Call] = []
    for line in session.log:
        if isinstance(line, CallMade):
            calls.append((line.tool, line.arguments))
        elif isinstance(line, EpisodeFinished):
            calls.append(("finish", msgspec.to_builtins(line.finish)))
    return calls


def fenced(tool: str, args: Any) -> str:
    return f"I go on.\n```json\n{json.dumps({'tool': tool, 'args': args})}\n```\n"


def reply_of(call: Call, protocol: Protocol) -> dict[str, Any]:
    tool, args = call
    if protocol == "fenced":
        return {"text": fenced(tool, args)}
    return {"text": "", "tool_calls": [{"name": tool, "arguments": json.dumps(args), "id": "call_x"}]}


def script_of(calls: Sequence[Call], protocol: Protocol, *, first: int = 1) -> dict[str, Any]:
    """A fake server's script that makes ``calls`` from request ``first`` on, and writes prose afterwards."""
    rules = [{"when": {"requests": [first + n]}, "reply": reply_of(call, protocol)} for n, call in enumerate(calls)]
    return {"reply": {"text": "I am a poet."}, "rules": rules}


def fake_config(path: Path, script: dict[str, Any], name: str = "scripted") -> TargetConfig:
    path.write_text(json.dumps(script))
    return TargetConfig(name=name, api="fake", script=str(path))


Answer = Exchange | Failure


def says(text: str = "", *calls: tuple[str, str], finish_reason: str = "stop", tokens: int | None = None) -> Exchange:
    return Exchange(
        timings=AT_ONCE,
        text=text,
        tool_calls=tuple(ToolCall(f"c{n}", name, arguments) for n, (name, arguments) in enumerate(calls)),
        finish_reason=finish_reason,
        usage=Usage(prompt_tokens=tokens),
    )


def fails(kind: Any, message: str = "broken") -> Exchange:
    return Exchange(timings=AT_ONCE, failure=Failure(kind, message))


class ScriptedTarget:
    """Answers in this process, in order; after the last one it says the last one for ever."""

    def __init__(self, answers: Iterable[Exchange], *, window: int | None = None) -> None:
        self._answers = list(answers)
        self._record = TargetRecord(name="scripted", api="test", model="m", context_window=window)
        self.requests: list[ChatRequest] = []
        self.starts = 0
        self.on_ask: Callable[[], None] = lambda: None

    @property
    def record(self) -> TargetRecord:
        return self._record

    async def start(self) -> TargetRecord:
        self.starts += 1
        return self._record

    async def ask(self, request: ChatRequest, *, timeouts: Timeouts, zero_s: float, intended_s: float) -> Exchange:
        self.requests.append(request)
        self.on_ask()
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def models(self) -> tuple[str, ...]:
        return ("m",)

    def server_pids(self) -> tuple[int, ...]:
        return ()

    async def stop(self) -> None:
        return None


async def at_once(seconds: float) -> None:
    """A pause that takes no time."""


async def play(
    target: ScriptedTarget,
    task: str = "provider_503",
    *,
    protocol: Protocol = "tools",
    limits: EpisodeLimits | None = None,
    seed: int = 0,
    form: Form = "trap",
) -> Episode:
    clock = SystemClock()
    player = EpisodePlayer(
        session=Session(find_task(task), seed, form),
        target=target,
        key=AttemptKey(f"{task}.{form}", "scripted"),
        protocol=protocol,
        limits=limits or EpisodeLimits(),
        window=target.record.context_window,
        clock=clock,
        zero_s=clock.monotonic_s(),
        pause=at_once,
    )
    return await player.play()
