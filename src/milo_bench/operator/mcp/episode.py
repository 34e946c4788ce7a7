"""An outside agent's tool calls in, replies of the world out; at its end the episode is graded into one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from milo_bench.core.chat import Exchange
from milo_bench.core.clock import Clock
from milo_bench.core.records import AttemptKey, Episode, EpisodeEnding, FailureKind, Timings, ToolCall, Turn
from milo_bench.operator.play.record import episode_record
from milo_bench.operator.worlds.grade import Score, grade
from milo_bench.operator.worlds.records import Landed, Notice, Rejected, ToolReply, ToolResult
from milo_bench.operator.worlds.session import CALL_LIMIT, Session

# Of a call that could not be read, and of a model's answer, so much is kept; of a call that was made, all of it.
KEPT_CHARACTERS = 8000
NAME_CHARACTERS = 200

_ENDED: Mapping[EpisodeEnding, str] = {
    "finished": "The episode has ended; nothing was done.",
    "turn_limit": "The episode ended at its limit of calls; nothing was done.",
    "call_limit": f"The episode ended after {CALL_LIMIT} calls; nothing was done.",
    "wall_limit": "The episode ended at its time limit; nothing was done.",
    "left": "The episode ended because its operator had gone away; nothing was done.",
}
# Failures of a request that lie with who made it.
_ITS_OWN: frozenset[FailureKind] = frozenset({"auth", "not_found", "rejected", "rate_limited", "cancelled"})


class OutsideEpisode:
    """One session, played by an agent that calls its tools from outside this process.

    ``on_end`` is called once, with the episode's record, before the call that ended it returns: who
    has read the reply to ``finish`` may rely on the record being written. ``on_change`` is called when
    the episode begins and when it ends. Times are seconds on ``clock`` since this object was made; in
    records they count from the run's zero, ``offset_s`` earlier.
    """

    def __init__(
        self,
        session: Session,
        *,
        target: str,
        turn_limit: int,
        clock: Clock,
        on_end: Callable[[Episode, Score], None],
    ) -> None:
        self.session = session
        self.target = target
        self.turn_limit = turn_limit
        self.ending: EpisodeEnding | None = None
        self.late_calls = 0
        self.offset_s = 0.0
        self.turns: list[Turn] = []
        self._clock = clock
        self._zero_s = clock.monotonic_s()
        self.started_s: float | None = None
        self.ended_s: float | None = None
        self.on_change: Callable[[], None] = _nothing
        self._on_end = on_end
        self._calls = 0
        # Calls in the model's answers that have not come here yet: the turn they stand in, and the call.
        self._announced: list[tuple[int, ToolCall]] = []

    @property
    def over(self) -> bool:
        return self.ending is not None

    @property
    def begun(self) -> bool:
        """Whether anybody has asked for anything yet."""
        return self.started_s is not None

    def now_s(self) -> float:
        return self._clock.monotonic_s() - self._zero_s

    def begin(self) -> None:
        """The agent is here; its time runs from the first of these."""
        if self.started_s is None:
            self.started_s = self.now_s()
            self.on_change()

    def call(self, name: str, arguments: str | bytes | Mapping[str, Any], *, call_id: str = "") -> ToolReply:
        """Make one call. Never raises for what a caller may send; see ``Session.call``.

        Once the episode is over nothing is called, recorded or graded any more: the reply is a
        Rejected, ``after_finish`` where the operator ended it, ``call_limit`` where a limit did.
        """
        self.begin()
        if self.ending is not None:
            self.late_calls += 1
            code: Any = "after_finish" if self.ending == "finished" else "call_limit"
            return Rejected(code, self.session.world.now_s, _ENDED.get(self.ending, _ENDED["left"]))
        lines = len(self.session.log)
        reply = self.session.call(name, arguments)
        rejected = reply.code if isinstance(reply, Rejected) else ""
        kept = _kept(_as_text(arguments), whole=not rejected)
        self._add_call(
            ToolCall(call_id, name[:NAME_CHARACTERS], kept), injected=self._landed_since(lines), rejected=rejected
        )
        self._end_where_due()
        return reply

    def note_answer(self, exchange: Exchange, asked_s: float) -> None:
        """Record what the agent's model answered to a request that was made at ``asked_s``."""
        self.begin()
        if self.ending is not None:
            return
        asked_s, now_s = self.offset_s + asked_s, self.offset_s + self.now_s()
        calls = tuple(
            ToolCall(call.id[:NAME_CHARACTERS], call.name[:NAME_CHARACTERS], _kept(call.arguments, whole=False))
            for call in exchange.tool_calls[:CALL_LIMIT]
        )
        self._announced += [(len(self.turns), call) for call in calls]
        self.turns.append(
            Turn(
                n=len(self.turns) + 1,
                timings=Timings(asked_s, asked_s, now_s),
                output=_kept(exchange.text, whole=False),
                reasoning=_kept(exchange.reasoning, whole=False),
                tool_calls=calls,
                finish_reason=exchange.finish_reason,
                usage=exchange.usage,
                failure=exchange.failure,
            )
        )

    def note_wire_fault(self, tool: str, arguments: str, lines: int) -> None:
        """Record that the agent's model made a call which its endpoint then broke.

        The call was made in the world, whose log had ``lines`` lines before it; the agent never saw it.
        """
        self.begin()
        self._add_call(ToolCall("", tool, arguments), injected=self._landed_since(lines), rejected="")
        self._end_where_due()

    def _end_where_due(self) -> None:
        if self.session.finish is not None:
            self.end("finished")
        elif self.session.over:
            self.end("call_limit")
        elif self._calls >= self.turn_limit:
            self.end("turn_limit")

    def _add_call(self, call: ToolCall, *, injected: str, rejected: str) -> None:
        """Put a call on record: in the turn of the answer that held it, where that was seen, else in its own."""
        self._calls += 1
        said = (call.name, _as_data(call.arguments))
        for place, (position, announced) in enumerate(self._announced):
            if (announced.name, _as_data(announced.arguments)) == said:
                del self._announced[: place + 1]
                turn = self.turns[position]
                self.turns[position] = msgspec.structs.replace(
                    turn, injected=turn.injected or injected, protocol_error=turn.protocol_error or rejected
                )
                return
        at_s = self.offset_s + self.now_s()
        timings = Timings(at_s, at_s, at_s)
        turn = Turn(len(self.turns) + 1, timings, tool_calls=(call,), injected=injected, protocol_error=rejected)
        self.turns.append(turn)

    def _landed_since(self, lines: int) -> str:
        """The fault that a notice in the newer lines of the log speaks of; "" where there is none."""
        new = self.session.log[lines:]
        if not any(isinstance(line, Notice) for line in new):
            return ""
        return ", ".join(line.fault for line in new if isinstance(line, Landed))

    def end(self, ending: EpisodeEnding) -> None:
        """Grade what there is and hand the record over; a second ending changes nothing.

        An agent that ``left`` after its model's server failed it did not choose to: then that is the ending.
        """
        if self.ending is not None:
            return
        failure = self.turns[-1].failure if self.turns else None
        if ending == "left" and failure is not None and failure.kind not in _ITS_OWN:
            ending = "context_limit" if failure.kind == "context_overflow" else "runtime_failure"
        self.ending, self.ended_s = ending, self.now_s()
        score = grade(self.session)
        try:
            self._on_end(self._record(ending, score), score)
        finally:
            self.on_change()

    def _record(self, ending: EpisodeEnding, score: Score) -> Episode:
        return episode_record(
            self.session,
            score,
            key=AttemptKey(f"{self.session.task.name}.{self.session.form}", self.target),
            protocol="mcp",
            ending=ending,
            turns=self.turns,
            times_s=(self.offset_s + (self.started_s or 0.0), self.offset_s + (self.ended_s or 0.0)),
        )


def is_error(reply: ToolReply) -> bool:
    """Whether a reply is an error of the tool to who speaks MCP: a refusal, a failed tool, a broken provider."""
    if isinstance(reply, ToolResult):
        return not reply.ok
    return not (isinstance(reply, Notice) and reply.code == "finished")


def _nothing() -> None:
    """Nobody listens."""


def _as_text(arguments: str | bytes | Mapping[str, Any]) -> str:
    if isinstance(arguments, str):
        return arguments
    if isinstance(arguments, bytes):
        return arguments.decode("utf-8", "replace")
    try:
        return msgspec.json.encode(dict(arguments)).decode("utf-8")
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError, RecursionError, OverflowError):
        return repr(arguments)


def _as_data(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return text


def _kept(text: str, *, whole: bool) -> str:
    if whole or len(text) <= KEPT_CHARACTERS:
        return text
    return f"{text[:KEPT_CHARACTERS]}… ({len(text):,} characters)"
