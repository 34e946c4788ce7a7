"""A script and one request in, the chosen reply and fault out: which tokens, which finish reason, which counts."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import jsonschema_rs

from milo_bench.config.json_schema import usable_schema
from milo_bench.targets.fake.script import Script, ScriptFault, ScriptReply, ScriptRule, ToolCallScript, When

_MOST_VALUES: Final = 10_000  # in an answer that is made from a schema
_LONGEST_TEXT: Final = 1_000

FakeApi: TypeAlias = Literal["openai", "ollama"]


@dataclass(frozen=True)
class Asked:
    """One chat request, read from either API. ``number`` counts from 1 in order of arrival."""

    number: int
    api: FakeApi
    model: str
    system: str
    user: str  # the last user message
    prompt: str  # all messages, one after the other
    max_tokens: int | None
    stop: tuple[str, ...]
    json_schema: Mapping[str, Any] | None  # {} where JSON is asked for without a schema
    stream: bool
    include_usage: bool
    choices: int = 1  # how many answers are wanted for the one prompt
    refuses_truncation: bool = False


@dataclass(frozen=True)
class ScriptedAnswer:
    """What the scripted model says: reasoning, then text, then calls, each as tokens."""

    reasoning: tuple[str, ...]
    text: tuple[str, ...]
    tool_calls: tuple[ToolCallScript, ...]
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None


def tokens_of(text: str) -> tuple[str, ...]:
    """The fake's tokens: words, each with the white space before it; joined they are the text."""
    return tuple(re.findall(r"\s*\S+|\s+$", text))


class Chooser:
    """Which reply and which fault each request gets; keeps how often each rule was used."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._turns: Counter[int] = Counter()

    def choose(self, asked: Asked) -> tuple[ScriptReply, str, ScriptFault | None]:
        """The reply, its text for this turn, and the fault or None."""
        reply, fault, source = self._script.reply, None, -1
        chosen = False
        for index, rule in enumerate(self._script.rules):
            if not self._matches(rule, index, asked):
                continue
            if rule.reply is not None and not chosen:
                reply, source, chosen = rule.reply, index, True
            if rule.fault is not None and fault is None:
                fault = rule.fault
        turn = self._turns[source]
        self._turns[source] += 1
        text = reply.texts[turn % len(reply.texts)] if reply.texts else reply.text
        return reply, text, fault

    def _matches(self, rule: ScriptRule, index: int, asked: Asked) -> bool:
        when: When = rule.when
        number = asked.number
        if when.probability is not None:
            drawn = random.Random(f"{self._script.seed}:{index}:{number}").random()  # noqa: S311 - a script, no secret
            if drawn >= when.probability:
                return False
        return (
            (when.contains is None or when.contains in asked.user)
            and (when.system_contains is None or when.system_contains in asked.system)
            and (when.model is None or when.model == asked.model)
            and (not when.requests or number in when.requests)
            and (when.every is None or number % when.every == 0)
            and number >= when.from_request
            and (when.to_request is None or number <= when.to_request)
        )


def answer_for(
    script: Script, asked: Asked, reply: ScriptReply, text: str, fault: ScriptFault | None
) -> ScriptedAnswer:
    """Apply echo, schema, stop sequences, token limits and truncation, and count tokens."""
    kind = fault.kind if fault else None
    prompt = tokens_of(asked.prompt)
    if kind == "silent_truncation" or (script.overflow == "truncate" and not asked.refuses_truncation):
        prompt = prompt[-(script.context_window or max(1, len(prompt) // 2)) :]
    if reply.echo:
        # A server that cut the prompt has not seen its beginning, so it cannot echo it either.
        text = asked.user[-len("".join(prompt)) :]
    if asked.json_schema is not None and kind != "ignore_response_format":
        text = _constrained(asked.json_schema, reply, text)
    if kind == "empty_answer":
        return ScriptedAnswer((), (), (), "stop", len(prompt), 0, None, None)
    finish = "tool_calls" if reply.tool_calls else "stop"
    for stop in asked.stop:
        text = text.split(stop, 1)[0]
    reasoning, said = tokens_of(reply.reasoning), tokens_of(text)
    if asked.max_tokens is not None and len(reasoning) + len(said) > asked.max_tokens:
        finish = "length"
        reasoning = reasoning[: asked.max_tokens]
        said = said[: asked.max_tokens - len(reasoning)]
    counted = len(reasoning) + len(said) + sum(len(tokens_of(call.arguments)) for call in reply.tool_calls)
    given = reply.usage
    if given == "none":
        counts: tuple[int | None, ...] = (None, None, None, None)
    elif given == "auto":
        counts = (len(prompt), counted, None, len(reasoning) or None)
    else:
        counts = (
            len(prompt) if given.prompt_tokens is None else given.prompt_tokens,
            counted if given.completion_tokens is None else given.completion_tokens,
            given.cached_tokens,
            given.reasoning_tokens,
        )
    return ScriptedAnswer(reasoning, said, reply.tool_calls, reply.finish_reason or finish, *counts)


def overflows(script: Script, asked: Asked, fault: ScriptFault | None) -> bool:
    """Whether the prompt is refused as too long."""
    if fault is not None and fault.kind == "context_overflow":
        return True
    if script.context_window is None or (script.overflow == "truncate" and not asked.refuses_truncation):
        return False
    return len(tokens_of(asked.prompt)) > script.context_window and not (fault and fault.kind == "silent_truncation")


def _constrained(schema: Mapping[str, Any], reply: ScriptReply, text: str) -> str:
    if reply.constrained_text is not None:
        return reply.constrained_text
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return json.dumps(smallest_value(schema))
    return text if not schema or _follows(dict(schema), value, len(text)) else json.dumps(smallest_value(schema))


def _follows(schema: dict[str, Any], value: Any, characters: int) -> bool:
    """Whether ``value`` is valid; a schema that a client may not send is followed by nothing."""
    try:
        if usable_schema(schema).too_many(characters, value):
            return False
        return bool(jsonschema_rs.validator_for(schema, offline=True).is_valid(value))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return False


def smallest_value(schema: Any) -> Any:
    """A small value that fits the common part of JSON Schema: const, enum, type, required, anyOf.

    A client may send any schema, so the value has a bound, and what is no schema gets null.
    """
    return _smallest(schema, iter(range(_MOST_VALUES)))


def _smallest(schema: Any, left: Iterator[int]) -> Any:
    """``left`` is used up by one for each value; after the last there is null alone."""
    if next(left, None) is None or not isinstance(schema, Mapping):
        return None
    if "const" in schema:
        return schema["const"]
    for choice in ("enum", "anyOf", "oneOf"):
        if isinstance(found := schema.get(choice), list) and found:
            return found[0] if choice == "enum" else _smallest(found[0], left)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = "null" if "null" in kind else kind[0] if kind else "null"
    if kind == "object":
        properties, required = schema.get("properties"), schema.get("required")
        properties = properties if isinstance(properties, Mapping) else {}
        names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
        return {name: _smallest(properties.get(name, {}), left) for name in names[:_MOST_VALUES]}
    if kind == "array":
        return [_smallest(schema.get("items", {}), left) for _ in range(_least(schema, "minItems"))]
    if kind == "string":
        return "x" * min(_least(schema, "minLength"), _LONGEST_TEXT)
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    return False if kind == "boolean" else None


def _least(schema: Mapping[str, Any], keyword: str) -> int:
    value = schema.get(keyword, 0)
    return max(0, min(int(value), _MOST_VALUES)) if isinstance(value, int | float) and math.isfinite(value) else 0
