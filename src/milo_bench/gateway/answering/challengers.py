"""A routed request in, whether a challenger answers it or gets a copy out; a copy's answer is judged and never sent."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from milo_bench.config.routing.challengers import Challenger
from milo_bench.core.chat import ChatRequest
from milo_bench.core.clock import utc_stamp
from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import RequestFacts, Routed, may_try
from milo_bench.gateway.answering.outside import judge_outside
from milo_bench.gateway.answering.parts import PartReply, merge_parts, read_part
from milo_bench.gateway.answering.prompting import prepare_question
from milo_bench.gateway.answering.record import RequestRecord
from milo_bench.gateway.control.trials import CanaryTrial
from milo_bench.gateway.request import Question
from milo_bench.gateway.table import RoutingTable
from milo_bench.gateway.upstream.calls import body_for, reply_problem, timeouts
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.audit.records import AuditedCall, AuditedShadow
from milo_bench.targets.http.answer import count

if TYPE_CHECKING:
    from milo_bench.gateway.serving import Gateway, Serving

# Copies on their way to one challenger. Past it a request is not copied: clients never wait for an experiment.
MOST_COPIES: Final = 16
_UNIT: Final = float(1 << 64)


def drawn_canaries(
    table: RoutingTable, asked: Question, id: str, stopped: Collection[CanaryTrial] = ()
) -> dict[str, str]:
    """By rule, the challenger whose turn it is to answer this request. Follows from its random id alone.

    The share of a ``stopped`` challenger is the incumbent's.
    """
    found: dict[str, str] = {}
    for rule, challengers in table.challengers.items():
        mark, upto = _unit(id, rule), 0.0
        for one in _for(challengers, asked, "canary"):
            upto += one.share
            if mark < upto:
                if (rule, one.target) not in stopped:
                    found[rule] = one.target
                break
    return found


def is_control(
    table: RoutingTable, facts: RequestFacts, asked: Question, first: Routed, stopped: Collection[CanaryTrial] = ()
) -> bool:
    """Whether the incumbent answers what a canary could have been given as well: what the canary is compared with."""
    found = _for(table.challengers.get(first.rule, ()), asked, "canary")
    canaries = tuple(one for one in found if (first.rule, one.target) not in stopped)
    could = first.cause == "rule" and first.rule not in facts.canaries
    return bool(canaries) and could and all(may_try(table.file, facts, one.target) for one in canaries)


def drawn_shadows(table: RoutingTable, facts: RequestFacts, asked: Question, id: str, first: Routed) -> Iterator[str]:
    """The challengers that get a copy of what the rule's own target is asked."""
    if first.cause != "rule" or asked.door == "embeddings":
        return
    for one in _for(table.challengers.get(first.rule, ()), asked, "shadow"):
        if _unit(id, f"{first.rule} {one.target}") < one.share and may_try(table.file, facts, one.target):
            yield one.target


def _for(challengers: tuple[Challenger, ...], asked: Question, mode: str) -> Iterator[Challenger]:
    """Those of the role that the client named come first; those of a rule have all its work."""
    mine = [one for one in challengers if one.mode == mode and one.role in (None, asked.role)]
    return iter(sorted(mine, key=lambda one: one.role is None))


def _unit(id: str, what: str) -> float:
    """A number from 0 to 1 that the request's id gives for ``what``."""
    return int.from_bytes(hashlib.sha256(f"{id} {what}".encode()).digest()[:8]) / _UNIT


@dataclass(frozen=True)
class CopiedRequest:
    """What a challenger gets a copy of: the question, where its first rule sent it, the trace that it is in."""

    asked: Question
    first: Routed
    traceparent: str = ""


def begin_trials(
    gateway: Gateway, serving: Serving, record: RequestRecord, facts: RequestFacts, copy: CopiedRequest
) -> None:
    """Note on which side of a trial the request is, and send copies of it to challengers in shadow."""
    table, asked, first = serving.table, copy.asked, copy.first
    if not table.challengers:
        return
    if first.cause == "canary":
        record.trial = "canary"
    elif is_control(table, facts, asked, first, gateway.stopped_trials):
        record.trial = "control"
    for challenger in drawn_shadows(table, facts, asked, record.id, first):
        if gateway.shadows.start(serving, challenger, record.id, copy):
            record.copied_to = (*record.copied_to, challenger)
    if record.trial or record.copied_to:
        record.trial_rule = first.rule
        record.trial_checks = tuple(sorted(table.contract(first.place, asked.workload).watched))


class ShadowCalls:
    """Sends copies beside the incumbents' calls. Nobody waits for them; each ends as a line of the audit."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: Counter[str] = Counter()

    def start(self, serving: Serving, challenger: str, id: str, copy: CopiedRequest) -> bool:
        """Whether the copy is on its way; false where the challenger has as many as it may have."""
        if self._running[challenger] >= MOST_COPIES:
            self._gateway.metrics.copies.add(challenger, "left_out")
            return False
        self._running[challenger] += 1
        serving.enter()  # its targets stay open until it is done
        task = asyncio.get_running_loop().create_task(self._send(serving, challenger, id, copy))
        self._tasks.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            self._running[challenger] -= 1
            serving.leave()

        task.add_done_callback(ended)
        return True

    async def stop(self) -> None:
        """Copies still on their way are given up, without a line."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, serving: Serving, challenger: str, id: str, copy: CopiedRequest) -> None:
        try:
            line = await self._call(serving, challenger, id, copy)
        except ApiError:
            return  # the case does not fit the prompt: the client is told by the incumbent's own way
        except Exception as error:
            self._gateway.report_fault(id, error)
            return
        if line is not None:
            self._gateway.metrics.copies.add(challenger, "failed" if line.call.failure else "answered")
            self._gateway.note_shadow(line)

    async def _call(self, serving: Serving, challenger: str, id: str, copy: CopiedRequest) -> AuditedShadow | None:
        gateway, asked, first = self._gateway, copy.asked, copy.first
        upstream = serving.upstreams[challenger]
        limits = timeouts(gateway.settings.run, first.action)
        prepared = prepare_question(serving.table, asked, replace(first, target=challenger, cause="canary"), id)
        if prepared.bypass:
            return None
        began_s = ended_s = time.monotonic()

        async def fetch(request: ChatRequest) -> PartReply:
            body = upstream.rendered(request, stream=False)
            reply = await upstream.pool.fetch(upstream.path(asked.door), body, limits, traceparent=copy.traceparent)
            return read_part(asked.door, reply.body(), reply_problem(reply, upstream).said)

        full = await merge_parts(prepared, fetch)
        late = False
        status, failed, usage, problem = 0, tuple[str, ...](), None, full if isinstance(full, str) else ""
        if not isinstance(full, str):
            began_s = time.monotonic()
            body = body_for(asked.door, upstream, full.request, full.asked.fields, stream=False)
            reply = await upstream.pool.fetch(upstream.path(asked.door), body, limits, traceparent=copy.traceparent)
            ended_s = time.monotonic()
            status, problem = reply.status, reply_problem(reply, upstream).said
            if not problem and upstream.keys.within(reply.body()):
                problem = "the answer contains a key"
            if not problem:
                contract = serving.table.contract(first.place, asked.workload)
                judged = await judge_outside(gateway, full.asked, contract, full.shown, reply.body(), id=id)
                late = judged.late
                problem = judged.problem or upstream.another_model(judged.document.get("model"))
                failed, usage = tuple(sorted(judged.facts.failed)), judged.document.get("usage")
            if problem and reply.failure is None and status == 200 and not late:
                upstream.health.failed(problem, time.monotonic())
        else:
            ended_s = time.monotonic()
        if not problem:
            upstream.health.answered(time.monotonic())
        serving.forget_health()
        return AuditedShadow(
            n=0, at=utc_stamp(), request=id, workload=asked.workload,
            role=asked.role, rule=first.rule, incumbent=first.target, challenger=challenger,
            call=AuditedCall(challenger, status, one_line(problem, 200), round(ended_s - began_s, 6), failed),
            table=serving.table.digest[:16], prompt_tokens=_tokens(usage, "prompt_tokens"),
            completion_tokens=_tokens(usage, "completion_tokens"),
        )  # fmt: skip


def _tokens(usage: Any, name: str) -> int:
    return (count(usage.get(name)) or 0) if isinstance(usage, Mapping) else 0
