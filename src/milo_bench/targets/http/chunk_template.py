"""One decoded chunk of a stream in, a reader of the chunks that differ from it in their text alone out.

The chunks of a stream repeat everything but a few letters. A template is the bytes before and after the
text of one chunk. It is proven once: the same bytes around another text decode to the same chunk with that
text. A JSON string ends where it ends, whatever stands around it, so a later chunk with these bytes at both
ends and one JSON string between them is that chunk with another text, and only the string is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import msgspec

_DECODER = msgspec.json.Decoder()
_STRINGS = msgspec.json.Decoder(list[str])
_REGION_BYTES = 65536  # looked at in one piece, so that other streams of the loop are not held up
_PROOF = "\x02proof\x03"  # no server sends this as its text
_JSON_PROOF = msgspec.json.encode(_PROOF)[1:-1]


class ChunkTemplate:
    """The bytes around the text of a chunk, as one event of a stream."""

    __slots__ = ("_after", "_before", "_between")

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = b"data: %b" % before
        self._after = b"%b\n\n" % after
        self._between = self._after + self._before

    def texts_from(self, body: bytes, at: int) -> tuple[list[str], list[int]]:
        """Of the events from ``at`` on, up to the first that differs in more than its text: texts, and where they end.

        A bounded number of them. An event with an empty text differs, and so does one that is no JSON.
        """
        region = body[at : at + _REGION_BYTES]
        ended = region.rfind(self._after)
        if ended < 0 or not region.startswith(self._before):
            return [], []
        parts = region[len(self._before) : ended].split(self._between)
        parts = parts[: next((number for number, part in enumerate(parts) if b"\n" in part), len(parts))]
        texts = _strings(parts)
        while parts and not all(texts or ("",)):
            parts = parts[: len(parts) // 2]
            texts = _strings(parts)
        ends = accumulate((len(part) + len(self._between) for part in parts), initial=at)
        return texts, list(ends)[1:]


def _strings(parts: Sequence[bytes]) -> list[str]:
    """What stands between the quotes of JSON strings, decoded; [] where one of them is no JSON string.

    A line end inside a JSON string is an error. So a part that ends in a backslash cannot swallow the quote behind
    it, and one that holds quotes of its own makes an error, or more strings than there are parts.
    """
    try:
        texts = _STRINGS.decode(b'["%b"]' % b'"\n,"'.join(parts)) if parts else []
    except ValueError:  # msgspec.DecodeError and UnicodeDecodeError are both
        return []
    return texts if len(texts) == len(parts) else []


def template_of(data: bytes, chunk: Mapping[str, Any]) -> ChunkTemplate | None:
    """The template of ``data``, which decoded to ``chunk``; None for a chunk that says more than a piece of text.

    Such a chunk has no usage, timings, error, end, log-probabilities, thinking or tool calls.
    """
    text = _only_text(chunk)
    if text is None:
        return None
    try:
        at = data.index(b'"%b"' % text.encode()) + 1
    except ValueError:  # written with escapes: another chunk will do
        return None
    before, after = data[:at], data[at + len(text.encode()) :]
    if b"\n" in data or b"\r" in data:  # not one line of an event
        return None
    try:
        proof = _DECODER.decode(before + _JSON_PROOF + after)
        if _only_text(proof) != _PROOF:
            return None
        proof["choices"][0]["delta"]["content"] = text
    except (ValueError, RecursionError):
        return None
    return ChunkTemplate(before, after) if proof == chunk else None


def _only_text(chunk: object) -> str | None:
    """The text of a chunk with nothing else that a reader of answers takes in."""
    if not isinstance(chunk, dict) or any(chunk.get(name) for name in ("usage", "timings", "error")):
        return None
    choices = chunk.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or choice.get("finish_reason") or choice.get("logprobs"):
        return None
    delta = choice.get("delta")
    if not isinstance(delta, dict):
        return None
    if any(delta.get(name) for name in ("reasoning_content", "reasoning", "tool_calls", "refusal")):
        return None
    text = delta.get("content")
    return text if isinstance(text, str) and text else None
