"""One decoded chunk of a stream in, a reader of the chunks that say no more than it did but for their text out.

The chunks of a stream repeat everything but a few letters, and perhaps an id, a time or a padding. A template is the
pattern of one chunk: its bytes, with a hole for the text and a hole for each scalar that no reader of answers takes in.
It is proven once: other scalars in the holes decode to the same chunk with these scalars. A JSON scalar ends where it
ends, whatever stands around it, so a later chunk that fits the pattern is that chunk with others, and only its text is
decoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, TypeAlias

import msgspec

_DECODER = msgspec.json.Decoder()
_STRINGS = msgspec.json.Decoder(list[str])
_REGION_BYTES = 65536  # looked at in one piece, so that other streams of the loop are not held up
_CHANGING_REGION_BYTES = 16384  # the same, where each chunk is matched by itself
_PROOF = "\x02proof\x03"  # no server sends this as its text
_OTHER_NUMBER = 7
_KEPT: Final = 4  # templates of a server: for text, for thinking, and for what a proxy makes of them

_TOKEN = re.compile(
    rb'[ \t]*+(?:(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*+")|(?P<number>-?[0-9][-+.0-9eE]*+)|(?P<word>true|false|null)|'
    rb"(?P<mark>[][{},:]))"
)
_CHARACTERS = rb'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})'
_STRING = rb'"%b*+"' % _CHARACTERS
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+"
_TEXT = rb'"(%b++)"' % _CHARACTERS
_COUNT = rb"(0|[1-9][0-9]{0,14})"

_TIMINGS: Final = "timings"
_PREDICTED: Final = "predicted_n"
# Of a chunk, what a reader of answers looks at: no hole is among it but the text and llama.cpp's timings.
_READ: Final = frozenset(
    {"choices", "usage", _TIMINGS, "error", "errors", "object", "message", "detail", "type", "code", "status", "model"}
)
_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking")
_OTHER_PARTS: Final = ("tool_calls", "refusal", "function_call", "reasoning_details")

_Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class AlikeChunks:
    """Chunks that fit a template: their texts, where their events end in the body, and the tokens told with each.

    ``predicted`` is empty where the server counts none. ``last`` is the data of the last chunk.
    """

    texts: Sequence[str]
    ends: Sequence[int]
    predicted: Sequence[int] = ()
    last: bytes = b""


_NONE: Final = AlikeChunks((), ())


@dataclass(frozen=True)
class ChunkTemplate:
    """The pattern of an event, and what its chunk says beside its text.

    ``is_thinking``: the text is thinking. ``has_timings``: it came with llama.cpp's, ``counts`` with the tokens so far.
    """

    pattern: bytes
    model: str
    choice: object
    has_choice: bool
    is_thinking: bool
    has_timings: bool
    counts: bool

    @cached_property
    def _match(self) -> Any:
        return re.compile(self.pattern, re.DOTALL).match

    def fits(self, data: bytes) -> bool:
        """Whether ``data`` is the data of such an event."""
        return self._match(b"data: %b\n\n" % data) is not None

    def chunks_from(self, body: bytes, at: int) -> AlikeChunks:
        """The events from ``at`` on, up to the first that differs in more than the holes; a bounded number of them.

        An event with an empty text differs, and so does one that is no JSON.
        """
        first = self._match(body, at)
        if first is None:
            return _NONE
        ended, text_at, text_ended = first.end(), first.start(1), first.end(1)
        if not self.counts and body.startswith(body[at:text_at], ended):
            found = _all_but_text(body, at, body[at:text_at], body[text_ended:ended])
            if len(found.texts) > 1:
                return found
        return self._one_by_one(body, at, first)

    def _one_by_one(self, body: bytes, at: int, found: Any) -> AlikeChunks:
        match, counts = self._match, self.counts
        latest = at + _CHANGING_REGION_BYTES
        parts: list[bytes] = []
        ends: list[int] = []
        predicted: list[int] = []
        starts: list[int] = []
        while found is not None and at < latest:
            starts.append(at)
            parts.append(found[1])
            if counts:
                predicted.append(int(found[2]))
            at = found.end()
            ends.append(at)
            found = match(body, at)
        texts = _strings(parts)
        while parts and not texts:
            parts = parts[: len(parts) // 2]
            texts = _strings(parts)
        if not texts:
            return _NONE
        last = body[starts[len(texts) - 1] : ends[len(texts) - 1]]
        return AlikeChunks(texts, ends[: len(texts)], predicted[: len(texts)], last[5:].strip())


def _all_but_text(body: bytes, at: int, before: bytes, after: bytes) -> AlikeChunks:
    """Of events that have the very bytes around their text; none where the second of them is no JSON string."""
    between = after + before
    region = body[at : at + _REGION_BYTES]
    ended = region.rfind(after)
    if ended < 0:
        return _NONE
    parts = region[len(before) : ended].split(between)
    parts = parts[: next((number for number, part in enumerate(parts) if b"\n" in part), len(parts))]
    texts = _strings(parts)
    while parts and not all(texts or ("",)):
        parts = parts[: len(parts) // 2]
        texts = _strings(parts)
    if not texts:
        return _NONE
    ends = list(accumulate((len(part) + len(between) for part in parts), initial=at))[1:]
    last = before + parts[-1] + after
    return AlikeChunks(texts, ends, (), last[5:].strip())


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


class TemplateBook:
    """The templates of one server, the one that fitted last first."""

    def __init__(self) -> None:
        self.templates: list[ChunkTemplate] = []
        self._made = self._fitted = 0

    def fitted(self, template: ChunkTemplate) -> None:
        self._fitted += 1
        if self.templates[0] is not template:
            self.templates.remove(template)
            self.templates.insert(0, template)

    def learn(self, data: bytes, chunk: Mapping[str, Any]) -> None:
        """Keep the template of a chunk, unless those made so far were of no use."""
        if self._made > 2 * _KEPT + self._fitted // 4:
            return
        template = template_of(data, chunk)
        if template is not None:
            self._made += 1
            self.templates.insert(0, template)
            del self.templates[_KEPT:]


def template_of(data: bytes, chunk: Mapping[str, Any]) -> ChunkTemplate | None:
    """The template of ``data``, which decoded to ``chunk``; None for a chunk that says more than a piece of text.

    Such a chunk has no usage, error, end, log-probabilities or tool calls, and text or thinking, not both.
    """
    text_at = _only_text(chunk)
    if text_at is None or b"\n" in data or b"\r" in data:
        return None
    holes = [
        (start, ended, pattern, path)
        for path, start, ended, kind in _scalars(data)
        if (pattern := _hole(path, kind, text_at)) is not None
    ]
    if [pattern for *_, pattern, _ in holes].count(_TEXT) != 1 or not _is_proven(data, chunk, holes):
        return None
    counts = any(pattern is _COUNT for _, _, pattern, _ in holes)
    text_first = [pattern for _, _, pattern, _ in holes if pattern in (_TEXT, _COUNT)]
    if counts and text_first != [_TEXT, _COUNT]:  # the groups of the pattern are in this order
        return None
    choice = chunk["choices"][0]
    model = chunk.get("model")
    template = ChunkTemplate(
        pattern=rb"data: ?%b(?:\r\n\r\n|\n\n)" % _with(data, holes, [pattern for _, _, pattern, _ in holes], re.escape),
        model=model if isinstance(model, str) else "",
        choice=choice.get("index"),
        has_choice="index" in choice,
        is_thinking=text_at[-1] != "content",
        has_timings=bool(chunk.get(_TIMINGS)),
        counts=counts,
    )
    return template if template.fits(data) else None


_Hole: TypeAlias = tuple[int, int, bytes, _Path]


def _with(data: bytes, holes: Sequence[_Hole], values: Sequence[bytes], literal: Any = bytes) -> bytes:
    """``data`` with ``values`` in its holes, and ``literal`` of what is between them."""
    made, at = b"", 0
    for (start, ended, _, _), value in zip(holes, values, strict=True):
        made += literal(data[at:start]) + value
        at = ended
    return made + bytes(literal(data[at:]))


def _is_proven(data: bytes, chunk: Mapping[str, Any], holes: Sequence[_Hole]) -> bool:
    """Whether other scalars in the holes make the same chunk with these scalars."""
    others: list[str | int] = [
        _PROOF if data[start:ended].startswith(b'"') else _OTHER_NUMBER for start, ended, *_ in holes
    ]
    try:
        proof = _DECODER.decode(_with(data, holes, [msgspec.json.encode(other) for other in others]))
        expected = _DECODER.decode(msgspec.json.encode(chunk))
        for (*_, path), other in zip(holes, others, strict=True):
            place: Any = expected
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = other
    except (ValueError, TypeError, LookupError, RecursionError):
        return False
    return bool(proof == expected)


def _hole(path: _Path, kind: str, text_at: _Path) -> bytes | None:
    """The pattern for a scalar that may change from chunk to chunk; None for one that stays."""
    if path == text_at:
        return _TEXT
    if len(path) == 2 and path[0] == _TIMINGS and kind == "number":
        return _COUNT if path[1] == _PREDICTED else _NUMBER
    if len(path) == 1 and path[0] not in _READ and kind in ("number", "string"):
        return _NUMBER if kind == "number" else _STRING
    return None


def _scalars(data: bytes) -> list[tuple[_Path, int, int, str]]:
    """The path, place and kind of each scalar of a JSON document on one line; [] where a key is written oddly."""
    found: list[tuple[_Path, int, int, str]] = []
    path: list[Any] = []
    in_object: list[bool] = []
    at = 0
    while (token := _TOKEN.match(data, at)) is not None:
        at = token.end()
        kind = token.lastgroup or ""
        said = token[kind]
        if kind != "mark":
            if kind == "string" and in_object and in_object[-1] and path[-1] is None:
                if b"\\" in said:
                    return []
                path[-1] = said[1:-1].decode("utf-8", "replace")
            else:
                found.append((tuple(path), token.start(kind), token.end(kind), kind))
        elif said in b"{[":
            in_object.append(said == b"{")
            path.append(None if said == b"{" else 0)
        elif said in b"}]":
            if not path:
                return []
            path.pop()
            in_object.pop()
        elif said == b"," and path:
            path[-1] = None if in_object[-1] else path[-1] + 1
    return found if not data[at:].strip() else []


def _only_text(chunk: object) -> _Path | None:
    """Where the text of a chunk is that says nothing else a reader of answers takes in but llama.cpp's timings."""
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not delta or not isinstance(delta, dict) or any(delta.get(name) for name in _OTHER_PARTS):
        return None
    assert isinstance(chunk, dict) and isinstance(choice, dict)
    if any(chunk.get(name) for name in ("usage", "error", "errors")):
        return None
    if any(choice.get(name) for name in ("finish_reason", "logprobs", "usage")):
        return None
    timings = chunk.get(_TIMINGS)
    if timings and not (isinstance(timings, dict) and all(_is_number(value) for value in timings.values())):
        return None
    said = [name for name in ("content", *_THOUGHTS) if delta.get(name)]
    if len(said) != 1 or not isinstance(delta[said[0]], str):
        return None
    return "choices", 0, "delta", said[0]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
