"""Keys of a gateway: made once and shown once, kept as hashes, with their scope, budget and end."""

from __future__ import annotations

import secrets
from hashlib import sha256

import msgspec

from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.store.state.engine import Engine, StateConflictError, insert_into


class GatewayKey(msgspec.Struct, frozen=True):
    """One key. Budgets are for a day in UTC, None for none; ``workloads`` empty means all.

    ``permit`` is the id of the operator permit that it is bound to, "" for none.
    """

    id: str
    name: str
    hash: str
    workloads: tuple[str, ...] = ()
    most_requests: int | None = None
    most_tokens: int | None = None
    most_usd: float | None = None
    created_at: float = 0.0
    expires_at: float | None = None
    revoked: bool = False
    permit: str = ""


class KeyUse(msgspec.Struct):
    """What a key used on a day."""

    requests: int = 0
    tokens: int = 0
    usd: float = 0.0


def key_hash(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key(
    engine: Engine,
    name: str,
    *,
    now: float,
    workloads: tuple[str, ...] = (),
    most_requests: int | None = None,
    most_tokens: int | None = None,
    most_usd: float | None = None,
    expires_at: float | None = None,
    permit: str = "",
) -> tuple[str, GatewayKey]:
    """The key itself, which is stored nowhere, and its record. Raises UsageError for a name that is taken."""
    key = f"milo-{secrets.token_urlsafe(32)}"
    record = GatewayKey(
        f"k_{secrets.token_hex(6)}",
        name,
        key_hash(key),
        workloads,
        most_requests,
        most_tokens,
        most_usd,
        now,
        expires_at,
        permit=permit,
    )
    values = msgspec.structs.asdict(record) | {"workloads": msgspec.json.encode(workloads).decode()}
    try:
        with engine.writing() as connection:
            connection.change(insert_into("keys", values), **values)
    except StateConflictError:
        message = f"There is already a key named '{name}'."
        raise UsageError(message, hint="choose another name. Revoke the old key once the new one is in use.") from None
    return key, record


def list_keys(engine: Engine) -> tuple[GatewayKey, ...]:
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM keys ORDER BY created_at")
    return tuple(
        GatewayKey(
            **row
            | {
                "workloads": tuple(msgspec.json.decode(row["workloads"], type=list[str])),
                "revoked": bool(row["revoked"]),
            }
        )
        for row in rows
    )


def revoke_key(engine: Engine, name: str) -> GatewayKey:
    """End a key at once. Raises UsageError for one that is not there."""
    with engine.writing() as connection:
        connection.change("UPDATE keys SET revoked = :yes WHERE name = :name OR id = :name", yes=True, name=name)
    known = list_keys(engine)
    for key in known:
        if name in (key.name, key.id):
            return key
    message = f"There is no key named '{name}'."
    raise UsageError(message, hint=hint_for(name, [key.name for key in known], noun="keys"))


def read_use(engine: Engine, day: str) -> dict[str, KeyUse]:
    """What each key used on ``day`` (ISO 8601), by the key's id."""
    with engine.reading() as connection:
        rows = connection.rows("SELECT * FROM key_use WHERE day = :day", day=day)
    return {row["key"]: KeyUse(row["requests"], row["tokens"], row["usd"]) for row in rows}


_ADD_USE = """
INSERT INTO key_use (key, day, requests, tokens, usd) VALUES (:key, :day, :requests, :tokens, :usd)
ON CONFLICT (key, day) DO UPDATE SET requests = key_use.requests + excluded.requests,
  tokens = key_use.tokens + excluded.tokens, usd = key_use.usd + excluded.usd
"""


def add_use(engine: Engine, day: str, use: dict[str, KeyUse]) -> None:
    """Add to the totals of a day, all or none. Gateways that share the database add beside each other."""
    with engine.writing() as connection:
        for key in sorted(use):  # in one order, so that no two of them wait for each other
            connection.change(_ADD_USE, key=key, day=day, **msgspec.structs.asdict(use[key]))
