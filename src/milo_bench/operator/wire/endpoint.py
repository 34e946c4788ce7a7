"""A model server's address and a schedule in, an OpenAI-compatible address out that breaks where the schedule says so.

For any agent that can be told a base URL::

    session = Session(task, seed)
    async with FaultingEndpoint("http://127.0.0.1:8080/v1", SessionSchedule(session)) as endpoint:
        ...  # the agent speaks to endpoint.base_url with the key endpoint.key; its tools end in session.call
    grade(session)  # whether a fault landed is in session.log; endpoint.delivered says what the wire showed of it

``ScriptedSchedule({3: WireFault("status_503")})`` does the same without a task.

Answers are read whole before they are handed on, because a call must be known before it can be cut; times
measured through this endpoint are those of the bench.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from milo_bench.core.chat import Exchange
from milo_bench.core.clock import Clock, SystemClock
from milo_bench.core.records import Timeouts, ToolCall
from milo_bench.core.text import one_line
from milo_bench.operator.wire.answers import close_answer, error_answer, error_body
from milo_bench.operator.wire.faults import ProviderSchedule, WireFault
from milo_bench.operator.wire.shapes import ChatShape, ResponsesShape, Shape
from milo_bench.targets.http.address import parse_address
from milo_bench.targets.http.answer import StreamedAnswer
from milo_bench.targets.http.failures import refusal
from milo_bench.targets.http.foreign_page import REFUSAL, is_foreign
from milo_bench.targets.http.plain import open_plain
from milo_bench.targets.http.reply import MAX_BODY_BYTES, HttpReply, Wire
from milo_bench.targets.http.stream import read_completion
from milo_bench.targets.responses.reading import NotUnderstood, chat_request

_LIMITS = Timeouts(connect_s=10.0, first_token_s=600.0, total_s=600.0)
_MOST_REFUSALS = 20  # that are said: an agent may try a path without end
_CLOSING_S = 2.0
# Headers of one hop; the rest of an agent's own go on to the model.
_NOT_PASSED_ON = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect"})
_OPENING = ("system", "developer")


@dataclass(frozen=True)
class Delivered:
    """A fault as an agent met it: at which chat request, counted from 1, and what."""

    request: int
    kind: str


@dataclass(frozen=True)
class _Answered:
    status: int
    content_type: str
    body: bytes

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that this answer holds, read as any client would; none where it cannot be read."""
        exchange = self.exchange()
        return exchange.tool_calls if exchange.failure is None else ()

    def exchange(self) -> Exchange:
        """The whole answer as a record, without times."""
        reply = HttpReply(started_ns=0, status=self.status, headers={"content-type": self.content_type})
        reply.pieces.append((0, self.body))
        answer = StreamedAnswer()
        if self.status == 200:
            for _ in read_completion(reply, answer):
                pass
        else:
            answer.failure = refusal(reply)
        return answer.exchange(reply, zero_s=0.0, intended_s=0.0)


class FaultingEndpoint:
    """An OpenAI-compatible server on loopback in front of a real one.

    ``upstream`` is the real base URL, with ``/v1``. ``headers`` (a key of the bench's own) replace
    the agent's; then the agent must show ``key``, so that no other program on this machine spends it.
    ``wire`` is the target's own client, which knows its proxy, its authorities and whether it may leave the network.
    ``on_answer`` hears of each answer of the model, before any fault falls on it; ``on_refused``, once each, of
    what an agent asked for and did not get, so that an agent with another API does not pass by unseen.
    """

    def __init__(
        self,
        upstream: str,
        schedule: ProviderSchedule,
        *,
        headers: Mapping[str, str] | None = None,
        wire: Wire | None = None,
        clock: Clock | None = None,
        on_answer: Callable[[Exchange], None] | None = None,
        on_refused: Callable[[str], None] | None = None,
    ) -> None:
        self.delivered: list[Delivered] = []
        self.key = secrets.token_urlsafe(16)
        self.base_url = ""
        self._upstream = parse_address(upstream)
        self._given_wire = wire
        self._wire: Wire | None = None
        self._schedule = schedule
        self._headers = dict(headers or {})
        self._clock = clock or SystemClock()
        self._on_answer = on_answer
        self._on_refused = on_refused
        self._said: set[str] = set()
        self._requests = 0
        self._free_at_s: float | None = None
        self._limit: WireFault | None = None
        self._forgotten: _Forgotten | None = None
        self._runner: web.AppRunner | None = None
        # One at a time: two requests must not both be shown to a session between its calls.
        self._turn = asyncio.Lock()

    async def start(self, port: int = 0) -> str:
        """Listen on loopback; the base URL. Raises OSError where the port is taken."""
        self._wire = self._given_wire or open_plain(self._upstream)
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/responses", self._responses)
        app.router.add_get("/v1/models", self._models)
        # Nothing else reaches the model: it would be neither recorded nor faulted, or climb out of /v1 with our key.
        app.router.add_route("*", "/{rest:.*}", self._elsewhere)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSING_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self.base_url

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._wire is not None:
            await self._wire.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # ------------------------------------------------------------ requests

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        try:
            body = msgspec.json.decode(await request.read())
        except (msgspec.DecodeError, RecursionError):
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            return self._not_served(request, 400, "the body is not a chat request")
        return await self._in_turn(request, ChatShape(body))

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        """The Responses API, which several agents speak by default; the model is asked for a chat completion."""
        if (refused := self._refused(request)) is not None:
            return refused
        try:
            body = msgspec.json.decode(await request.read())
        except (msgspec.DecodeError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return self._not_served(request, 400, "the body is not a request of the Responses API")
        try:
            chat = chat_request(body)
        except NotUnderstood as error:
            message = f"{error}. Nothing was sent to the model. Use /v1/chat/completions, or leave that out"
            return self._not_served(request, 400, message)
        return await self._in_turn(request, ResponsesShape(body, chat))

    async def _in_turn(self, request: web.Request, shape: Shape) -> web.StreamResponse:
        async with self._turn:
            self._requests += 1
            return await self._answer(request, shape, self._requests)

    async def _answer(self, request: web.Request, shape: Shape, number: int) -> web.StreamResponse:
        body = shape.chat
        fault = self._still_limited() or self._schedule.on_request(number)
        while True:
            if fault is not None:
                self.delivered.append(Delivered(number, fault.kind))
                if fault.forgets:
                    self._forgotten = _Forgotten(len(body["messages"]), fault.message)
                if fault.kind == "status_503":
                    return error_answer(503, "server_error", fault.message or "The model is not available.")
                if fault.kind == "rate_limited":
                    return self._limited(fault)
                if fault.kind == "empty":
                    return await shape.empty(request)
            answered = await self._ask(request, body)
            exchange = answered.exchange()
            if self._on_answer is not None:
                self._on_answer(exchange)
            if fault is not None and fault.kind == "drop":
                return close_answer(request)
            calls = answered.tool_calls() if answered.status == 200 else ()
            if fault is not None and fault.kind == "cut_stream":
                return await shape.cut(request, calls, fault)
            fault = self._schedule.on_call(calls[0].name, calls[0].arguments) if calls else None
            if fault is None:
                return await shape.whole(request, answered.status, answered.content_type, answered.body, exchange)
            if fault.kind == "cut_stream":
                self.delivered.append(Delivered(number, fault.kind))
                return await shape.cut(request, calls, fault)

    def _still_limited(self) -> WireFault | None:
        if self._free_at_s is not None and self._clock.monotonic_s() < self._free_at_s:
            return self._limit
        self._free_at_s = None
        return None

    def _limited(self, fault: WireFault) -> web.Response:
        now_s = self._clock.monotonic_s()
        if self._free_at_s is None:
            self._free_at_s, self._limit = now_s + fault.retry_after_s, fault
        left_s = int(self._free_at_s - now_s) + 1
        answer = error_answer(429, "rate_limit_exceeded", fault.message or "Too many requests.")
        answer.headers["Retry-After"] = str(left_s)
        return answer

    async def _ask(self, request: web.Request, body: dict[str, Any]) -> _Answered:
        if self._forgotten is not None:
            body = {**body, "messages": self._forgotten.without(body["messages"])}
        return await self._forward(request, "POST", "chat/completions", msgspec.json.encode(body))

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        answered = await self._forward(request, "GET", "models", b"")
        return web.Response(status=answered.status, body=answered.body, headers={"Content-Type": answered.content_type})

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        served = "POST /v1/chat/completions, POST /v1/responses and GET /v1/models"
        return self._not_served(request, 404, f"this endpoint answers {served}, and passes nothing else on")

    def _not_served(self, request: web.Request, status: int, message: str) -> web.Response:
        """The refusal for the agent, which whoever started the endpoint hears of too."""
        asked = f"{one_line(request.method, 10)} {one_line(request.path, 100)}"
        said = f"The agent sent {asked}, which was refused and not recorded: {one_line(message, 300)}."
        if self._on_refused is not None and said not in self._said and len(self._said) < _MOST_REFUSALS:
            self._said.add(said)
            self._on_refused(said)
        return error_answer(status, "not_found_error" if status == 404 else "invalid_request_error", message)

    async def _forward(self, request: web.Request, method: str, path: str, data: bytes) -> _Answered:
        assert self._wire is not None
        passed = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _NOT_PASSED_ON and all(" " <= char <= "~" for char in name + value)
        }
        if self._headers:
            own = {name.lower() for name in (*self._headers, "Authorization")}
            passed = {name: value for name, value in passed.items() if name.lower() not in own}
        place = f"{self._upstream.path}/{path}"
        reply = await self._wire.fetch(method, place, data, timeouts=_LIMITS, headers={**passed, **self._headers})
        if reply.broken is not None:
            # A fault that nobody scheduled: said as what it is, and never counted as delivered.
            message = f"the model server behind this endpoint failed: {reply.broken_message}"
            return _Answered(502, "application/json", error_body("upstream_error", message))
        return _Answered(reply.status, reply.headers.get("content-type", "application/json"), reply.body())

    def _refused(self, request: web.Request) -> web.Response | None:
        if is_foreign(request.headers.get("Host", ""), request.headers.get("Origin", "")):
            return error_answer(403, "permission_error", REFUSAL)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._headers and not secrets.compare_digest(given.encode(), self.key.encode()):
            return error_answer(401, "authentication_error", "this endpoint takes the key that it was started with")
        return None


@dataclass(frozen=True)
class _Forgotten:
    """The first ``upto`` messages of a conversation are lost but for its opening, and ``notice`` says so."""

    upto: int
    notice: str

    def without(self, messages: list[Any]) -> list[Any]:
        """``messages`` as the model sees them; a conversation that is shorter began anew, and is left alone."""
        if len(messages) < self.upto:
            return messages
        head = 0
        while head < len(messages) and _role(messages[head]) in _OPENING:
            head += 1
        if head >= self.upto:
            return messages
        opening = messages[: head + 1]
        return [*opening[:-1], _told(opening[-1], self.notice), *messages[max(self.upto, head + 1) :]]


def _role(message: Any) -> str:
    return str(message.get("role")) if isinstance(message, dict) else ""


def _told(message: Any, notice: str) -> Any:
    """The message with the notice under it: two user messages in a row are refused by some chat templates."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return {**message, "content": f"{content}\n\n{notice}"}
    if isinstance(content, list):
        return {**message, "content": [*content, {"type": "text", "text": notice}]}
    return message
