"""A key as a client sends it in, what it may do out: scope, budget and end; keys change without a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine

from milo_bench.core import units
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.state.keys import GatewayKey, KeyUse, key_hash, list_keys, read_use, save_use

ANONYMOUS: Final = GatewayKey("", "anonymous", "")


class Access:
    """Keys of the state database and what each used today. ``reload`` is called every second, outside the loop."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine, self._clock = engine, clock
        self._by_hash: dict[str, GatewayKey] = {}
        self._use: dict[str, KeyUse] = {}
        self._changed: set[str] = set()
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
        if self._changed and self._day:
            changed, self._changed = self._changed, set()
            save_use(self._engine, self._day, {key: self._use[key] for key in changed if key in self._use})
        if day != self._day:
            self._day, self._use = day, read_use(self._engine, day)

    def check(self, headers: Mapping[str, str]) -> GatewayKey:
        """The key of a request. Raises ApiError 401 for none, an unknown, expired or revoked one, 429 past a budget."""
        if not self._by_hash:
            return ANONYMOUS
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if not given or scheme.lower() != "bearer":
            raise _no("A key is missing.", "missing_key", "send Authorization: Bearer KEY.")
        key = self._by_hash.get(key_hash(given.strip()))
        if key is None:
            raise _no("This key is unknown.", "unknown_key", "ask the gateway's operator for a key.")
        if key.revoked:
            raise _no("This key was revoked.", "revoked_key", "use your new key.")
        if key.expires_at is not None and self._clock() >= key.expires_at:
            raise _no("This key has expired.", "expired_key", "ask the gateway's operator for a new key.")
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
        used = self._use.setdefault(key.id, KeyUse())
        used.requests += requests
        used.tokens += tokens
        used.usd += usd
        self._changed.add(key.id)

    def _check_budget(self, key: GatewayKey) -> None:
        if self._today() != self._day:
            return  # the new day's figures are read within a second
        used = self._use.get(key.id)
        if used is None:
            return
        for what, most, now in (
            ("requests", key.most_requests, used.requests),
            ("tokens", key.most_tokens, used.tokens),
            ("US dollars", key.most_usd, used.usd),
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
