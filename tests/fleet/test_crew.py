"""A whole fleet in one process: real workers behind actors that die when they are told to, and a real server to ask."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from milo_bench.config.fleet import FleetConfig
from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import IncompleteRun, PrerequisiteError
from milo_bench.core.records import Attempt, AttemptKey, Timeouts, Timings
from milo_bench.fleet.crew import Crew
from milo_bench.fleet.placement import FleetNode
from milo_bench.fleet.segments import Segments
from milo_bench.targets.fake.server import FakeServer, start_fake
from tests.fleet.test_worker import HEADER
from tests.patience import until

CASES, CONCURRENCY = 40, 2
A, B = FleetNode("a", "host-a", {}, here=True), FleetNode("b", "host-b", {})


class RayError(Exception):
    """What a call on an actor raises that is gone."""


class RayTaskError(RayError):
    """What a call on an actor raises that raised; ``cause`` is what."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Actor:
    """A worker in this process. ``die`` is a kill: nothing that it was at comes back."""

    def __init__(self, worker: Any, node: FleetNode) -> None:
        self.worker, self.node = worker, node
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_alive(self) -> bool:
        return not self._gone.done()

    def die(self) -> None:
        if self.is_alive:
            self._gone.set_result(None)
            for task in tuple(self.worker._tasks.values()):
                task.cancel()

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(remote=lambda *args, **more: self._called(name, args, more))

    def _called(self, name: str, args: tuple[Any, ...], more: dict[str, Any]) -> asyncio.Task[Any]:
        call = asyncio.ensure_future(self._call(name, args, more))
        call.add_done_callback(lambda done: done.cancelled() or done.exception())
        return call

    async def _call(self, name: str, args: tuple[Any, ...], more: dict[str, Any]) -> Any:
        if not self.is_alive:
            raise RayError
        try:
            result = getattr(self.worker, name)(*args, **more)
        except Exception as error:
            raise RayTaskError(error) from None
        if not asyncio.iscoroutine(result):
            return result
        work = asyncio.ensure_future(result)
        await asyncio.wait({work, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        if not self.is_alive:
            work.cancel()
            raise RayError
        try:
            return work.result()
        except Exception as error:
            raise RayTaskError(error) from None


class LocalNodes:
    """The ``Cluster`` of a crew: nodes that come and go, and their actors, the newest last."""

    def __init__(self, *nodes: FleetNode) -> None:
        self.at_hand = list(nodes)
        self.actors: list[Actor] = []
        exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        self.ray = SimpleNamespace(exceptions=exceptions, kill=lambda actor: actor.die())

    def nodes(self) -> list[FleetNode]:
        return list(self.at_hand)

    def has_head(self) -> bool:
        return True

    def actor(self, kind: Callable[[object], Any], node: FleetNode, order: object, *, at_once: int) -> Actor:
        self.actors.append(Actor(kind(order), node))
        return self.actors[-1]

    def living(self, node: FleetNode) -> list[Actor]:
        return [one for one in self.actors if one.node is node and one.is_alive]


class Fleet:
    """A crew at work on ``CASES`` attempts."""

    def __init__(self, nodes: LocalNodes, crew: Crew, server: FakeServer) -> None:
        self.nodes, self.crew, self.server = nodes, crew, server
        self._zero_s = time.monotonic()

    def send_all(self) -> asyncio.Future[list[Attempt]]:
        return asyncio.gather(*(self._send(number) for number in range(CASES)))

    async def _send(self, number: int) -> Attempt:
        draft = Attempt(AttemptKey(f"case-{number}", "word"), "", Timings(0.0, 0.0, 0.0))
        request = ChatRequest((Message("user", f"case {number}"),), max_tokens=4)
        return await self.crew.send(draft, request, timeouts=Timeouts(), zero_s=self._zero_s, intended_s=0.0)

    def asked(self) -> int:
        """Requests for cases, each as often as it was sent."""
        return sum(count for text, count in self.server.counts().items() if "case" in text)


@asynccontextmanager
async def fleet_on(folder: Path, *nodes: FleetNode, lost_after_s: float = 60.0) -> AsyncIterator[Fleet]:
    async with start_fake({"reply": {"text": "ok", "first_token_s": 0.01}}) as server:
        config = TargetConfig(name="word", api="openai", base_url=server.base_url, model="fake-1")
        settings = FleetConfig(segments=str(folder / "segments"), lost_after_s=lost_after_s)
        local = LocalNodes(*nodes)
        crew = Crew(local, settings, {"word": config}, concurrency=CONCURRENCY)  # type: ignore[arg-type]
        await crew.start()
        await crew.begin(HEADER)
        try:
            yield Fleet(local, crew, server)
        finally:
            await crew.stop()


async def all_of(sent: asyncio.Future[list[Attempt]]) -> None:
    """Each attempt came once, with its answer."""
    async with asyncio.timeout(60):
        found = await sent
    assert len({one.key for one in found}) == CASES
    assert {(one.output, one.failure) for one in found} == {("ok", None)}


async def test_a_worker_that_dies_in_the_middle_loses_no_attempt_and_only_what_was_at_work_is_sent_again(
    tmp_path: Path,
) -> None:
    async with fleet_on(tmp_path, A, B) as fleet:
        sent = fleet.send_all()
        await until(lambda: fleet.asked() >= 10)
        fleet.nodes.living(A)[0].die()
        await all_of(sent)
        assert fleet.crew.restarts == 1 and fleet.crew.problems == {}
        assert CASES <= fleet.asked() <= CASES + CONCURRENCY


async def test_a_node_whose_disk_fills_up_in_the_middle_goes_on_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    async with fleet_on(tmp_path, A, B) as fleet:
        sent = fleet.send_all()
        await until(lambda: fleet.asked() >= 10)
        monkeypatch.setattr(os, "write", full)
        await all_of(sent)
        assert fleet.asked() == CASES
        assert all("No space left on device" in said for said in fleet.crew.problems.values())
        assert {name.partition("/")[0] for name in fleet.crew.problems} <= {"host-a", "host-b"} and fleet.crew.problems


async def test_a_worker_that_comes_in_place_of_a_dead_one_works_without_a_segment_where_the_disk_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(self: Segments, name: str, header: object) -> None:
        raise PrerequisiteError("Cannot make the segment: No space left on device.", hint="free some space there.")

    async with fleet_on(tmp_path, A) as fleet:
        sent = fleet.send_all()
        await until(lambda: fleet.asked() >= 10)
        monkeypatch.setattr(Segments, "new", no_room)
        fleet.nodes.living(A)[0].die()
        await all_of(sent)
        assert list(fleet.crew.problems.values()) == ["Cannot make the segment: No space left on device on host-a"]
        fleet.nodes.at_hand.append(B)
        await until(lambda: len(fleet.crew.at_work()) == 2)
        await all_of(fleet.send_all())
        assert len(fleet.nodes.living(B)) == 1 == sum(one.node is B for one in fleet.nodes.actors)


async def test_a_disk_that_takes_no_segment_ends_the_run_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    (tmp_path / "segments").write_text("in the way")
    with pytest.raises(PrerequisiteError, match="Cannot make") as refused:
        async with fleet_on(tmp_path, A):
            pytest.fail("it began")
    assert "fleet.segments" in str(refused.value.hint)


async def test_a_target_without_a_node_ends_the_run_and_whoever_waits_is_told(tmp_path: Path) -> None:
    async with fleet_on(tmp_path, A, lost_after_s=0.5) as fleet:
        sent = fleet.send_all()
        await until(lambda: fleet.asked() >= 10)
        fleet.nodes.at_hand.clear()
        fleet.nodes.living(A)[0].die()
        with pytest.raises(IncompleteRun, match="No node of the fleet has served 'word'"):
            async with asyncio.timeout(60):
                await sent


async def test_an_attempt_that_is_taken_back_after_the_workers_were_stopped_is_cancelled_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with fleet_on(tmp_path, A) as fleet:
        sent = fleet.send_all()
        await until(lambda: fleet.asked() >= 1)
        await fleet.crew.stop()
        sent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sent
