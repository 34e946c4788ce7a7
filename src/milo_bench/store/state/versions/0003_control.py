"""The third schema: incidents, where alarms are in an audit, a sample of live work; keys bound to a permit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("open_subject", sa.String(300), unique=True),
        sa.Column("workload", sa.String(200), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("page", sa.String(200), nullable=False),
        sa.Column("rolled_back", sa.Boolean, nullable=False),
        sa.Column("opened_at", sa.Float, nullable=False),
        sa.Column("told_at", sa.Float),
        sa.Column("closed_at", sa.Float),
        sa.Column("closed_by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("incidents_by_opening", "incidents", ["opened_at"])
    op.create_table(
        "watched_audits",
        sa.Column("audit", sa.String(64), primary_key=True),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("alarms", sa.Text, nullable=False),
    )
    op.create_table(
        "samples",
        sa.Column("request", sa.String(40), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("workload", sa.String(200), nullable=False),
        sa.Column("use", sa.String(200), nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("model_digest", sa.String(200), nullable=False),
        sa.Column("prompt", sa.String(200), nullable=False),
        sa.Column("rule", sa.String(80), nullable=False),
        sa.Column("routing", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("failed_checks", sa.Text, nullable=False),
        sa.Column("took_s", sa.Float, nullable=False),
        sa.Column("redacted", sa.Integer, nullable=False),
    )
    op.create_index("samples_by_time", "samples", ["workload", "at"])
    op.add_column("keys", sa.Column("permit", sa.String(80), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("keys", "permit")
    for name in ("samples", "watched_audits", "incidents"):
        op.drop_table(name)
