"""``langchain_chat.py BASE_URL``: LangChain's ChatOpenAI; claims on standard output."""

from __future__ import annotations

import asyncio
import sys

from claims import check
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr


class Order(BaseModel):
    """An order."""

    order: str


@tool
def look_up(order: str) -> str:
    """Look up an order."""
    return "It is in Lyon."


def model(name: str = "notes") -> ChatOpenAI:
    return ChatOpenAI(base_url=sys.argv[1], api_key=SecretStr("none"), model=f"milo/{name}", max_retries=0)


def invoke() -> bool:
    return "thank you" in str(model().invoke("hello").content)


def stream() -> bool:
    return "thank you" in "".join(str(piece.content) for piece in model().stream("hello"))


def asynchronous() -> bool:
    return "thank you" in str(asyncio.run(model().ainvoke("hello")).content)


def tools() -> bool:
    answer = model().bind_tools([look_up]).invoke("Where is MX-1? Use the tool.")
    return answer.tool_calls[0]["args"] == {"order": "MX-1"}  # type: ignore[attr-defined,no-any-return]


def structured() -> bool:
    return model().with_structured_output(Order, method="json_schema").invoke("hello") == Order(order="MX-1")


def refused() -> bool:
    try:
        model("closed").invoke("hello")
    except Exception as error:
        return "hint:" in str(error)
    return False


check({"invoke": invoke, "stream": stream, "async": asynchronous, "tools": tools, "structured output": structured,
       "refused": refused})  # fmt: skip
