"""Values as other tools write them in; texts, numbers, times and failures as a run log has them out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from milo_bench.config.written import Problem
from milo_bench.core.records import FailureKind, ToolCall, Usage
from milo_bench.core.records.frozen import MOST_TOKENS

_MISSING: Final = object()
# Words that tools use for what broke, the first that is found counts.
_FAILURES: tuple[tuple[str, FailureKind], ...] = (
    (r"rate.?limit|\b429\b|quota", "rate_limited"),
    (r"context.{0,12}(length|window|overflow)|maximum context|too many tokens|prompt is too long", "context_overflow"),
    (r"\b401\b|\b403\b|api.?key|unauthori|forbidden|authenticat", "auth"),
    (r"time.?d?.?out|deadline", "total_timeout"),
    (r"\b404\b|not.?found", "not_found"),
    (r"refused|unreachable", "connect_refused"),
    (r"connection|reset|closed|broken pipe|disconnect", "reset"),
    (r"cancel|interrupt|abort", "cancelled"),
    (r"\b4\d\d\b|invalid.?request|bad.?request|content.?(filter|policy)", "rejected"),
)


def failure_kind(said: str) -> FailureKind:
    """The kind of failure that a tool's own words tell of; server_error where they tell of none."""
    lowered = said.casefold()
    return next((kind for pattern, kind in _FAILURES if re.search(pattern, lowered)), "server_error")


def find(data: Any, *paths: str) -> Any:
    """The first value at one of the dotted ``paths`` that is there and not null: ``usage.prompt_tokens``."""
    for path in paths:
        value = dig(data, path)
        if value is not None:
            return value
    return None


def dig(data: Any, path: str) -> Any:
    """The value at a dotted path; None where there is none. A key that holds dots itself wins; numbers index lists."""
    if isinstance(data, Mapping):
        value = data.get(path, _MISSING)
        if value is not _MISSING:
            return value
    head, dot, rest = path.partition(".")
    if not dot and not (isinstance(data, list) and head.isdecimal()):
        return None
    if isinstance(data, Mapping):
        inner = data.get(head)
    elif isinstance(data, list) and head.isdecimal() and int(head) < len(data):
        inner = data[int(head)]
    else:
        return None
    return dig(inner, rest) if dot else inner


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """``value`` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """A value as an answer's text: a text as it is, content parts joined, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(part, str | Mapping) for part in value):
        parts = [part if isinstance(part, str) else _part_text(part) for part in value]
        if all(part is not None for part in parts):
            return "\n".join(part for part in parts if part)
    return msgspec.json.encode(value).decode()


_PART_TEXT = ("text", "output_text", "input_text", "refusal")


def _part_text(part: Mapping[str, Any]) -> str | None:
    """The text of one content part; "" for a part that is none (reasoning, tool use), None for any other mapping."""
    kind = part.get("type")
    if not isinstance(kind, str):
        return None
    if kind in ("reasoning", "thinking", "tool_use", "tool_call", "tool_result", "redacted_thinking"):
        return ""
    if kind in (*_PART_TEXT, "message"):
        for key in ("text", "content", "refusal"):
            if isinstance(part.get(key), str):
                return str(part[key])
    return f"[{kind}]" if kind in ("image", "image_url", "audio", "file", "input_image", "document", "video") else None


def number(value: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return None
    try:
        found = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:  # a whole number past any float
        return None
    return found if math.isfinite(found) else None


def count(value: Any) -> int | None:
    """A whole number of tokens from 0, in the range of a counter; None for anything else."""
    found = number(value)
    return int(found) if found is not None and 0 <= found <= MOST_TOKENS and found == int(found) else None


def usage_of(data: Any) -> Usage:
    """Tokens as any of the usual APIs reports them."""
    if not isinstance(data, Mapping):
        return Usage()
    return Usage(
        prompt_tokens=count(find(data, "prompt_tokens", "input_tokens", "prompt", "input", "promptTokens")),
        completion_tokens=count(
            find(data, "completion_tokens", "output_tokens", "completion", "output", "completionTokens")
        ),
        cached_tokens=count(
            find(
                data,
                "prompt_tokens_details.cached_tokens",
                "input_tokens_details.cached_tokens",
                "cached_tokens",
                "input_tokens_cache_read",
                "cache_read_input_tokens",
            )
        ),
        reasoning_tokens=count(
            find(
                data,
                "completion_tokens_details.reasoning_tokens",
                "output_tokens_details.reasoning_tokens",
                "reasoning_tokens",
            )
        ),
    )


def seconds_between(start: Any, end: Any) -> float | None:
    """Seconds between two moments (ISO 8601, or seconds, milliseconds or nanoseconds since 1970); None for neither."""
    first, last = moment(start), moment(end)
    return None if first is None or last is None or last < first else last - first


def moment(value: Any) -> float | None:
    """A moment in seconds since 1970; None for what is not one."""
    found = number(value)
    if found is not None:
        for size in (1e9, 1e6, 1e3):
            if found > 1e9 * size / 2:
                return found / size
        return found
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def times(**given: float | None) -> dict[str, float]:
    """Times in seconds by name, without those that are not known."""
    return {name: value for name, value in given.items() if value is not None and value >= 0}


def tool_calls_of(written: Any) -> tuple[ToolCall, ...]:
    """Tool calls as the usual APIs write them: ``function: {name, arguments}``, or name and arguments of their own."""
    found = []
    for position, call in enumerate(written if isinstance(written, list) else []):
        if not isinstance(call, Mapping):
            continue
        of = call.get("function")
        inner: Mapping[str, Any] = of if isinstance(of, Mapping) else call
        name = inner.get("name") or (of if isinstance(of, str) else "")
        arguments = find(inner, "arguments", "input", "args")
        if isinstance(name, str) and name:
            written_arguments = arguments if isinstance(arguments, str) else text_of(arguments or {})
            found.append(ToolCall(str(call.get("id") or f"call-{position + 1}"), name, written_arguments))
    return tuple(found)


def plain_verdict(value: Any) -> Any:
    """What another tool said of an answer, small enough to keep beside ours: a number, a word, a few of them."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return "a number that no log can store"
    if isinstance(value, bool | int | float) or value is None:
        return value if not isinstance(value, float) or math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value[:200]
    if isinstance(value, Mapping):
        return {str(key)[:80]: plain_verdict(inner) for key, inner in list(value.items())[:20]}
    if isinstance(value, Sequence):
        return [plain_verdict(inner) for inner in list(value)[:20]]
    return str(value)[:200]


def decode_object(line: bytes, where: str) -> dict[str, Any] | Problem:
    """One line as a JSON object, or what is wrong with it."""
    hint = "write one JSON object per line."
    try:
        data = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        said = str(error).replace("JSON is malformed: ", "")[:120]
        return Problem(where, f"broken JSON: {said}", hint, kind="data")
    return data if isinstance(data, dict) else Problem(where, "not a JSON object", hint, kind="data")
