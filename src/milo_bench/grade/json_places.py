"""A JSON text and a key in, the characters of that key's value out, for marking it to a reader."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from milo_bench.core.records import Span

_DECODER = json.JSONDecoder()


def find_value(text: str, key: str, *, label: str = "") -> Span | None:
    """Where the value of the first ``key`` stands in ``text``, or None where it is not found."""
    match = _key_pattern(key).search(text)
    if match is None:
        return None
    try:
        _, end = _DECODER.raw_decode(text, match.end())
    except (ValueError, RecursionError):
        return None
    return Span("output", match.end(), end, label or key)


@lru_cache(maxsize=1_024)
def _key_pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:\s*")


def show_value(value: Any) -> str:
    """A JSON value as a person reads it in a reason: text without quotes, null as null, cut at 200 characters."""
    if isinstance(value, str):
        plain = value
    elif value is None:
        plain = "null"
    else:
        try:
            plain = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            plain = repr(value)
    return plain if len(plain) <= 200 else f"{plain[:197]}..."
