"""The table that is served now, its targets, keys, queue and audit, in one place; the table is swapped whole."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from milo_bench.config.settings import Settings
from milo_bench.core.clock import SteadyClock
from milo_bench.core.records import Timeouts
from milo_bench.core.text import one_line
from milo_bench.decide.routing.rules import Routed, actions_of
from milo_bench.gateway.access import Access
from milo_bench.gateway.answering.challengers import ShadowCalls
from milo_bench.gateway.answering.plans import RoutePlans
from milo_bench.gateway.answering.record import MakeRecord
from milo_bench.gateway.control.sampling import TrafficSampler
from milo_bench.gateway.judge_threads import JudgeThreads
from milo_bench.gateway.metrics import GatewayMetrics
from milo_bench.gateway.request import Question
from milo_bench.gateway.spans import GatewaySpans
from milo_bench.gateway.table import RoutingTable
from milo_bench.gateway.upstream.calls import timeouts
from milo_bench.gateway.upstream.gates import Gate
from milo_bench.gateway.upstream.targets import Upstream
from milo_bench.gateway.wire.flow import LateValue
from milo_bench.gateway.wire.replies import ApiError
from milo_bench.store.audit.records import AuditedRequest, AuditedShadow
from milo_bench.store.audit.writer import AuditWriter, Told
from milo_bench.store.state import Engine, StateError, kind_of
from milo_bench.store.state.database import STATE_LOST, StateFile
from milo_bench.store.state.incidents import Incident
from milo_bench.store.state.queue import QueuedWork, add_work, find_work, withdraw_work
from milo_bench.telemetry.lines import write_stderr

_HEALTH_KEPT_S: Final = 0.05


@dataclass(frozen=True)
class GatewayLimits:
    """``judge_inline_bytes``, of answer and case: longer ones are judged in a thread, within ``judge_s``.

    Every guard takes time in proportion to what it reads (``tests/growth``): 4,000 bytes of the worst of what it
    attacks them with took 60 ms of a slow processor.
    """

    judge_inline_bytes: int = 4_000
    judge_s: float = 10.0
    max_waiting: int = 256
    max_wait_s: float = 30.0


@dataclass
class Serving:
    """One routing table with its targets. Requests keep the one that they began under."""

    table: RoutingTable
    upstreams: dict[str, Upstream]
    limits: GatewayLimits
    flags: frozenset[str] = frozenset()
    active: int = 0
    _gates: dict[str, Gate] = field(default_factory=dict)
    _timeouts: dict[int, Timeouts] = field(default_factory=dict)
    _health: tuple[float, dict[str, str]] = (-1.0, {})
    plans: RoutePlans = field(default_factory=RoutePlans)
    _left: asyncio.Event | None = None

    def enter(self) -> None:
        self.active += 1

    def leave(self) -> None:
        self.active -= 1
        if not self.active and self._left is not None:
            self._left.set()

    async def count_tokens(self, asked: Question) -> Mapping[str, int]:
        """Tokens of the question's texts by each target that a rule counts by; none where its server does not tell."""
        if not self.table.asks_tokens:
            return {}
        names = [name for name in self.table.asks_tokens if name in self.upstreams and self._may_count(name, asked)]
        counts = await asyncio.gather(*(self.upstreams[name].count_tokens(asked.text) for name in names))
        return {name: count for name, count in zip(names, counts, strict=True) if count is not None}

    def _may_count(self, name: str, asked: Question) -> bool:
        """Whether the text may go to a target that is only asked how long it is: a hosted one reads it all the same."""
        if not self.upstreams[name].hosted:
            return True
        file = self.table.file
        return not (asked.sensitive and not file.sensitive_to_hosted) and not self.table.redacts(asked.workload)

    async def emptied(self) -> None:
        """Wait until no request is on its way under this table."""
        if self.active:
            self._left = asyncio.Event()
            await self._left.wait()

    def timeouts(self, settings: Settings, routed: Routed) -> Timeouts:
        """The times that a call of a rule may take, worked out once."""
        if routed.action is None:  # in shadow, a rule's own times do not count
            return timeouts(settings.run, None)
        found = self._timeouts.get(routed.place)
        if found is None:
            found = self._timeouts[routed.place] = timeouts(settings.run, routed.action)
        return found

    def gate(self, target: str) -> Gate:
        """The places at a target: the smallest cap that a rule of the table sets for it."""
        found = self._gates.get(target)
        if found is None:
            found = self._gates[target] = Gate(
                self._places(target), most_waiting=self.limits.max_waiting, most_wait_s=self.limits.max_wait_s
            )
        return found

    def keep_gates(self, old: Serving) -> None:
        """Go on counting where ``old`` does: its requests are still at the targets, and they have no more places."""
        for target, gate in old.gates.items():
            if target in self.upstreams:
                gate.bound(self._places(target))
                self._gates[target] = gate

    def _places(self, target: str) -> int | None:
        return min(
            (
                action.limits.concurrency
                for action in actions_of(self.table.file)
                if action.target == target and action.limits.concurrency is not None
            ),
            default=None,
        )

    @property
    def gates(self) -> Mapping[str, Gate]:
        return self._gates

    def health(self) -> Mapping[str, str]:
        """The state of every target, at most a twentieth of a second old."""
        now_s = time.monotonic()
        at_s, known = self._health
        if now_s - at_s > _HEALTH_KEPT_S:
            known = {name: one.health.state(now_s) for name, one in self.upstreams.items()}
            self._health = now_s, known
        return known

    def forget_health(self) -> None:
        """A target has failed: the next request looks anew, so that none is sent into a pause that it asked for."""
        self._health = (-1.0, {})


class Gateway:
    """What every exchange needs. Belongs to one event loop."""

    def __init__(
        self,
        serving: Serving,
        settings: Settings,
        engine: Engine,
        audit: AuditWriter,
        *,
        shadow: str | None = None,
        say: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.serving, self.settings, self.engine, self.audit, self.shadow = serving, settings, engine, audit, shadow
        self.limits = serving.limits
        self.clock = SteadyClock(_last_s(audit))
        self.state_file = StateFile(engine)
        self.access = Access(engine, self.clock.time_s)
        self.metrics = GatewayMetrics(self)
        self.database = ThreadPoolExecutor(1, thread_name_prefix="state")
        self.judges = JudgeThreads(2)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.rolled_back: Mapping[str, frozenset[str]] = {}  # workload to targets that an open incident keeps from it
        self.stopped_trials: frozenset[tuple[str, str]] = frozenset()  # rule and challenger, likewise
        self.incidents: Sequence[Incident] = ()  # open ones, at most about a second old
        self.sampler = TrafficSampler(settings.gateway.sample, settings.gateway.sample_most, self.say)
        self.listeners: list[Callable[[AuditedRequest], None]] = []  # told of each record; they must be quick
        self.shadows = ShadowCalls(self)
        self.spans: GatewaySpans | None = None  # set where OpenTelemetry is configured
        self._say = say or _say
        self._flushes = False  # the audit is flushed at the end of this turn of the loop

    # ------------------------------------------------------------ the audit

    def write(self, make: MakeRecord) -> AuditedRequest:
        """Record a request before its answer's last byte leaves. Raises OSError where that is not possible."""
        made = self.audit.write(make)
        self.heard(made)
        return made

    def record(self, make: MakeRecord) -> LateValue[AuditedRequest]:
        """As ``write``, together with all that ends in this turn of the loop. Awaiting it raises OSError."""
        wait: LateValue[AuditedRequest] = LateValue()

        def told(error: OSError | None) -> None:
            if error is not None:
                wait.fail(error)
                return
            self.heard(made)
            wait.set(made)

        made = self.line_up(make, told)
        return wait

    def line_up(self, make: MakeRecord, told: Told) -> AuditedRequest:
        """As ``record``; ``told`` hears of it, and then has to say it to ``heard``. Raises OSError."""
        made = self.audit.add(make, told)
        if not self._flushes:
            self._flushes = True
            asyncio.get_running_loop().call_soon(self._flush)
        return made

    def _flush(self) -> None:
        self._flushes = False
        with contextlib.suppress(OSError):  # each has been told
            self.audit.flush()

    def heard(self, made: AuditedRequest) -> None:
        """A line was written: it is counted."""
        self.metrics.count(made)
        for listener in self.listeners:
            listener(made)

    def note(self, make: MakeRecord) -> None:
        """Record what needs no answer any more."""
        try:
            self.write(make)
        except OSError as error:
            self.report_unrecorded(error)

    def note_shadow(self, line: AuditedShadow) -> None:
        """Record a challenger's answer to a copy. No client waits for it."""
        try:
            self.audit.write(lambda n: msgspec.structs.replace(line, n=n))
        except OSError as error:
            self.report_unrecorded(error)

    def report_unrecorded(self, error: OSError) -> None:
        self.metrics.unrecorded.add()
        self.say("audit_failed", reason=error.strerror or type(error).__name__)

    # ------------------------------------------------------------ the queue

    async def enqueue(self, work: QueuedWork) -> int:
        """Add to the queue; its place. Raises ApiError 503 where the state database refuses."""
        problem = STATE_LOST
        if self.state_file.is_kept():
            try:
                place = await asyncio.get_running_loop().run_in_executor(self.database, add_work, self.engine, work)
            except StateError as error:
                problem = kind_of(error)
            else:
                if self.state_file.is_kept():
                    return place
                await self.withdraw(work.id)
        self.say("queue_failed", reason=problem)
        hint = "try again later. Nothing was sent on."
        raise ApiError(503, "The queue cannot be written.", code="queue_unavailable", hint=hint)

    async def withdraw(self, id: str) -> None:
        """Take work back whose request could not be recorded; where that fails too, people find it in the queue."""
        try:
            await asyncio.get_running_loop().run_in_executor(self.database, withdraw_work, self.engine, id)
        except StateError as error:
            self.say("withdraw_failed", work=id, reason=kind_of(error))

    async def find_work(self, id: str) -> QueuedWork | None:
        found = None
        with contextlib.suppress(StateError):
            found = await asyncio.get_running_loop().run_in_executor(self.database, find_work, self.engine, id)
            if self.state_file.is_kept():
                return found
        raise ApiError(503, "The queue cannot be read.", code="queue_unavailable", hint="try again later.")

    def allows_callback(self, url: str) -> bool:
        """Whether the settings allow answers to be sent there; a path that climbs is never allowed."""
        allowed = any(url.startswith(beginning) for beginning in self.settings.gateway.callbacks)
        plain = url.isascii() and one_line(url, None) == url and not set(' \\?#"<>').intersection(url)
        return allowed and plain and "/.." not in url and "%2e" not in url.lower()

    def check_callback(self, url: str) -> None:
        """Raises ApiError for an address that the settings do not allow."""
        if not self.allows_callback(url):
            hint = "the gateway's operator lists allowed addresses under gateway.callbacks in bench.yaml."
            raise ApiError(422, "This callback address is not allowed.", code="callback", hint=hint)

    # ------------------------------------------------------------ what happened

    def say(self, what: str, **more: Any) -> None:
        """One structured line about the gateway itself; never text of a request."""
        self._say({"event": what, **more})

    def report_fault(self, request: str, error: Exception) -> None:
        trace, place = error.__traceback__, ""
        while trace is not None:
            place = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
            trace = trace.tb_next
        # The error's own text may quote a request.
        self.say("fault", request=request, kind=type(error).__name__, at=place)

    def close(self) -> None:
        """Write what is left and let go of it; a database that cannot be written stops none of the rest."""
        try:
            self.access.reload()
        except StateError as error:
            self.say("keys_failed", reason=kind_of(error))
        self.database.shutdown(wait=True)
        self.judges.shutdown()
        self.audit.close()
        if self.spans is not None:
            self.spans.sink.close()
        self.engine.dispose()


def _last_s(audit: AuditWriter) -> float:
    """When the audit's last line was written: a clock that a restart set back revives no key and no permit."""
    try:
        return datetime.fromisoformat(audit.last_at).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _say(event: Mapping[str, Any]) -> None:
    write_stderr(**event)
