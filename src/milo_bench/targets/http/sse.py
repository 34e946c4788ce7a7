"""Stamped body pieces in, whole events with the stamp of the piece that completed them out.

Server-sent events after the WHATWG rules (comments, several data lines, CR, LF or CRLF), and
JSON lines. Pieces may cut anything anywhere: an event, a line end, a character.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from milo_bench.targets.http.reply import Piece


class Event(NamedTuple):
    """One event: when its last byte was read, its name ("" for the usual), its data."""

    at_ns: int
    name: str
    data: bytes


def read_sse(pieces: Iterable[Piece], *, whole: bool = True) -> Iterator[Event]:
    """Events of a ``text/event-stream`` body; comments are left out.

    Of a ``whole`` body a last event without its blank line is given too: servers forget it, and
    a cut one will not parse as JSON. Old llama.cpp servers write ``error: {...}`` as a field; that becomes an event
    called "error".
    """
    rest = b""
    first = True
    at_ns = 0
    for at_ns, piece in pieces:
        data = rest + piece
        if first:
            # A byte order mark may itself be cut.
            if data and len(data) < 3 and b"\xef\xbb\xbf".startswith(data):
                rest = data
                continue
            data = data.removeprefix(b"\xef\xbb\xbf")
            first = False
        if b"\r" in data:
            held = data.endswith(b"\r")  # its line feed may be in the next piece
            if held:
                data = data[:-1]
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            *blocks, rest = data.split(b"\n\n")
            if held:
                rest += b"\r"
        else:
            *blocks, rest = data.split(b"\n\n")
        for block in blocks:
            event = _event(at_ns, block)
            if event is not None:
                yield event
    event = _event(at_ns, rest.replace(b"\r", b"\n")) if whole else None
    if event is not None:
        yield event


def _event(at_ns: int, block: bytes) -> Event | None:
    if block.startswith(b"data: ") and b"\n" not in block:
        return Event(at_ns, "", block[6:])
    name = ""
    lines: list[bytes] = []
    for line in block.split(b"\n"):
        if not line or line.startswith(b":"):
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
    return Event(at_ns, name, b"\n".join(lines)) if lines else None


def read_lines(pieces: Iterable[Piece], *, whole: bool = True) -> Iterator[Event]:
    """Lines of an ``application/x-ndjson`` body; without blank ones; the open end of a ``whole`` body counts."""
    rest = b""
    at_ns = 0
    for at_ns, piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if stripped := line.strip():
                yield Event(at_ns, "", stripped)
    if whole and (stripped := rest.strip()):
        yield Event(at_ns, "", stripped)
