"""What happens to one request in, its line of the audit out."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from milo_bench.core.clock import utc_stamp
from milo_bench.decide.routing.rules import Routed
from milo_bench.gateway.request import Question
from milo_bench.gateway.spans import RequestTrace, TracedCall
from milo_bench.store.audit.records import AuditedCall, AuditedRequest, AuditOutcome, TrialSide

MakeRecord: TypeAlias = Callable[[int], AuditedRequest]
_ID_BYTES: Final = 8
_EACH_ID: Final = re.compile("." * (2 * _ID_BYTES))
_random: list[str] = []  # the system's random numbers, drawn many at once


def new_request_id() -> str:
    """An id that no client can guess or choose."""
    if not _random:
        drawn = os.urandom(512 * _ID_BYTES).hex()
        _random.extend(_EACH_ID.findall(drawn))
    return f"r_{_random.pop()}"


class RequestRecord(msgspec.Struct):
    """Collects as the request goes; times are seconds on the monotonic clock."""

    id: str
    table: str
    started_s: float
    trace: RequestTrace
    door: str = ""
    calls: list[AuditedCall] = []
    traced: list[TracedCall] = []  # where spans are sent
    key: str = ""
    words: int = 0
    sensitive: bool = False
    prompt: str = ""
    first_route: str = ""
    removed: int = 0
    redacted: int = 0
    queue: str = ""
    first_s: float = 0.0
    shadow: bool = False
    trial: TrialSide = ""
    copied_to: tuple[str, ...] = ()
    trial_rule: str = ""
    trial_checks: tuple[str, ...] = ()
    made: AuditedRequest | None = None  # its line of the audit, once it is written
    question: Question | None = None
    routed_to: Routed | None = None
    guarded: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def routed(self, routed: Routed, *, guarded: bool) -> None:
        self.routed_to, self.guarded = routed, guarded

    def used(self, prompt_tokens: int, completion_tokens: int) -> None:
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    def called(
        self, target: str, status: int, failure: str, took_s: float, failed_checks: tuple[str, ...] = ()
    ) -> None:
        if self.trace.own is not None:
            self.traced.append(TracedCall(time.monotonic(), self.trace.call))
        self.calls.append(AuditedCall(target, status, failure and failure[:200], round(took_s, 6), failed_checks))

    def ended_like(self, like: AuditedRequest, outcome: AuditOutcome) -> MakeRecord:
        """As ``ended`` with status 200, where ``like`` is the line of a request that was the same but for its case.

        Both came through the same door, by the same key, for the same use, and the same rule had the same model answer
        them whole, by the same prompt.
        """
        took_s = round(time.monotonic() - self.started_s, 6)
        at = utc_stamp()

        def make(n: int) -> AuditedRequest:
            self.made = made = msgspec.structs.replace(
                like, n=n, at=at, request=self.id, outcome=outcome, words=self.words, sensitive=self.sensitive,
                removed=self.removed, redacted=self.redacted, calls=tuple(self.calls), took_s=took_s,
                prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens,
            )  # fmt: skip
            return made

        return make

    def ended(self, outcome: AuditOutcome, status: int, *, reason: str = "") -> MakeRecord:
        """The line, once its number is known."""
        took_s = round(time.monotonic() - self.started_s, 6)
        at = utc_stamp()

        def make(n: int) -> AuditedRequest:
            asked, routed = self.question, self.routed_to
            workload = use = role = rule = route = cause = target = first_route = ""
            streamed = False
            if asked is not None:
                workload, use, role, streamed = asked.workload, asked.use, asked.role, asked.stream
            if routed is not None:
                rule, route, target = routed.rule, routed.route, routed.target
                cause = "" if routed.cause == "rule" else routed.cause
                first_route = "" if self.first_route == route else self.first_route
            self.made = AuditedRequest(
                n, at, self.id, outcome, status, self.door, self.key,
                workload, use, role, rule, route, cause, target, first_route,
                self.prompt, self.guarded, self.sensitive, self.words, streamed, self.removed, self.redacted,
                tuple(self.calls), reason and reason[:500], self.table,
                self.shadow, self.trial, self.copied_to, self.trial_rule, self.trial_checks, self.queue,
                self.prompt_tokens, self.completion_tokens,
                round(self.first_s - self.started_s, 6) if self.first_s else 0.0, took_s,
            )  # fmt: skip
            return self.made

        return make
