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
    Column("permit", String(80), nullable=False, server_default=""),  # id of the operator permit that it is bound to
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

PEOPLE: Final = Table(
    "people",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256 of the token, which is 256 random bits
    Column("rights", String(80), nullable=False),  # words with spaces between
    Column("created_at", Float, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

BOARD_SECRETS: Final = Table(
    "board_secrets",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("value", String(64), nullable=False),
)

# One sample of answers that people score. Nothing in it names a model, but ``sample``, which a browser never gets.
REVIEW_BATCHES: Final = Table(
    "review_batches",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("sample", Text, nullable=False),  # JSON: the key of the sample, as 'review sample' writes it
    Column("rubric", Text, nullable=False),  # JSON: the questions
    Column("settings", Text, nullable=False),  # JSON: how many score each answer, who is asked
)

REVIEW_ITEMS: Final = Table(
    "review_items",
    METADATA,
    Column("batch", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1, in the seeded order
    Column("item", String(40), nullable=False),  # as in the key of the sample
    Column("input", Text, nullable=False),
    Column("output", Text, nullable=False),
)

# Append-only: an undo is a record too.
REVIEW_RECORDS: Final = Table(
    "review_records",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("batch", String(40), nullable=False),
    Column("item", String(40), nullable=False),
    Column("person", String(80), nullable=False),
    Column("act", String(12), nullable=False),  # score, save, comment, skip, unjudged, undo
    Column("question", String(80), nullable=False),
    Column("score", Integer),
    Column("comment", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("sent", String(40), nullable=False),  # an id that the browser gave, so that nothing is written twice
    Index("review_records_by_batch", "batch", "number"),
    Index("review_records_sent", "batch", "person", "sent"),
)

# Append-only too: what people say of an attempt or a piece of work.
BOARD_NOTES: Final = Table(
    "board_notes",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("place", String(400), nullable=False),  # the address of what it is about
    Column("kind", String(20), nullable=False),  # wrong_check, fixture
    Column("person", String(80), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Index("board_notes_by_place", "place", "number"),
)

# What a person must look at: opened by a gateway, closed by a person, or by the gateway where the cause has gone.
INCIDENTS: Final = Table(
    "incidents",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject", String(300), nullable=False),  # what it is about, the same each time
    Column("open_subject", String(300), unique=True),  # the subject while it is open, so that each is open once
    Column("workload", String(200), nullable=False),
    Column("target", String(200), nullable=False),
    Column("what", Text, nullable=False),
    Column("page", String(200), nullable=False),  # of the runbook
    Column("rolled_back", Boolean, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("told_at", Float),  # when webhook and mailbox had taken it
    Column("closed_at", Float),
    Column("closed_by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("also", Text, nullable=False, server_default="[]"),  # JSON: what else has the same cause
    Index("incidents_by_opening", "opened_at"),
)

# How far the alarms of a gateway have read its audit, and what they know by then.
WATCHED_AUDITS: Final = Table(
    "watched_audits",
    METADATA,
    Column("audit", String(64), primary_key=True),
    Column("line", Integer, nullable=False),
    Column("alarms", Text, nullable=False),  # JSON
)

# Live work that was kept, its texts redacted.
SAMPLES: Final = Table(
    "samples",
    METADATA,
    Column("request", String(40), primary_key=True),
    Column("at", Float, nullable=False),
    Column("workload", String(200), nullable=False),
    Column("use", String(200), nullable=False),
    Column("tags", Text, nullable=False),  # JSON
    Column("input", Text, nullable=False),  # JSON
    Column("output", Text, nullable=False),
    Column("target", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("model_digest", String(200), nullable=False),
    Column("prompt", String(200), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("routing", String(64), nullable=False),  # the first digits of routing.yaml's SHA-256, as in the audit
    Column("outcome", String(20), nullable=False),
    Column("failed_checks", Text, nullable=False),  # JSON
    Column("took_s", Float, nullable=False),
    Column("redacted", Integer, nullable=False),  # how many places of its texts
    Index("samples_by_time", "workload", "at"),
)

# How a target answered the fixed prompts first, where no decision says how it answered when it was measured.
BEHAVIOURS: Final = Table(
    "behaviours",
    METADATA,
    Column("target", String(200), primary_key=True),
    Column("model", String(400), primary_key=True),  # its name and digest as the routing table has them
    Column("at", Float, nullable=False),
    Column("behaviour", Text, nullable=False),  # JSON
)
