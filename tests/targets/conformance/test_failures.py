"""What every API must make of a server that breaks: the right kind, nothing raised, no key shown."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from milo_bench.config.settings import TargetConfig
from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.records import FailureKind, Timeouts
from milo_bench.targets import open_target
from tests.patience import WAIT_S
from tests.targets.conformance.asking import PATIENT, ask
from tests.targets.conformance.served import ENV, KEY, Serve, with_a_word_for

pytestmark = pytest.mark.asyncio(loop_scope="session")
TEXT = "one two" + " three four" * 20  # one word over and over is what Ollama ends by itself
SHORT = Timeouts(connect_s=0.3, first_token_s=0.3, total_s=0.6)


def broken(kind: str, **more: Any) -> dict[str, Any]:
    return {"reply": {"text": TEXT}, "rules": [{"fault": {"kind": kind, **more}}]}


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (broken("reset_before_headers"), "reset"),
        (broken("reset_after_headers"), "reset"),
        (broken("reset_mid_stream"), "reset"),
        (broken("process_death"), "reset"),
        (broken("cut_stream"), "reset"),
        (broken("hang_before_headers"), "first_token_timeout"),
        (broken("hang_before_first_token"), "first_token_timeout"),
        (broken("hang_after_first_token"), "total_timeout"),
        (broken("slow_drip", drip_bytes=300, drip_gap_s=0.1), "total_timeout"),
        (broken("malformed_json"), "bad_stream"),
        (broken("missing_finish"), "bad_stream"),
        (broken("wrong_content_type"), "wrong_content_type"),
        (broken("error_in_stream"), "server_error"),
        (broken("context_overflow"), "context_overflow"),
        (broken("status", status=400), "rejected"),
        (broken("status", status=401), "auth"),
        (broken("status", status=403), "auth"),
        (broken("status", status=404), "not_found"),
        (broken("status", status=429, retry_after_s=1), "rate_limited"),
        (broken("status", status=500), "server_error"),
        (broken("status", status=503), "server_error"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value["rules"][0]["fault"].values())),
)
async def test_each_fault_is_a_failure_of_its_kind(serve: Serve, script: dict[str, Any], kind: FailureKind) -> None:
    async with serve(script) as served:
        got = await ask(served, timeouts=SHORT if kind.endswith("timeout") else PATIENT)
    assert got.failure is not None
    assert got.failure.kind == kind
    assert got.failure.message
    assert got.timings.ended_s >= got.timings.started_s
    if script["rules"][0]["fault"]["kind"] == "status":
        assert got.failure.http_status == script["rules"][0]["fault"]["status"]


async def test_a_failure_is_recorded_once_and_never_retried(serve: Serve) -> None:
    async with serve(broken("status", status=503)) as served:
        await ask(served)
        assert len(served.server.requests) == 1


async def test_a_finished_answer_without_the_end_mark_is_an_answer(serve: Serve, lacks: frozenset[str]) -> None:
    async with serve(broken("missing_done")) as served:
        got = await ask(served)
    if "separate_end_mark" in lacks:
        assert got.failure is not None and got.failure.kind == "bad_stream"
    else:
        assert (got.failure, got.text) == (None, TEXT)


async def test_what_came_before_the_break_is_kept(serve: Serve) -> None:
    async with serve(broken("reset_mid_stream", after_chunks=2)) as served:
        got = await ask(served)
    assert got.text == "one two"
    assert got.timings.first_content_s is not None


async def test_a_server_that_was_broken_can_be_asked_again(serve: Serve) -> None:
    script = {"rules": [{"when": {"requests": [1, 2]}, "fault": "reset_mid_stream"}]}
    async with serve(script) as served:
        kinds = [got.failure and got.failure.kind for got in [await ask(served) for _ in range(3)]]
    assert kinds == ["reset", "reset", None]


async def test_one_broken_stream_leaves_the_others_alone(serve: Serve) -> None:
    script = {
        "reply": {"text": "fine", "first_token_s": 0.1},
        "rules": [{"when": {"contains": "poison"}, "fault": "reset_after_headers"}],
    }
    async with serve(script) as served:
        texts = ["a", "poison", "b", "poison", "c"]
        answers = await asyncio.gather(*(ask(served, text) for text in texts))
    assert [got.failure is not None for got in answers] == [text == "poison" for text in texts]


async def test_cancelling_closes_the_connection(serve: Serve) -> None:
    async with serve(broken("hang_after_first_token")) as served:
        task = asyncio.create_task(ask(served))
        await served.server.wait_for_requests(1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await asyncio.wait_for(served.server.requests[0].ended.wait(), WAIT_S)
        assert served.server.requests[0].outcome == "client_closed"


async def test_a_timeout_closes_the_connection(serve: Serve) -> None:
    async with serve(broken("hang_before_first_token")) as served:
        await ask(served, timeouts=SHORT)
        await asyncio.wait_for(served.server.requests[0].ended.wait(), WAIT_S)
        assert served.server.requests[0].outcome == "client_closed"


@contextlib.contextmanager
def port_that_refuses() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextlib.contextmanager
def port_that_never_accepts() -> Iterator[int]:
    """A full backlog: the kernel drops further attempts to connect."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.parametrize("api", with_a_word_for("base_url"))
@pytest.mark.parametrize(
    ("place", "kind"), [(port_that_refuses, "connect_refused"), (port_that_never_accepts, "connect_timeout")]
)
async def test_a_server_that_cannot_be_reached_says_why(api: Any, place: Any, kind: FailureKind) -> None:
    with place() as port:
        target = open_target(
            TargetConfig(name="gone", api=api, model="fake-1", base_url=f"http://127.0.0.1:{port}"), ENV
        )
        request = ChatRequest(messages=(Message("user", "hi"),))
        got = await target.ask(request, timeouts=SHORT, zero_s=time.monotonic(), intended_s=0.0)
        await target.stop()
    assert got.failure is not None and got.failure.kind == kind


async def test_a_key_is_sent_and_shown_nowhere(serve: Serve) -> None:
    config = {"api_key_env": "CONFORMANCE_KEY"}
    async with serve({"accept_key": KEY}, **config) as served:
        good = await ask(served)
        assert good.failure is None
    async with serve(broken("status", status=401, message=f"the key {KEY} is not known"), **config) as served:
        bad = await ask(served)
        assert bad.failure is not None and bad.failure.kind == "auth"
        shown = f"{bad!r} {bad.failure.message} {served.target!r} {served.target.record!r} {good!r}"
    assert KEY not in shown
