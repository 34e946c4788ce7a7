"""Targets in, the same targets running, with what they say of themselves, out; and stopped again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec import structs

from milo_bench.core.chat import ChatRequest, Message
from milo_bench.core.errors import Interrupted
from milo_bench.core.records import TargetRecord, Timeouts, Warmup
from milo_bench.run.stop import StopSignal
from milo_bench.targets.base import Fingerprinted, Loading, Target

# What a cancelled connection gets to close, and a target to stop, before they are left behind.
CLOSING_S: Final = 5.0
_AT_ONCE_S: Final = 1.0
# What a target is asked after a switch of models, and the time that loading one may take.
FIRST_REQUEST: Final = ChatRequest((Message("user", "Hello"),), max_tokens=1)
LOADING: Final = Timeouts(connect_s=10.0, first_token_s=300.0, total_s=300.0)


async def start_targets(
    targets: Sequence[Target], stop: StopSignal, *, fingerprint: bool = False
) -> list[TargetRecord]:
    """What the targets say of themselves once they run, with ``fingerprint`` how they behave too.

    Those behind one address start one after another: a runtime that holds one model at a time would throw out the
    first for the second. Raises TargetError, and Interrupted for a stop request.
    """
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.record.endpoint or f"own {target.record.name}", []).append(target)
    starting = [asyncio.ensure_future(_start_in_turn(group, fingerprint)) for group in _by_address(targets)]
    everything = asyncio.gather(*starting)

    def cancel() -> None:
        for task in starting:
            task.cancel()

    with stop.calling(cancel):
        if stop.requested:
            cancel()
        try:
            found = {record.name: record for group in await everything for record in group}
            return [found[target.record.name] for target in targets]
        except asyncio.CancelledError:
            if not stop.requested:
                raise
            message = "Interrupted while the targets were starting. Nothing was sent."
            raise Interrupted(message, hint="run the same command again.") from None
        finally:
            cancel()
            await asyncio.gather(*starting, return_exceptions=True)


def _by_address(targets: Iterable[Target]) -> list[list[Target]]:
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(target.record.endpoint or f"own {target.record.name}", []).append(target)
    return list(groups.values())


async def _start_in_turn(targets: Sequence[Target], fingerprint: bool) -> list[TargetRecord]:
    found = []
    for target in targets:
        record = await target.start()
        if fingerprint and isinstance(target, Fingerprinted):
            record = structs.replace(record, behaviour=await target.behaviour())
        found.append(record)
    return found


async def one_at_a_time(targets: Mapping[str, Target], records: Sequence[TargetRecord]) -> tuple[str, ...]:
    """Names of the targets, in the order in which they started, whose runtime holds one of their models at a time.

    Several models behind one address of our own, unless the runtime says that all of them are loaded now.
    """
    found: list[str] = []
    for group in _by_address(targets[record.name] for record in records if not record.hosted):
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
