"""A gateway, its targets and clients in one place, and what a fault came to: held, failed safe, or slipped past."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from benchmarks.gateway.faults.process import WAIT_S, GatewayProcess, Reply, ask, exchange, gateway_process
from benchmarks.gateway.faults.scripted import Behaviour, ScriptedUpstream

KEY: Final = "sk-live-4242-do-not-leak"
Ending: TypeAlias = Literal["passed", "failed safe", "not tried"]


@dataclass
class Outcome:
    """``ending``: the client got a right answer all the same ("passed"), or none and the truth about it."""

    fault: str
    ending: Ending
    said: str
    slipped: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.slipped

    def line(self) -> str:
        held = self.ending if self.ok else "SLIPPED"
        return f"  {self.fault:<18} {held:<12} {'; '.join(self.slipped) or self.said}"


class Scene:
    """Where a fault is tried. ``expect`` notes what did not hold."""

    def __init__(self, folder: Path, gateway: GatewayProcess, upstream: ScriptedUpstream) -> None:
        self.folder, self.gateway, self.upstream = folder, gateway, upstream
        self.slipped: list[str] = []

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.slipped.append(otherwise)

    def break_target(self, target: str, behaviour: Behaviour) -> None:
        self.upstream.broken[target] = behaviour

    async def ask(self, target: str, text: str = "good morning", *, workload: str = "notes", stream: bool = False,
                  headers: str = "") -> Reply:  # fmt: skip
        """A request that the table sends to ``target``."""
        return await ask(self.gateway.port, workload, text, stream=stream, headers=headers, tags=[target])

    def from_target(self, reply: Reply) -> str:
        return reply.headers.get("x-milo-target", "")

    def record(self, reply: Reply) -> Any:
        """The one record of a reply's request."""
        found = [one for one in self.gateway.records() if one.request == reply.request]
        self.expect(len(found) == 1, f"{len(found)} records for one answer")
        return found[0] if found else None

    async def until_ready(self, target: str) -> None:
        """A busy machine may have kept its last probe waiting, and then it gets no request at all."""

        async def ready() -> bool:
            request = b"GET /health/targets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            reply = await exchange(self.gateway.port, request)
            return bool(reply.json()["targets"][target]["state"] == "ready")

        await self.until(ready, f"readiness of {target}")

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(WAIT_S / 4):
                while not await holds():  # noqa: ASYNC110  # it is another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            self.slipped.append(f"never came: {what}")


Fault: TypeAlias = Callable[[Scene], Awaitable[tuple[Ending, str]]]


def table(targets: tuple[str, ...], digest: str) -> dict[str, Any]:
    """A rule for each target, open and guarded, with the target ``good`` as its fallback where a fault allows one."""
    rules: list[dict[str, Any]] = []
    for name in targets:
        step: dict[str, Any] = {"route": "hosted", "target": "good"}
        limits = {"limits": {"timeout_s": 0.6}} if name in ("slow", "half_open", "stalls") else {}
        if name in ("storm", "cut", "leak", "disk", "no_disk"):
            step = {"route": "refuse"}
        rules += [
            {"id": name, "when": {"workload": "notes", "tags": [name]}, "route": "local", "target": name, **limits,
             "fallback": step},
            {"id": f"{name}-guarded", "when": {"workload": "drafting", "tags": [name]}, "route": "local",
             "target": name, "guardrails": ["answer_present", "banned_commitments"], **limits, "fallback": step},
            {"id": f"{name}-schema", "when": {"workload": "extraction", "tags": [name]}, "route": "local",
             "target": name, "guardrails": ["schema"], "fallback": {"route": "human_review"}},
        ]  # fmt: skip
    found: dict[str, dict[str, Any]] = {name: {"model": "m"} for name in (*targets, "good")}
    found["good"]["hosted"] = True
    found["weights"]["model_digest"] = digest
    rules.append({"id": "people", "when": {"workload": "people"}, "route": "human_review"})
    return {"targets": found, "rules": rules, "default": {"route": "refuse"}}


@asynccontextmanager
async def opened(folder: Path, targets: tuple[str, ...], dead: ScriptedUpstream,
                 env: Mapping[str, str]) -> AsyncIterator[Scene]:  # fmt: skip
    """One gateway for all faults; each has a target of its own, so that what it breaks stays its own."""
    upstream = ScriptedUpstream()
    await upstream.start()
    await dead.start()
    configs: dict[str, Any] = {}
    for name in (*targets, "good"):
        configs[name] = {"api": "openai", "model": "m", "base_url": upstream.url(name), "api_key_env": "TARGET_KEY"}
    configs["good"]["hosted"] = True
    configs["dead"]["base_url"] = dead.url("dead")
    configs["weights"] = {"api": "ollama", "model": "m", "base_url": upstream.url("weights").removesuffix("/v1")}
    bench = {"targets": configs, "gateway": {"ready_interval_s": 1.0, "fingerprint_interval_s": 0}}
    try:
        served = gateway_process(folder, table(targets, upstream.digest), bench, env={"TARGET_KEY": KEY, **env})
        async with served as gateway:
            yield Scene(folder, gateway, upstream)
    finally:
        upstream.close()
        dead.close()
