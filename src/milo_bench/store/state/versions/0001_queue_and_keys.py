"""The first schema: the queue of people's work, keys, and what each key used a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "queue",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("queue", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("workload", sa.String(200), nullable=False),
        sa.Column("use", sa.String(200), nullable=False),
        sa.Column("rule", sa.String(80), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("draft", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("callback", sa.Text, nullable=False),
        sa.Column("taken_at", sa.Float),
        sa.Column("ended_at", sa.Float),
        sa.Column("called_at", sa.Float),
    )
    op.create_index("queue_by_state", "queue", ["state", "number"])
    op.create_table(
        "keys",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("workloads", sa.Text, nullable=False),
        sa.Column("most_requests", sa.Integer),
        sa.Column("most_tokens", sa.Integer),
        sa.Column("most_usd", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "key_use",
        sa.Column("key", sa.String(40), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("usd", sa.Float, nullable=False),
    )


def downgrade() -> None:
    for name in ("key_use", "keys", "queue"):
        op.drop_table(name)
