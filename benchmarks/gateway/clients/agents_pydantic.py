"""``agents_pydantic.py BASE_URL``: pydantic-ai with a tool and a typed result; claims on standard output."""

from __future__ import annotations

import asyncio
import sys

from claims import check
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider


class Order(BaseModel):
    order: str


def model(name: str = "notes") -> OpenAIChatModel:
    return OpenAIChatModel(f"milo/{name}", provider=OpenAIProvider(base_url=sys.argv[1], api_key="none"))


def look_up(order: str) -> str:
    """Look up an order."""
    return "It is in Lyon."


def plain() -> bool:
    return "thank you" in Agent(model()).run_sync("hello").output


def tool_loop() -> bool:
    return "Lyon" in Agent(model(), tools=[look_up]).run_sync("Where is MX-1? Use the tool.").output


def typed() -> bool:
    return Agent(model(), output_type=NativeOutput(Order)).run_sync("hello").output == Order(order="MX-1")


def streamed() -> bool:
    async def read() -> str:
        async with Agent(model()).run_stream("hello") as run:
            return await run.get_output()

    return "thank you" in asyncio.run(read())


def refused() -> bool:
    try:
        Agent(model("closed")).run_sync("hello")
    except Exception as error:
        return "422" in str(error) and "hint" in str(error)
    return False


check({"run": plain, "tool loop": tool_loop, "typed result": typed, "stream": streamed, "refused": refused})
