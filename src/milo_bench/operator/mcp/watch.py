"""An episode, a server task and limits in; watched until the agent is done or gone, or a limit ends the episode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from milo_bench.core.units import seconds
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.run.stop import StopSignal

_WALL = "The time limit was reached."
_NOBODY = "No client connected."
_GONE = "The client disconnected."
_OVER = "The episode is over."


@dataclass(frozen=True)
class ServeLimits:
    """How long is waited for what, in seconds.

    ``wall_s`` runs from the agent's first request; before that, it is how long one is waited for.
    ``idle_s`` is how long an agent over HTTP may say nothing; ``gone_s`` how long one may stay away
    that has closed its session or its stream. Once the episode is over, an agent over HTTP is
    answered for ``linger_s`` after its last request, and never for more than ``idle_s`` in all; one
    over stdio for ``idle_s``, for it says when it leaves.
    """

    wall_s: float = 900.0
    idle_s: float = 300.0
    gone_s: float = 10.0
    linger_s: float = 30.0


class Presence:
    """Who is here over HTTP: requests in flight, the moment of the last one, and whether it said good-bye."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.in_flight = 0
        self.last_s = now_s()
        self.said_goodbye = False
        self.model_at_work = False
        self.changed = asyncio.Event()
        self._now_s = now_s

    @contextmanager
    def here(self) -> Iterator[None]:
        """While a request is answered."""
        self.in_flight += 1
        self.said_goodbye = False
        try:
            yield
        finally:
            self.in_flight -= 1
            self.last_s = self._now_s()
            self.changed.set()

    def goodbye(self) -> None:
        """A session or a stream has ended; the client left, where it was the last thing that it had here."""
        self.said_goodbye = not self.busy
        self.changed.set()

    def model_works(self, works: bool) -> None:
        """The agent has set its model to work, or has its answer; it waits for it, and is here."""
        self.model_at_work = works
        self.last_s = self._now_s()
        self.said_goodbye = False
        self.changed.set()

    @property
    def busy(self) -> bool:
        return self.in_flight > 0 or self.model_at_work


async def until_done(
    episode: OutsideEpisode,
    limits: ServeLimits,
    stop: StopSignal,
    serving: asyncio.Task[None],
    presence: Presence | None = None,
) -> str:
    """Wait until nobody needs ``serving`` any more, and say why in a sentence.

    Ends the episode where a limit says so and where the agent went away. Without ``presence`` the
    end of ``serving`` is how the agent goes; so is a ``stop``, for who starts a stdio server ends it.
    With it a stop is the person's, who takes the episode back: it is left without an ending.
    Raises what ``serving`` raised, but for the errors of a closed pipe.
    """
    changed = presence.changed if presence else asyncio.Event()
    episode.on_change = changed.set
    with stop.calling(changed.set):
        while True:
            changed.clear()
            if serving.done() or stop.requested:
                break
            due_s, why = _next_limit(episode, limits, presence)
            left_s = due_s - episode.now_s()
            if left_s > 0:
                await _first_of(serving, changed, left_s)
            elif why == _WALL:
                episode.end("wall_limit")
            else:
                break
    if serving.done():
        failed = serving.exception()
        if failed is not None and not _only_pipes(failed):
            raise failed
        why = _GONE
    elif stop.requested:
        why = "Stopped."
    if episode.begun and (presence is None or not stop.requested):
        episode.end("left")
    return why


async def _first_of(serving: asyncio.Task[None], changed: asyncio.Event, limit_s: float) -> None:
    waiting = asyncio.ensure_future(changed.wait())
    try:
        await asyncio.wait({serving, waiting}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _next_limit(episode: OutsideEpisode, limits: ServeLimits, presence: Presence | None) -> tuple[float, str]:
    """The moment of the next limit if nothing happens before, and what it means."""
    if episode.started_s is None:
        return limits.wall_s, _NOBODY
    if episode.ended_s is not None:
        if presence is None:
            return episode.ended_s + limits.idle_s, _OVER
        if presence.said_goodbye:
            return presence.last_s, _GONE
        last_s = episode.now_s() if presence.busy else max(episode.ended_s, presence.last_s)
        return min(last_s + limits.linger_s, episode.ended_s + max(limits.linger_s, limits.idle_s)), _OVER
    due = [(episode.started_s + limits.wall_s, _WALL)]
    if presence is not None and not presence.busy:
        if presence.said_goodbye:
            due.append((presence.last_s + limits.gone_s, _GONE))
        due.append((presence.last_s + limits.idle_s, f"The client was idle for {seconds(limits.idle_s)}."))
    return min(due)


def _only_pipes(error: BaseException) -> bool:
    """Whether nothing went wrong but that the other end stopped listening."""
    if isinstance(error, BaseExceptionGroup):
        return all(_only_pipes(part) for part in error.exceptions)
    return isinstance(error, OSError)
