"""The faulting endpoint: an outside agent meets the faults of its task on the wire, and the world's log says so."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import aiohttp
import pytest
import yarl

from milo_bench.config.settings import TargetConfig
from milo_bench.core.clock import ManualClock, SystemClock
from milo_bench.operator.play.prompt import reply_text
from milo_bench.operator.wire.endpoint import Delivered, FaultingEndpoint
from milo_bench.operator.wire.faults import ScriptedSchedule, SessionSchedule, WireFault
from milo_bench.operator.worlds.grade import TASK_POINTS, grade
from milo_bench.operator.worlds.records import Landed, Notice
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.targets.fake.server import start_fake
from milo_bench.targets.http.address import parse_address
from milo_bench.targets.http.target import open_wire
from tests.operator.play.operator_models import oracle_calls, script_of

HELLO = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
CALL = {"tool_calls": [{"name": "look", "arguments": '{"name": "a longer value"}', "id": "c1"}]}
BROKEN = (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


async def ask(base_url: str, messages: list[Any], *, key: str = "", stream: bool = False) -> Any:
    """The message of the answer, or the status where it is none. Raises what aiohttp raises for a broken wire."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = {"model": "m", "messages": messages, "stream": stream}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.post(f"{base_url}/chat/completions", json=body) as reply,
    ):
        if reply.status != 200:
            return reply.status
        return await reply.text() if stream else (await reply.json())["choices"][0]["message"]


async def agent(base_url: str, session: Session, *, turns: int) -> list[Any]:
    """An agent of the plainest kind: it keeps its conversation, makes the first call, and asks again when it fails."""
    messages: list[Any] = [{"role": "user", "content": session.brief}]
    met: list[Any] = []
    for _ in range(turns):
        if session.over:
            break
        try:
            answer = await ask(base_url, messages)
        except BROKEN as error:
            met.append(type(error).__name__)
            continue
        if isinstance(answer, int):
            met.append(answer)
            continue
        call = answer["tool_calls"][0]
        reply = session.call(call["function"]["name"], call["function"]["arguments"])
        messages += [answer, {"role": "tool", "tool_call_id": call["id"], "content": reply_text(reply)}]
    return met


@pytest.mark.parametrize(
    ("task", "met"), [("provider_503", [503]), ("stream_cut", ["ClientPayloadError"]), ("fallback_context", [])]
)
async def test_an_agent_behind_the_endpoint_meets_the_fault_and_the_world_logs_it_as_it_would_without(
    task: str, met: list[Any]
) -> None:
    calls = oracle_calls(task)
    session = Session(find_task(task), 0)
    async with (
        start_fake(script_of(calls, "tools")) as fake,
        FaultingEndpoint(fake.base_url, SessionSchedule(session)) as endpoint,
    ):
        assert await agent(endpoint.base_url, session, turns=2 * len(calls)) == met
        assert len(endpoint.delivered) == 1
    assert grade(session).points == TASK_POINTS
    assert sum(isinstance(line, Landed) for line in session.log) == 1


async def test_after_a_503_the_model_sees_its_order_the_notice_and_nothing_from_before() -> None:
    calls = oracle_calls("provider_503")
    session = Session(find_task("provider_503"), 0)
    async with (
        start_fake(script_of(calls, "tools")) as fake,
        FaultingEndpoint(fake.base_url, SessionSchedule(session)) as endpoint,
    ):
        await agent(endpoint.base_url, session, turns=2 * len(calls))
        request = endpoint.delivered[0].request
        first = fake.requests[request].body["messages"]
        last = fake.requests[-1].body["messages"]
    assert [message["role"] for message in first] == ["user"]
    assert first[0]["content"].startswith(session.brief) and "HTTP 503" in first[0]["content"]
    assert last[0] == first[0] and last[1]["role"] == "assistant"


async def test_a_fault_that_the_session_met_by_itself_reaches_the_wire_at_the_next_request() -> None:
    session = Session(find_task("provider_503"), 0)
    async with (
        start_fake({"reply": {"text": "fine"}}) as fake,
        FaultingEndpoint(fake.base_url, SessionSchedule(session)) as endpoint,
    ):
        for tool, args in oracle_calls("provider_503"):
            if isinstance(session.call(tool, args), Notice):
                break
        assert await ask(endpoint.base_url, HELLO) == 503
        assert await ask(endpoint.base_url, HELLO) == {"role": "assistant", "content": "fine"}
        assert endpoint.delivered == [Delivered(1, "status_503")]
        assert "HTTP 503" in fake.requests[0].body["messages"][1]["content"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_stream_breaks_inside_the_call_and_is_never_a_whole_answer(stream: bool) -> None:
    async with (
        start_fake({"reply": CALL}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({1: WireFault("cut_stream")})) as endpoint,
    ):
        with pytest.raises(BROKEN):
            await ask(endpoint.base_url, HELLO, stream=stream)
        whole = await ask(endpoint.base_url, HELLO, stream=stream)
    if stream:
        assert whole.endswith("data: [DONE]\n\n")
    else:
        assert "longer value" in whole["tool_calls"][0]["function"]["arguments"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_empty_answer_is_well_formed_and_holds_nothing(stream: bool) -> None:
    async with (
        start_fake({"reply": CALL}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({1: WireFault("empty")})) as endpoint,
    ):
        answer = await ask(endpoint.base_url, HELLO, stream=stream)
        assert fake.requests == []
    if stream:
        assert answer.endswith("data: [DONE]\n\n") and "look" not in answer
    else:
        assert answer == {"role": "assistant", "content": ""}


async def test_a_dropped_reply_was_worked_on_and_never_came() -> None:
    async with (
        start_fake({}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({1: WireFault("drop")})) as endpoint,
    ):
        with pytest.raises(BROKEN):
            await ask(endpoint.base_url, HELLO)
        assert len(fake.requests) == 1


async def test_429_says_how_long_to_wait_and_holds_until_then() -> None:
    clock = ManualClock(SystemClock().now())
    limited = ScriptedSchedule({1: WireFault("rate_limited", retry_after_s=30)})
    async with start_fake({}) as fake, FaultingEndpoint(fake.base_url, limited, clock=clock) as endpoint:
        assert await ask(endpoint.base_url, HELLO) == 429
        clock.advance(29)
        assert await ask(endpoint.base_url, HELLO) == 429
        clock.advance(2)
        assert await ask(endpoint.base_url, HELLO) == {"role": "assistant", "content": "ok"}
        assert [fault.request for fault in endpoint.delivered] == [1, 2]


async def test_a_key_of_the_bench_is_spent_only_for_who_shows_the_endpoints_own() -> None:
    headers = {"Authorization": "Bearer real"}
    async with (
        start_fake({"accept_key": "real"}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({}), headers=headers) as endpoint,
    ):
        assert await ask(endpoint.base_url, HELLO) == 401
        assert await ask(endpoint.base_url, HELLO, key="guess") == 401
        answer = await ask(endpoint.base_url, HELLO, key=endpoint.key)
        assert answer == {"role": "assistant", "content": "ok"}


async def test_a_model_server_that_is_gone_is_told_as_502_and_never_as_a_scheduled_fault() -> None:
    async with start_fake({}) as fake:
        address = fake.base_url
    async with FaultingEndpoint(address, ScriptedSchedule({})) as endpoint:
        assert await ask(endpoint.base_url, HELLO) == 502
        assert endpoint.delivered == []


async def test_what_is_no_chat_request_is_refused_and_counts_as_none() -> None:
    faults = ScriptedSchedule({1: WireFault("status_503")})
    async with (
        start_fake({}) as fake,
        FaultingEndpoint(fake.base_url, faults) as endpoint,
        aiohttp.ClientSession() as client,
    ):
        async with client.post(f"{endpoint.base_url}/chat/completions", data=b"[1, 2") as reply:
            assert reply.status == 400
        async with client.get(f"{endpoint.base_url}/models") as reply:
            assert reply.status == 200
    assert list(faults.left) == [1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/..%2fadmin"),
        ("GET", "/v1/%2e%2e/admin"),
        ("POST", "/v1/embeddings"),
        ("DELETE", "/v1/models"),
        ("GET", "/v1/models/../../admin"),
        ("GET", "/admin"),
    ],
)
async def test_no_path_but_two_reaches_the_model(method: str, path: str) -> None:
    async with (
        start_fake({}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({}), headers={"Authorization": "Bearer own"}) as endpoint,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {endpoint.key}"}) as client,
    ):
        made = fake.connections_made
        url = yarl.URL(endpoint.base_url.removesuffix("/v1") + path, encoded=True)
        async with client.request(method, url) as reply:
            assert reply.status in (404, 405)
        assert fake.connections_made == made


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "localhost@evil.example"},
    ],
)
async def test_a_page_from_elsewhere_is_answered_neither_here_nor_by_the_fake_server(headers: dict[str, str]) -> None:
    body = {"messages": [{"role": "user", "content": "x"}]}
    async with (
        start_fake({}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({})) as endpoint,
        aiohttp.ClientSession() as client,
    ):
        for base_url in (endpoint.base_url, fake.base_url):
            async with client.post(f"{base_url}/chat/completions", json=body, headers=headers) as reply:
                assert reply.status == 403
                assert "of this machine alone" in await reply.text()
            for own in ({}, {"Host": "localhost:1"}, {"Origin": "http://localhost:3000"}, {"Host": "[::1]:80"}):
                async with client.post(f"{base_url}/chat/completions", json=body, headers=own) as reply:
                    assert reply.status == 200


async def test_brackets_without_end_are_no_chat_request() -> None:
    async with (
        start_fake({}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({})) as endpoint,
        aiohttp.ClientSession() as client,
    ):
        for base_url in (endpoint.base_url, fake.base_url):
            async with client.post(f"{base_url}/chat/completions", data=b"[" * 100_000) as reply:
                assert reply.status == 400


async def test_the_model_is_reached_by_the_targets_own_client_and_by_no_other_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads outside once it is resolved gets no byte, as when the bench itself asks the target."""
    config = TargetConfig(name="t", api="openai", model="m", base_url="http://models.internal/v1")
    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))]
    wire = open_wire(parse_address(str(config.base_url)), {}, config, {})
    async with FaultingEndpoint(str(config.base_url), ScriptedSchedule({}), wire=wire) as endpoint:
        real = asyncio.get_running_loop().getaddrinfo

        async def resolve(host: str, *more: Any, **named: Any) -> Any:
            return public if host == "models.internal" else await real(host, *more, **named)

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{endpoint.base_url}/chat/completions", json={"messages": HELLO}) as reply,
        ):
            assert reply.status == 502
            assert "outside your network" in await reply.text()


async def test_what_an_agent_asks_for_and_does_not_get_is_said_once_to_whoever_started_the_endpoint() -> None:
    said: list[str] = []
    async with (
        start_fake({}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule({}), on_refused=said.append) as endpoint,
        aiohttp.ClientSession() as client,
    ):
        root = endpoint.base_url.removesuffix("/v1")
        for path in ("/v1/messages", "/v1/messages", "/api/chat", "/v1/completions", "/chat/completions"):
            async with client.post(root + path, json={"messages": HELLO}) as reply:
                assert reply.status == 404
        async with client.post(f"{root}/v1/responses", json={"input": "x", "background": True}) as reply:
            assert reply.status == 400
        for number in range(40):
            async with client.get(f"{root}/{number}") as reply:
                assert reply.status == 404
    assert [line.split(",")[0] for line in said[:5]] == [
        "The agent sent POST /v1/messages",
        "The agent sent POST /api/chat",
        "The agent sent POST /v1/completions",
        "The agent sent POST /chat/completions",
        "The agent sent POST /v1/responses",
    ]
    assert "'background' is not supported" in said[4] and len(said) == 20
