"""The metrics or slots of a model server in, how many requests it runs or keeps waiting out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_MOST: Final = 1_000_000  # requests at one server; more is no count
_RUNNING: Final = re.compile(
    rb"^(?:llamacpp:requests_(?:processing|deferred)|vllm:num_requests_(?:running|waiting)(?:\{[^}\n]*\})?)"
    rb"\s+([0-9][0-9.e+]*)\s*$",
    re.MULTILINE,
)


def requests_in_metrics(body: bytes) -> int | None:
    """Requests that run or wait, as llama-server and vLLM count them; None where the page has no such counters."""
    found = _RUNNING.findall(body[: 1 << 20])
    try:
        count = round(sum(float(value) for value in found))
        return count if found and count <= _MOST else None
    except (ValueError, OverflowError):
        return None


def busy_slots(data: Any) -> int | None:
    """Slots of llama-server that work; None for what is no list of slots."""
    if not isinstance(data, list) or not data:
        return None
    if not all(isinstance(slot, Mapping) and "is_processing" in slot for slot in data):
        return None
    return sum(bool(slot["is_processing"]) for slot in data)
