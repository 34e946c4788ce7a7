"""A server that works for others too: seen in its own counters, and never taken for work of ours."""

from __future__ import annotations

import asyncio

import pytest

from milo_bench.core.records import Telemetry
from milo_bench.run.serving.others import watch_others
from milo_bench.targets.http.busy import busy_slots, requests_in_metrics
from tests.run.run_parts import TestTarget, record_of

LLAMA = b"# TYPE x gauge\nllamacpp:requests_processing 2\nllamacpp:requests_deferred 3\nllamacpp:n_decode_total 9\n"
VLLM = b'vllm:num_requests_running{engine="0",model_name="m"} 4.0\nvllm:num_requests_waiting{engine="0"} 1.0\n'


@pytest.mark.parametrize(("body", "count"), [(LLAMA, 5), (VLLM, 5), (b"up 1\n", None), (b"", None)])
def test_what_runs_and_what_waits_is_counted(body: bytes, count: int | None) -> None:
    assert requests_in_metrics(body) == count


def test_slots_that_work_are_counted_and_other_lists_are_none() -> None:
    assert busy_slots([{"is_processing": True}, {"is_processing": False}]) == 1
    assert busy_slots([]) is busy_slots({"a": 1}) is busy_slots([{"id": 0}]) is None


class Counting(TestTarget):
    """A target whose server says how many requests it works on, one number a time; then that it does not say."""

    def __init__(self, *counts: int) -> None:
        super().__init__(record_of("t"))
        self._counts = list(counts)

    async def requests_at_work(self) -> int | None:
        return self._counts.pop(0) if self._counts else None


async def seen(target: TestTarget, in_flight: int) -> list[Telemetry]:
    watching = watch_others({"t": target}, lambda _: in_flight, now_s=lambda: 1.0, every_s=0.001, ends=asyncio.Event())
    return [sample async for sample in watching]


async def test_only_what_is_not_ours_is_told() -> None:
    assert [sample.others_requests for sample in await seen(Counting(2, 3, 5), 2)] == [1, 3]


async def test_a_server_that_does_not_say_is_asked_no_more() -> None:
    assert await seen(Counting(), 0) == []
    assert await seen(TestTarget(record_of("t")), 0) == [], "nor one whose API has no such thing"
