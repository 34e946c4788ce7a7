"""A task's session or a script in, what breaks between an agent and its model out; the world's log is the one truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from milo_bench.operator.worlds.records import Notice
from milo_bench.operator.worlds.session import Session

WireFaultKind: TypeAlias = Literal[
    "status_503",  # the request is answered 503, and is never worked on
    "rate_limited",  # 429 with Retry-After, for this request and every one that comes before the time is over
    "cut_stream",  # the answer breaks off inside its first tool call
    "empty",  # a whole, well-formed answer that holds nothing
    "drop",  # the model answers, and the connection closes before a byte of it arrives
    "smaller_context",  # another model answers, which sees the opening of the conversation and nothing after it
]


@dataclass(frozen=True)
class WireFault:
    """One fault on the wire.

    With ``forgets`` everything between the opening (system messages and the first user message)
    and this request is taken out of this conversation for good, and ``message`` is told at the end
    of the opening instead. ``arguments`` is what gets through of a call that is cut;
    None takes the first half of them.
    """

    kind: WireFaultKind
    message: str = ""
    retry_after_s: int = 0
    arguments: str | None = None
    forgets: bool = False


class ProviderSchedule(Protocol):
    """Says what breaks. Asked for every chat request, and for every call that an answer is about to hand on."""

    def on_request(self, number: int) -> WireFault | None:
        """The fault for chat request ``number``, counted from 1; None lets it through."""
        ...

    def on_call(self, tool: str, arguments: str) -> WireFault | None:
        """The fault that falls on this call, the first of an answer which nobody but the endpoint has seen yet."""
        ...


class ScriptedSchedule:
    """Faults at request numbers, for an agent without a task. ``left`` are those that never fell."""

    def __init__(self, faults: Mapping[int, WireFault]) -> None:
        self.left = dict(faults)

    def on_request(self, number: int) -> WireFault | None:
        return self.left.pop(number, None)

    def on_call(self, tool: str, arguments: str) -> WireFault | None:
        return None


class SessionSchedule:
    """The provider faults of a task, where its own schedule puts them.

    A fault of a task falls on a call, so the endpoint shows each call to the session before the agent
    gets it. Where that call would meet a provider fault, the call is made here and now: the world logs
    the fault as landed, in the same lines as without an endpoint, and the wire breaks accordingly.
    A call that reaches the session by another way (its tools are served beside the endpoint, and the
    agent words its calls in a way that the endpoint cannot read) makes the fault land there; the next
    request then meets it here. The log of the session alone says whether a fault landed.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read = 0

    def on_request(self, number: int) -> WireFault | None:
        notices = self._new_notices()
        # Who was told of a cut stream by the tool itself need not meet it twice.
        told = [notice for notice in notices if notice.code != "stream_cut"]
        return wire_fault(told[-1]) if told else None

    def on_call(self, tool: str, arguments: str) -> WireFault | None:
        if not self._session.breaks_provider(tool, arguments):
            return None
        self._session.call(tool, arguments)
        notices = self._new_notices()
        return wire_fault(notices[-1]) if notices else None

    def _new_notices(self) -> list[Notice]:
        log = self._session.log
        new, self._read = log[self._read :], len(log)
        return [line for line in new if isinstance(line, Notice)]


def wire_fault(notice: Notice) -> WireFault:
    """How a failure of the provider, as the world's log has it, looks on the wire."""
    match notice.code:
        case "fallback_context":
            return WireFault("smaller_context", notice.message, forgets=True)
        case "stream_cut":
            return WireFault("cut_stream", notice.message, arguments=notice.message.partition('"arguments":')[2])
        case _:
            return WireFault("status_503", notice.message, forgets=True)
