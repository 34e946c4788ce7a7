"""A key as a client sends it in, what it may do out: scope, budget and end; keys change without a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from milo_bench.core import units
from milo_bench.gateway.wire.connection import HttpRequest
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.state import Engine
from milo_bench.store.state.keys import GatewayKey, KeyUse, add_use, key_hash, list_keys, read_use

ANONYMOUS: Final = GatewayKey("", "anonymous", "")


class Access:
    """Keys of the state database and what each used today, through all gateways that share the database.

    ``reload`` is called every second, outside the loop. What other gateways let through counts from then on.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        self._by_hash: dict[str, GatewayKey] = {}
        self._mine: dict[str, KeyUse] = {}  # not written yet
        # What the database had at the last look, and what was on its way there since: always changed together.
        self._known: tuple[dict[str, KeyUse], dict[str, KeyUse]] = ({}, {})
        self._day = ""
        self.reload()

    @property
    def required(self) -> bool:
        """Whether requests need a key: once one was made, even a revoked one, so that revoking opens nothing."""
        return bool(self._by_hash)

    def reload(self) -> None:
        """Read keys, write what they used."""
        self._by_hash = {key.hash: key for key in list_keys(self._engine)}
        day = self._today()
        if self._mine and self._day:
            mine, self._mine = self._mine, {}
            self._known = (self._known[0], mine)
            try:
                add_use(self._engine, self._day, mine)
            except BaseException:
                self._known = (self._known[0], {})
                for key, used in mine.items():
                    self._add(key, used)
                raise
        self._known = (read_use(self._engine, day), {})
        self._day = day

    def check(self, http: HttpRequest, *, spends: bool = True) -> GatewayKey:
        """The key of a request. Raises ApiError 401 for none, an unknown, expired or revoked one.

        And 429 past a budget, unless the request ``spends`` nothing.
        """
        if not self._by_hash:
            return ANONYMOUS
        if not http.key_hash:  # of a head that was read before, it is known
            scheme, _, given = http.headers.get("authorization", "").partition(" ")
            if not given or scheme.lower() != "bearer":
                raise _no("A key is missing.", "missing_key", "send Authorization: Bearer KEY.")
            http.key_hash = key_hash(given.strip())
        key = self._by_hash.get(http.key_hash)
        if key is None:
            raise _no("This key is unknown.", "unknown_key", "ask the gateway's operator for a key.")
        if key.revoked:
            raise _no("This key was revoked.", "revoked_key", "use your new key.")
        if key.expires_at is not None and self._clock() >= key.expires_at:
            raise _no("This key has expired.", "expired_key", "ask the gateway's operator for a new key.")
        if spends and (key.most_requests is not None or key.most_tokens is not None or key.most_usd is not None):
            self._check_budget(key)
        return key

    def check_scope(self, key: GatewayKey, workload: str) -> None:
        """Raises ApiError 403 where the key is for other workloads."""
        if key.workloads and workload not in key.workloads:
            message = f"This key may not use the workload '{workload}'." if workload else "This key needs a workload."
            hint = f"it may use: {', '.join(key.workloads)}."
            raise ApiError(403, message, code="out_of_scope", hint=hint)

    def count(self, key: GatewayKey, *, tokens: int = 0, usd: float = 0.0, requests: int = 0) -> None:
        if key is ANONYMOUS:
            return
        self._add(key.id, KeyUse(requests, tokens, usd))

    def _add(self, key: str, more: KeyUse) -> None:
        used = self._mine.setdefault(key, KeyUse())
        used.requests += more.requests
        used.tokens += more.tokens
        used.usd += more.usd

    def _check_budget(self, key: GatewayKey) -> None:
        # The new day's figures are read within a second; until then what was not written yet counts.
        counted = (*self._known, self._mine) if self._today() == self._day else (self._mine,)
        parts = [found for part in counted if (found := part.get(key.id)) is not None]
        for what, most, now in (
            ("requests", key.most_requests, sum(part.requests for part in parts)),
            ("tokens", key.most_tokens, sum(part.tokens for part in parts)),
            ("US dollars", key.most_usd, sum(part.usd for part in parts)),
        ):
            if most is not None and now >= most:
                left_s = 86_400 - int(self._clock()) % 86_400
                message = f"This key has used its {what} of today ({units.number(most)})."
                hint = "it can be used again after midnight UTC."
                raise ApiError(429, message, code="budget", hint=hint, headers={"Retry-After": str(left_s)})

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).date().isoformat()


def _no(message: str, code: str, hint: str) -> ApiError:
    return ApiError(401, message, code=code, hint=hint, headers={"WWW-Authenticate": "Bearer"})
