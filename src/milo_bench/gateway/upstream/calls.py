"""What one call to a target is sent and how long it may take; and of its reply, why it is no answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from milo_bench.config.routing.rule import Action
from milo_bench.config.settings import RunConfig
from milo_bench.core.chat import ChatRequest
from milo_bench.core.records import Timeouts
from milo_bench.gateway.upstream.pool import WholeReply
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.targets.http.retry_after import retry_after_s

_ENCODER: Final = msgspec.json.Encoder()
# Statuses that say that the request is at fault, and not the target.
_CLIENT_FAULTS: Final = frozenset({400, 404, 405, 413, 415, 422})


@dataclass(frozen=True)
class ReplyProblem:
    """``said`` is why a reply is no answer, "" where it is one. ``status`` is 502 where no reply came."""

    said: str = ""
    status: int = 0
    pause_s: float | None = None
    message: str = ""


def reply_problem(reply: WholeReply, upstream: Upstream) -> ReplyProblem:
    """Why a reply is no answer; the target's health hears of its faults."""
    now_s = time.monotonic()
    if reply.failure is not None:
        upstream.health.failed(reply.message, now_s)
        upstream.health.broke()
        return ReplyProblem(f"{reply.failure}: {reply.message}", 502, None, reply.message)
    if reply.status == 200:
        return ReplyProblem()
    pause_s = retry_after_s(reply.headers, datetime.now(UTC))
    if reply.status not in _CLIENT_FAULTS:
        upstream.health.failed(f"HTTP {reply.status}", now_s, pause_s)
    return ReplyProblem(f"HTTP {reply.status}", reply.status, pause_s)


def body_for(
    door: str, upstream: Upstream, request: ChatRequest | None, fields: Mapping[str, Any], *, stream: bool
) -> bytes:
    """The measured request as the target is asked, else the client's own fields under the target's model name."""
    if request is not None:
        return upstream.rendered(request, stream=stream)
    if door == "embeddings":
        return _ENCODER.encode({**fields, "model": upstream.record.model})
    return upstream.forwarded(fields, stream=stream)


def timeouts(limits: RunConfig, action: Action | None) -> Timeouts:
    """The rule's own limit for a whole answer, else that of the settings."""
    total_s = (action.limits.timeout_s if action is not None else None) or limits.total_timeout_s
    return Timeouts(limits.connect_timeout_s, min(limits.first_token_timeout_s, total_s), total_s)
