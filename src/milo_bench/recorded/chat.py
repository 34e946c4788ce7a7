"""A request and its response as the usual chat APIs write them in; the parts of a recorded answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from milo_bench.core.records import ToolCall, Usage
from milo_bench.recorded.answer import Account
from milo_bench.recorded.messages import inputs_of
from milo_bench.recorded.streams import joined_stream
from milo_bench.recorded.values import find, mapping, text_of, tool_calls_of, usage_of

ONE_CHOICE: Final = "only the first is carried over. Ask with n: 1, or write one record for each."


@dataclass(frozen=True)
class ChatAnswer:
    """What a response says. ``found``: there is an answer in it at all."""

    found: bool = False
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    error: str = ""


def answer_of(body: Any) -> ChatAnswer:
    """The answer in the body of a response: chat completions, completions, responses, Anthropic's, Gemini's, Ollama's.

    A plain text is an answer; a list is read as messages whose last one is the answer, or as the chunks of one. Of
    several choices it is the first: `further_choices` counts the others.
    """
    if (whole := joined_stream(body)) is not None:
        body = whole
    if isinstance(body, str):
        return ChatAnswer(True, body)
    if isinstance(body, list):
        last = next((one for one in reversed(body) if isinstance(one, Mapping)), None)
        return answer_of(last) if last is not None else ChatAnswer()
    body = mapping(body)
    error = text_of(find(body, "error.message", "error"))
    usage = usage_of(find(body, "usage", "usageMetadata", "usage_metadata"))
    model = text_of(find(body, "model", "modelVersion"))
    message = find(body, "choices.0.message", "message", "candidates.0.content")
    finish = text_of(
        find(
            body, "choices.0.finish_reason", "stop_reason", "finish_reason", "done_reason", "candidates.0.finishReason"
        )
    )
    content: Any = None
    calls: Any = None
    reasoning = ""
    if isinstance(message, Mapping):
        content = find(message, "content", "parts", "text")
        if content in (None, "") and isinstance(message.get("refusal"), str):
            content = message["refusal"]  # what a model says in place of an answer
        calls = message.get("tool_calls") or _old_call(message)
        reasoning = text_of(find(message, "reasoning_content", "reasoning", "thinking"))
    elif isinstance(find(body, "choices.0.text", "response", "completion", "output_text"), str):
        content = find(body, "choices.0.text", "response", "completion", "output_text")
    elif isinstance(body.get("output"), list):
        content, calls, reasoning = _of_output(body["output"])
        finish = finish or ("length" if find(body, "incomplete_details.reason") == "max_output_tokens" else "")
    elif "content" in body:
        content, calls = body["content"], body.get("tool_calls")
    elif isinstance(body.get("output"), str):
        content = body["output"]
    if isinstance(content, list) and not calls:
        calls = [one for one in content if isinstance(one, Mapping) and one.get("type") == "tool_use"]
    if isinstance(content, list) and all(isinstance(one, Mapping) and set(one) == {"text"} for one in content):
        content = "".join(text_of(one["text"]) for one in content)  # Gemini's parts
    found = content is not None or bool(calls) or isinstance(message, Mapping)
    text = "" if content is None else text_of(content)
    finish = {"max_tokens": "length", "MAX_TOKENS": "length"}.get(finish, finish)
    return ChatAnswer(found, text, reasoning, tool_calls_of(calls), finish, usage, model, error)


def _old_call(message: Mapping[str, Any]) -> list[Any] | None:
    """The one call of a message as it was written before there were lists of them."""
    called = message.get("function_call")
    return [{"function": called}] if isinstance(called, Mapping) else None


def further_choices(body: Any) -> int:
    """How many answers a response has besides the one that is read."""
    choices = mapping(joined_stream(body) or body).get("choices")
    return max(0, len(choices) - 1) if isinstance(choices, list) else 0


def _of_output(output: list[Any]) -> tuple[str, list[Any], str]:
    """Texts, calls and reasoning of a list of output items, as the responses API writes them."""
    items = [one for one in output if isinstance(one, Mapping)]
    texts = [text_of(one.get("content")) for one in items if one.get("type", "message") == "message"]
    calls = [one for one in items if one.get("type") == "function_call"]
    summaries = [text_of(one.get("summary") or one.get("content")) for one in items if one.get("type") == "reasoning"]
    return "\n".join(part for part in texts if part), calls, "\n".join(part for part in summaries if part)


def inputs_of_request(body: Any, account: Account, where: str) -> dict[str, Any]:
    """The inputs of a request: its messages, input or prompt, with the system's instructions."""
    if not isinstance(body, Mapping):
        return inputs_of(body, account, where)
    if find(body, "tools", "functions"):
        account.leave("the tools of a request", where, "add them to the suite as resources.tools.")
    system = find(body, "system", "instructions", "systemInstruction.parts")
    asked = find(body, "messages", "input", "prompt", "contents")
    if isinstance(asked, list) and all(isinstance(one, str) for one in asked):
        asked = "\n".join(asked)
    return inputs_of(asked, account, where, system=system) if asked is not None else {}
