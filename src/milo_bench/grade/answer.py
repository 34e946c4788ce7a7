"""A model's text in, the JSON value it holds out, with how it had to be read."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, Literal

import msgspec

from milo_bench.core.records import Frozen

JsonReading = Literal["strict", "fenced", "repaired", "failed"]

# Bounds, so that a runaway answer costs milliseconds. A contract's answer is a few kilobytes.
MAX_CHARS: Final = 1_000_000
MAX_DEPTH: Final = 64
MAX_REPAIR_CHARS: Final = 16_384  # json-repair is pure Python and not linear on hostile text
MAX_STARTS: Final = 48  # brackets in prose at which a value is looked for

_FENCE = re.compile(r"```[ \t]*+([A-Za-z0-9_+-]*+)[ \t]*+\r?\n(.*?)```", re.DOTALL)
_BRACKET = re.compile(r"[{\[]")
_LOOKS_LIKE_JSON = re.compile(r"""\{\s*(?:["'}]|[A-Za-z_]\w*\s*:)|\[\s*[\[{"']""")


class JsonAnswer(Frozen, frozen=True):
    """``strict``: the whole text is JSON. ``fenced``: it is once a code fence or the prose around
    it is cut away. ``repaired``: only a repair made it JSON. ``failed``: nothing did.
    """

    reading: JsonReading
    value: Any = None
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Read as the model wrote it. A repaired value is for diagnosis and never passes a check."""
        return self.reading in ("strict", "fenced")


class _DuplicateKey(ValueError):
    pass


class _NotFinite(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise _DuplicateKey(f"the key {twice[:60]!r} is repeated in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise _NotFinite(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
_decode_fast = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read_json_answer(text: str) -> JsonAnswer:
    """Read ``text`` as strictly as it allows; never raises, bounded time for any text.

    An object with a key twice, NaN or Infinity, a lone surrogate or nesting deeper than
    ``MAX_DEPTH`` is never strict or fenced: readers of JSON disagree about what it says.
    Prose may surround exactly one value, once or again; where there are two that differ, none is chosen.
    """
    if not text or text.isspace():
        return JsonAnswer("failed", problem="the answer is empty")
    if len(text) > MAX_CHARS:
        return JsonAnswer("failed", problem=f"the answer has {len(text)} characters, more than {MAX_CHARS}")
    if (value := _strict(text)) is not None:
        return value
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _repair(text.encode("utf-8", "replace").decode(), "the answer contains half a surrogate pair")
    try:
        return _inside(text)
    except _DuplicateKey as error:
        return _repair(text, str(error))


def _strict(text: str) -> JsonAnswer | None:
    """The answer when the whole text is one JSON value that every reader reads alike, else None."""
    try:
        value = _decode_fast(text)
    except (ValueError, RecursionError):
        return None
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        return JsonAnswer("failed", problem=f"nested deeper than {MAX_DEPTH}")
    # A colon for each key and no more: no key stands twice, none hides in a string.
    if text.count(":") != _count_keys(value):
        try:
            _DECODER.decode(text)
        except (ValueError, RecursionError):
            return None
    return JsonAnswer("strict", value)


def _count_keys(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            count += len(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return count


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, dict | list):
            deepest = max(deepest, depth)
            inner = item.values() if isinstance(item, dict) else item
            waiting.extend((part, depth + 1) for part in inner)
    return deepest


def _inside(text: str) -> JsonAnswer:
    """The one value inside fences or prose; else what a repair makes of the text."""
    problem = "no JSON value in the answer"
    if fenced := [match[2] for match in _FENCE.finditer(text)]:
        values = [value for body in fenced if (value := _whole(body)) is not None]
        if values and _all_same([value[0] for value in values]):
            return JsonAnswer("fenced", values[0][0], "a code fence around the JSON")
        if len(values) > 1:
            return JsonAnswer("failed", problem=f"{len(values)} JSON values in code fences, expected one")
    found, broken = _scan(text)
    if broken:
        return _repair(text, broken)
    objects = [value for value in found if isinstance(value, dict)]
    candidates = objects or found
    if candidates and _all_same(candidates):
        return JsonAnswer("fenced", candidates[0], "text around the JSON")
    if len(candidates) > 1:
        return JsonAnswer("failed", problem=f"{len(candidates)} JSON values in the answer, expected one")
    return _repair(text, problem)


def _all_same(values: list[Any]) -> bool:
    """Whether every value says the same: an answer that is given twice is one answer."""
    first = _encode(values[0])
    return all(_encode(value) == first for value in values[1:])


def _whole(body: str) -> tuple[Any] | None:
    """A fence's content as one object or array, in a tuple so that an empty one still counts."""
    body = body.strip()
    if not body.startswith(("{", "[")):
        return None
    try:
        value = _DECODER.decode(body)
    except _DuplicateKey:
        raise
    except (ValueError, RecursionError):
        return None
    return None if _unsound(value) else (value,)


def _scan(text: str) -> tuple[list[Any], str]:
    """Objects and arrays that stand in prose, and what is broken about the first that does not parse.

    Nothing is looked for inside a broken value: its inner objects are not the answer.
    """
    found: list[Any] = []
    position = 0
    for _ in range(MAX_STARTS):
        match = _BRACKET.search(text, position)
        if match is None:
            return found, ""
        try:
            value, position = _DECODER.raw_decode(text, match.start())
        except _DuplicateKey:
            raise
        except (ValueError, RecursionError) as error:
            if _LOOKS_LIKE_JSON.match(text, match.start()):
                return found, f"broken JSON: {str(error)[:120]}"
            position = match.start() + 1
            continue
        if problem := _unsound(value):
            return found, problem
        found.append(value)
    return found, f"more than {MAX_STARTS} brackets without one clear JSON value"


def _unsound(value: Any) -> str:
    """Why another reader would not take ``value``, or "": depth, infinite numbers, half characters."""
    try:
        encoded = _encode(value)
    except (ValueError, OverflowError, RecursionError):
        encoded = b""
    # Measured only where there are brackets enough, or too many to be written out.
    if (not encoded or encoded.count(b"{") + encoded.count(b"[") > MAX_DEPTH) and _depth(value) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
    if not encoded:
        return "a string contains half a surrogate pair"
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return "a number is out of range"
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return ""


def _repair(text: str, problem: str) -> JsonAnswer:
    """What json-repair makes of ``text``, kept for diagnosis."""
    if not _LOOKS_LIKE_JSON.search(text):
        return JsonAnswer("failed", problem=problem)
    if len(text) > MAX_REPAIR_CHARS:
        return JsonAnswer("failed", problem=f"{problem} (too long to repair)")
    if text.count("{") + text.count("[") > 4 * MAX_DEPTH:
        return JsonAnswer("failed", problem=f"{problem} (too many brackets to repair)")
    import json_repair  # only an answer that is broken JSON needs it

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except Exception:  # a repair of hostile text may break in any way, and only says "failed"
        return JsonAnswer("failed", problem=problem)
    if not isinstance(value, dict | list) or not value or _unsound(value):
        return JsonAnswer("failed", problem=problem)
    return JsonAnswer("repaired", value, problem)
