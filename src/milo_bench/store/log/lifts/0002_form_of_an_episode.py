"""Schema 1 called the form of an operator task, with the trap or clean, its variant; a variant is a workload's."""

from __future__ import annotations

from milo_bench.store.log.lift import LIFTS, Lift, Row


def _lift(episode: Row) -> Row:
    return _renamed(episode) | {"log": [_renamed(line) for line in episode.get("log", ())]}


def _renamed(row: Row) -> dict[str, object]:
    return {("form" if name == "variant" else name): value for name, value in row.items()}


LIFTS.add("0002_form_of_an_episode", Lift(number=2, types=frozenset({"episode"}), lift=_lift))
