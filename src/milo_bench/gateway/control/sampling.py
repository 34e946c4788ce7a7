"""A stated share of live work in, redacted and bounded samples of it on the state database out."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from milo_bench.core.records import Fixture
from milo_bench.gateway.control.watch import RunOutside
from milo_bench.gateway.request import Question
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.state.samples import SampledWork, add_samples

_MOST_PENDING: Final = 200
_MOST_AT_ONCE: Final = 20
MOST_TEXT_BYTES: Final = 64 << 10


@dataclass(frozen=True)
class _Taken:
    """A request before it is redacted: in memory alone, for about a second."""

    record: AuditedRequest
    asked: Question
    output: str
    model: str
    model_digest: str


class TrafficSampler:
    """Keeps a share of requests. Which ones follows from the request's random id, so that no client can choose."""

    def __init__(self, share: float, most: int, say: Callable[..., None]) -> None:
        self._below = int(share * 16**16)
        self.takes_any = self._below > 0  # whether any share of the work is sampled
        self._most, self._say = most, say
        self._pending: deque[_Taken] = deque()
        self.left_out = 0

    def wants(self, request: str, asked: Question) -> bool:
        """Sensitive work, embeddings and work without a workload are not sampled."""
        if not self._below or asked.sensitive or not asked.workload or asked.door == "embeddings":
            return False
        return int(request.removeprefix("r_"), 16) < self._below

    def offer(self, record: AuditedRequest, asked: Question, output: str, upstreams: Mapping[str, Upstream]) -> None:
        """Take a recorded request where its turn has come. One that a person answers keeps the model's draft."""
        if self.wants(record.request, asked):
            upstream = upstreams.get(record.calls[-1].target if record.calls else "")
            served = (upstream.record.model, upstream.record.model_digest) if upstream is not None else ("", "")
            self.take(record, asked, output, *served)

    def take(self, record: AuditedRequest, asked: Question, output: str, model: str, model_digest: str) -> None:
        """Remember until the next ``keep``; past the bounds it is counted and let go."""
        texts = len(asked.text.encode("utf-8", "replace")) + len(output.encode("utf-8", "replace"))
        if texts > MOST_TEXT_BYTES or len(self._pending) >= _MOST_PENDING:
            self.left_out += 1
            return
        self._pending.append(_Taken(record, asked, output, model, model_digest))

    async def keep(self, engine: Any, run: RunOutside) -> None:
        """Redact and store what was taken. Raises StateError where the state database refuses."""
        while self._pending:
            taken = [self._pending.popleft() for _ in range(min(_MOST_AT_ONCE, len(self._pending)))]
            redacted = await asyncio.get_running_loop().run_in_executor(None, _redact_all, taken)
            if failed := len(taken) - len(redacted):
                self.left_out += failed
                self._say("sample_left_out", requests=failed, reason="it could not be redacted")
            if redacted:
                await run(_add, engine, redacted, self._most)


def _add(engine: Any, samples: tuple[SampledWork, ...], most: int) -> None:
    add_samples(engine, samples, most=most)


def _redact_all(taken: list[_Taken]) -> tuple[SampledWork, ...]:
    found = []
    for one in taken:
        # What cannot be redacted is not kept: its text is in no error and no log.
        with contextlib.suppress(Exception):
            found.append(_redacted(one))
    return tuple(found)


def _redacted(taken: _Taken) -> SampledWork:
    # Late: a gateway that samples nothing does not carry these rules in memory.
    from milo_bench.guards.personal.data import Redactor
    from milo_bench.guards.secrets.replace import SecretsRedactor
    from milo_bench.suites.redact import redact_fixture

    asked, record = taken.asked, taken.record
    redactor = SecretsRedactor(Redactor())
    # The answer is redacted as an input beside the case, with the same names: whom one of them names is known in both.
    case = asked.input if asked.input is not None else {"document": asked.text}
    both = Fixture(
        record.request, asked.workload, {"case": case, "answer": taken.output}, tags=tuple(sorted(asked.tags))
    )
    clean = redact_fixture(both, redactor)
    return SampledWork(
        request=record.request, at=datetime.fromisoformat(record.at).timestamp(), workload=record.workload,
        use=record.use, tags=clean.tags, input=clean.input["case"], output=clean.input["answer"],
        target=record.calls[-1].target if record.calls else "",
        model=taken.model, model_digest=taken.model_digest, prompt=record.prompt, rule=record.rule,
        routing=record.table, outcome=record.outcome,
        failed_checks=record.calls[-1].failed_checks if record.calls else (),
        took_s=sum(call.took_s for call in record.calls), redacted=sum(redactor.counts().values()),
    )  # fmt: skip


def streamed_text(pieces: list[bytes]) -> str:
    """What the events of a stream say in their first choice."""
    said = []
    for line in b"".join(pieces).splitlines():
        if not line.startswith(b"data:") or line[5:].strip() == b"[DONE]":
            continue
        try:
            choices = msgspec.json.decode(line[5:])["choices"]
            choice = choices[0] if choices else {}
            delta = choice.get("delta")
            text = delta.get("content") if isinstance(delta, dict) else choice.get("text")
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError, IndexError):
            continue
        if isinstance(text, str):
            said.append(text)
    return "".join(said)
