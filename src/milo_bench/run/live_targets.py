"""Targets in, the same targets running, with what they say of themselves, out; and stopped again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec import structs

from milo_bench.core.errors import Interrupted
from milo_bench.core.records import Behaviour, TargetRecord
from milo_bench.run.stop import StopSignal
from milo_bench.targets.base import Fingerprinted, Target

# What a cancelled connection gets to close, and a target to stop, before they are left behind.
CLOSING_S: Final = 5.0
_AT_ONCE_S: Final = 1.0


async def start_targets(targets: Sequence[Target], stop: StopSignal) -> list[TargetRecord]:
    """Start all at once; what they say of themselves. Raises TargetError, and Interrupted for a stop request."""
    starting = [asyncio.ensure_future(target.start()) for target in targets]
    everything = asyncio.gather(*starting)

    def cancel() -> None:
        for task in starting:
            task.cancel()

    with stop.calling(cancel):
        if stop.requested:
            cancel()
        try:
            return await everything
        except asyncio.CancelledError:
            if not stop.requested:
                raise
            message = "Interrupted while the targets were starting. Nothing was sent."
            raise Interrupted(message, hint="run the same command again.") from None
        finally:
            cancel()
            await asyncio.gather(*starting, return_exceptions=True)


async def with_behaviour(
    targets: Mapping[str, Target], records: Sequence[TargetRecord], stop: StopSignal
) -> list[TargetRecord]:
    """The records with how their targets behave now, one target after another. Raises Interrupted for a stop."""
    found = []
    for record in records:
        target = targets[record.name]
        if isinstance(target, Fingerprinted):
            asking = asyncio.ensure_future(target.behaviour())

            def cancel(asked: asyncio.Future[Behaviour] = asking) -> None:
                asked.cancel()

            with stop.calling(cancel):
                try:
                    record = structs.replace(record, behaviour=await asking)
                except asyncio.CancelledError:
                    if not stop.requested:
                        raise
                    message = "Interrupted before the first request of the plan."
                    raise Interrupted(message, hint="run the same command again.") from None
        found.append(record)
    return found


async def stop_targets(targets: Sequence[Target], *, at_once: bool) -> None:
    """Stop all, and leave behind what takes too long."""
    # What goes wrong while closing does not undo a run whose log is closed already.
    with suppress(TimeoutError):
        async with asyncio.timeout(_AT_ONCE_S if at_once else CLOSING_S):
            await asyncio.gather(*(target.stop() for target in targets), return_exceptions=True)
