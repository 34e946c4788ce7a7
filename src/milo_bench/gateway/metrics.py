"""Audit records and the state of a gateway in, its Prometheus metrics out."""

from __future__ import annotations

import time
from collections import Counter as Counted
from typing import TYPE_CHECKING, Final, get_args

from milo_bench.store.audit.records import AuditedRequest
from milo_bench.store.state.incidents import IncidentKind
from milo_bench.telemetry.prometheus import Counter, Gauge, Histogram, metrics_page

if TYPE_CHECKING:
    from milo_bench.gateway.serving import Gateway

_MOST_TOGETHER: Final = 200
_STATES: Final = {"ready": 1.0, "degraded": 0.5, "down": 0.0}


class _Usual:
    """Requests that were alike, until they are counted."""

    __slots__ = ("completion_tokens", "prompt_tokens", "took_s")

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self.prompt_tokens = self.completion_tokens = 0


class GatewayMetrics:
    """Counters of requests, and gauges that look when the page is read."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._usual: dict[tuple[str, str, str, str], _Usual] = {}  # not counted yet
        self.requests = Counter(
            "milo_requests_total", "Requests by workload, route and outcome.", ("workload", "route", "outcome")
        )
        self.seconds = Histogram("milo_request_seconds", "Time from request to the end of its answer.", ("route",))
        self.first = Histogram("milo_first_byte_seconds", "Time to the first byte of a stream.", ("target",))
        self.calls = Counter("milo_calls_total", "Calls to targets.", ("target", "outcome"))
        self.guards = Counter("milo_failed_checks_total", "Checks that an answer failed.", ("workload", "check"))
        self.tokens = Counter("milo_tokens_total", "Tokens as the targets count them.", ("workload", "kind"))
        self.refused = Counter("milo_refused_requests_total", "Requests refused before their body was read.", ("code",))
        self.copies = Counter("milo_shadow_copies_total", "Copies for challengers.", ("challenger", "outcome"))
        self.unrecorded = Counter("milo_unrecorded_total", "Requests refused because the audit could not be written.")
        self.reloads = Counter("milo_reloads_total", "Reloads of routing.yaml.", ("outcome",))
        health = Gauge("milo_target_state", "1 ready, 0.5 degraded, 0 down.", ("target",), self._health)
        inside = Gauge("milo_target_requests", "Requests at a target, and waiting for it.", ("target", "state"),
                       self._inside)  # fmt: skip
        incidents = Gauge("milo_open_incidents", "Open incidents by kind.", ("kind",), self._incidents)
        rolled_back = Gauge("milo_rolled_back", "1: an incident keeps the target from the workload.",
                            ("workload", "target"), self._rolled_back)  # fmt: skip
        self._all = (
            self.requests, self.seconds, self.first, self.calls, self.guards, self.tokens, self.refused,
            self.copies, self.unrecorded, self.reloads, health, inside,
            incidents, rolled_back,
        )  # fmt: skip

    def count(self, record: AuditedRequest) -> None:
        """Those that their one call answered in one go are counted many at once: each costs less so."""
        calls = record.calls
        if len(calls) != 1 or calls[0].failure or calls[0].failed_checks or record.first_s:
            self._count_each(record)
            return
        place = (record.workload, record.route, record.outcome, calls[0].target)
        one = self._usual.get(place)
        if one is None:
            one = self._usual[place] = _Usual()
        one.took_s.append(record.took_s)
        one.prompt_tokens += record.prompt_tokens
        one.completion_tokens += record.completion_tokens
        if len(one.took_s) >= _MOST_TOGETHER or len(self._usual) > _MOST_TOGETHER:
            self._count_usual()

    def _count_usual(self) -> None:
        usual, self._usual = self._usual, {}
        for (workload, route, outcome, target), one in usual.items():
            many = float(len(one.took_s))
            self.requests.add(workload, route, outcome, by=many)
            self.calls.add(target, "answered", by=many)
            self.seconds.observe_all(one.took_s, route)
            if one.prompt_tokens or one.completion_tokens:
                self.tokens.add(workload, "prompt", by=one.prompt_tokens)
                self.tokens.add(workload, "completion", by=one.completion_tokens)

    def _count_each(self, record: AuditedRequest) -> None:
        self.requests.add(record.workload, record.route, record.outcome)
        self.seconds.observe(record.took_s, record.route)
        for call in record.calls:
            self.calls.add(call.target, "failed" if call.failure else "answered")
            if call.failed_checks:
                for check in call.failed_checks:
                    self.guards.add(record.workload, check)
        if record.first_s:
            self.first.observe(record.first_s, record.target)
        if record.prompt_tokens or record.completion_tokens:
            self.tokens.add(record.workload, "prompt", by=record.prompt_tokens)
            self.tokens.add(record.workload, "completion", by=record.completion_tokens)

    def page(self) -> bytes:
        self._count_usual()
        return metrics_page(self._all).encode()

    def _health(self) -> dict[tuple[str, ...], float]:
        now_s = time.monotonic()
        upstreams = self._gateway.serving.upstreams
        return {(name,): _STATES[one.health.state(now_s)] for name, one in upstreams.items()}

    def _incidents(self) -> dict[tuple[str, ...], float]:
        """Each kind has a value, so that an alert sees it come and go."""
        counts = Counted(one.kind for one in self._gateway.incidents)
        return {(kind,): float(counts[kind]) for kind in get_args(IncidentKind)}

    def _rolled_back(self) -> dict[tuple[str, ...], float]:
        closed = self._gateway.rolled_back
        return {(workload, target): 1.0 for workload, targets in closed.items() for target in targets}

    def _inside(self) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for name, gate in self._gateway.serving.gates.items():
            found[name, "inside"], found[name, "waiting"] = float(gate.inside), float(gate.waiting)
        return found
