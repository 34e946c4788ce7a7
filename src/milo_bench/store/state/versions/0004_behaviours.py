"""The fourth schema: how targets answered fixed prompts when a gateway first asked them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "behaviours",
        sa.Column("target", sa.String(200), primary_key=True),
        sa.Column("model", sa.String(400), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("behaviour", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("behaviours")
