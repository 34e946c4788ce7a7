"""``agents_openai.py BASE_URL``: the OpenAI Agents SDK over chat completions and over its default API."""

from __future__ import annotations

import sys

import openai
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, function_tool, set_tracing_disabled
from claims import check

set_tracing_disabled(True)
client = openai.AsyncOpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)


@function_tool
def look_up(order: str) -> str:
    """Look up an order."""
    return "It is in Lyon."


def tool_loop() -> bool:
    agent = Agent("support", tools=[look_up], model=OpenAIChatCompletionsModel("milo/notes", client))
    return "Lyon" in str(Runner.run_sync(agent, "Where is MX-1? Use the tool.").final_output)


def default_api() -> bool:
    agent = Agent("support", tools=[look_up], model=OpenAIResponsesModel("milo/notes", client))
    return "Lyon" in str(Runner.run_sync(agent, "Where is MX-1? Use the tool.").final_output)


check({"tool loop": tool_loop, "tool loop over responses": default_api})
