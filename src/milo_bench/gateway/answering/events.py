"""Pieces of a stream of events in, the whole and sound events in them out; what ends, breaks or leaks is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import msgspec

from milo_bench.core.hiding import NO_KEYS, KeySearch
from milo_bench.gateway.answering.split_keys import SplitKeys
from milo_bench.targets.http.answer import count, decode_json
from milo_bench.targets.http.failures import read_error

MOST_EVENT_BYTES: Final = 8 << 20
_MOST_HELD_BYTES: Final = 64 << 10  # so much later, a key that goes on is still found and cut
_LAST: Final = 3  # pieces that end a stream: the reason of its end, what was used, the mark
_HEARTBEATS: Final = frozenset({b"", b"null", b"{}"})  # proxies keep a connection open with them
_UNNAMED: Final = frozenset({b"", b"message", b"error"})
_LINES: Final = re.compile(rb"\r\n|\n|\r")
_BLANK: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")

_MARK: Final = b"\xef\xbb\xbf"  # a byte order mark, which a stream of events may begin with
_NOTHING: Final = msgspec.Raw()
_KEY: Final = "the stream contains a key"
_NO_ERROR: Final = frozenset({b"", b"null", b"{}", b'""', b"false"})


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    """What must be known of a chunk; the rest is skipped, though it must be JSON."""

    choices: list[_Choice]
    error: msgspec.Raw = _NOTHING
    object: str | None = None
    model: str | None = None
    usage: msgspec.Raw = _NOTHING


class _OpenChoice(msgspec.Struct):
    finish_reason: None = None


class _OpenChunk(msgspec.Struct):
    """A chunk in the middle of a stream: nothing in it ends an answer, counts tokens or says an error."""

    choices: list[_OpenChoice]
    error: msgspec.UnsetType = msgspec.UNSET
    object: str | None = None
    model: str | None = None
    usage: None = None


_CHUNKS: Final = msgspec.json.Decoder(_Chunk)
_OPEN_CHUNKS: Final = msgspec.json.Decoder(_OpenChunk)
_MODEL, _OBJECT = attrgetter("model"), attrgetter("object")


class EventScan:
    """Reads along a stream. ``feed`` gives the bytes that may leave; a part of an event stays here until it is whole.

    ``ended``: the end mark has come. ``finished``: a choice has its reason of the end. ``problem``: why nothing more
    may leave. The event with the problem never leaves, and events whose texts end with the beginning of a key wait
    for what comes next. ``chunks`` counts the events that have a part of an answer. With ``hides_usage``, an event that
    only says what was used stays here.
    """

    def __init__(
        self, keys: KeySearch = NO_KEYS, another_model: Callable[[object], str] | None = None, *,
        hides_usage: bool = False,
    ) -> None:  # fmt: skip
        self._another_model, self._model = another_model, ""
        self._hides_usage, self._is_usage = hides_usage, False
        self.chunks = 0
        self._keys = SplitKeys(keys) if keys else None
        self._held = b""
        self._part = bytearray()
        self._usage = b""
        self.ended = self.finished = self._begun = False
        self.problem = ""

    def feed(self, piece: bytes) -> bytes:
        """Whole events up to here that may leave, without the end mark."""
        part = self._part
        if not self._begun:
            self._begun, piece = True, piece.removeprefix(_MARK)
        if not part and _is_one_line(piece):  # as most pieces are
            self._is_usage = False
            self._line(piece[5:-2].strip())
            hidden = self.problem or self.ended or (self._is_usage and self._hides_usage)
            return self._released(b"" if hidden else piece)
        looked = max(0, len(part) - 3)  # a blank line may be cut, too
        part += piece
        begin = known = 0  # what is before ``known`` is the beginning of no key
        sound = b""
        for blank in _BLANK.finditer(part, looked):
            self._is_usage = False
            self._event(bytes(part[begin : blank.start()]))
            if self.problem or self.ended:
                break
            if not (self._is_usage and self._hides_usage):
                sound += part[begin : blank.end()]
            begin = blank.end()
            known = len(sound) if self._keys is None or not self._keys.open else known
        self._part = part[begin:] if begin else part
        if self.problem or self.ended:
            self._part = bytearray()
        elif len(self._part) > MOST_EVENT_BYTES:
            self.problem, self._part = "an event of the stream is too large", bytearray()
        return self._released(sound, known)

    def feed_all(self, pieces: list[bytes]) -> list[bytes]:
        """As ``feed`` for each piece in turn: the bytes that may leave, each piece's as one of them."""
        if len(pieces) > 1 and not (self.problem or self.ended) and self._are_open(pieces):
            return pieces
        left: list[bytes] = []
        at = 0
        while at < len(pieces) and not (self.problem or self.ended):
            # A read may bring a whole stream: all but its last events are in the middle of it.
            if len(pieces) - at > 2 * _LAST and self._are_open(middle := pieces[at:-_LAST]):
                left += middle
                at += len(middle)
                continue
            many = self._sound_lines(pieces, at)
            if many:
                left += pieces[at : at + many]
                at += many
            elif sound := self.feed(pieces[at]):
                left.append(sound)
                at += 1
            else:
                at += 1
        return left

    def _are_open(self, pieces: list[bytes]) -> bool:
        """Whether ``pieces`` together are whole events from the middle of a stream, as many as they are, all sound.

        The text begins with "data: {", ends with "}" and a blank line, and has such an end and beginning between any
        two events and no other line end: no value goes over from one to the next. Where a piece ends does not matter,
        as all of them leave together.
        """
        if self._part or self._keys is not None or not self._model or not pieces[0].startswith(b"data: {"):
            return False
        text, many = b"".join(pieces), len(pieces)
        lines = text.replace(b"}\n\ndata: {", b"}\n{")
        if not text.endswith(b"}\n\n") or lines.count(b"\n") != many + 1 or b"\r" in text:
            return False
        try:
            if not text.isascii():
                text.decode()
            chunks = _OPEN_CHUNKS.decode_lines(lines[6:])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        models = set(map(_MODEL, chunks))
        if len(chunks) != many or not models <= {self._model, None, ""} or "error" in map(_OBJECT, chunks):
            return False
        self.chunks += many
        return True

    def _sound_lines(self, pieces: list[bytes], at: int) -> int:
        """How many pieces from ``at`` on are chunks that nothing is wrong with, read together; 0: read one by one.

        Each begins with "data: {", ends with "}" and a blank line, and has no line end beside. So no value goes over
        from one to the next, and as many values as pieces means that each is one.
        """
        if self._part or self._keys is not None or not self._model:
            return 0
        end = at
        while end < len(pieces) and pieces[end].startswith(b"data: {") and pieces[end].endswith(b"}\n\n"):
            end += 1
        many = end - at
        if many < 2:
            return 0
        text = b"".join(pieces[at:end])
        if text.count(b"\n") != 2 * many or b"\r" in text:
            return 0
        try:
            if not text.isascii():
                text.decode()
            chunks = _CHUNKS.decode_lines(text.replace(b"\n\ndata: ", b"\n")[6:])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return 0
        model = self._model
        if len(chunks) != many or any(
            one.error is not _NOTHING or one.object == "error" or (one.model and one.model != model) for one in chunks
        ):
            return 0
        if self._hides_usage and not all(one.choices for one in chunks):
            return 0
        for one in chunks:
            self._note(one)
        return many

    def rest(self) -> bytes:
        """The last event, where the connection ended without the blank line after it."""
        part, self._part = bytes(self._part), bytearray()
        if self.problem or self.ended:
            return b""
        if not part.strip():
            return self._released(b"", last=True)
        self._is_usage = False
        self._event(part.rstrip(b"\r\n"))
        hidden = self.problem or self.ended or (self._is_usage and self._hides_usage)
        return self._released(b"" if hidden else part.rstrip(b"\r\n") + b"\n\n", last=True)

    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens as the stream says them last; 0 where it does not."""
        if not self._usage:
            return 0, 0
        try:
            usage: Any = decode_json(self._usage)
        except ValueError:
            return 0, 0
        if not isinstance(usage, dict):
            return 0, 0
        return count(usage.get("prompt_tokens")) or 0, count(usage.get("completion_tokens")) or 0

    def _event(self, text: bytes) -> None:
        name, lines = b"", []
        for line in _LINES.split(text):
            field, colon, value = line.partition(b":")
            if field == b"data" and colon:
                lines.append(value.removeprefix(b" "))
            elif field == b"event":
                name = value.strip()
            elif field and field not in (b"id", b"retry"):  # an empty field is a comment
                self._odd_line(line)
        if lines or name == b"error":
            self._line(b"\n".join(lines).strip(), name)
        elif self._keys is not None and self._keys.within(text):
            self.problem = _KEY

    def _odd_line(self, line: bytes) -> None:
        """Not an event's line: llama.cpp writes ``error: {…}``; a page of HTML is none either."""
        self.problem = "the stream contains an error" if line.startswith(b"error") else "a line is not an event's"

    def _line(self, data: bytes, name: bytes = b"") -> None:
        """The data of one event."""
        if self.problem:
            return
        if data == b"[DONE]":
            self.ended = True
            return
        if self._keys is not None and self._keys.add(data):
            self.problem = _KEY
            return
        try:
            if not data.isascii():
                data.decode()
            chunk = _CHUNKS.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._odd_data(data, name)
            return
        if bytes(chunk.error) not in _NO_ERROR or chunk.object == "error" or name == b"error":
            self.problem = "the stream contains an error"
            return
        if chunk.model and chunk.model != self._model:
            self._model = chunk.model
            if self._another_model is not None and (wrong := self._another_model(chunk.model)):
                self.problem = wrong
                return
        self._note(chunk)

    def _note(self, chunk: _Chunk) -> None:
        """Whether a choice has ended, and what was used."""
        if chunk.choices:
            self.chunks += 1
        for choice in chunk.choices:
            if choice.finish_reason:
                self.finished = True
        if chunk.usage is not _NOTHING and (usage := bytes(chunk.usage)).startswith(b"{"):
            self._usage = usage
            self._is_usage = not chunk.choices

    def _odd_data(self, data: bytes, name: bytes) -> None:
        """No chunk at first sight: a heartbeat, an event of another name, an error, or broken."""
        if data in _HEARTBEATS and name != b"error":
            return
        try:
            data.decode()  # its bytes would leave as they are, so none may be mended
            found = decode_json(data, strict=True)
        except ValueError:
            if name in _UNNAMED:
                self.problem = "the stream contains an error" if name == b"error" else "an event is not JSON"
            return
        if name == b"error" or (isinstance(found, dict) and (found.get("error") or found.get("object") == "error")):
            self.problem = "the stream contains an error"
        elif not isinstance(found, dict):
            self.problem = "an event is not a JSON object"
        elif "choices" not in found:
            if read_error(found)[0]:
                self.problem = "the stream contains an error"
            elif isinstance(found.get("usage"), dict):
                self._usage = msgspec.json.encode(found["usage"])
                self._is_usage = True
        elif found["choices"] is not None and not isinstance(found["choices"], list):
            self.problem = "an event is not a chunk of a completion"
        else:
            self.chunks += bool(found["choices"])
            self.finished |= any(isinstance(one, dict) and one.get("finish_reason") for one in found["choices"] or ())

    def _released(self, sound: bytes, known: int = 0, *, last: bool = False) -> bytes:
        """What may leave of ``sound`` and of what was held before it; ``sound[:known]`` is the beginning of no key."""
        if self._keys is None:
            return sound
        if self.problem:
            left, self._held = self._held + sound[:known] if known else b"", b""
            return left
        whole = self._held + sound
        if last or self.ended or not self._keys.open or len(whole) > _MOST_HELD_BYTES:
            self._held = b""
            return whole
        leaving = len(self._held) + known if known else 0
        self._held = whole[leaving:]
        return whole[:leaving]


def _is_one_line(piece: bytes) -> bool:
    """Whether a piece is one whole event of one line of data."""
    return piece.startswith(b"data:") and piece.endswith(b"\n\n") and piece.count(b"\n") == 2 and b"\r" not in piece
