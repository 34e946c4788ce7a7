"""Targets in, the same targets running, with what they say of themselves, out; and stopped again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from msgspec import structs

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import Interrupted
from milo_bench.core.records import TargetRecord, Timeouts, Warmup
from milo_bench.run.spec import server_of
from milo_bench.run.stop import StopSignal
from milo_bench.targets.base import Fingerprinted, Loading, Target

# What is found out about a target that runs, into its record.
Look: TypeAlias = Callable[[Target, TargetRecord], Awaitable[TargetRecord]]

# What a cancelled connection gets to close, and a target to stop, before they are left behind.
CLOSING_S: Final = 5.0
_AT_ONCE_S: Final = 1.0
# What a target is asked after a switch of models, and the time that loading one may take.
FIRST_REQUEST: Final = ChatRequest((Message("user", "Hello"),), max_tokens=1)
LOADING: Final = Timeouts(connect_s=10.0, first_token_s=300.0, total_s=300.0)


async def start_targets(
    targets: Sequence[Target], stop: StopSignal, *, fingerprint: bool = False, look: Look | None = None
) -> list[TargetRecord]:
    """What the targets say of themselves once they run, with ``fingerprint`` how they behave too.

    Several models behind one server are started one after another, and each is done with before the next: a runtime
    that holds one at a time loads each once. They start when the others run. ``look`` looks at one that runs and adds
    to its record; nothing else starts or is looked at beside it. Raises TargetError, Interrupted for a stop request.
    """
    work = asyncio.ensure_future(_start_all(targets, fingerprint, look))

    def cancel() -> None:
        work.cancel()

    with stop.calling(cancel):
        if stop.requested:
            cancel()
        try:
            return await work
        except asyncio.CancelledError:
            if not stop.requested:
                raise
            message = "Interrupted while the targets were starting. Nothing was sent."
            raise Interrupted(message, hint="run the same command again.") from None
        finally:
            cancel()
            await asyncio.gather(work, return_exceptions=True)


async def _start_all(targets: Sequence[Target], fingerprint: bool, look: Look | None) -> list[TargetRecord]:
    groups = _by_server(targets)
    shared = [group for group in groups if len({target.record.model for target in group}) > 1]
    starting = [asyncio.ensure_future(_in_turn(group, fingerprint, None)) for group in groups if group not in shared]
    try:
        found = {record.name: record for records in await asyncio.gather(*starting) for record in records}
    finally:
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
    if look is not None:
        for target in (target for group in groups if group not in shared for target in group):
            found[target.record.name] = await look(target, found[target.record.name])
    for group in shared:
        found |= {record.name: record for record in await _in_turn(group, fingerprint, look)}
    return [found[target.record.name] for target in targets]


def _by_server(targets: Iterable[Target]) -> list[list[Target]]:
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(server_of(target.record), []).append(target)
    return list(groups.values())


async def _in_turn(targets: Sequence[Target], fingerprint: bool, look: Look | None) -> list[TargetRecord]:
    found = []
    for target in targets:
        record = await target.start()
        if fingerprint and isinstance(target, Fingerprinted):
            record = structs.replace(record, behaviour=await target.behaviour())
        found.append(record if look is None else await look(target, record))
    return found


async def one_at_a_time(targets: Mapping[str, Target], records: Sequence[TargetRecord]) -> tuple[str, ...]:
    """Names of the targets, in the order in which they started, whose runtime holds one of their models at a time.

    Several models behind one address of our own, unless the runtime says that all of them are loaded now.
    """
    found: list[str] = []
    for group in _by_server(targets[record.name] for record in records if not record.hosted):
        if len({target.record.model for target in group}) < 2:
            continue
        resident = [await target.is_loaded() if isinstance(target, Loading) else None for target in group]
        if not all(resident):
            found += [target.record.name for target in group]
    return tuple(found)


async def warm_up(target: Target, *, zero_s: float, started_s: float) -> Warmup:
    """One token of ``target``, in the time that loading its model takes; its attempts tell what fails here."""
    exchange = await target.ask(FIRST_REQUEST, timeouts=LOADING, zero_s=zero_s, intended_s=started_s)
    failure = exchange.failure
    problem = "" if failure is None or failure.kind == "cut_while_thinking" else failure.message
    return Warmup(target.record.name, started_s, exchange.timings.ended_s, exchange.server_timings, problem)


async def stop_targets(targets: Sequence[Target], *, at_once: bool) -> None:
    """Stop all, and leave behind what takes too long."""
    # What goes wrong while closing does not undo a run whose log is closed already.
    with suppress(TimeoutError):
        async with asyncio.timeout(_AT_ONCE_S if at_once else CLOSING_S):
            await asyncio.gather(*(target.stop() for target in targets), return_exceptions=True)
