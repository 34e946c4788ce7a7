"""A count and a seed in, so many faulted streams through a running gateway, and what slipped past it, out."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.gateway.faults.answers import BREAKING, PLACES, PROMISE, SOUND, Answer
from benchmarks.gateway.faults.process import GatewayProcess, Reply, ask, gateway_process
from benchmarks.gateway.faults.upstream import faulty_server
from milo_bench.store.audit.records import AuditedRequest

SEED: Final = 20_261_129
LANES: Final = 12  # requests at once; each has targets of its own, so that what one breaks closes no other's
STALL_S: Final = 0.5
_DONE: Final = b"data: [DONE]\n\n"
_USAGE: Final = re.compile(rb'data: \{"id": "x", "choices": \[\], "usage": [^\n]*\n\n')


@dataclass(frozen=True)
class Asked:
    """One request: over which route and door, and what its answer will be."""

    answer: Answer
    guarded: bool
    stream: bool
    responses: bool = False

    @property
    def usage(self) -> bool:
        """Whether the client asks what a stream used."""
        return self.stream and not self.responses and self.answer.number % 2 == 0


@dataclass
class Found:
    """Counts of what was tried, and sentences on what must not be."""

    faulted: int = 0
    whole: int = 0
    by_fault: Counter[str] = field(default_factory=Counter)
    unscanned: list[str] = field(default_factory=list)
    clean_cuts: list[str] = field(default_factory=list)
    wrong_records: list[str] = field(default_factory=list)
    lost_answers: list[str] = field(default_factory=list)
    took_s: float = 0.0
    memory_mb: float = 0.0

    @property
    def ok(self) -> bool:
        return not (self.unscanned or self.clean_cuts or self.wrong_records or self.lost_answers)

    def lines(self) -> Iterable[str]:
        yield f"  {self.faulted:,} faulted streams and {self.whole:,} whole ones between them, in {self.took_s:.0f} s"
        yield "  " + ", ".join(f"{fault} {n:,}" for fault, n in sorted(self.by_fault.items()))
        for name, wrong in (
            ("answers with unscanned bytes on guarded routes", self.unscanned),
            ("clean endings of a cut stream", self.clean_cuts),
            ("audit records that say otherwise", self.wrong_records),
            ("sound answers that did not arrive", self.lost_answers),
        ):
            yield f"  {len(wrong):6,} {name}" + (f": {'; '.join(wrong[:3])}" if wrong else "")
        yield f"  {self.memory_mb:6,.0f} MB of memory at most"


def drawn(count: int, seed: int) -> list[list[Asked]]:
    """``count`` faulted streams in lanes. Two whole answers follow each that breaks: a breaker opens at half."""
    draw = random.Random(seed)
    lanes: list[list[Asked]] = [[] for _ in range(LANES)]
    number = 0

    def add(lane: list[Asked], fault: str, place: str, *, guarded: bool) -> None:
        nonlocal number
        number += 1
        answer = Answer(number, fault, place, seed=draw.getrandbits(32))
        stream = not guarded or draw.random() < 0.7
        lane.append(Asked(answer, guarded, stream, responses=draw.random() < 0.25))

    sound = [fault for fault in SOUND if fault != "whole"]
    for place in range(count):
        lane = lanes[place % LANES]
        fault = draw.choice((*BREAKING, *sound))
        if fault == "oversized" and draw.random() < 0.9:
            fault = "cut"
        guarded = draw.random() < 0.5
        bad = draw.choice(PLACES) if guarded and draw.random() < 0.6 else ""
        add(lane, fault, bad, guarded=guarded)
        if fault in BREAKING:
            add(lane, "whole", "", guarded=guarded)
            add(lane, "whole", "", guarded=guarded)
    return lanes


def table() -> dict[str, Any]:
    """Each lane has targets of its own: guarded, open, and for what stalls."""
    targets = {name: {"model": "m"} for lane in range(LANES) for name in (f"g{lane}", f"o{lane}", f"s{lane}")}
    rules: list[dict[str, Any]] = []
    for lane in range(LANES):
        for kind, workload in (("g", "drafting"), ("o", "notes")):
            guard = {"guardrails": ["banned_commitments"]} if kind == "g" else {}
            step = {"route": "human_review"} if lane % 2 else {"route": "refuse"}
            rules += [
                {"id": f"{kind}{lane}-stalled", "when": {"workload": workload, "tags": [f"s{lane}"]}, "route": "local",
                 "target": f"s{lane}", "limits": {"timeout_s": STALL_S}, "fallback": step, **guard},
                {"id": f"{kind}{lane}", "when": {"workload": workload, "tags": [f"lane{lane}"]}, "route": "local",
                 "target": f"{kind}{lane}", "fallback": step, **guard},
            ]  # fmt: skip
    return {"targets": targets, "rules": rules, "default": {"route": "refuse"}}


async def faulted_streams(folder: Path, count: int, seed: int = SEED) -> Found:
    """Ask for each drawn answer, compare what came with what was sent, and the audit with both."""
    lanes = drawn(count, seed)
    answers = {asked.answer.number: asked.answer for lane in lanes for asked in lane}
    server, port = await faulty_server(answers)
    file = table()
    target = {"api": "openai", "model": "m", "base_url": f"http://127.0.0.1:{port}/v1"}
    # A short interval: what stalls opens the breaker of its lane, and a probe closes it again.
    bench = {
        "targets": {name: dict(target) for name in file["targets"]},
        "gateway": {"ready_interval_s": 0.2, "fingerprint_interval_s": 0},
    }
    found = Found()
    began_s = time.monotonic()
    async with gateway_process(folder, file, bench) as gateway:
        replies = await asyncio.gather(*(_run(gateway, place, lane) for place, lane in enumerate(lanes)))
        found.memory_mb = gateway.memory_mb()
        records: dict[str, list[AuditedRequest]] = {}
        for record in gateway.records():
            records.setdefault(record.request, []).append(record)
        if not gateway.check().ok:
            found.wrong_records.append("the chain does not verify")
    server.close()
    for asked, reply in (one for lane in replies for one in lane):
        _compare(found, asked, reply, records.pop(reply.request, []))
    if records:
        found.wrong_records.append(f"{len(records)} records of requests that nobody made")
    found.took_s = time.monotonic() - began_s
    return found


async def _run(gateway: GatewayProcess, lane: int, all_asked: list[Asked]) -> list[tuple[Asked, Reply]]:
    replies = []
    for asked in all_asked:
        tag = f"s{lane}" if asked.answer.fault in ("stalled", "bad chunk", "not HTTP") else f"lane{lane}"
        workload = "drafting" if asked.guarded else "notes"
        text = f"[[{asked.answer.number}]]"
        how = {"stream": asked.stream, "responses": asked.responses, "usage": asked.usage}
        reply = await ask(gateway.port, workload, text, **how, tags=[tag])
        replies.append((asked, reply))
    return replies


def _compare(found: Found, asked: Asked, reply: Reply, records: list[AuditedRequest]) -> None:
    answer = asked.answer
    door = ", a response" if asked.responses else ""
    where = f"{answer.fault}{f' in {answer.place}' if answer.place else ''} ({answer.number}{door})"
    found.faulted += answer.fault != "whole"
    found.whole += answer.fault == "whole"
    found.by_fault[answer.fault] += 1
    # Of a key that is there twice, every reader takes the last, and that one is harmless: the first must be gone.
    may_leave = answer.is_whole and (not asked.guarded or answer.place in ("", "key twice"))
    if asked.guarded and (PROMISE.encode() in reply.raw or (answer.mark.encode() in reply.raw and not may_leave)):
        found.unscanned.append(where)
    ends_clean = reply.status == 200 and reply.clean and (not asked.stream or _ends(asked, reply))
    if ends_clean and not may_leave:
        found.clean_cuts.append(where)
    if reply.status == 200 and not ends_clean and any(mark in reply.body for mark in _marks(asked)):
        found.clean_cuts.append(f"{where}: an end mark in a cut stream")
    if not asked.guarded and not asked.responses and reply.status == 200:
        stream = _plain(answer.stream)
        sent = stream if asked.usage else _USAGE.sub(b"", stream)  # who does not ask for it does not get it
        got = _plain(reply.body.partition(b'data: {"error"')[0]).removesuffix(_DONE)
        if got != sent if ends_clean else not sent.startswith(got):
            found.clean_cuts.append(f"{where}: other events than were sent")
    arrived = ends_clean and (not asked.guarded or answer.mark.encode() in reply.body)
    if may_leave and answer.sent and not arrived:
        found.lost_answers.append(f"{where}: {reply.status} {reply.headers.get('x-milo-cause', '')}")
    if len(records) != 1:
        found.wrong_records.append(f"{where}: {len(records)} records")
        return
    [record] = records
    if (record.outcome == "answered") != ends_clean or record.status != reply.status:
        found.wrong_records.append(f"{where}: {record.outcome} {record.status} for {reply.status}")
    elif record.guarded != (asked.guarded and record.route == "local") and ends_clean:
        found.wrong_records.append(f"{where}: guarded {record.guarded}")
    elif ends_clean and (any(call.failure for call in record.calls) or not record.calls):
        found.wrong_records.append(f"{where}: its calls say {record.calls}")


def _marks(asked: Asked) -> tuple[bytes, ...]:
    """What only an answer that is whole has."""
    return (b"event: response.completed\n", b"event: response.incomplete\n") if asked.responses else (_DONE,)


def _ends(asked: Asked, reply: Reply) -> bool:
    last = b"event: " + reply.body.rpartition(b"\n\nevent: ")[2] if asked.responses else reply.body[-len(_DONE) :]
    return last.startswith(_marks(asked))


def _plain(events: bytes) -> bytes:
    """With one kind of line ending: an end mark may be written in another than the events before it."""
    return events.replace(b"\r\n", b"\n")
