"""Long answers are judged beside the loop: one whose checks do not end in time is none, and holds nobody up."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from milo_bench.gateway import run
from milo_bench.gateway.answering import outside, under_way
from milo_bench.gateway.judging import JudgedReply, judge_reply
from milo_bench.gateway.serving import GatewayLimits
from tests.gateway.running import running_gateway

LONG = '{"order": "MX-26213", "note": "' + "a" * 30_000 + '"}'
ROUTING: dict[str, Any] = {
    "targets": {"local": {"model": "fake-1"}},
    "rules": [{"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "local",
               "guardrails": ["answer_present"]}],
    "default": {"route": "refuse"},
}  # fmt: skip


async def test_the_loop_judges_no_more_than_some_kilobytes_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[tuple[int, bool]] = []

    def noted(asked: Any, contract: Any, shown: Any, body: bytes, *, id: str) -> JudgedReply:
        size = len(body) + len(asked.text)
        judged.append((size, threading.current_thread() is threading.main_thread()))
        return judge_reply(asked, contract, shown, body, id=id)

    for module in (outside, under_way):
        monkeypatch.setattr(module, "judge_reply", noted)
    most = GatewayLimits().judge_inline_bytes
    scripts = {"local": {"reply": {"text": "It was paid. " * (most // 30)}}}
    async with (
        running_gateway(tmp_path, ROUTING, scripts, suites=("demo_v1",)) as gateway,
        gateway.client() as client,
    ):
        for words in (1, most // 20, most // 4):
            case = {"milo": {"input": {"message": "word " * words}}}
            await client.chat.completions.create(model="milo/orders", messages=[], extra_body=case)
    sizes = [size for size, _ in judged]
    assert min(sizes) < most <= max(sizes)
    assert most <= 4_000  # the slowest guard reads so much in some hundredths of a second
    assert [on_loop for _, on_loop in judged] == [size < most for size in sizes]


async def test_what_is_not_judged_in_time_goes_to_a_person_and_is_no_fault_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, begun = threading.Event(), threading.Semaphore(0)

    def slow(*given: Any, **named: Any) -> JudgedReply:
        begun.release()
        release.wait()
        return judge_reply(*given, **named)

    monkeypatch.setattr(outside, "judge_reply", slow)
    monkeypatch.setattr(run, "_limits", lambda _: GatewayLimits(judge_s=0.02))
    case = {"milo": {"input": {"message": "Where is order MX-26213?"}}}
    scripts = {"local": {"reply": {"text": LONG}}}
    async with (
        running_gateway(tmp_path, ROUTING, scripts, suites=("demo_v1",)) as gateway,
        gateway.client() as client,
    ):
        try:
            for _ in range(6):  # more than there are threads that judge
                told = await client.chat.completions.with_raw_response.create(
                    model="milo/orders", messages=[], extra_body=case
                )
                assert told.status_code == 202
                assert LONG not in told.text
        finally:
            release.set()
        assert begun.acquire(blocking=False)
        for line in gateway.audit():
            assert (line.outcome, line.cause, line.reason) == (
                "queued",
                "no_answer",
                "the answer was not judged in time",
            )
            assert line.calls[0].failure == "the answer was not judged within 20 ms"
        async with httpx.AsyncClient() as web:  # with six failures it would be down
            assert (await web.get(f"{gateway.address}/health/ready")).json()["status"] == "ready"
