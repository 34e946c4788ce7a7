"""Alembic's way into the state database: the open connection that ``open_state`` hands over."""

from __future__ import annotations

from alembic import context

from milo_bench.store.state.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
