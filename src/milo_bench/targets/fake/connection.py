"""Bytes of one client connection in, scripted bytes out at their times; one protocol object a connection."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httptools
import msgspec

from milo_bench.targets.fake.dialects import DIALECTS, Dialect
from milo_bench.targets.fake.embedding import embeddings_reply
from milo_bench.targets.fake.log import RequestOutcome, SeenRequest
from milo_bench.targets.fake.reply import Asked, answer_for, overflows
from milo_bench.targets.fake.script import ScriptFault
from milo_bench.targets.fake.wire import WireStep, http_reply, steps_for
from milo_bench.targets.http.foreign_page import REFUSAL, is_foreign

if TYPE_CHECKING:
    from milo_bench.targets.fake.server import FakeServer

# Closing with this linger sends a reset instead of an orderly end.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FakeConnection(asyncio.Protocol):
    """Reads requests with httptools, answers one after the other, on an absolute schedule."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._path = ""
        self._body = bytearray()
        self._bearer = self._host = self._origin = ""
        self._waiting: deque[tuple[str, str, bytes, str]] = deque()
        self._steps: deque[WireStep] = deque()
        self._request: SeenRequest | None = None
        self._zero_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports behave like asyncio.Transport and do not inherit from it.
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.connections.add(self)
        self._server.connections_made += 1

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._server.connections.discard(self)
        self._end_request("client_closed")

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(http_reply(400, "text/plain", b"not HTTP", headers={"Connection": "close"}))
            self._transport.close()

    # ------------------------------------------------------------ httptools

    def on_message_begin(self) -> None:
        self._path, self._bearer, self._host, self._origin = "", "", "", ""
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        self._path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._bearer = value.decode("latin-1").removeprefix("Bearer ")
        elif name.lower() == b"host":
            self._host = value.decode("latin-1")
        elif name.lower() == b"origin":
            self._origin = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if is_foreign(self._host, self._origin):
            said = msgspec.json.encode({"error": {"message": REFUSAL, "type": "permission_error", "code": 403}})
            self._transport.write(http_reply(403, "application/json", said, headers={"Connection": "close"}))
            self._transport.close()
            return
        method = self._parser.get_method().decode()
        self._waiting.append((method, urlsplit(self._path).path, bytes(self._body), self._bearer))
        if not self._busy:
            self._next()

    # ------------------------------------------------------------ answering

    def _next(self) -> None:
        while self._waiting and not self._busy:
            method, path, body, bearer = self._waiting.popleft()
            dialect = DIALECTS.get(path)
            if dialect is not None and method == "POST":
                self._chat(dialect, path, body, bearer)
            else:
                self._transport.write(self._plain(method, path, bearer, body))

    def _chat(self, dialect: Dialect, path: str, raw: bytes, bearer: str) -> None:
        try:
            body: dict[str, Any] = json.loads(raw)
            asked = dialect.read(self._server.next_number(), body)
        except (ValueError, AttributeError, TypeError, RecursionError):
            broken = dialect.error(400, "invalid_request_error", "the body is not a chat request")
            self._transport.write(http_reply(400, "application/json", broken))
            return
        now_s = time.monotonic()
        self._request = SeenRequest(asked.number, path, asked.user, asked.model, body, now_s)
        self._server.saw(self._request)
        self._zero_s = now_s
        self._busy = True
        self._steps = deque(self._decide(dialect, asked, bearer))
        self._run_due()

    def _decide(self, dialect: Dialect, asked: Asked, bearer: str) -> tuple[WireStep, ...]:
        script, request = self._server.script, self._request
        assert request is not None
        refusal: tuple[int, str, str] | None = None
        if not self._may_enter(bearer):
            refusal = (401, "authentication_error", "invalid key")
        elif self._zero_s - self._server.started_s < script.health.load_after_s:
            refusal = (503, "unavailable_error", "Loading model")
        elif script.only_listed_models and asked.model not in script.models:
            refusal = (404, "model_not_found", f"model '{asked.model}' not found")
        reply, text, fault = (None, "", None) if refusal else self._server.chooser.choose(asked)
        if reply is not None and overflows(script, asked, fault):
            window = script.context_window or 0
            count = len(asked.prompt.split())
            message = f"the request ({count} tokens) exceeds the available context size ({window} tokens)"
            refusal = (400, "exceed_context_size_error", message)
            fault = ScriptFault(kind="context_overflow")
        request.fault = fault.kind if fault else ""
        if refusal is not None or reply is None:
            status, kind, message = refusal or (500, "server_error", "no reply")
            request.status = status
            return (
                WireStep(0.0, http_reply(status, "application/json", dialect.error(status, kind, message)), "keep"),
            )
        if fault is not None and fault.kind == "status":
            request.status = fault.status
        return steps_for(dialect, asked, reply, answer_for(script, asked, reply, text, fault), fault)

    def _run_due(self) -> None:
        """Write all that is due by now; wait for the next by its absolute time."""
        self._timer = None
        # A step that is due within the clock's resolution is due.
        now_s = time.monotonic() - self._zero_s + 1e-5
        due: list[bytes] = []
        while self._steps and self._steps[0].at_s <= now_s:
            step = self._steps.popleft()
            if step.data:
                due.append(step.data)
                if step.content and self._request is not None:
                    self._request.written_s.append(time.monotonic())
            if step.after:
                if due:
                    self._transport.write(b"".join(due))
                self._after(step)
                return
        if due:
            self._transport.write(b"".join(due))
        if self._steps:
            # uvloop counts in whole milliseconds and may wake early; then the loop above waits once more.
            left_s = self._zero_s + self._steps[0].at_s - time.monotonic()
            self._timer = self._loop.call_later(max(0.0, left_s), self._run_due)

    def _after(self, step: WireStep) -> None:
        if step.after == "hang":
            return  # until the client goes, or the server stops
        self._end_request("fault" if self._request is not None and self._request.fault else "answered")
        match step.after:
            case "keep":
                self._busy = False
                self._next()
            case "close":
                self._transport.close()
            case "reset":
                self.reset()
            case "die":
                self._server.die()

    def _end_request(self, outcome: RequestOutcome) -> None:
        if self._request is not None:
            self._request.outcome = outcome
            self._request.ended.set()
            self._request = None

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        if not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()

    # ------------------------------------------------------------ everything but chat

    def _may_enter(self, bearer: str) -> bool:
        return self._server.script.accept_key in (None, bearer)

    def _plain(self, method: str, path: str, bearer: str, body: bytes) -> bytes:
        server = self._server
        names = server.script.models
        age_s = time.monotonic() - server.started_s
        if path.startswith("/fake/"):
            return self._admin(method, path)
        if path == "/health":
            if age_s < server.script.health.ready_after_s:
                return _json(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
            return _json(200, {"status": "ok"})
        if not self._may_enter(bearer):
            return http_reply(401, "application/json", DIALECTS["/v1/chat/completions"].error(401, "auth", "no"))
        match (method, path):
            case ("GET", "/v1/models"):
                return _json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
            case ("GET", "/api/version"):
                return _json(200, {"version": "0.0.0-fake"})
            case ("GET", "/api/tags" | "/api/ps"):
                return _json(200, {"models": [_ollama_model(name) for name in names]})
            case ("POST", "/v1/embeddings" | "/api/embed"):
                return self._embeddings(path, body)
            case ("POST", "/api/show"):
                return _json(200, {"details": _ollama_model(names[0])["details"], "model_info": {}})
            case _:
                return _json(404, {"error": {"message": f"no such path: {path}", "type": "not_found", "code": 404}})

    def _embeddings(self, path: str, raw: bytes) -> bytes:
        try:
            found = embeddings_reply(path, json.loads(raw))
        except (ValueError, RecursionError):
            found = None
        if found is None:
            return _json(400, {"error": {"message": "input is a text or a list of texts", "type": "invalid_request"}})
        return _json(200, found)

    def _admin(self, method: str, path: str) -> bytes:
        if (method, path) == ("DELETE", "/fake/requests"):
            self._server.forget()
            return _json(200, {"requests": 0})
        if path == "/fake/requests":
            return http_reply(200, "application/json", self._server.log_as_json())
        if path == "/fake/counts":
            return _json(200, self._server.counts())
        return _json(404, {"error": "no such path"})


def _json(status: int, data: object) -> bytes:
    return http_reply(status, "application/json", msgspec.json.encode(data))


def _ollama_model(name: str) -> dict[str, Any]:
    details = {"format": "gguf", "family": "fake", "parameter_size": "0B", "quantization_level": "F32"}
    return {"name": name, "model": name, "digest": "0" * 64, "size": 0, "details": details}
