"""Stamped body pieces in, whole events with the stamp of the piece that completed them out.

Server-sent events after the WHATWG rules (comments, several data lines, CR, LF or CRLF), and
JSON lines. Pieces may cut anything anywhere: an event, a line end, a character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from milo_bench.targets.http.reply import Piece


class SseEvent(NamedTuple):
    """One event: when its last byte was read, its name ("" for the usual), its data."""

    at_ns: int
    name: str
    data: bytes


def read_sse(pieces: Iterable[Piece], *, whole: bool = True) -> Iterator[SseEvent]:
    """Events of a ``text/event-stream`` body; comments are left out.

    Of a ``whole`` body a last event without its blank line is given too: servers forget it, and
    a cut one will not parse as JSON. Old llama.cpp servers write ``error: {...}`` as a field; that becomes an event
    called "error".
    """
    block: list[bytes] = []  # whole lines of the event that is open
    line: list[bytes] = []  # parts of its open line: joined once, so that one-byte pieces cost no more than others
    held = False  # the last byte was a CR, and its LF may be in the next piece
    at_ns = 0
    for at_ns, piece in _without_mark(pieces):
        data = piece
        if held:
            data = data if data.startswith(b"\n") else b"\n" + data
            held = False
        if b"\r" in data:
            held = data.endswith(b"\r")
            data = (data[:-1] if held else data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not block and not line and data.endswith(b"\n\n") and data.find(b"\n") == len(data) - 2:
            # One whole event of one line in one piece: what nearly every piece of a stream is.
            if (event := _event(at_ns, [data[:-2]])) is not None:
                yield event
            continue
        *ended, rest = data.split(b"\n")
        for part in ended:
            if line:
                part = b"".join((*line, part))
                line = []
            if part:
                block.append(part)
            elif block:
                if (event := _event(at_ns, block)) is not None:
                    yield event
                block = []
        if rest:
            line.append(rest)
    if line:
        block.append(b"".join(line))
    event = _event(at_ns, block) if whole and block else None
    if event is not None:
        yield event


def _without_mark(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces that are not empty, without a byte order mark at the start; the mark may itself be cut."""
    start: bytes | None = b""
    at_ns = 0
    for at_ns, piece in pieces:
        if start is None:
            if piece:
                yield at_ns, piece
            continue
        data = start + piece
        if len(data) < 3 and b"\xef\xbb\xbf".startswith(data):
            start = data
            continue
        start = None
        if data := data.removeprefix(b"\xef\xbb\xbf"):
            yield at_ns, data
    if start:
        yield at_ns, start


def _event(at_ns: int, block: list[bytes]) -> SseEvent | None:
    if len(block) == 1 and block[0].startswith(b"data: "):
        return SseEvent(at_ns, "", block[0][6:])
    name = ""
    lines: list[bytes] = []
    for line in block:
        if line.startswith(b":"):
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"error":
            name = "error"
            lines.append(value)
        elif field not in (b"id", b"retry"):
            # Not a field that this format knows: what is not SSE shall be seen, not skipped.
            lines.append(line)
            name = "unknown"
    return SseEvent(at_ns, name, b"\n".join(lines)) if lines else None


def read_lines(pieces: Iterable[Piece], *, whole: bool = True) -> Iterator[SseEvent]:
    """Lines of an ``application/x-ndjson`` body; without blank ones; the open end of a ``whole`` body counts."""
    open_line: list[bytes] = []
    at_ns = 0
    for at_ns, piece in pieces:
        *ended, rest = piece.split(b"\n")
        for part in ended:
            line = b"".join((*open_line, part)).strip()
            open_line = []
            if line:
                yield SseEvent(at_ns, "", line)
        if rest:
            open_line.append(rest)
    if whole and (line := b"".join(open_line).strip()):
        yield SseEvent(at_ns, "", line)
