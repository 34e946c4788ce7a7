"""The second schema: people of the board, batches of a review with their records, notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("rights", sa.String(80), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "board_secrets",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(64), nullable=False),
    )
    op.create_table(
        "review_batches",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("sample", sa.Text, nullable=False),
        sa.Column("rubric", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
    )
    op.create_table(
        "review_items",
        sa.Column("batch", sa.String(40), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("item", sa.String(40), nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
    )
    op.create_table(
        "review_records",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("batch", sa.String(40), nullable=False),
        sa.Column("item", sa.String(40), nullable=False),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("act", sa.String(12), nullable=False),
        sa.Column("question", sa.String(80), nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("sent", sa.String(40), nullable=False),
    )
    op.create_index("review_records_by_batch", "review_records", ["batch", "number"])
    op.create_index("review_records_sent", "review_records", ["batch", "person", "sent"])
    op.create_table(
        "board_notes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("place", sa.String(400), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("board_notes_by_place", "board_notes", ["place", "number"])


def downgrade() -> None:
    for name in ("board_notes", "review_records", "review_items", "review_batches", "board_secrets", "people"):
        op.drop_table(name)
