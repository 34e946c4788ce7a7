"""A path in, who answers it out: the API's doors, the queue, health; what is not known is refused and never sent on."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from typing import Any, Final

import msgspec

from milo_bench.core.text import one_line
from milo_bench.gateway.answering.direct import DirectRequest
from milo_bench.gateway.answering.shapes import answered_document, queued_document
from milo_bench.gateway.request import DOORS, MODEL_PREFIX, OTHER_APIS
from milo_bench.gateway.serving import Gateway
from milo_bench.gateway.wire.connection import ClientConnection, HttpRequest
from milo_bench.gateway.wire.flow import Flow, Running
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.state.asked import read_asked
from milo_bench.store.state.database import STATE_LOST
from milo_bench.telemetry.prometheus import CONTENT_TYPE

_ENCODE = msgspec.json.Encoder().encode
# An IPv6 address in brackets or a name, and a port; nothing that a second reader could take for another host.
_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
QUEUE_PREFIX: Final = "/v1/milo/queue/"
_TARGETS: Final = "/health/targets"  # with models and reasons: where keys exist, for those who have one
_HEALTH: Final = ("/health", "/health/live", "/health/ready", _TARGETS)
_ADMIN: Final = (*_HEALTH, "/metrics")


class Doors:
    """The clients' address and the admins' address of one gateway."""

    def __init__(self, gateway: Gateway, hosts: Collection[str]) -> None:
        self._gateway = gateway
        self._hosts = frozenset(host.lower() for host in hosts)

    # ------------------------------------------------------------ before a body is read

    def check_head(self, http: HttpRequest) -> ApiError | None:
        """Why a request is refused by its head, None where it is not."""
        if (wrong := self._wrong_host(http)) is not None:
            return wrong
        path = http.target
        if path in _HEALTH and path != _TARGETS:
            return _unless_read(http)
        if (wrong := self.check_key(http)) is not None:
            return wrong
        if path in DOORS:
            return None if http.method == "POST" else _wrong_method("POST")
        if path == _TARGETS:
            return _unless_read(http)
        if path == "/v1/models" or path.startswith(QUEUE_PREFIX):
            return None if http.method == "GET" else _wrong_method("GET")
        return _unknown(path)

    def check_key(self, http: HttpRequest) -> ApiError | None:
        """Why the request's key is refused: of a head that was accepted before, the one thing that may have changed."""
        try:
            self._gateway.access.check(http, spends=http.target in DOORS)
        except ApiError as error:
            return error
        return None

    def check_known(self, http: HttpRequest) -> ApiError | None:
        """As ``check_key``, for a whole request: who sent it is known from here on."""
        try:
            http.sender = self._gateway.access.check(http, spends=http.target in DOORS)
        except ApiError as error:
            return error
        return None

    def check_admin_head(self, http: HttpRequest) -> ApiError | None:
        if (wrong := self._wrong_host(http)) is not None:
            return wrong
        return _unless_read(http) if http.target in _ADMIN else _unknown_to_all(http.target, _ADMIN)

    def note_refusal(self, error: ApiError, http: HttpRequest) -> None:
        self._gateway.metrics.refused.add(error.code)

    def _wrong_host(self, http: HttpRequest) -> ApiError | None:
        host = http.headers.get("host", "")
        named = _HOST.fullmatch(host)
        if named is not None and (named[1] or named[2]).lower() in self._hosts:
            return None
        message = f"This gateway does not answer to the host '{one_line(host)[:80]}'." if host else "Host is missing."
        hint = "call it by its address, or add the name to gateway.hosts in bench.yaml."
        return ApiError(421, message, code="host", hint=hint)

    # ------------------------------------------------------------ whole requests

    def serve(self, client: ClientConnection, http: HttpRequest) -> Running:
        if http.target in DOORS:
            return DirectRequest(self._gateway, client, http).begin()
        return Flow(self._serve_other(client, http))

    async def _serve_other(self, client: ClientConnection, http: HttpRequest) -> None:
        path = http.target
        try:
            if path == "/v1/models":
                client.reply(200, _ENCODE(self._models(http)))
            elif path.startswith(QUEUE_PREFIX):
                await self._queued(client, http, path.removeprefix(QUEUE_PREFIX))
            else:
                self._health(client, path, says_why=self.check_key(http) is None)
        except ApiError as error:
            client.fail(error)

    def serve_admin(self, client: ClientConnection, http: HttpRequest) -> Running:
        return Flow(self._serve_admin(client, http))

    async def _serve_admin(self, client: ClientConnection, http: HttpRequest) -> None:
        if http.target == "/metrics":
            client.reply(200, self._gateway.metrics.page(), content_type=CONTENT_TYPE)
        else:
            self._health(client, http.target, says_why=True)

    def _models(self, http: HttpRequest) -> dict[str, Any]:
        key = self._gateway.access.check(http, spends=False)
        table = self._gateway.serving.table
        covered = {
            **{name: (name,) for name in table.workloads},
            **{n: one.workloads for n, one in table.roles.items()},
        }
        listed = [
            f"{MODEL_PREFIX}{name}"
            for name, workloads in sorted(covered.items())
            if not key.workloads or set(workloads) & set(key.workloads)
        ]
        return {
            "object": "list",
            "data": [{"id": name, "object": "model", "created": 0, "owned_by": "milo-bench"} for name in listed],
        }

    async def _queued(self, client: ClientConnection, http: HttpRequest, id: str) -> None:
        """What became of queued work, for the key that asked."""
        key = self._gateway.access.check(http, spends=False)
        work = await self._gateway.find_work(id) if len(id) <= 40 else None
        if work is None or work.key != key.id:
            raise ApiError(404, "There is no such work in the queue.", code="not_found", hint="check the id.")
        model = f"{MODEL_PREFIX}{work.workload}" if work.workload else "milo"
        asked = read_asked(work.request)
        door = asked.door if asked is not None else "chat"
        if work.state == "answered":
            milo = {"status": "answered", "id": work.id, "by": "person"}
            document = answered_document(
                door, id=work.id, model=model, text=work.answer, milo=milo, at_s=work.created_at
            )
            client.reply(200, _ENCODE(document))
        elif work.state == "rejected":
            milo = {"status": "rejected", "id": work.id}
            reason = one_line(work.reason, 300) or "no reason given"
            hint = "ask the people who work on this queue."
            raise ApiError(422, f"A person rejected this: {reason}.", code="rejected", hint=hint, milo=milo)
        else:
            why = asked.why if asked is not None and asked.why else work.cause
            document = queued_document(door, work, model=model, place=work.place, why=why)
            document["milo"]["status"] = "taken" if work.state == "taken" else "queued"
            client.reply(202, _ENCODE(document))

    def _health(self, client: ClientConnection, path: str, *, says_why: bool) -> None:
        if path in ("/health", "/health/live"):
            client.reply(200, b'{"status":"live"}')
            return
        now_s = time.monotonic()
        targets = {
            name: {
                "state": one.health.state(now_s),
                "why": one.health.why(now_s),
                "last_token_s": None if one.health.token_s is None else round(now_s - one.health.token_s, 3),
                "model": one.record.model,
                "digest": one.record.model_digest,
            }
            for name, one in self._gateway.serving.upstreams.items()
        }
        if path == _TARGETS:
            client.reply(200, _ENCODE({"targets": targets}))
            return
        reasons = {name: one["why"] for name, one in targets.items() if one["state"] == "down"}
        if not self._gateway.audit.healthy:
            reasons["audit"] = "it cannot be written"
        if not self._gateway.state_file.is_kept():
            reasons["state"] = STATE_LOST
        status = {"status": "not ready" if reasons else "ready", **({"reasons": reasons} if says_why else {})}
        client.reply(503 if reasons else 200, _ENCODE(status))


def _unless_read(http: HttpRequest) -> ApiError | None:
    """What monitors and balancers look at: with GET, or with HEAD for its status alone."""
    return None if http.method in ("GET", "HEAD") else _wrong_method("GET, HEAD")


def _wrong_method(allowed: str) -> ApiError:
    return ApiError(405, "This method is not allowed here.", code="method", hint=f"use {allowed}.",
                    headers={"Allow": allowed})  # fmt: skip


def _unknown(path: str) -> ApiError:
    if path.startswith("/v1/responses/"):
        message = "Responses are not kept, so none can be fetched, continued, counted or cancelled."
        hint = f"send the whole input with POST /v1/responses. Queued work is at {QUEUE_PREFIX}ID."
        return ApiError(404, message, code="not_kept", hint=hint)
    for prefix, name in OTHER_APIS.items():
        if path.partition("?")[0].rstrip("/").startswith(prefix):
            hint = "use /v1/chat/completions: there every guard of the routing table holds."
            return ApiError(404, f"The gateway does not speak {name}.", code="other_api", hint=hint)
    return _unknown_to_all(path, (*DOORS, "/v1/models", f"{QUEUE_PREFIX}ID", *_HEALTH))


def _unknown_to_all(path: str, known: Collection[str]) -> ApiError:
    message = f"Unknown path '{one_line(path)[:80]}'."
    return ApiError(404, message, code="unknown_path", hint=f"use one of {', '.join(known)}.")
