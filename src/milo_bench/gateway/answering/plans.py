"""Where a request is routed in, whom it is sent to and what its answer and its line of the audit begin with out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.answering.headers import answer_headers
from milo_bench.gateway.answering.record import RequestRecord
from milo_bench.gateway.request import Question
from milo_bench.gateway.wire.replies import REQUEST_HEADER, known_lines
from milo_bench.store.audit.records import AuditedRequest

if TYPE_CHECKING:
    from milo_bench.config.settings import Settings
    from milo_bench.gateway.serving import Serving

_MOST_KNOWN: Final = 256


class KnownAnswer(NamedTuple):
    """``lines`` are the answer's header lines but those of its own (``reply_known``); ``like`` is a line of the audit
    as ``RequestRecord.ended_like`` takes it."""

    lines: bytes
    like: AuditedRequest


class RoutePlan:
    """What requests of one kind of work that are routed alike have in common, worked out once."""

    def __init__(self, serving: Serving, settings: Settings, routed: Routed, asked: Question) -> None:
        self.routed = routed
        self.contract = serving.table.contract(routed.place, asked.workload, asked.door)
        self.passes = not self.contract.guarded and routed.automated  # nobody reads what an answer says
        self.upstream = serving.upstreams[routed.target]
        self.path = self.upstream.path(asked.door)
        self.gate = serving.gate(routed.target)
        self.limits = serving.timeouts(settings, routed)
        self._answers: dict[tuple[str, str, str, str], KnownAnswer] = {}

    def answer(self, record: RequestRecord, use: str) -> KnownAnswer:
        """That of ``record``, which was routed by this plan and answered by its model."""
        place = (record.door, record.key, use, record.prompt)
        found = self._answers.get(place)
        if found is None:
            if len(self._answers) >= _MOST_KNOWN:
                self._answers.clear()
            headers = answer_headers(record, self.routed, guarded=self.contract.guarded)
            del headers[REQUEST_HEADER]
            headers.pop("X-Milo-Redacted", None)
            found = self._answers[place] = KnownAnswer(known_lines(headers), record.ended("answered", 200)(0))
        return found


class RoutePlans:
    """Under one table the same ``Routed`` comes back each time a rule itself decides; it is known by identity."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, str], RoutePlan] = {}

    def find(self, serving: Serving, settings: Settings, routed: Routed, asked: Question) -> RoutePlan:
        place = (id(routed), asked.workload, asked.door)
        found = self._known.get(place)
        if found is None or found.routed is not routed:
            found = RoutePlan(serving, settings, routed, asked)
            if routed.cause == "rule":
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[place] = found
        return found
