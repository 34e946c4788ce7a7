"""How an attempt ends without an answer: the kinds, and one of them with what was said."""

from __future__ import annotations

from typing import Literal, TypeAlias

from milo_bench.core.records.frozen import Frozen

FailureKind: TypeAlias = Literal[
    "connect_refused",  # nobody listens
    "connect_timeout",
    "first_token_timeout",
    "total_timeout",
    "reset",  # the connection ended before the answer did
    "bad_stream",  # not SSE or NDJSON, broken JSON, cut without an end
    "wrong_content_type",
    "context_overflow",  # the prompt does not fit the target's window
    "auth",  # 401, 403
    "not_found",  # 404: unknown model or path
    "rejected",  # any other 4xx
    "rate_limited",  # 429
    "server_error",  # 5xx
    "cut_while_thinking",  # max_tokens ended before the first visible token: a failure of the set-up
    "template_refused",  # the chat template does not take these roles: a failure of the set-up
    "repetition_stopped",  # the runtime ended an answer that went in circles
    "outside_network",  # the next hop is public, and the target is not called hosted: nothing was sent
    "server_died",  # the server process that we started ended
    "cancelled",
]


class Failure(Frozen, frozen=True):
    """The harness or the runtime broke. Never a wrong answer."""

    kind: FailureKind
    message: str
    http_status: int | None = None
    retry_after_s: float | None = None  # how long the server asked to be left alone
