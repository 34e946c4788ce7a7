"""How much a model may think in, the fields by which each runtime takes it out; an answer that never came is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from milo_bench.config.settings import Thinking
from milo_bench.core.chat import Exchange
from milo_bench.core.records import Failure

# Tokens that an effort in words may take beside the answer; a server that counts them ends thinking earlier.
_EFFORTS: Final[Mapping[str, int]] = {"low": 2048, "medium": 8192, "high": 24576}


def thinking_tokens(thinking: Thinking | None) -> int:
    """What comes on top of the tokens of the answer."""
    if thinking is None or thinking == "off":
        return 0
    return thinking if isinstance(thinking, int) else _EFFORTS[thinking]


def openai_fields(thinking: Thinking | None, *, hosted: bool, runtime: str) -> dict[str, Any]:
    """Hosted APIs take an effort in words. Own servers hand switches to the model's chat template, whose names differ
    by family (Qwen: enable_thinking, DeepSeek and Granite: thinking, gpt-oss: reasoning_effort); llama.cpp counts."""
    if thinking is None:
        return {}
    effort = _effort(thinking)
    if hosted:
        return {"reasoning_effort": effort}
    on = thinking != "off"
    fields: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": on, "thinking": on}}
    if on:
        fields["chat_template_kwargs"]["reasoning_effort"] = effort
    if isinstance(thinking, int):
        fields["chat_template_kwargs"]["thinking_budget"] = thinking
    if on and runtime == "llama.cpp":
        fields["thinking_budget_tokens"] = thinking_tokens(thinking)
    return fields


def ollama_fields(thinking: Thinking | None) -> dict[str, Any]:
    """Ollama takes a switch, and for gpt-oss an effort in words."""
    if thinking is None:
        return {}
    return {"think": thinking if isinstance(thinking, str) and thinking != "off" else thinking != "off"}


def with_extra(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``fields`` and what a person added; where both have an object, the person's entries win one by one."""
    merged = dict(fields)
    for name, value in extra.items():
        ours = merged.get(name)
        merged[name] = {**ours, **value} if isinstance(ours, Mapping) and isinstance(value, Mapping) else value
    return merged


def judge_cut(exchange: Exchange, name: str) -> Exchange:
    """An answer that was cut before its first visible token is a failure of the set-up, and no answer of the model."""
    thought = exchange.reasoning.strip() or exchange.usage.reasoning_tokens
    if exchange.failure is not None or exchange.finish_reason != "length" or not thought:
        return exchange
    if exchange.text.strip() or exchange.tool_calls:
        return exchange
    used = exchange.usage.completion_tokens
    message = (
        f"all {used or 'its'} tokens went into thinking and none into the answer. "
        f"Set 'thinking: 4096' (a budget of its own) or 'thinking: off' under '{name}' in bench.yaml"
    )
    return msgspec.structs.replace(exchange, failure=Failure("cut_while_thinking", message, 200))


def _effort(thinking: Thinking) -> str:
    if thinking == "off":
        return "none"
    if isinstance(thinking, str):
        return thinking
    return next((word for word, tokens in _EFFORTS.items() if thinking <= tokens), "high")
