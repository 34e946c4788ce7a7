"""Questions with a tool in; whether calls come as calls, with arguments that can be read, out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from milo_bench.core.chat import ChatRequest, Exchange, Message
from milo_bench.core.records import ProbeResult
from milo_bench.probes.base import PROBES, Probe, ProbeCase
from milo_bench.probes.context import ProbeContext

_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"case_id": {"type": "string"}, "urgency": {"type": "string", "enum": ["low", "normal", "high"]}},
    "required": ["case_id"],
    "additionalProperties": False,
}
_NAME = "look_up_case"
_TOOL = {
    "type": "function",
    "function": {"name": _NAME, "description": "Look up a case by its number.", "parameters": dict(_PARAMETERS)},
}
_QUESTIONS = (
    "Use the tool to look up case 84291.",
    "What is the state of case 10377? You must call look_up_case.",
    "Call look_up_case with case_id 55120 and urgency high.",
)
_CALL_IN_TEXT = re.compile(rf"<tool_call>|\"name\"\s*:\s*\"{_NAME}\"|<function|\[TOOL_CALLS\]")


class ToolCalling(Probe):
    name = "tool_calling"
    title = "Tool calls come as calls with readable arguments"
    severity = "major"
    order = 160

    async def run(self, ctx: ProbeContext) -> ProbeResult:
        await ctx.start()
        cases: list[ProbeCase] = []
        calls: list[dict[str, Any]] = []
        first: tuple[str, Exchange] | None = None
        for number, question in enumerate(_QUESTIONS):
            exchange = await ctx.ask(question, request=ChatRequest((), max_tokens=128, tools=(_TOOL,)))
            if exchange.failure is not None:
                failure = exchange.failure
                why = f"A request with tools gets {failure.kind}: {failure.message}"
                return self.undecided(ctx, why, {"http_status": failure.http_status})
            calls += [{"name": call.name, "argument_characters": len(call.arguments)} for call in exchange.tool_calls]
            if exchange.tool_calls and first is None:
                first = (question, exchange)
            cases += _cases(number, exchange)
        evidence = {"questions": len(_QUESTIONS), "calls": calls}
        if not cases:
            why = f"The model called no tool in {len(_QUESTIONS)} questions, so this is inconclusive."
            return self.undecided(ctx, why, evidence)
        if first is not None:
            cases.append(await _round_trip(ctx, *first))
        good = f"{len(calls)} calls came as calls with readable arguments, and a tool result was accepted."
        return self.judge(ctx, cases, good=good, evidence=evidence)


def _cases(number: int, exchange: Exchange) -> list[ProbeCase]:
    name = f"question {number + 1}"
    if not exchange.tool_calls:
        if _CALL_IN_TEXT.search(exchange.text):
            return [ProbeCase(name, "fail", "A tool call comes as text instead of a call")]
        return []
    for call in exchange.tool_calls:
        if call.name != _NAME:
            return [ProbeCase(name, "fail", "A call names a tool that was not offered")]
        if not call.id:
            return [ProbeCase(name, "fail", "A call has no id, so its result cannot be returned")]
        try:
            arguments = json.loads(call.arguments)
        except ValueError:
            return [ProbeCase(name, "fail", "The arguments of a call are not JSON")]
        if not jsonschema_rs.is_valid(dict(_PARAMETERS), arguments):
            return [ProbeCase(name, "fail", "The arguments of a call do not fit the tool's parameters")]
    if exchange.finish_reason != "tool_calls":
        said = f"A tool call ends with finish_reason '{exchange.finish_reason}', not 'tool_calls'"
        return [ProbeCase(name, "fail", said)]
    return [ProbeCase(name, "pass", "a call with readable arguments")]


async def _round_trip(ctx: ProbeContext, question: str, exchange: Exchange) -> ProbeCase:
    """The tool's result given back."""
    call = exchange.tool_calls[0]
    messages = (
        Message("user", question),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", '{"status": "approved"}', tool_call_id=call.id),
    )
    again = await ctx.send(ChatRequest(messages, max_tokens=16, tools=(_TOOL,)))
    if again.failure is None:
        return ProbeCase("result", "pass", "a tool result was accepted")
    status = again.failure.http_status
    return ProbeCase("result", "fail" if status else "undecided", f"A tool result gets {again.failure.kind}")


PROBES.add(ToolCalling.name, ToolCalling())
