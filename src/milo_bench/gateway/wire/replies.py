"""A status, headers and a body in, bytes of an HTTP reply out; errors in the shape of OpenAI's API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

_ENCODER = msgspec.json.Encoder()
_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
JSON_TYPE: Final = "application/json"
EVENTS_TYPE: Final = "text/event-stream"
DONE: Final = b"data: [DONE]\n\n"
LAST_CHUNK: Final = b"0\r\n\r\n"
REQUEST_HEADER: Final = "X-Milo-Request"
_PLAIN: Final = "".join(one for one in map(chr, range(0x20, 0x7F)) if one != "%")
_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class ApiError(Exception):
    """A request that gets an error: its status, a sentence, a hint, and a code that a program can read."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        hint: str = "",
        headers: Mapping[str, str] = {},
        milo: Mapping[str, Any] | None = None,
        close: bool = False,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.hint = status, message, code, hint
        self.headers, self.milo, self.close, self.param = headers, milo, close, param

    def data(self) -> dict[str, Any]:
        """``{"error": {message, type, param, code, hint}}``, with ``milo`` beside it where there is more to say.

        ``param`` is the one field that is at fault, as in OpenAI's API.
        """
        kind = _TYPES.get(
            self.status, "invalid_request_error" if self.status < 500 or self.status == 505 else "server_error"
        )
        said = f"{self.message} hint: {self.hint}" if self.hint else self.message
        error = {"message": said, "type": kind, "param": self.param, "code": self.code, "hint": self.hint}
        return {"error": error, **({"milo": dict(self.milo)} if self.milo else {})}

    def body(self) -> bytes:
        return _ENCODER.encode(self.data())


def whole_reply(
    status: int,
    body: bytes,
    headers: Mapping[str, str] = {},
    *,
    content_type: str = JSON_TYPE,
    close: bool = False,
    to: str = "GET",
) -> bytes:
    """A reply with its length; one ``to`` a HEAD without the body."""
    head = _head(status, content_type, headers, close)
    return b"".join((head, b"Content-Length: %d\r\n\r\n" % len(body), b"" if to == "HEAD" else body))


def known_lines(headers: Mapping[str, str]) -> bytes:
    """The beginning of many replies of status 200: all but what each has of its own."""
    return _lines(200, JSON_TYPE, tuple(headers.items()), close=False)


def known_reply(lines: bytes, request_id: str, body: bytes, *, close: bool = False) -> bytes:
    """A reply with its id and length after ``lines``, which ``known_lines`` made."""
    own = f"{REQUEST_HEADER}: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return b"".join((lines, b"Connection: close\r\n" if close else b"", own, body))


def stream_head(status: int, headers: Mapping[str, str]) -> bytes:
    """The head of a reply of server-sent events in chunks."""
    extra = {**headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return _head(status, EVENTS_TYPE, extra, close=False) + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def chunks(pieces: Iterable[bytes]) -> bytes:
    """Each piece that has anything as a chunk of its own."""
    return b"".join([b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece])


def event(data: Mapping[str, Any]) -> bytes:
    """One server-sent event of JSON."""
    return b"data: %b\n\n" % encoded(data)


def encoded(document: Mapping[str, Any]) -> bytes:
    """JSON of a document; a lone half of an emoji, which a model may write, stays escaped."""
    try:
        return _ENCODER.encode(document)
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def _head(status: int, content_type: str, headers: Mapping[str, str], close: bool) -> bytes:
    """The id of the request, which no other answer has, comes first; the rest is the same for many answers."""
    own, *rest = headers.items() or (("", ""),)
    if own[0] != REQUEST_HEADER:
        return _lines(status, content_type, tuple(headers.items()), close)
    return _lines(status, content_type, tuple(rest), close) + f"{REQUEST_HEADER}: {header_value(own[1])}\r\n".encode()


@lru_cache(maxsize=512)
def _lines(status: int, content_type: str, headers: tuple[tuple[str, str], ...], close: bool) -> bytes:
    lines = [f"Content-Type: {content_type}\r\n"]
    lines += [f"{name}: {header_value(value)}\r\n" for name, value in headers]
    if close:
        lines.append("Connection: close\r\n")
    return _LINES[status] + "".join(lines).encode("latin-1", "replace")


def header_value(value: str) -> str:
    """``value`` in printable ASCII and on one line, ``header_text`` of which is ``value``.

    Names come from files: they never break out of a header, and two of them are never one there.
    """
    if value.isascii() and value.isprintable() and "%" not in value:
        return value
    return quote(value, safe=_PLAIN, errors="surrogatepass")


def header_text(value: str) -> str:
    """What a client says in a header: UTF-8 as it is, which arrives as Latin-1, or percent-encoded."""
    if "%" in value:
        value = unquote(value, encoding="latin-1")
    try:
        return value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        return value
