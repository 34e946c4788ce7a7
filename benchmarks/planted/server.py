"""A planted model and the fixtures in, a target out that answers, errs and takes its time exactly as planted."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence

from benchmarks.planted.claims import part_notes
from benchmarks.planted.models import ANSWERS, PlantedModel
from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Failure, Fixture, TargetRecord, Timeouts, Timings, Usage, Workload
from milo_bench.run.prepare import prepare
from milo_bench.targets.base import OnEnd

PORT = 8081  # where 'python -m benchmarks.planted serve' answers
_GREETING = "Hello."


class PlantedTarget:
    """Answers from the gold of the fixture whose prompt it gets. Its times are those of the running loop's clock."""

    def __init__(
        self,
        planted: PlantedModel,
        workloads: Mapping[str, Workload],
        fixtures: Sequence[Fixture],
        variants: Mapping[str, str],
    ) -> None:
        self.planted = planted
        self.record = TargetRecord(
            name=planted.name, api="openai", model=planted.model, hosted=planted.hosted, runtime="planted",
            quantisation=planted.quantisation, model_digest="" if planted.hosted else f"sha256:{planted.model}",
            price=planted.price, endpoint=f"http://127.0.0.1:{PORT}",
        )  # fmt: skip
        self._slots = asyncio.Semaphore(planted.slots)
        self._answers: dict[str, tuple[str, bool]] = {}
        for name, workload in workloads.items():
            mine = [one for one in fixtures if one.workload == name]
            work = f"{name}/{variants[name]}" if variants.get(name) else name
            faults, lost = planted.faults(work, mine), planted.lost_ids(work, mine)
            for fixture in mine:
                prepared = prepare(fixture, workload)
                if prepared.bypass:
                    continue
                text = ANSWERS[work](fixture, faults.get(fixture.id, ""))
                assert text is not None, (work, fixture.id)
                final = prepared.request
                if prepared.chunked is not None:
                    notes = [part_notes(part) for part in prepared.chunked.texts]
                    for request, said in zip(prepared.chunked.parts, notes, strict=True):
                        self._answers[request.messages[-1].content] = (said, False)
                    final = prepared.chunked.merge(notes)
                self._answers[final.messages[-1].content] = (text, fixture.id in lost)

    def knows(self, prompt: str) -> bool:
        return prompt in self._answers

    def text_of(self, prompt: str) -> str:
        """The answer to ``prompt``."""
        return self._answers[prompt][0]

    def first_s(self, prompt: str) -> float:
        """Seconds to the first token."""
        return self.planted.first_s + self.planted.per_word_s * len(prompt.split())

    async def start(self) -> TargetRecord:
        return self.record

    async def models(self) -> tuple[str, ...]:
        return (self.planted.model,)

    def server_pids(self) -> tuple[int, ...]:
        return ()

    async def stop(self) -> None:
        pass

    async def ask(
        self,
        request: ChatRequest,
        *,
        timeouts: Timeouts,
        zero_s: float,
        intended_s: float,
        on_end: OnEnd | None = None,
    ) -> Exchange:
        prompt = request.messages[-1].content
        text, lost = self._answers.get(prompt, (_GREETING, False))  # a run greets a target before it starts
        started_s = time.monotonic() - zero_s
        model = self.planted
        words_in, tokens = len(prompt.split()), re.findall(r"\S+\s*", text)
        if lost:
            async with self._slots:  # an answer that never ends is being written all the while
                await asyncio.sleep(max(0.0, zero_s + started_s + timeouts.total_s - time.monotonic()))
            now_s = time.monotonic() - zero_s
            failure = Failure("total_timeout", f"no end within {timeouts.total_s:g} s")
            return Exchange(Timings(intended_s, started_s, now_s), failure=failure)
        async with self._slots:
            await asyncio.sleep(self.first_s(prompt))
            first_s = time.monotonic() - zero_s
            await asyncio.sleep(model.per_token_s * (len(tokens) - 1))
        now_s = time.monotonic() - zero_s
        if on_end is not None:
            on_end(len(text))
        times = Timings(intended_s, started_s, now_s, first_content_s=first_s)
        return Exchange(times, text=text, finish_reason="stop", usage=Usage(words_in * 4 // 3, len(tokens) * 4 // 3))
