"""A flow runs a coroutine at once, and what it waits for takes it on at once; a task takes over where one is needed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from milo_bench.gateway.wire.flow import Flow, LateValue, in_task


def test_a_coroutine_that_waits_for_nothing_has_ended_when_its_flow_begins() -> None:
    said: list[str] = []

    async def work() -> None:
        said.append("whole")

    Flow(work())  # no loop runs here, so nothing else could have run it
    assert said == ["whole"]


async def test_who_sets_the_value_takes_the_flow_on_before_the_next_turn_of_the_loop() -> None:
    wait: LateValue[str] = LateValue()
    said: list[str] = []

    async def work() -> None:
        said.append("begun")
        said.append(await wait)

    Flow(work())
    assert said == ["begun"]
    wait.set("value")
    assert said == ["begun", "value"]
    wait.set("another")
    assert said == ["begun", "value"]


async def test_an_error_is_raised_where_it_is_awaited() -> None:
    wait: LateValue[str] = LateValue()
    said: list[str] = []

    async def work() -> None:
        try:
            await wait
        except OSError as error:
            said.append(str(error))

    Flow(work())
    wait.fail(OSError("full"))
    assert said == ["full"]


async def test_a_timeout_and_a_future_work_in_a_flow_and_what_follows_them_does() -> None:
    wait: LateValue[str] = LateValue()
    ended: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await in_task()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        found: list[Any] = [await asyncio.get_running_loop().run_in_executor(None, str, 7)]
        found.append(await wait)  # in a task now, so through a future
        ended.set_result(found)

    Flow(work())
    await asyncio.sleep(0.05)
    wait.set("late")
    assert await ended == ["7", "late"]


async def test_a_value_that_came_before_it_is_awaited_is_there() -> None:
    wait: LateValue[int] = LateValue()
    wait.set(3)
    assert await wait == 3


@pytest.mark.parametrize("in_a_task", [False, True])
async def test_a_cancelled_flow_is_told_at_its_wait_once(in_a_task: bool) -> None:
    wait: LateValue[None] = LateValue()
    said: list[str] = []

    async def work() -> None:
        if in_a_task:
            await asyncio.sleep(0)
        try:
            await wait
        except asyncio.CancelledError:
            said.append("cancelled")
            raise

    flow = Flow(work())
    for _ in range(3):
        await asyncio.sleep(0)
    flow.cancel()
    flow.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    wait.set(None)  # too late, and nobody waits
    assert said == ["cancelled"]


async def test_a_flow_that_cancels_itself_is_told_at_its_next_wait() -> None:
    wait: LateValue[None] = LateValue()
    said: list[str] = []

    async def work() -> None:
        await wait
        flow.cancel()
        try:
            await LateValue[None]()
        except asyncio.CancelledError:
            said.append("cancelled")

    flow = Flow(work())
    wait.set(None)
    await asyncio.sleep(0)
    assert said == ["cancelled"]


async def test_a_flow_within_another_keeps_both_apart() -> None:
    first: LateValue[str] = LateValue()
    second: LateValue[str] = LateValue()
    said: list[str] = []

    async def inner() -> None:
        said.append(await second)

    async def outer() -> None:
        Flow(inner())
        said.append(await first)

    Flow(outer())
    first.set("outer")
    second.set("inner")
    assert said == ["outer", "inner"]


async def test_an_error_that_nobody_handles_is_told_to_the_loop() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))

    async def work() -> None:
        raise ValueError("broken")

    Flow(work())
    assert [str(one["exception"]) for one in told] == ["broken"]
