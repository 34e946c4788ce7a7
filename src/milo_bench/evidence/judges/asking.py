"""A target and requests to a judge in, replies out: in their order, some at a time, with what failed told apart."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from milo_bench.config.rubric import Rubric
from milo_bench.config.settings import RunConfig, TargetConfig
from milo_bench.core.errors import ConfigError
from milo_bench.core.records import TargetRecord, Timeouts
from milo_bench.evidence.judges.addressing import words_to_judge
from milo_bench.evidence.judges.wording import JudgedItem, Reply, judge_request, read_reply
from milo_bench.targets.base import Embeds, Target
from milo_bench.targets.opening import open_target

_EMBEDDED_AT_ONCE: Final = 32


@dataclass(frozen=True)
class JudgeRequest:
    """One thing to judge, and how to ask: ``swapped`` in the other order."""

    item: JudgedItem
    swapped: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of it. ``failure`` says why no reply came; ``score`` is a likeness."""

    reply: Reply
    failure: str = ""
    score: float | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    took_s: float = 0.0


class Judge(Protocol):
    """A model that judges, connected."""

    record: TargetRecord

    async def judge(self, asked: Sequence[JudgeRequest], done: Callable[[int, Answer], None]) -> None:
        """Judge everything; ``done`` gets the place of each and its answer as they come."""
        ...


@asynccontextmanager
async def connected(
    rubric: Rubric, config: TargetConfig, env: Mapping[str, str], *, limits: RunConfig, concurrency: int = 1
) -> AsyncIterator[Judge]:
    """A judge by ``rubric`` on the target of ``config``. Raises TargetError where it cannot be reached."""
    target = open_target(config, env)
    timeouts = Timeouts(limits.connect_timeout_s, limits.first_token_timeout_s, limits.total_timeout_s)
    try:
        if rubric.method == "likeness":
            if not isinstance(target, Embeds):
                message = f"The target '{config.name}' ({config.api}) serves no embeddings."
                raise ConfigError(message, hint="use a target with api: openai, ollama or fake.")
            yield _Likeness(rubric, target, await target.describe_embeddings())
        else:
            yield _Rubric(rubric, target, await target.start(), timeouts, concurrency)
    finally:
        await target.stop()


@dataclass
class _Rubric:
    rubric: Rubric
    target: Target
    record: TargetRecord
    timeouts: Timeouts
    concurrency: int

    async def judge(self, asked: Sequence[JudgeRequest], done: Callable[[int, Answer], None]) -> None:
        zero_s, places = time.monotonic(), iter(enumerate(asked))

        async def work() -> None:
            for place, one in places:
                ruled = by_rule(one.item)
                done(place, ruled if ruled is not None else await self._ask(one, zero_s))

        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(self.concurrency, len(asked)))):
                group.create_task(work())

    async def _ask(self, asked: JudgeRequest, zero_s: float) -> Answer:
        request = judge_request(self.rubric, asked.item, swapped=asked.swapped)
        now_s = time.monotonic() - zero_s
        exchange = await self.target.ask(request, timeouts=self.timeouts, zero_s=zero_s, intended_s=now_s)
        took_s = exchange.timings.ended_s - exchange.timings.started_s
        if exchange.failure is not None:
            return Answer(Reply("unread"), f"{exchange.failure.kind}", took_s=took_s)
        reply = read_reply(exchange.text, pair=asked.item.other is not None, swapped=asked.swapped)
        usage = exchange.usage
        return Answer(
            reply, prompt_tokens=usage.prompt_tokens or 0, output_tokens=usage.completion_tokens or 0, took_s=took_s
        )


def by_rule(item: JudgedItem) -> Answer | None:
    """What needs no model: an answer without a word is no good, and one that speaks to its judge is not heard."""
    if not item.answer.strip():
        return Answer(Reply("no", "the answer is empty"))
    if item.other is not None and not item.other.strip():
        return Answer(Reply("yes", "the other answer is empty"))
    for answer in (item.answer, item.other):
        if answer is not None and (words := words_to_judge(answer)):
            return Answer(Reply("unread", f"the answer addresses its judge: {words}"))
    return None


@dataclass
class _Likeness:
    rubric: Rubric
    target: Embeds
    record: TargetRecord

    async def judge(self, asked: Sequence[JudgeRequest], done: Callable[[int, Answer], None]) -> None:
        texts = list(dict.fromkeys(text for one in asked if by_rule(one.item) is None for text in _texts(one.item)))
        vectors: dict[str, Sequence[float]] = {}
        for start in range(0, len(texts), _EMBEDDED_AT_ONCE):
            part = texts[start : start + _EMBEDDED_AT_ONCE]
            vectors |= dict(zip(part, await self.target.embed(part), strict=True))
        assert self.rubric.at_least is not None
        for place, one in enumerate(asked):
            ruled = by_rule(one.item)
            if ruled is not None:
                done(place, ruled)
                continue
            expected = one.item.expected
            if not isinstance(expected, str) or not expected.strip():
                done(place, Answer(Reply("unread", f"no text to compare with under '{self.rubric.compare_with}'")))
                continue
            score = cosine(vectors[one.item.answer], vectors[expected])
            done(place, Answer(Reply("yes" if score >= self.rubric.at_least else "no"), score=score))


def _texts(item: JudgedItem) -> Iterable[str]:
    expected = item.expected
    return (item.answer, expected) if isinstance(expected, str) and expected.strip() else ()


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of the angle between two vectors, from -1 to 1; 0 where one has no length."""
    lengths = math.hypot(*one) * math.hypot(*other)
    if not lengths or len(one) != len(other):
        return 0.0
    return max(-1.0, min(1.0, math.fsum(a * b for a, b in zip(one, other, strict=True)) / lengths))
