"""A reply and the contract of its rule in, the reply judged in a thread out, or that nobody judged it in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from milo_bench.core import units
from milo_bench.core.once import NotReady, in_a_hurry
from milo_bench.gateway.judging import JudgedReply, judge_reply, no_answer
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RuleContract

if TYPE_CHECKING:
    from milo_bench.gateway.serving import Gateway

T = TypeVar("T")


async def ready(gateway: Gateway, work: Callable[[], T]) -> T:
    """What ``work`` gives: a thread does it where something in it would be made for the first time."""
    try:
        with in_a_hurry():
            return work()
    except NotReady:
        return await asyncio.wrap_future(gateway.judges.submit(work))


async def judge_outside(
    gateway: Gateway, asked: Question, contract: RuleContract, shown: Mapping[str, Any], body: bytes, *, id: str
) -> JudgedReply:
    """As ``judge_reply``. An answer that is not judged within ``judge_s`` is none: nothing of it leaves."""
    work = gateway.judges.submit(judge_reply, asked, contract, shown, body, id=id)
    judging = asyncio.wrap_future(work)
    try:
        await asyncio.wait({judging}, timeout=gateway.limits.judge_s)
    finally:
        gateway.judges.give_up(work)
        judging.cancel()  # one that has not begun never does; one that is at work ends for nobody
    if not judging.cancelled():
        return judging.result()
    late = no_answer(f"the answer was not judged within {units.seconds(gateway.limits.judge_s)}")
    late.late = True
    return late
