"""Stamped body pieces in, whole events with the stamp of the piece that completed them out.

Server-sent events after the WHATWG rules (comments, several data lines, CR, LF or CRLF), and
JSON lines. Pieces may cut anything anywhere: an event, a line end, a character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from milo_bench.targets.http.events.chunk_template import AlikeChunks, ChunkTemplate
from milo_bench.targets.http.reply import Piece

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_BLANK_LINE: Final = re.compile(rb"(?>\r\n|\n|\r){2,}")  # an event ends here; CR and LF are one line end, never two


class SseEvent(NamedTuple):
    """One event: when its last byte was read, its name ("" for the usual), its data."""

    at_ns: int
    name: str
    data: bytes


class SseEvents:
    """Events of a ``text/event-stream`` body, in order; comments are left out.

    Of a ``whole`` body a last event without its blank line is given too: servers forget it, and
    a cut one will not parse as JSON. Old llama.cpp servers write ``error: {...}`` as a field; that becomes an event
    called "error".
    """

    def __init__(self, pieces: Iterable[Piece], *, whole: bool = True) -> None:
        pieces = tuple(pieces)
        self._stamps_ns = [at_ns for at_ns, _ in pieces]
        self._ends = list(accumulate(len(data) for _, data in pieces))  # of each piece, in the body
        self._body = b"".join([data for _, data in pieces])
        self.size = len(self._body)
        self._at = 3 if self._body.startswith(b"\xef\xbb\xbf") else 0
        self._piece = 0
        self._whole = whole
        self._plain = b"\r" not in self._body
        self._last = (0, 0, 0)  # where the last event began and ended, and the piece that it began in

    def __iter__(self) -> Iterator[SseEvent]:
        return self

    def __next__(self) -> SseEvent:
        body = self._body
        while self._at < len(body):
            began = self._at
            if self._plain:
                ended = body.find(b"\n\n", began)
                self._at = ended + 2
            elif (blank := _BLANK_LINE.search(body, began)) is not None:
                ended, self._at = blank.start(), self._first_blank_line_end(blank.start())
            else:
                ended = -1
            if ended < 0:
                ended = self._at = len(body)
                if not self._whole:
                    break
            self._last = (began, ended, self._piece)
            if ended > began and (event := _event(self._stamp_ns(self._at), body[began:ended])) is not None:
                return event
        raise StopIteration

    def lines_of_last(self) -> list[SseEvent]:
        """The event given last as an event a data line, each with its own stamp."""
        began, ended, self._piece = self._last
        found = []
        for line in re.finditer(rb"[^\r\n]+", self._body[began:ended]):
            if (event := _event(self._stamp_ns(began + line.end()), line[0])) is not None:
                found.append(event)
        return found

    def alike(self, template: ChunkTemplate) -> tuple[Sequence[int], AlikeChunks]:
        """The next events, a bounded number of them, as long as ``template`` fits them, with their stamps."""
        found = template.chunks_from(self._body, self._at)
        ends = found.ends
        if not ends:
            return (), found
        self._at = ends[-1]
        first = self._stamp_ns(ends[0])
        after = self._piece + len(ends)
        if self._ends[self._piece : after] == ends:  # an event a piece, as most servers send them
            stamps_ns = self._stamps_ns[self._piece : after]
            self._piece = after - 1
        else:
            stamps_ns = [first, *(self._stamp_ns(end) for end in ends[1:])]
        return stamps_ns, found

    def _first_blank_line_end(self, at: int) -> int:
        """Where the line end that ends a line and the one that ends the event stop; blank lines may follow."""
        for _ in range(2):
            line_end = _LINE_END.match(self._body, at)
            assert line_end is not None
            at = line_end.end()
        return at

    def _stamp_ns(self, end: int) -> int:
        """When the byte before ``end`` came; never asked for an earlier one than the last time."""
        while self._ends[self._piece] < end:
            self._piece += 1
        return self._stamps_ns[self._piece]


def read_sse(pieces: Iterable[Piece], *, whole: bool = True) -> SseEvents:
    """See ``SseEvents``."""
    return SseEvents(pieces, whole=whole)


def _event(at_ns: int, block: bytes) -> SseEvent | None:
    if block.startswith(b"data: ") and b"\n" not in block and b"\r" not in block:
        return SseEvent(at_ns, "", block[6:])
    name = ""
    lines: list[bytes] = []
    for line in _LINE_END.split(block):
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
