"""A model's stream in, the same bytes to the client out as they come; a stream that breaks never ends clean."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from milo_bench.core.records import FailureKind
from milo_bench.gateway.upstream.connection import UpstreamConnection
from milo_bench.gateway.wire.connection import ClientConnection
from milo_bench.gateway.wire.replies import EVENTS_TYPE, event
from milo_bench.targets.http.answer import count, decode_json

_KEPT: Final = 8_192  # of the stream's end, where usage and the reason of the end are
_DONE_LINE: Final = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")
_ERROR_LINE: Final = re.compile(rb"(?:^|[\r\n])(?:event: ?error|data: ?\{\s*\"error\"|error: ?\{)")
_FINISHED: Final = re.compile(rb"\"finish_reason\"\s*:\s*\"[a-z_]+\"")
_MOST_ERROR_BYTES: Final = 64 << 10
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
        self.pieces = 0
        self.error_body = b""
        self._recent = b""
        self._error_seen = False

    # ------------------------------------------------------------ ReplySink

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.reply_headers = status, headers

    def data(self, piece: bytes) -> None:
        if self.done.done():
            return
        if not self._is_stream:
            if len(self.error_body) < _MOST_ERROR_BYTES:
                self.error_body += piece
            return
        known = len(self._recent)
        recent = self._recent + piece
        if not self._error_seen and _ERROR_LINE.search(recent, max(0, known - 16)):
            self._error_seen = True
        mark = _DONE_LINE.search(recent, max(0, known - 16))
        if not self.started:
            if self._error_seen:  # nothing has left yet, so the route's fallback can still be taken
                self._close("server_error", "the stream began with an error")
                return
            self._start()
        self.pieces += 1
        self._recent = recent[-_KEPT:]
        if mark is None:
            self._forward(piece)
            return
        at = mark.start() - known
        if mark.group()[:1] in b"\r\n":
            at += 1
        if at > 0:
            self._forward(piece[:at])
        if self._error_seen:
            self._close("server_error", "the stream contains an error")
            return
        self._complete(DONE_EVENT if at >= 0 else piece)

    def end(self, failure: FailureKind | None, message: str) -> None:
        if self.done.done():
            return
        if failure is None and self._is_stream:
            if self.started and not self._error_seen and _FINISHED.search(self._recent):
                self._complete(DONE_EVENT)  # some servers leave the mark out; the answer itself came whole
                return
            failure, message = "bad_stream", "the stream ended without its end mark"
        self._close(failure, message)

    # ------------------------------------------------------------ for the flow

    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens, as the stream's end says them; 0 where it does not."""
        for line in reversed(self._recent.splitlines()):
            if b'"usage"' in line and line.startswith(b"data:"):
                try:
                    data: Any = decode_json(line[5:])
                except ValueError:
                    continue
                usage = data.get("usage") if isinstance(data, dict) else None
                if isinstance(usage, dict):
                    return count(usage.get("prompt_tokens")) or 0, count(usage.get("completion_tokens")) or 0
        return 0, 0

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

    def _forward(self, piece: bytes) -> None:
        self._client.send(piece)
        if self._client.paused and self.upstream is not None:
            self.upstream.pause()
            self._client.on_writable = self._writable

    def _writable(self) -> None:
        self._client.on_writable = None
        if self.upstream is not None and not self._client.gone:
            self.upstream.resume()

    def _complete(self, last: bytes) -> None:
        try:
            self._finish(self)
        except OSError:
            self._close("server_error", "the request could not be recorded")
            return
        self.ended_whole = True
        self._client.end_stream(last)
        self._set_done()

    def _close(self, failure: FailureKind | None, message: str) -> None:
        self.failure, self.message = failure, message
        self._set_done()

    def _set_done(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
