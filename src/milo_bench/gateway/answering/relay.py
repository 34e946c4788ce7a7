"""A model's stream in, the same bytes to the client out as they come; a stream that breaks never ends clean."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from milo_bench.core.records import FailureKind
from milo_bench.gateway.upstream.connection import UpstreamConnection
from milo_bench.gateway.wire.connection import ClientConnection
from milo_bench.gateway.wire.replies import EVENTS_TYPE, JSON_TYPE, event
from milo_bench.targets.http.answer import count, decode_json

_KEPT: Final = 16  # pieces of the stream's end, where usage and the reason of the end are
_TAIL: Final = 32  # bytes that a mark may be cut in
_DONE_LINE: Final = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")
_ERROR_LINE: Final = re.compile(rb"(?:^|[\r\n])(?:event: ?error|data: ?\{\s*\"error\"|error: ?\{)")
_FINISHED: Final = re.compile(rb"\"finish_reason\"\s*:\s*\"[a-z_]+\"")
_MOST_DOCUMENT_BYTES: Final = 16 << 20
DONE_EVENT: Final = b"data: [DONE]\n\n"


class StreamRelay:
    """A ``ReplySink`` that forwards. ``done`` is set once nothing more is to be forwarded.

    ``started``: bytes have left for the client. ``finish`` is called when the stream's own end has come, before
    the last bytes leave; it raises where the request could not be recorded.
    """

    def __init__(
        self, client: ClientConnection, headers: Mapping[str, str], finish: Callable[[StreamRelay], None]
    ) -> None:
        self._client, self._headers, self._finish = client, headers, finish
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.upstream: UpstreamConnection | None = None
        self.status = 0
        self.reply_headers: dict[str, str] = {}
        self.started = self.ended_whole = False
        self.failure: FailureKind | None = None
        self.message = ""
        self.first_s = 0.0
        self._document: list[bytes] = []
        self._document_bytes = 0
        self._recent: deque[bytes] = deque(maxlen=_KEPT)
        self._tail = b""
        self._waiting: list[bytes] = []
        self._error_seen = False

    # ------------------------------------------------------------ ReplySink

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.reply_headers = status, headers

    def data(self, piece: bytes) -> None:
        if self.done.done():
            return
        if not self._is_stream:
            self._document.append(piece)
            self._document_bytes += len(piece)
            if self._document_bytes > _MOST_DOCUMENT_BYTES:
                self._close("bad_stream", "the answer is too large")
            return
        if b"rror" in piece or b"rror" in self._tail + piece[:8]:
            self._error_seen = self._error_seen or _ERROR_LINE.search(self._tail + piece) is not None
        if not self.started:
            if self._error_seen:  # nothing has left yet, so the route's fallback can still be taken
                self._close("server_error", "the stream began with an error")
                return
            self._start()
        self._recent.append(piece)
        at = self._end_mark(piece)
        self._tail = piece[-_TAIL:] if len(piece) >= _TAIL else (self._tail + piece)[-_TAIL:]
        if at is None:
            self._waiting.append(piece)
            return
        if at > 0:
            self._waiting.append(piece[:at])
        if self._error_seen:
            self._close("server_error", "the stream contains an error")
            return
        self._complete(DONE_EVENT if at >= 0 else piece)

    def flush(self) -> None:
        """Everything of one read leaves in one write, each piece as the chunk that it was."""
        if self._waiting:
            pieces, self._waiting = self._waiting, []
            self._client.send(*pieces)
            if self._client.paused and self.upstream is not None:
                self.upstream.pause(self)
                self._client.on_writable = self._writable

    def _end_mark(self, piece: bytes) -> int | None:
        """Where in ``piece`` the stream's end mark begins, below 0 where it began before; None where there is none."""
        known = len(self._tail)
        if b"ONE]" not in piece and b"ONE]" not in self._tail[-4:] + piece[:4]:
            return None
        mark = _DONE_LINE.search(self._tail + piece)
        if mark is None:
            return None
        return mark.start() - known + (mark.group()[:1] in b"\r\n")

    def end(self, failure: FailureKind | None, message: str) -> None:
        if self.done.done():
            return
        if failure is None and self._is_stream:
            if self.started and not self._error_seen and _FINISHED.search(b"".join(self._recent)):
                self._complete(DONE_EVENT)  # some servers leave the mark out; the answer itself came whole
                return
            failure, message = "bad_stream", "the stream ended without its end mark"
        self._close(failure, message)

    # ------------------------------------------------------------ for the flow

    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens, as the stream's end says them; 0 where it does not."""
        for line in reversed(b"".join(self._recent).splitlines()):
            if b'"usage"' in line and line.startswith(b"data:"):
                try:
                    data: Any = decode_json(line[5:])
                except ValueError:
                    continue
                usage = data.get("usage") if isinstance(data, dict) else None
                if isinstance(usage, dict):
                    return count(usage.get("prompt_tokens")) or 0, count(usage.get("completion_tokens")) or 0
        return 0, 0

    @property
    def document(self) -> bytes:
        """The body of a reply that is not a stream."""
        return b"".join(self._document)

    @property
    def is_document(self) -> bool:
        """The reply is a whole JSON document, not a stream."""
        kind = self.reply_headers.get("content-type", "").lower()
        return self.status == 200 and self.failure is None and not self.started and kind.startswith(JSON_TYPE)

    def cut(self, message: str) -> None:
        """Tell the client that what it has is not the whole answer, and end the connection without a stream's end."""
        error = {"message": f"The answer was cut: {message}.", "type": "server_error", "param": None, "code": "cut"}
        self._client.cut_stream(event({"error": error}))

    @property
    def _is_stream(self) -> bool:
        return self.status == 200 and self.reply_headers.get("content-type", "").lower().startswith(EVENTS_TYPE)

    def _start(self) -> None:
        self.started = True
        self.first_s = time.monotonic()
        self._client.start_stream(200, self._headers)

    def _writable(self) -> None:
        self._client.on_writable = None
        if self.upstream is not None and not self._client.gone:
            self.upstream.resume(self)

    def _complete(self, last: bytes) -> None:
        try:
            self._finish(self)
        except OSError:
            self._close("server_error", "the request could not be recorded")
            return
        self.ended_whole = True
        self.flush()
        self._client.end_stream(last)
        self._set_done()

    def _close(self, failure: FailureKind | None, message: str) -> None:
        if self.started:
            self.flush()
        self.failure, self.message = failure, message
        self._set_done()

    def _set_done(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
