"""A request that one whole reply decides is answered in callbacks, and leaves what the long way would have left."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.answering import direct
from milo_bench.gateway.answering.record import RequestRecord
from milo_bench.gateway.request import Question
from milo_bench.gateway.spans import RequestTrace
from milo_bench.gateway.wire.flow import Flow
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.strange.test_known_heads import Talk, asking
from tests.patience import WAIT_S

ROUTING: Final = {
    "targets": {"local": {"model": "fake-1"}, "other": {"model": "fake-1"}},
    "rules": [
        {"id": "notes", "when": {"workload": "notes"}, "route": "local", "target": "local",
         "limits": {"concurrency": 1}},
        {"id": "orders", "when": {"workload": "orders"}, "route": "local", "target": "other",
         "guardrails": ["schema"]},
    ],
    "default": {"route": "refuse"},
}  # fmt: skip
ORDER: Final = {
    "message": "Hi, order MX-26213 was due on Tuesday and it is still not here. Can you tell me where it is?"
}


def body(workload: str = "notes", **more: Any) -> bytes:
    said = {"messages": [{"role": "user", "content": "hello"}]} if "milo" not in more else {}
    return json.dumps({"model": f"milo/{workload}", **said, **more}).encode()


class Counted(Flow):
    """Counts the coroutines that are begun for requests."""

    begun: int = 0

    def __init__(self, coroutine: Any) -> None:
        Counted.begun += 1
        super().__init__(coroutine)


@pytest.mark.parametrize(
    ("data", "reply", "status", "begun"),
    [
        (body(), "fine", 200, 0),
        (body("orders", milo={"input": ORDER}), '{"order": "MX-26213"}', 200, 0),
        (body("unheard"), "fine", 404, 0),
        (body("orders", milo={"input": ORDER}), "I cannot say.", 202, 1),  # the guard fails, so a person is asked
        (body("orders", milo={"input": ORDER}), '{"order": "MX-26213"}' + " " * 5_000, 200, 1),  # a thread judges
        (body(stream=True), "fine", 200, 1),
    ],
)
async def test_only_what_one_reply_does_not_decide_has_a_coroutine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, reply: str, status: int, begun: int
) -> None:
    replies = {name: {"reply": {"text": reply}} for name in ("local", "other")}
    async with running_gateway(tmp_path, ROUTING, replies, suites=("demo_v1",)) as gateway:
        await _asked(gateway, data)  # no connection to the server is open before
        Counted.begun = 0
        monkeypatch.setattr(direct, "Flow", Counted)
        assert await _asked(gateway, data) == status
        assert Counted.begun == begun
        first, second = gateway.audit()
        same = {"n": 0, "at": "", "request": "", "took_s": 0.0, "first_s": 0.0, "calls": (), "queue": ""}
        assert msgspec.structs.replace(first, **same) == msgspec.structs.replace(second, **same)
        assert [call.target for call in first.calls] == [call.target for call in second.calls]
        assert gateway.check().ok


async def _asked(gateway: RunningGateway, data: bytes) -> int:
    """The status of the answer; a stream is read to its end."""
    host, port = gateway.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(asking(data, headers="Connection: close\r\n"))
    async with asyncio.timeout(WAIT_S):
        seen = await reader.read()
    writer.close()
    return int(seen[9:12])


async def test_a_client_that_leaves_frees_its_place_and_is_recorded(tmp_path: Path) -> None:
    replies = {"local": {"reply": {"text": "fine", "first_token_s": 0.5}}, "other": {"reply": {"text": "fine"}}}
    async with running_gateway(tmp_path, ROUTING, replies, suites=("demo_v1",)) as gateway:
        first = await Talk.begin(gateway)
        assert (await first.say(asking(body())))[0] == 200  # from now on there is a connection to the server
        leaving = await Talk.begin(gateway)
        seen = gateway.seen("local")
        leaving._writer.write(asking(body()))
        async with asyncio.timeout(WAIT_S):
            while gateway.seen("local") == seen:  # noqa: ASYNC110  # the server tells nobody
                await asyncio.sleep(0.001)
            leaving.close()
            assert (await first.say(asking(body())))[0] == 200  # one place: it would wait for ever
        first.close()
        assert [line.outcome for line in gateway.audit()] == ["answered", "cancelled", "answered"]
        assert gateway.check().ok


@given(
    st.integers(0, 9), st.booleans(), st.integers(0, 3), st.integers(0, 3), st.integers(0, 99), st.booleans(),
    st.sampled_from(["answered", "edited"]),
)  # fmt: skip
def test_a_line_that_is_like_another_is_as_it_would_be_alone(
    words: int, sensitive: bool, removed: int, redacted: int, tokens: int, calls_failed: bool, outcome: Any
) -> None:
    def record(ident: str) -> RequestRecord:
        asked = Question("chat", "notes", "summary", {}, None, frozenset(), sensitive=False, stream=False)
        made = RequestRecord(ident, "0a1b", 5.0, RequestTrace("", sends_spans=False), door="/v1/chat/completions")
        made.key, made.prompt, made.question, made.first_route = "k", "free", asked, "local"
        made.routed(Routed(2, "rule-2", "local", "small"), guarded=True)
        return made

    like = record("r_1").ended("answered", 200)(0)
    one = record("r_2")
    one.words, one.sensitive, one.removed, one.redacted = words, sensitive, removed, redacted
    one.used(tokens, 2 * tokens)
    one.called("small", 200, "", 0.25, ("schema",) if calls_failed else ())
    short, long = one.ended_like(like, outcome)(7), one.ended(outcome, 200)(7)
    assert msgspec.structs.replace(short, at="", took_s=0.0) == msgspec.structs.replace(long, at="", took_s=0.0)
    assert short.took_s > 0
