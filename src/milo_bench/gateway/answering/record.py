"""What happens to one request in, its line of the audit out."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from typing import Final, TypeAlias

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


# What is set where it happens, which is seldom.
_RARE: Final = frozenset(
    {"sensitive", "removed", "redacted", "queue", "first_s", "shadow", "trial", "copied_to", "trial_rule",
     "trial_checks"}
)  # fmt: skip


class RequestRecord:
    """Collects as the request goes; times are seconds on the monotonic clock.

    What has not happened is as the class says: most of it never happens to one request.
    """

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
    _asked: Question | None = None
    _routed: Routed | None = None
    _guarded: bool = False
    _prompt_tokens: int = 0
    _completion_tokens: int = 0

    def __init__(self, id: str, table: str, started_s: float, trace: RequestTrace, door: str = "") -> None:
        self.id, self.table, self.started_s, self.trace, self.door = id, table, started_s, trace, door
        self.calls: list[AuditedCall] = []
        self.traced: list[TracedCall] = []  # where spans are sent

    def asked(self, asked: Question) -> None:
        self._asked = asked

    def routed(self, routed: Routed, *, guarded: bool) -> None:
        self._routed, self._guarded = routed, guarded

    def used(self, prompt_tokens: int, completion_tokens: int) -> None:
        self._prompt_tokens += prompt_tokens
        self._completion_tokens += completion_tokens

    def called(
        self, target: str, status: int, failure: str, took_s: float, failed_checks: tuple[str, ...] = ()
    ) -> None:
        if self.trace.own is not None:
            self.traced.append(TracedCall(time.monotonic(), self.trace.call))
        self.calls.append(AuditedCall(target, status, failure and failure[:200], round(took_s, 6), failed_checks))

    def ended(self, outcome: AuditOutcome, status: int, *, reason: str = "") -> MakeRecord:
        """The line, once its number is known."""
        now_s = time.monotonic()
        at = utc_stamp()
        asked, routed = self._asked, self._routed

        def make(n: int) -> AuditedRequest:
            if asked is not None and routed is not None and outcome == "answered" and _RARE.isdisjoint(self.__dict__):
                self.made = self._made_of_usual(n, at, asked, routed, now_s)
                return self.made
            self.made = AuditedRequest(
                n=n, at=at, request=self.id, outcome=outcome, status=status, door=self.door, key=self.key,
                workload=asked.workload if asked else "",
                use=asked.use if asked else "",
                role=asked.role if asked else "",
                rule=routed.rule if routed else "",
                route=routed.route if routed else "",
                cause=routed.cause if routed and routed.cause != "rule" else "",
                target=routed.target if routed else "",
                first_route=self.first_route if routed and self.first_route != routed.route else "",
                prompt=self.prompt, guarded=self._guarded, sensitive=self.sensitive, words=self.words,
                streamed=asked.stream if asked else False,
                removed=self.removed, redacted=self.redacted,
                calls=tuple(self.calls), reason=reason[:500], table=self.table,
                shadow=self.shadow, trial=self.trial, copied_to=self.copied_to, queue=self.queue,
                trial_rule=self.trial_rule, trial_checks=self.trial_checks,
                prompt_tokens=self._prompt_tokens, completion_tokens=self._completion_tokens,
                first_s=round(self.first_s - self.started_s, 6) if self.first_s else 0.0,
                took_s=round(now_s - self.started_s, 6),
            )  # fmt: skip
            return self.made

        return make

    def _made_of_usual(self, n: int, at: str, asked: Question, routed: Routed, now_s: float) -> AuditedRequest:
        """The line of an answer to which nothing rare happened: what it leaves out is as the class says."""
        return AuditedRequest(
            n, at, self.id, "answered", 200, self.door, self.key,
            asked.workload, asked.use, asked.role, routed.rule, routed.route,
            "" if routed.cause == "rule" else routed.cause, routed.target,
            "" if self.first_route == routed.route else self.first_route,
            self.prompt, self._guarded,
            words=self.words, streamed=asked.stream, calls=tuple(self.calls), table=self.table,
            prompt_tokens=self._prompt_tokens, completion_tokens=self._completion_tokens,
            took_s=round(now_s - self.started_s, 6),
        )  # fmt: skip
