"""What is sent for a case in, the same with the parts of a long one answered and put into its last request out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from milo_bench.core.chat import ChatRequest
from milo_bench.gateway.answering.prompting import PreparedQuestion
from milo_bench.gateway.judging import read_reply
from milo_bench.gateway.request import Door


@dataclass(frozen=True)
class PartReply:
    """A part's answer and the tokens that the server counted; ``problem`` says why there is none."""

    text: str = ""
    usage: Any = None
    problem: str = ""


def read_part(door: Door, body: bytes, problem: str) -> PartReply:
    """The answer in ``body``, unless there is a ``problem`` already."""
    read = problem or read_reply(door, body)
    return PartReply(problem=read) if isinstance(read, str) else PartReply(read[1][0].text, read[0].get("usage"))


async def merge_parts(
    case: PreparedQuestion, fetch: Callable[[ChatRequest], Awaitable[PartReply]]
) -> PreparedQuestion | str:
    """``case`` with the request that merges its parts, one after the other; why one of them has no answer."""
    if case.chunked is None:
        return case
    summaries: list[str] = []
    for number, request in enumerate(case.chunked.parts, start=1):
        part = await fetch(request)
        if part.problem:
            return f"part {number} of {len(case.chunked.parts)}: {part.problem}"
        summaries.append(part.text)
    return msgspec.structs.replace(case, request=case.chunked.merge(summaries))
