"""A model's stream in, the same bytes to the client out as they come; a stream that breaks never ends clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from milo_bench.core.records import FailureKind
from milo_bench.gateway.answering.events import EventScan
from milo_bench.gateway.upstream.connection import UpstreamConnection
from milo_bench.gateway.wire.connection import ClientConnection
from milo_bench.gateway.wire.flow import LateValue
from milo_bench.gateway.wire.replies import EVENTS_TYPE, JSON_TYPE, event

if TYPE_CHECKING:
    from milo_bench.targets.responses.translating import ResponseStream

_MOST_DOCUMENT_BYTES: Final = 16 << 20
_MOST_KEPT_BYTES: Final = 1 << 20
DONE_EVENT: Final = b"data: [DONE]\n\n"


class StreamRelay:
    """A ``ReplySink`` that forwards. ``done`` is set once nothing more is to be forwarded.

    ``started``: bytes have left for the client. ``finish`` is called when the stream's own end has come, before
    the last bytes leave; it raises where the request could not be recorded. ``translation`` says the same in the
    Responses API.
    """

    def __init__(
        self,
        client: ClientConnection,
        headers: Mapping[str, str],
        finish: Callable[[StreamRelay], None],
        scan: EventScan,
        *,
        keep: bool = False,
        translation: ResponseStream | None = None,
    ) -> None:
        self._client, self._headers, self._finish = client, headers, finish
        self._scan, self._translation = scan, translation
        self.done: LateValue[None] = LateValue()
        self.upstream: UpstreamConnection | None = None
        self.status = 0
        self.reply_headers: Mapping[str, str] = {}
        self.started = self.ended_whole = self._is_stream = False
        self.failure: FailureKind | None = None
        self.message = ""
        self.first_s = 0.0
        self._document: list[bytes] = []
        self._document_bytes = 0
        self._waiting: list[bytes] = []
        self._keep, self._kept_bytes = keep, 0
        self.kept: list[bytes] = []  # what was forwarded, for a sample; its first part where it is long

    # ------------------------------------------------------------ ReplySink

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.reply_headers = status, headers
        self._is_stream = status == 200 and headers.get("content-type", "").lower().startswith(EVENTS_TYPE)

    def data(self, pieces: list[bytes]) -> None:
        """Everything of one read leaves in one write, each piece as the chunk that it was."""
        if self.done.is_set:
            return
        if not self._is_stream:
            self._document += pieces
            self._document_bytes += sum(map(len, pieces))
            if self._document_bytes > _MOST_DOCUMENT_BYTES:
                self._close("bad_stream", "the answer is too large")
            return
        self._forward(self._scan.feed_all(pieces))
        self._flush()

    def _forward(self, sound: list[bytes]) -> None:
        """Sound events leave at once. What follows decides whether the stream goes on."""
        scan = self._scan
        if sound:
            if not self.started:
                self._start()
            self._waiting += sound if self._translation is None else map(self._translation.feed, sound)
            for one in sound if self._keep else ():
                if self._kept_bytes < _MOST_KEPT_BYTES:
                    self.kept.append(one)
                    self._kept_bytes += len(one)
        if scan.problem:  # where nothing has left yet, the route's fallback can still be taken
            self._close("server_error", scan.problem)
        elif scan.ended and not scan.chunks:
            self._close("bad_stream", "the stream has no answer")
        elif scan.ended:
            if not self.started:
                self._start()
            self._complete()

    def _flush(self) -> None:
        if self._waiting:
            pieces, self._waiting = self._waiting, []
            self._client.send(*pieces)
            if self._client.paused and self.upstream is not None:
                self.upstream.pause(self)
                self._client.on_writable = self._writable

    def end(self, failure: FailureKind | None, message: str) -> None:
        if self.done.is_set:
            return
        if failure is None and self._is_stream:
            rest = self._scan.rest()
            self._forward([rest] if rest else [])
            self._flush()
            if self.done.is_set:
                return
            if self.started and self._scan.finished:
                self._complete()  # some servers leave the mark out; the answer itself came whole
                return
            failure, message = "bad_stream", "the stream ended without its end mark"
        self._close(failure, message)

    # ------------------------------------------------------------ for the flow

    def usage(self) -> tuple[int, int]:
        """Prompt and completion tokens, as the stream's end says them; 0 where it does not."""
        return self._scan.usage()

    def spent(self) -> tuple[int, int]:
        """As ``usage``; where nothing was said, as a stream that is cut, each piece of the answer counts as a token."""
        prompt, completion = self._scan.usage()
        return prompt, completion or self._scan.chunks

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
        if self._translation is not None:
            self._client.cut_stream(self._translation.fail(f"The answer was cut: {message}."))
            return
        error = {"message": f"The answer was cut: {message}.", "type": "server_error", "param": None, "code": "cut"}
        self._client.cut_stream(event({"error": error}))

    def _start(self) -> None:
        self.started = True
        self.first_s = time.monotonic()
        self._client.start_stream(200, self._headers)

    def _writable(self) -> None:
        self._client.on_writable = None
        if self.upstream is not None and not self._client.gone:
            self.upstream.resume(self)

    def _complete(self) -> None:
        try:
            self._finish(self)
        except OSError:
            self._close("server_error", "the request could not be recorded")
            return
        self.ended_whole = True
        pieces, self._waiting = self._waiting, []
        self._client.end_stream(*pieces, DONE_EVENT if self._translation is None else self._translation.end())
        self.done.set(None)

    def _close(self, failure: FailureKind | None, message: str) -> None:
        if self.started:
            self._flush()
        self.failure, self.message = failure, message
        self.done.set(None)
