"""/v1/responses with OpenAI's own client: the same rules, guards, queue and audit as at /v1/chat/completions."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from milo_bench.targets.responses.translating import ResponseStream
from tests.gateway.running import RunningGateway, running_gateway
from tests.gateway.test_routes import GUARDED, PLAIN, SAID, order
from tests.patience import WAIT_S

TOOL: Any = {"type": "function", "name": "look_up", "strict": False, "parameters": {"type": "object"}}
CALLS = {"reply": {"text": "One moment.", "tool_calls": [{"name": "look_up", "arguments": '{"order": "MX-1"}'}]}}


class Order(BaseModel):
    order: str


async def events_of(client: openai.AsyncOpenAI, **more: Any) -> list[Any]:
    stream = await client.responses.create(stream=True, **{"model": "milo/notes", "input": "hello", **more})
    return [event async for event in stream]


async def test_an_answer_is_whole_or_streamed_and_recorded_as_at_the_other_door(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        raw = await client.responses.with_raw_response.create(
            model="milo/notes", instructions="be short", input="hello", max_output_tokens=9, store=True
        )
        answer = raw.parse()
        assert (answer.output_text, answer.status, answer.instructions) == ("All is well.", "completed", "be short")
        assert answer.usage and answer.usage.output_tokens == 3
        assert raw.headers["X-Milo-Rule"] == "notes"
        events = await events_of(client)
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert "".join(one.delta for one in events if one.type == "response.output_text.delta") == "All is well."
        assert events[-1].response.output_text == "All is well."
        assert events[-1].response.usage.output_tokens == 3
        whole, streamed = gateway.audit()
        assert (whole.door, whole.outcome, whole.completion_tokens) == ("/v1/responses", "answered", 3)
        assert (streamed.door, streamed.outcome, streamed.streamed) == ("/v1/responses", "answered", True)
        asked = gateway.servers["local_8b"].requests[-1]
        assert asked.body["messages"] == [{"role": "user", "content": "hello"}]


async def test_tools_and_structured_output(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": CALLS}) as gateway, gateway.client() as client:
        answer = await client.responses.create(model="milo/notes", input="where?", tools=[TOOL])
        async with client.responses.stream(model="milo/notes", input="where?", tools=[TOOL]) as stream:
            streamed = await stream.get_final_response()
        for one in (answer, streamed):
            message, call = one.output
            assert message.type == "message" and one.output_text == "One moment."
            assert call.type == "function_call" and json.loads(call.arguments) == {"order": "MX-1"}
    said = {"reply": {"text": '{"order": "MX-1"}'}}
    async with running_gateway(tmp_path / "b", PLAIN, {"local_8b": said}) as gateway, gateway.client() as client:
        parsed = await client.responses.parse(model="milo/notes", input="hello", text_format=Order)
        assert parsed.output_parsed == Order(order="MX-1")


async def test_queued_work_is_incomplete_and_its_answer_is_fetched_as_a_response(tmp_path: Path) -> None:
    from milo_bench.store.state.database import open_state
    from milo_bench.store.state.queue import end_work

    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway, gateway.client() as client:
        raw = await client.responses.with_raw_response.create(model="milo/notes", input="my lawyer will sue you")
        answer = raw.parse()
        milo: Any = (answer.model_extra or {})["milo"]
        assert (raw.http_response.status_code, answer.status, milo["status"]) == (202, "incomplete", "queued")
        [message] = answer.output
        assert message.type == "message" and message.content[0].type == "refusal"
        events = await events_of(client, input="my lawyer will sue you")
        assert events[-1].type == "response.incomplete"
        assert gateway.seen("local_8b") == 0
        async with httpx.AsyncClient(base_url=gateway.address, timeout=WAIT_S) as plain:
            end_work(open_state(gateway.options.state), milo["id"], "answered", "We will call you.", "ann", 1.0)
            fetched = (await plain.get(milo["fetch"])).json()
        assert fetched["object"] == "response"
        assert fetched["output"][0]["content"][0]["text"] == "We will call you."
        with pytest.raises(openai.UnprocessableEntityError, match="it was rejected"):
            await client.responses.create(model="milo/closed", input="hello")


async def test_a_guarded_response_is_judged_whole_and_sends_nothing_before(tmp_path: Path) -> None:
    bad = {"reply": {"text": "a promise, and not an order", "gap_s": 0.02}}
    scripts = {"local_8b": bad, "hosted_a": bad}
    case: Any = {"milo": {"input": order()}}
    async with running_gateway(tmp_path, GUARDED, scripts, suites=("demo_v1",)) as gateway, gateway.client() as client:
        raw = await client.responses.with_raw_response.create(model="milo/orders", extra_body=case)
        assert raw.http_response.status_code == 202
        assert (raw.headers["X-Milo-Guarded"], "promise" in raw.text) == ("true", False)
        events = await events_of(client, model="milo/orders", input=[], extra_body=case)
        assert events[-1].type == "response.incomplete"
        assert not any("promise" in event.model_dump_json() for event in events)
        assert [one.cause for one in gateway.audit()] == ["second_answer", "second_answer"]
    said = '{"order": "MX-26213"}'
    good = {"reply": {"text": said}}
    scripts = {"local_8b": good, "hosted_a": bad}
    served = running_gateway(tmp_path / "good", GUARDED, scripts, suites=("demo_v1",))
    async with served as gateway, gateway.client() as client:
        events = await events_of(client, model="milo/orders", input=[], extra_body=case)
        assert events[-1].response.output_text == said
        assert gateway.audit()[-1].guarded


async def test_a_stream_that_breaks_ends_with_a_failed_response(tmp_path: Path) -> None:
    cut = {"reply": {"text": "one two three"}, "rules": [{"when": {"contains": "please"}, "fault": "cut_stream"}]}
    async with running_gateway(tmp_path, PLAIN, {"local_8b": cut}) as gateway:
        async with httpx.AsyncClient(base_url=gateway.address, timeout=WAIT_S) as plain:
            body = {"model": "milo/notes", "input": "please", "stream": True}
            with pytest.raises(httpx.RemoteProtocolError):
                async with plain.stream("POST", "/v1/responses", json=body) as reply:
                    async for _ in reply.aiter_lines():
                        pass
        raw = await _raw(gateway, body)
        assert b"event: response.failed" in raw
        assert b"response.completed" not in raw
        assert {one.outcome for one in gateway.audit()} == {"failed"}


async def _raw(gateway: RunningGateway, body: dict[str, Any]) -> bytes:
    host, port = gateway.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    data = json.dumps(body).encode()
    head = "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
    try:
        return await asyncio.wait_for(reader.read(), WAIT_S)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input_image"),
        ({"max_output_tokens": -1}, "max_output_tokens"),
        ({"input": []}, "'input'"),
        ({"input": 5}, "'input'"),
        ({"text": {"format": {"type": "xml"}}}, "xml"),
        ({"temperature": "hot"}, "temperature"),
        ({"metadata": "x"}, "metadata"),
    ],
)
async def test_what_cannot_be_given_is_refused_by_its_own_name(
    tmp_path: Path, fields: dict[str, Any], named: str
) -> None:
    async with running_gateway(tmp_path, PLAIN, {"local_8b": SAID}) as gateway:
        async with httpx.AsyncClient(base_url=gateway.address, timeout=WAIT_S) as plain:
            reply = await plain.post("/v1/responses", json={"model": "milo/notes", "input": "hello", **fields})
            assert reply.status_code == 400
            error = reply.json()["error"]
            assert named in error["message"] and error["hint"]
            assert (await plain.get("/v1/responses/resp_1")).status_code == 404
            assert (await plain.get("/v1/responses")).status_code == 405
        assert gateway.seen("local_8b") == 0


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}).encode()


def read(events: bytes) -> list[dict[str, Any]]:
    return [json.loads(one.split(b"data: ")[1]) for one in events.split(b"\n\n") if b"data: " in one]


def test_pieces_of_several_calls_in_turn_become_calls_of_their_own() -> None:
    stream = ResponseStream({"model": "m"}, ident="x", created_s=1)
    chunks = [
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "a"}),
        chunk({"content": "\ud83d"}),
        chunk({"content": "\ude00"}),
        chunk({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}]}),
        chunk({"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "g", "arguments": "{}"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}),
        chunk({"tool_calls": [{"index": 0, "id": "c3", "function": {"name": "h", "arguments": "[]"}}]}, "tool_calls"),
        b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}',
    ]
    events = read(b"".join([*(stream.feed(one + b"\n\n") for one in chunks), stream.end()]))
    assert [one["sequence_number"] for one in events] == list(range(len(events)))
    document = events[-1]["response"]
    reasoning, message, *calls = document["output"]
    assert reasoning["summary"][0]["text"] == "hm"
    assert message["content"][0]["text"] == "a\U0001f600"
    assert [(one["call_id"], one["name"], one["arguments"]) for one in calls] == [
        ("c1", "f", "{}"), ("c2", "g", "{}"), ("c3", "h", "[]"),
    ]  # fmt: skip
    assert document["usage"]["total_tokens"] == 7
    added = [one["output_index"] for one in events if one["type"] == "response.output_item.added"]
    done = [one["output_index"] for one in events if one["type"] == "response.output_item.done"]
    assert added == sorted(done) == list(range(5))


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [("stop", "completed", None), ("length", "incomplete", "max_output_tokens"),
     ("content_filter", "incomplete", "content_filter")],
)  # fmt: skip
def test_why_an_answer_ended_is_told(finish: str, status: str, reason: str | None) -> None:
    stream = ResponseStream({"model": "m"}, ident="x", created_s=1)
    events = read(stream.feed(chunk({"refusal": "I will not."}, finish) + b"\n\n") + stream.end())
    document = events[-1]["response"]
    assert (document["status"], (document["incomplete_details"] or {}).get("reason")) == (status, reason)
    assert document["output"][0]["content"] == [{"type": "refusal", "refusal": "I will not."}]


def test_an_empty_answer_is_a_message_without_text() -> None:
    stream = ResponseStream({"model": "m"}, ident="x", created_s=1)
    document = read(stream.end())[-1]["response"]
    assert document["output"][0]["content"][0]["text"] == ""
