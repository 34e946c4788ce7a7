"""How many requests a target may have at once in, whose turn it is out: fair between keys, bounded in every way."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict, deque

from milo_bench.gateway.wire.flow import in_task
from milo_bench.gateway.wire.replies import ApiError


class Gate:
    """Places at one target. Who waits is served in turn by key, so that one key cannot keep the others out."""

    def __init__(self, most: int | None, *, most_waiting: int, most_wait_s: float) -> None:
        self.most = most
        self.inside = 0
        self._most_waiting, self._most_wait_s = most_waiting, most_wait_s
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self.waiting = 0
        self._mean_s = 1.0  # how long a place is held, smoothed

    @property
    def has_room(self) -> bool:
        """Whether a place is free for who comes now."""
        return self.most is None or (self.inside < self.most and not self.waiting)

    def take(self) -> float:
        """Enter at once, where there is room; when, on the monotonic clock."""
        self.inside += 1
        return time.monotonic()

    async def enter(self, key: str) -> float:
        """Wait for a place; when it was entered, on the monotonic clock. Raises ApiError 429 with an estimate."""
        if self.has_room:
            return self.take()
        await in_task()  # before anything is counted: others come meanwhile
        if self.has_room:
            return self.take()
        if self.waiting >= self._most_waiting:
            raise self._full("The queue of this target is full.")
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(place)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._most_wait_s):
                await place
        except TimeoutError:
            self._give_up(key, place)
            raise self._full("No place at this target became free in time.") from None
        except asyncio.CancelledError:
            self._give_up(key, place)
            raise
        return time.monotonic()

    def leave(self, entered_s: float) -> None:
        self._mean_s += 0.1 * (time.monotonic() - entered_s - self._mean_s)
        self.inside -= 1
        if self._waiting:
            self._next()

    def bound(self, most: int | None) -> None:
        """Set another number of places; who waits gets those that are new."""
        self.most = most
        self._next()

    def estimate_s(self) -> float:
        """How long a request that came now would wait."""
        most = self.most or 1
        return self._mean_s * (self.waiting + 1) / most

    def _next(self) -> None:
        while self._waiting and (self.most is None or self.inside < self.most):
            key, places = next(iter(self._waiting.items()))
            place = places.popleft()
            self._waiting.move_to_end(key)
            if not places:
                del self._waiting[key]
            self.waiting -= 1
            if not place.done():
                self.inside += 1
                place.set_result(None)

    def _give_up(self, key: str, place: asyncio.Future[None]) -> None:
        if place.done() and not place.cancelled():  # the place came in the same moment: pass it on
            self.inside -= 1
            self._next()
            return
        places = self._waiting.get(key)
        if places is not None and place in places:
            places.remove(place)
            self.waiting -= 1
            if not places:
                del self._waiting[key]

    def _full(self, message: str) -> ApiError:
        after_s = max(1, math.ceil(self.estimate_s()))
        hint = f"try again in about {after_s} s."
        return ApiError(429, message, code="busy", hint=hint, headers={"Retry-After": str(after_s)})
