"""An agent on the Responses API, OpenAI's own client: recorded and faulted like any other, the rest refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import openai
import pytest

from milo_bench.core.chat import Exchange
from milo_bench.operator.wire.endpoint import FaultingEndpoint
from milo_bench.operator.wire.faults import ScriptedSchedule, WireFault
from milo_bench.targets.fake.server import FakeServer, start_fake
from milo_bench.targets.responses.reading import chat_request

TOOL = {"type": "function", "name": "deploy", "parameters": {"type": "object", "properties": {}}, "strict": False}
CALLS = {"text": "", "tool_calls": [{"id": "c1", "name": "deploy", "arguments": '{"service": "api"}'}]}


@asynccontextmanager
async def desk(
    reply: dict[str, Any], faults: dict[int, WireFault] | None = None
) -> AsyncIterator[tuple[openai.AsyncOpenAI, FakeServer, list[Exchange], FaultingEndpoint]]:
    seen: list[Exchange] = []
    async with (
        start_fake({"reply": reply}) as fake,
        FaultingEndpoint(fake.base_url, ScriptedSchedule(faults or {}), on_answer=seen.append) as endpoint,
        openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0) as client,
    ):
        yield client, fake, seen, endpoint


async def test_a_whole_answer_is_read_by_the_client_and_recorded() -> None:
    async with desk({"text": "All is well."}) as (client, fake, seen, _):
        answer = await client.responses.create(
            model="fake-1", instructions="Be brief.", input="How is it?", max_output_tokens=50, temperature=0
        )
    assert answer.output_text == "All is well." and answer.status == "completed"
    assert answer.usage is not None and answer.usage.output_tokens > 0
    assert [exchange.text for exchange in seen] == ["All is well."]
    body = fake.requests[-1].body
    assert [message["role"] for message in body["messages"]] == ["system", "user"] and body["max_tokens"] == 50


async def test_a_stream_of_text_and_one_of_a_call_arrive_as_their_events() -> None:
    async with desk({"text": "All is well."}) as (client, *_):
        events = [event async for event in await client.responses.create(model="m", input="hi", stream=True)]
    assert events[0].type == "response.created" and events[-1].type == "response.completed"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "All is well."
    async with desk(CALLS) as (client, _, seen, _):
        stream = await client.responses.create(model="m", input="hi", stream=True, tools=[TOOL])
        events = [event async for event in stream]
    (call,) = events[-1].response.output
    assert (call.type, call.name, call.arguments) == ("function_call", "deploy", '{"service": "api"}')
    assert seen[0].tool_calls[0].name == "deploy"


async def test_the_calls_and_outputs_of_earlier_turns_reach_the_model() -> None:
    history = [
        {"role": "user", "content": [{"type": "input_text", "text": "deploy it"}]},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "deploy", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "done"},
    ]
    async with desk({"text": "Deployed."}) as (client, fake, *_):
        await client.responses.create(model="m", input=history, tools=[TOOL])
    messages = fake.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["tool_calls"][0]["id"] == messages[2]["tool_call_id"] == "c1"
    assert fake.requests[-1].body["tools"][0]["function"]["name"] == "deploy"


async def test_faults_fall_on_it_as_on_any_other_agent() -> None:
    faults = {1: WireFault("status_503"), 2: WireFault("empty"), 3: WireFault("cut_stream"), 4: WireFault("drop")}
    async with desk(CALLS, faults) as (client, _, seen, endpoint):
        with pytest.raises(openai.InternalServerError):
            await client.responses.create(model="m", input="hi")
        assert (await client.responses.create(model="m", input="hi")).output_text == ""
        arguments = ""
        with suppress(openai.APIError, httpx.HTTPError):  # as the client words a stream that breaks off
            async for event in await client.responses.create(model="m", input="hi", stream=True):
                if event.type == "response.function_call_arguments.delta":
                    arguments += event.delta
                assert event.type != "response.completed"
        with pytest.raises(openai.APIConnectionError):
            await client.responses.create(model="m", input="hi")
    assert [fault.kind for fault in endpoint.delivered] == ["status_503", "empty", "cut_stream", "drop"]
    assert arguments == CALLS["tool_calls"][0]["arguments"][:9]
    assert len(seen) == 2, "the model was asked for the cut and the dropped answer alone"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"background": True}, "background"),
        ({"input": [{"type": "image_generation_call", "id": "x"}]}, "image_generation_call"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input_image"),
        ({"input": [{"type": "function_call", "name": "f", "arguments": [1]}]}, "arguments' is not a text"),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": {"a": 1}}]}]}, "text' is not a text"),
        ({"text": {"voice": "soft"}}, "text.voice"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name_and_never_sent(asked: dict[str, Any], said: str) -> None:
    async with desk({"text": "hi"}) as (client, fake, seen, _):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.responses.create(**{"model": "m", "input": "hi", **asked})
    assert said in str(caught.value) and "Nothing was sent" in str(caught.value)
    assert not fake.requests and not seen


def test_arguments_as_an_object_and_the_verbosity_are_those_of_a_chat_completion() -> None:
    call = {"type": "function_call", "name": "f", "call_id": "c", "arguments": {"ort": "Köln"}}
    asked = chat_request({"model": "m", "input": [call], "text": {"verbosity": "low", "format": None}})
    assert asked["messages"][0]["tool_calls"][0]["function"]["arguments"] == '{"ort": "Köln"}'
    assert asked["verbosity"] == "low" and "response_format" not in asked
