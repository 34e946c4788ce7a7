"""How a target answered fixed prompts at first in, the same out: what its later answers are compared with."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine, and_, insert, select
from sqlalchemy.exc import IntegrityError

from milo_bench.core.records import Behaviour
from milo_bench.store.state.tables import BEHAVIOURS


def kept_behaviour(engine: Engine, target: str, model: str) -> Behaviour | None:
    """None where none was kept, or it cannot be read."""
    with engine.connect() as connection:
        row = connection.execute(
            select(BEHAVIOURS.c.behaviour).where(and_(BEHAVIOURS.c.target == target, BEHAVIOURS.c.model == model))
        ).first()
    try:
        return msgspec.json.decode(row.behaviour, type=Behaviour) if row is not None else None
    except msgspec.MsgspecError:
        return None


def keep_behaviour(engine: Engine, target: str, model: str, behaviour: Behaviour, now: float) -> None:
    """Keep the first one; another gateway on this database may have been first."""
    text = msgspec.json.encode(behaviour).decode()
    try:
        with engine.begin() as connection:
            connection.execute(insert(BEHAVIOURS).values(target=target, model=model, at=now, behaviour=text))
    except IntegrityError:
        return
