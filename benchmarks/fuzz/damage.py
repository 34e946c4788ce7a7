"""A seeded source of chance in; texts, values and damaged bytes out, as servers, disks and strangers produce them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

_WORDS: Final = ("the", "claim", "Anna", "paid", "12.50 EUR", "on 3 May 2025", "[E-0001]", "roof", "we will", "Mr.")
_ODD: Final = (
    "\x00", "\x1b]0;title\x07", "\x1b[2J", "\r", "\n", "\r\n", "\u2028", "\u202e", "\ufeff", "\u00a0", "²", "٣", "𝟘",
    "é", "中文", "🙂", "<script>alert(1)</script>", "</think>", "<think>", "<|im_end|>", "{{7*7}}", "{% for x in y %}",
    "../../etc/passwd", "=1+1", "'", '"', "\\", "`", ";", ",", "\t", ":", "#", "&a", "*a", "!!python/object", "- ",
    "---", "...", "null", "~", "yes", "NaN", "Infinity", "-Infinity", "1e999", "-0", "0x10", "0o7", "1_000",
    "2026-02-30", "12:30:45", "2026-01-01T00:00:00Z", "True", "[]", "{}", "[DONE]", "data: ", "event: error",
)  # fmt: skip
_LONG: Final = (
    "9" * 5_000, "[" * 2_000, "{" * 500, '{"a":' * 1_000, "(" * 3_000, " " * 5_000, "\t" * 3_000, "." * 5_000,
    '"' * 2_000, "a" * 8_000, "\n" * 3_000, "1," * 2_000, "O'" * 2_000, "<div>" * 1_500, "we will pay, " * 300,
    "- " * 2_000, "a: " * 500, "\\" * 2_000, "[E-0001]" * 500, "``` \n" * 500, "&a [*a,*a]" * 50,
)  # fmt: skip
NUMBERS: Final[Sequence[Any]] = (
    0, 1, -1, 2, 7, 0.5, 1e-9, 1e308, -1e308, 2**31, 2**53, 2**63, 2**64, 10**30, 10**400, True, False,
)  # fmt: skip


def text(random: Random, most: int = 8) -> str:
    """Words and odd characters; now and then something long."""
    parts = []
    for _ in range(random.randint(0, most)):
        chance = random.random()
        if chance < 0.55:
            parts.append(random.choice(_WORDS) + " ")
        elif chance < 0.985:
            parts.append(random.choice(_ODD))
        else:
            parts.append(random.choice(_LONG))
    return "".join(parts)


def plain_text(random: Random, most: int = 12) -> str:
    """Words that any format can carry."""
    return " ".join(random.choice(_WORDS) for _ in range(random.randint(1, most)))


def value(random: Random, depth: int = 3) -> Any:
    """Any value that JSON knows."""
    chance = random.random()
    if chance < 0.3:
        return text(random, 3)
    if chance < 0.5:
        return random.choice(NUMBERS)
    if chance < 0.6 or depth == 0:
        return None
    if chance < 0.8:
        return [value(random, depth - 1) for _ in range(random.randint(0, 4))]
    return {text(random, 2): value(random, depth - 1) for _ in range(random.randint(0, 4))}


def nested(depth: int) -> Any:
    """Lists in lists."""
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


def dumped(data: Any) -> str:
    """JSON as odd servers write it: NaN and lone surrogates as they come. 10**400 is written out."""
    try:
        return json.dumps(data)
    except (ValueError, RecursionError):
        return "null"


def places_of(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value inside plain data."""
    found = [at] if at else []
    if isinstance(tree, dict):
        for key, item in tree.items():
            found += places_of(item, (*at, key))
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            found += places_of(item, (*at, index))
    return found


def damaged_tree(random: Random, tree: Any, times: int = 2) -> Any:
    """A copy of plain data with values replaced, removed, renamed or repeated at a few places."""
    tree = json.loads(json.dumps(tree))
    for _ in range(random.randint(1, times)):
        places = places_of(tree)
        if not places:
            return value(random)
        *path, last = random.choice(places)
        holder = tree
        for key in path:
            holder = holder[key]
        chance = random.random()
        if chance < 0.5:
            holder[last] = value(random)
        elif chance < 0.7:
            del holder[last]
        elif isinstance(holder, dict):
            holder[text(random, 2)] = holder.pop(last) if chance < 0.85 else value(random)
        else:
            holder.insert(last, holder[last])
    return tree


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _flip(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _range(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.randint(1, 40))


def _remove(random: Random, data: bytes) -> bytes:
    start, end = _range(random, data)
    return data[:start] + data[end:]


def _repeat(random: Random, data: bytes) -> bytes:
    start, end = _range(random, data)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 50)) + data[end:]


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + text(random, 2).encode("utf-8", "surrogatepass") + data[at:]


def _swap_lines(random: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _repeat_line(random: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return b"\n".join(lines)


def _line_ends(random: Random, data: bytes) -> bytes:
    return data.replace(b"\n", random.choice((b"\r", b"\r\n", b"\n\n", b"\x0b")))


def _zeros(random: Random, data: bytes) -> bytes:
    start, end = _range(random, data)
    return data[:start] + bytes(end - start) + data[end:]


_DAMAGES: Final[Sequence[Callable[[Random, bytes], bytes]]] = (
    _cut, _flip, _flip, _remove, _repeat, _insert, _insert, _swap_lines, _repeat_line, _line_ends, _zeros,
)  # fmt: skip


def damaged(random: Random, data: bytes, times: int = 3) -> bytes:
    """A few accidents of disks and transfers, one after the other."""
    for _ in range(random.randint(1, times)):
        if data:
            data = random.choice(_DAMAGES)(random, data)
    return data


def damaged_text(random: Random, written: str, times: int = 3) -> str:
    """As ``damaged``, for a text; what is no longer UTF-8 is replaced."""
    return damaged(random, written.encode("utf-8", "surrogatepass"), times).decode("utf-8", "replace")


def pieces(random: Random, data: bytes) -> list[tuple[int, bytes]]:
    """The bytes in pieces as a network delivers them, each with a stamp."""
    found = []
    at = 0
    most = random.choice((1, 7, 64, 4_096))
    while at < len(data):
        size = random.randint(1, most)
        if len(found) > 400:
            size = len(data)
        found.append(((len(found) + 1) * 1_000, data[at : at + size]))
        at += size
    return found
