"""One decoded chunk of a stream in, a reader of the chunks that differ from it in their text alone out.

The chunks of a stream repeat everything but a few letters. A template is the bytes before and after the
text of one chunk. It is proven once: the same bytes around another text decode to the same chunk with that
text. A JSON string ends where it ends, whatever stands around it, so a later chunk with these bytes at both
ends and one JSON string between them is that chunk with another text, and only the string is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_DECODER = msgspec.json.Decoder()
_STRINGS = msgspec.json.Decoder(str)
_PROOF = "\x02proof\x03"  # no server sends this as its text


class ChunkTemplate:
    """The bytes around the text of a chunk, as one event of a stream."""

    __slots__ = ("_after", "_before")

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = b"data: %b" % before
        self._after = b"%b\n\n" % after

    def texts_from(self, body: bytes, at: int, most: int) -> Iterator[tuple[str, int]]:
        """Of the events from ``at`` on, up to the first that differs in more than its text: its text, and its end.

        At most ``most`` of them; an event with an empty text differs, and so does one that is no JSON.
        """
        before, after = self._before, self._after
        for _ in range(most):
            if not body.startswith(before, at):
                return
            began = at + len(before)
            ended = body.find(b"\n\n", began) + 2 - len(after)
            if ended <= began or not body.startswith(after, ended):
                return
            raw = body[began:ended]
            try:
                text = raw.decode()
                if b"\\" in raw or b'"' in raw or not text.isprintable():  # JSON forbids quotes and control characters
                    text = _STRINGS.decode(b'"%b"' % raw)
            except ValueError:  # msgspec.DecodeError and UnicodeDecodeError are both
                return
            at = ended + len(after)
            yield text, at


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


_JSON_PROOF = msgspec.json.encode(_PROOF)[1:-1]


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
