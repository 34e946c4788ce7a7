"""The tables of the state database, as SQLAlchemy Core describes them; ``versions/`` makes and changes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()

# Times are seconds since 1970 in UTC, so that SQLite and PostgreSQL order them alike.
QUEUE: Final = Table(
    "queue",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("queue", String(200), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("workload", String(200), nullable=False),
    Column("use", String(200), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("why", Text, nullable=False),
    Column("key", String(40), nullable=False),
    Column("request", Text, nullable=False),  # JSON: what the client sent
    Column("draft", Text, nullable=False),  # what a model wrote, if one was asked
    Column("answer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("person", String(200), nullable=False),
    Column("callback", Text, nullable=False),
    Column("taken_at", Float),
    Column("ended_at", Float),
    Column("called_at", Float),  # when the callback took the answer
    Index("queue_by_state", "state", "number"),
)

KEYS: Final = Table(
    "keys",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of the key, which is 256 random bits
    Column("workloads", Text, nullable=False),  # JSON list; empty: all
    Column("most_requests", Integer),  # a day
    Column("most_tokens", Integer),  # a day
    Column("most_usd", Float),  # a day
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("revoked", Boolean, nullable=False),
)

KEY_USE: Final = Table(
    "key_use",
    METADATA,
    Column("key", String(40), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("usd", Float, nullable=False),
)
