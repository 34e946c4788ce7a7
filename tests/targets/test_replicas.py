"""Several servers behind one name: the least busy one answers, and one that does not start stops all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.errors import ConfigError, TargetError
from milo_bench.core.records import TargetRecord, Timeouts, Timings
from milo_bench.targets import open_target
from milo_bench.targets.base import OnEnd
from milo_bench.targets.llamacpp.replicas import ReplicatedTarget

pytestmark = pytest.mark.asyncio

REQUEST = ChatRequest((Message("user", "hello"),))


class Member:
    """A target that answers with its own name when it is told to."""

    def __init__(self, name: str, *, broken: bool = False) -> None:
        self.name = name
        self.broken = broken
        self.running = False
        self.may_answer = asyncio.Event()

    @property
    def record(self) -> TargetRecord:
        return TargetRecord(name="t", api="llamacpp", model="m", settings={"threads": 1})

    async def start(self) -> TargetRecord:
        if self.broken:
            raise TargetError("no memory")
        self.running = True
        return self.record

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        await self.may_answer.wait()
        if on_end is not None and (later := on_end(10)) is not None:
            await later
        return Exchange(timings=Timings(0.0, 0.0, 1.0), text=self.name)

    async def models(self) -> tuple[str, ...]:
        return ("m",)

    def server_pids(self) -> tuple[int, ...]:
        return (len(self.name),)

    async def stop(self) -> None:
        self.running = False


def ask(target: ReplicatedTarget) -> asyncio.Task[Exchange]:
    return asyncio.ensure_future(target.ask(REQUEST, timeouts=Timeouts(), zero_s=0.0, intended_s=0.0))


async def test_a_server_whose_answer_waits_to_be_read_is_not_busy() -> None:
    one, two = Member("a"), Member("bb")
    target = ReplicatedTarget([one, two])
    over = asyncio.Event()
    one.may_answer.set()
    waiting = asyncio.ensure_future(
        target.ask(REQUEST, timeouts=Timeouts(), zero_s=0.0, intended_s=0.0, on_end=lambda _: over.wait())
    )
    for _ in range(5):
        await asyncio.sleep(0)
    assert (await ask(target)).text == "a" and not waiting.done()
    over.set()
    assert (await waiting).text == "a"
    one.may_answer.clear()
    first, second = ask(target), ask(target)
    await asyncio.sleep(0)
    one.may_answer.set()
    two.may_answer.set()
    assert {(await first).text, (await second).text} == {"a", "bb"}, "each is free once, not twice"


async def test_each_request_goes_to_the_least_busy_server() -> None:
    one, two = Member("a"), Member("bb")
    target = ReplicatedTarget([one, two])
    record = await target.start()
    assert record.settings == {"threads": 1, "servers": 2}
    assert target.server_pids() == (1, 2)
    first, second = ask(target), ask(target)
    await asyncio.sleep(0)
    two.may_answer.set()
    assert (await second).text == "bb"
    assert (await ask(target)).text == "bb", "the first server still works"
    one.may_answer.set()
    assert (await first).text == "a"
    await target.stop()
    assert not one.running and not two.running


async def test_when_one_server_does_not_start_none_is_left_running() -> None:
    members = [Member("a"), Member("bb", broken=True)]
    with pytest.raises(TargetError, match="no memory"):
        await ReplicatedTarget(members).start()
    assert not any(member.running for member in members)


@pytest.mark.parametrize("count", [0, -1, 1.5, "2", True])
async def test_a_number_of_servers_that_is_none_is_refused(count: object, tmp_path: Path) -> None:
    config = TargetConfig(name="t", api="llamacpp", weights=str(tmp_path / "w.gguf"), settings={"servers": count})
    with pytest.raises(ConfigError, match="settings: servers is"):
        open_target(config, {})
