"""``openai_sdk.py BASE_URL``: the openai SDK in its ways of asking; claims on standard output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import openai
from claims import check
from pydantic import BaseModel

BASE = sys.argv[1]
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
TOOL: Any = {"type": "function", "function": {"name": "look_up", "description": "Look up an order.", "parameters": {
    "type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}}}  # fmt: skip
client = openai.OpenAI(base_url=BASE, api_key="none", max_retries=0)


class Order(BaseModel):
    order: str


def chat() -> bool:
    answer = client.chat.completions.create(model="milo/notes", messages=HELLO)
    return "thank you" in (answer.choices[0].message.content or "") and bool(answer.usage)


def stream() -> bool:
    pieces = client.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
    texts = [one.choices[0].delta.content or "" for one in pieces if one.choices]
    return len(texts) > 5 and "thank you" in "".join(texts)


def guarded_stream() -> bool:
    pieces = client.chat.completions.create(model="milo/drafting", messages=HELLO, stream=True)
    return "thank you" in "".join(one.choices[0].delta.content or "" for one in pieces if one.choices)


def tools() -> bool:
    messages: list[Any] = [{"role": "user", "content": "Where is MX-1? Use the tool."}]
    first = client.chat.completions.create(model="milo/notes", messages=messages, tools=[TOOL])
    [call] = first.choices[0].message.tool_calls or []
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "It is in Lyon."}]
    last = client.chat.completions.create(model="milo/notes", messages=messages, tools=[TOOL])
    return "Lyon" in (last.choices[0].message.content or "")


def streamed_tools() -> bool:
    asked: list[Any] = [{"role": "user", "content": "Where is MX-1? Use the tool."}]
    with client.chat.completions.stream(model="milo/notes", messages=asked, tools=[TOOL]) as pieces:
        last = pieces.get_final_completion()
    [call] = last.choices[0].message.tool_calls or []
    return bool(json.loads(call.function.arguments) == {"order": "MX-1"})


def structured() -> bool:
    answer = client.chat.completions.parse(model="milo/notes", messages=HELLO, response_format=Order)
    return answer.choices[0].message.parsed == Order(order="MX-1")


def raised(kind: type[openai.APIStatusError], said: str, act: Callable[[], object]) -> bool:
    try:
        act()
    except kind as error:
        return said in str(error) and bool(error.body and error.body["hint"])  # type: ignore[index]
    return False


def refused() -> bool:
    def act() -> object:
        return client.chat.completions.create(model="milo/closed", messages=HELLO)

    return raised(openai.UnprocessableEntityError, "closed", act)


def unknown_model() -> bool:
    return raised(openai.NotFoundError, "gpt-4", lambda: client.chat.completions.create(model="gpt-4", messages=HELLO))


def responses() -> bool:
    whole = client.responses.create(model="milo/notes", input="hello")
    events = list(client.responses.create(model="milo/notes", input="hello", stream=True))
    texts = [one.delta for one in events if one.type == "response.output_text.delta"]
    said = whole.output_text.strip()
    return "thank you" in said and said == "".join(texts).strip() and len(texts) > 5 and bool(whole.usage)


def responses_tools() -> bool:
    tool: Any = {"type": "function", **TOOL["function"]}
    asked: list[Any] = [{"role": "user", "content": "Where is MX-1? Use the tool."}]
    first = client.responses.create(model="milo/notes", input=asked, tools=[tool])
    [call] = [one for one in first.output if one.type == "function_call"]
    asked += [*first.output, {"type": "function_call_output", "call_id": call.call_id, "output": "It is in Lyon."}]
    return "Lyon" in client.responses.create(model="milo/notes", input=asked, tools=[tool]).output_text


def responses_structured() -> bool:
    answer = client.responses.parse(model="milo/notes", input="hello", text_format=Order)
    return answer.output_parsed == Order(order="MX-1")


def responses_queued() -> bool:
    answer = client.responses.create(model="milo/people", input="hello")
    milo: Any = (answer.model_extra or {})["milo"]
    return (answer.status, answer.output_text, milo["status"]) == ("incomplete", "", "queued")


def responses_cut() -> bool:
    """The connection breaks off behind the event that says so."""
    events = []
    try:
        for one in client.responses.create(model="milo/cut", input="hello", stream=True):
            events.append(one.type)
    except openai.APIError:
        return events[-1:] == ["response.failed"]
    return False


def queued() -> bool:
    answer = client.chat.completions.create(model="milo/people", messages=HELLO)
    milo: Any = (answer.model_extra or {})["milo"]
    return answer.choices[0].message.content is None and milo["status"] == "queued"


def cut() -> bool:
    """A cut stream raises; it never looks like a short answer."""
    try:
        for _ in client.chat.completions.create(model="milo/cut", messages=HELLO, stream=True):
            pass
    except openai.APIError as error:
        return "cut" in str(error) or "incomplete" in str(error)
    return False


def models() -> bool:
    return "milo/notes" in [model.id for model in client.models.list()]


def asynchronous() -> bool:
    async def both() -> bool:
        async with openai.AsyncOpenAI(base_url=BASE, api_key="none", max_retries=0) as own:
            whole = await own.chat.completions.create(model="milo/notes", messages=HELLO)
            pieces = await own.chat.completions.create(model="milo/notes", messages=HELLO, stream=True)
            text = "".join([one.choices[0].delta.content or "" async for one in pieces if one.choices])
            return text.strip() == (whole.choices[0].message.content or "").strip()

    return asyncio.run(both())


check({
    "chat": chat, "stream": stream, "guarded stream": guarded_stream, "async": asynchronous, "tools": tools,
    "tools streamed": streamed_tools, "structured output": structured, "queued": queued, "refused": refused,
    "cut stream raises": cut, "unknown model": unknown_model, "models": models,
    "responses": responses, "responses tools": responses_tools, "responses structured": responses_structured,
    "responses queued": responses_queued, "cut responses fail": responses_cut,
})  # fmt: skip
