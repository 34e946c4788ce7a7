"""Moments in, what a gateway that is killed at each of them under load has lost out: nothing that it answered."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.gateway.faults.process import GatewayProcess, ask, gateway_process, start
from benchmarks.gateway.faults.scripted import Call, ScriptedUpstream
from milo_bench.store.state.database import open_state
from milo_bench.store.state.queue import list_work

CLIENTS: Final = 12
_TABLE: Final[dict[str, Any]] = {
    "targets": {"local": {"model": "m"}},
    "rules": [
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local"},
        {"id": "drafts", "when": {"workload": "drafting"}, "route": "local", "target": "local",
         "guardrails": ["banned_commitments"]},
        {"id": "people", "when": {"workload": "people"}, "route": "human_review"},
    ],
    "default": {"route": "refuse"},
}  # fmt: skip
_DONE: Final = b"data: [DONE]\n\n"


@dataclass
class Killed:
    """What clients had when it was killed; what is missing is in ``slipped``."""

    moment_s: float
    answered: int = 0
    queued: int = 0
    slipped: list[str] = field(default_factory=list)


@dataclass
class _Had:
    answered: list[str] = field(default_factory=list)
    queued: list[str] = field(default_factory=list)


async def killed_once(folder: Path, *, moment_s: float, seed: int) -> Killed:
    """Start, load from twelve clients, kill at ``moment_s`` after the first answer, and look; then start again."""
    upstream = ScriptedUpstream()
    await upstream.start()
    draw = random.Random(seed)

    async def paced(call: Call) -> None:
        await asyncio.sleep(draw.random() * 0.01)
        call.answer()

    upstream.broken["local"] = paced
    bench = {"targets": {"local": {"api": "openai", "model": "m", "base_url": upstream.url("local")}}}
    found = Killed(moment_s)
    try:
        async with gateway_process(folder, _TABLE, bench) as gateway:
            had = _Had()
            clients = [asyncio.ensure_future(_client(gateway, place, had)) for place in range(CLIENTS)]
            await asyncio.sleep(moment_s)
            os.kill(gateway.pid, signal.SIGKILL)
            await gateway.process.wait()
            await asyncio.gather(*clients)
            _look(gateway, had, found)
        again = await start(folder)
        reply = await ask(again.port, "notes", "good morning")
        if reply.status != 200 or not again.check().ok:
            found.slipped.append(f"after the start: {reply.status}, audit {again.check().ok}")
        again.process.terminate()
        await again.process.wait()
    finally:
        upstream.close()
    return found


async def _client(gateway: GatewayProcess, place: int, had: _Had) -> None:
    workload, stream = ("notes", "people", "drafting", "notes")[place % 4], place % 3 == 0
    while True:
        try:
            reply = await ask(gateway.port, workload, "good morning", stream=stream)
        except OSError:
            return
        if not reply.request:
            return
        if reply.clean and (not stream or reply.body.endswith(_DONE)):
            had.answered.append(reply.request)
            if "location" in reply.headers:
                had.queued.append(reply.headers["location"].rpartition("/")[2])


def _look(gateway: GatewayProcess, had: _Had, found: Killed) -> None:
    found.answered, found.queued = len(had.answered), len(had.queued)
    recorded = {record.request: record for record in gateway.records()}
    if lost := [one for one in had.answered if one not in recorded]:
        found.slipped.append(f"{len(lost)} of {len(had.answered)} answers without a record")
    if wrong := [one for one in had.answered if one in recorded and recorded[one].status not in (200, 202)]:
        found.slipped.append(f"{len(wrong)} answers are recorded as failed")
    if not gateway.check().ok:
        found.slipped.append("the chain does not verify")
    kept = {work.id for work in list_work(open_state(str(gateway.folder / "state.db")), limit=1_000_000)}
    if missing := [one for one in had.queued if one not in kept]:
        found.slipped.append(f"the queue lost {len(missing)} of {len(had.queued)}")


async def killed_often(folder: Path, times: int, seed: int = 11) -> list[Killed]:
    """At ``times`` drawn moments up to two seconds, each with a folder of its own."""
    draw = random.Random(seed)
    return [
        await killed_once(folder / str(n), moment_s=round(draw.uniform(0.02, 2.0), 3), seed=draw.getrandbits(30))
        for n in range(times)
    ]


def kill_lines(killed: Iterable[Killed]) -> Iterable[str]:
    all_of_them = list(killed)
    answered, queued = sum(one.answered for one in all_of_them), sum(one.queued for one in all_of_them)
    wrong = [f"at {one.moment_s} s: {'; '.join(one.slipped)}" for one in all_of_them if one.slipped]
    yield f"  killed {len(all_of_them)} times under load: {answered:,} whole answers, {queued:,} of them queued work"
    yield f"  {len(wrong)} times something was missing" + (f": {' | '.join(wrong[:3])}" if wrong else "")
