"""A session and a model in, one graded episode record out, whatever the model writes and however its runtime breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.clock import Clock
from milo_bench.core.records import (
    AttemptKey,
    Episode,
    EpisodeEnding,
    Failure,
    FailureKind,
    Timeouts,
    ToolCall,
    Turn,
)
from milo_bench.operator.play.prompt import Protocol, error_text, tool_definitions
from milo_bench.operator.play.protocol import CALLS_A_TURN, ModelCall, ProtocolError, read_calls
from milo_bench.operator.play.record import episode_record
from milo_bench.operator.play.transcript import Answered, Transcript
from milo_bench.operator.worlds.records import FINISH, Landed, Notice, Rejected
from milo_bench.operator.worlds.task import OpenSession
from milo_bench.targets.base import Target

# Of a text that a model wrote so much is kept in the log; the rest is counted.
STORED_CHARACTERS = 16_384
# What may pass by itself is tried again; a wrong key, an unknown model or a dead process does not.
RETRIED: frozenset[FailureKind] = frozenset(
    {
        "connect_refused",
        "connect_timeout",
        "first_token_timeout",
        "total_timeout",
        "reset",
        "bad_stream",
        "rate_limited",
        "server_error",
    }
)
_TIMEOUTS = ("connect_timeout", "first_token_timeout", "total_timeout")
_PAUSES_S = (0.5, 2.0, 5.0)
_LEAST_TURN_S = 1.0


def turn_timeouts(total_s: float) -> Timeouts:
    """Limits of one request; a prompt of many turns may take most of it before the first token comes."""
    return Timeouts(connect_s=10.0, first_token_s=total_s, total_s=total_s)


TURN_TIMEOUTS = turn_timeouts(180.0)

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class EpisodeLimits:
    """What an episode may use, each recorded as what it is when it runs out.

    ``max_tokens`` is one answer's; ``turns`` counts answers that came; ``unread`` is how many turns
    in a row may hold nothing that could be called, where one cut off at ``max_tokens`` counts twice;
    ``retries`` are further tries of one request whose failure may pass by itself.
    """

    max_tokens: int = 320
    temperature: float = 0.0
    turns: int = 60
    wall_s: float = 600.0
    unread: int = 3
    retries: int = 2
    timeouts: Timeouts = TURN_TIMEOUTS


DEFAULT_LIMITS = EpisodeLimits()


@dataclass
class EpisodePlayer:
    """Plays one session with one target. ``zero_s`` is the run's zero on ``clock``'s monotonic time."""

    session: OpenSession
    target: Target
    key: AttemptKey
    protocol: Protocol
    limits: EpisodeLimits
    window: int | None
    clock: Clock
    zero_s: float
    pause: Pause = asyncio.sleep
    turns: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._transcript = Transcript(self.session, self.protocol)
        self._tools = tool_definitions(self.session) if self.protocol == "tools" else ()
        self._started_s = self._now_s()
        self._answers = 0
        self._unread = 0
        self._forgot = False

    async def play(self) -> Episode:
        """Turn by turn to an ending. Never raises for what a model writes or a runtime does."""
        while (ending := self._limit()) is None:
            exchange = await self._ask()
            if exchange is None:
                return self._record("wall_limit")
            if exchange.failure is not None:
                return self._record(self._broken(exchange.failure))
            self._answers += 1
            self._transcript.counted(exchange.usage.prompt_tokens)
            self._take(exchange)
            if self.session.finish is not None:
                return self._record("finished")
        return self._record(ending)

    # ------------------------------------------------------------ one turn

    def _limit(self) -> EpisodeEnding | None:
        if self.session.over:
            return "call_limit"
        if self._answers >= self.limits.turns:
            return "turn_limit"
        if self._unread >= self.limits.unread:
            return "protocol_limit"
        if self._left_s() < _LEAST_TURN_S:
            return "wall_limit"
        tokens = self._transcript.tokens()
        if self.window is not None and tokens is not None and tokens + self.limits.max_tokens > self.window:
            return "context_limit"
        return None

    async def _ask(self) -> Exchange | None:
        """The answer, or the failure that no further try took away; None where the time ran out over it."""
        request = ChatRequest(
            messages=self._transcript.messages(),
            max_tokens=self.limits.max_tokens,
            temperature=self.limits.temperature,
            seed=self.session.seed,
            tools=self._tools,
        )
        self._transcript.sent()
        for attempt in range(self.limits.retries + 1):
            left_s = self._left_s()
            if left_s < _LEAST_TURN_S:
                return None
            given = self.limits.timeouts
            total_s = min(given.total_s, left_s)
            timeouts = Timeouts(given.connect_s, min(given.first_token_s, total_s), total_s)
            exchange = await self.target.ask(request, timeouts=timeouts, zero_s=self.zero_s, intended_s=self._now_s())
            failure = exchange.failure
            if failure is None:
                return exchange
            self._note(exchange)
            if failure.kind in _TIMEOUTS and self._left_s() < _LEAST_TURN_S:
                return None
            if failure.kind not in RETRIED or attempt == self.limits.retries:
                return exchange
            await self.pause(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
        return exchange

    def _take(self, exchange: Exchange) -> None:
        try:
            calls = read_calls(exchange, self.protocol)
        except ProtocolError as error:
            # Who filled a whole answer twice without a call would fill a third one, and takes the longest over it.
            self._unread += 2 if error.code == "cut_off" else 1
            self._transcript.add_error(exchange, error.code, error.message)
            self._note(exchange, protocol_error=f"{error.code}: {error.message}")
            return
        answered, notice = self._call(calls)
        if len(calls) > CALLS_A_TURN and notice is None:
            refusal = error_text("too_many_calls", f"At most {CALLS_A_TURN} calls of one answer are made.")
            # One refusal stands for all of them: a thousand calls must not become a thousand messages.
            answered.append(Answered(calls[CALLS_A_TURN], None, refusal))
        good = any(item.reply is not None and not isinstance(item.reply, Rejected) for item in answered)
        self._unread = 0 if good or notice is not None else self._unread + 1
        if self._forgot:
            self._transcript.forget()
        elif answered:
            self._transcript.add_calls(exchange, answered)
        if notice is not None:
            self._transcript.add_notice(notice)
        too_many = f"too_many_calls: {len(calls)} calls in one answer" if len(calls) > CALLS_A_TURN else ""
        self._note(exchange, injected=self._injected(notice), protocol_error=too_many)

    def _call(self, calls: tuple[ModelCall, ...]) -> tuple[list[Answered], Notice | None]:
        """Make the calls in order; a provider that breaks takes the rest of the answer with it."""
        answered: list[Answered] = []
        self._forgot = False
        for call in calls[:CALLS_A_TURN]:
            before = len(self.session.visible)
            reply = self.session.call(call.tool, call.arguments)
            if isinstance(reply, Notice) and call.tool != FINISH:
                self._forgot = len(self.session.visible) <= before
                return answered, reply
            answered.append(Answered(call, reply))
        return answered, None

    def _injected(self, notice: Notice | None) -> str:
        if notice is None:
            return ""
        landed = [line.fault for line in self.session.log[-3:] if isinstance(line, Landed)]
        return landed[-1] if landed else notice.code

    def _note(self, exchange: Exchange, *, injected: str = "", protocol_error: str = "") -> None:
        calls = tuple(
            ToolCall(_stored(call.id, 200), _stored(call.name, 200), _stored(call.arguments))
            for call in exchange.tool_calls[: CALLS_A_TURN + 1]
        )
        self.turns.append(
            Turn(
                n=len(self.turns) + 1,
                # Gaps between chunks are for speed; an episode has too many turns to keep them all.
                timings=msgspec.structs.replace(exchange.timings, chunk_gaps_s=(), chunk_tokens=()),
                output=_stored(exchange.text),
                reasoning=_stored(exchange.reasoning),
                tool_calls=calls,
                finish_reason=exchange.finish_reason,
                usage=exchange.usage,
                failure=exchange.failure,
                injected=injected,
                protocol_error=protocol_error,
            )
        )

    # ------------------------------------------------------------ the end

    def _broken(self, failure: Failure) -> EpisodeEnding:
        return "context_limit" if failure.kind == "context_overflow" else "runtime_failure"

    def _record(self, ending: EpisodeEnding) -> Episode:
        return episode_record(
            self.session,
            self.session.score(),
            key=self.key,
            protocol=self.protocol,
            ending=ending,
            turns=self.turns,
            times_s=(self._started_s, self._now_s()),
        )

    def _now_s(self) -> float:
        return self.clock.monotonic_s() - self.zero_s

    def _left_s(self) -> float:
        return self.limits.wall_s - (self._now_s() - self._started_s)


def _stored(text: str, most: int = STORED_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
