"""The fifth schema: what else the cause of an incident has done, so that one cause is one incident."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("also", sa.Text, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("incidents", "also")
