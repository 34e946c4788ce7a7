"""How a target answered fixed prompts at first in, the same out: what its later answers are compared with."""

from __future__ import annotations

import msgspec

from milo_bench.core.records import Behaviour
from milo_bench.store.state.engine import Engine


def kept_behaviour(engine: Engine, target: str, model: str) -> Behaviour | None:
    """None where none was kept, or it cannot be read."""
    with engine.reading() as connection:
        query = "SELECT behaviour FROM behaviours WHERE target = :target AND model = :model"
        rows = connection.rows(query, target=target, model=model)
    try:
        return msgspec.json.decode(rows[0]["behaviour"], type=Behaviour) if rows else None
    except msgspec.MsgspecError:
        return None


def keep_behaviour(engine: Engine, target: str, model: str, behaviour: Behaviour, now: float) -> None:
    """Keep the first one; another gateway on this database may have been first."""
    with engine.writing() as connection:
        connection.change(
            "INSERT INTO behaviours (target, model, at, behaviour) VALUES (:target, :model, :at, :behaviour) "
            "ON CONFLICT (target, model) DO NOTHING",
            target=target, model=model, at=now, behaviour=msgspec.json.encode(behaviour).decode(),
        )  # fmt: skip
