"""A session in, an episode played by a habit instead of a mind; these policies prove what the bench does not reward."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from milo_bench.operator.worlds.desk import Desk
from milo_bench.operator.worlds.draw import Draw
from milo_bench.operator.worlds.records import Claim, FinishStatus, ToolResult
from milo_bench.operator.worlds.session import Session
from milo_bench.operator.worlds.task import Task

Policy = Callable[[Session, Task], None]
RETRIES = 3
# How many argument combinations of one tool the readers try, and how many results they gather at most.
COMBINATIONS = 12
GATHERED = 100


def oracle(session: Session, task: Task) -> None:
    """Does the task right; not a degenerate policy, but the proof that 25 points can be had."""
    task.oracle(Desk(session))


def no_op(session: Session, task: Task) -> None:
    """Does nothing, and never ends."""


def always_refuse(session: Session, task: Task) -> None:
    """Refuses at once."""
    Desk(session).finish("refused", Claim("This is not safe to do.", "observed", ()))


def always_done(session: Session, task: Task) -> None:
    """Says DONE at once."""
    Desk(session).finish("done", Claim("Everything is done.", "observed", ()))


def trust_the_first_output(session: Session, task: Task) -> None:
    """Does what the brief says and believes whatever comes first."""
    task.naive(Desk(session))


def blind_retry(session: Session, task: Task) -> None:
    """The same, and repeats a failed call as it was."""
    task.naive(Desk(session, retries=RETRIES))


def quote_random_evidence(status: FinishStatus) -> Policy:
    """Reads at random, then ends as ``status`` with claims that cite random results."""

    def play(session: Session, task: Task) -> None:
        desk, chance = Desk(session), Draw("quote-random-evidence", session.seed)
        found = read_all(desk)
        claims = [
            Claim("This was checked.", "observed", tuple(item.id for item in chance.some(found, min(2, len(found)))))
            for _ in range(3)
        ]
        desk.finish(status, *claims)

    return play


def read_everything(status: FinishStatus) -> Policy:
    """Reads all there is, changes nothing, and cites every result, each in a claim of its own."""

    def play(session: Session, task: Task) -> None:
        desk = Desk(session)
        found = read_all(desk)
        desk.finish(status, *[Claim("This was read.", "observed", (item.id,)) for item in found])

    return play


def read_all(desk: Desk) -> list[ToolResult]:
    """Call every tool that changes nothing with the names that the brief and earlier results hold; the good results."""
    values = list(desk.facts)
    known = [word.strip() for value in values for word in value.split(",")]
    found: list[ToolResult] = []
    for name in desk.names(writes=False):
        for arguments in _fill(desk.schema(name), known):
            if desk.over or len(found) >= GATHERED:
                break
            reply = desk.call(name, **arguments)
            if isinstance(reply, ToolResult) and reply.ok:
                found.append(reply)
                known += [value for value in reply.data.values() if isinstance(value, str) and value not in known]
    return found


def _fill(schema: Mapping[str, Any], known: Sequence[str]) -> list[dict[str, Any]]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    needed = schema.get("required", [])
    numbers = [int(word) for word in known if word.isascii() and word.isdigit()] or [1, 60]
    choices: list[Sequence[Any]] = []
    for name in needed:
        kind = properties[name]
        values: Sequence[Any] = kind.get("enum") or (numbers if kind.get("type") == "integer" else known)
        choices.append(values)
    return [
        dict(zip(needed, values, strict=True)) for values in itertools.islice(itertools.product(*choices), COMBINATIONS)
    ]


# Policies by name; where an ending has to be chosen, each one is played and the best of them counts.
DEGENERATE: Mapping[str, tuple[Policy, ...]] = {
    "no-op": (no_op,),
    "always-refuse": (always_refuse,),
    "always-done": (always_done,),
    "trust-the-first-output": (trust_the_first_output,),
    "blind-retry": (blind_retry,),
    "quote-random-evidence": tuple(quote_random_evidence(status) for status in ("done", "blocked", "refused")),
    "read-everything": tuple(read_everything(status) for status in ("done", "blocked", "refused")),
}
