"""A fault schedule: each fault sees the calls of an episode and says when it interrupts one, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from milo_bench.operator.worlds.records import CallMade, Landed
from milo_bench.operator.worlds.world import Seen, ToolFailure, World


class ProviderFailure(Exception):
    """The way between the operator and its model broke. ``forgets`` drops what the operator could see so far."""

    def __init__(self, code: str, message: str, *, forgets: bool) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.forgets = forgets


class Fault:
    """A named fault. It lands once at least, or the trial is void.

    ``before`` and ``after`` stand around every call that passed its checks; they may raise
    ToolFailure (the operator sees an error result) or ProviderFailure (it sees a notice).
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def begin(self, world: World) -> None:
        """Called once, before the first call."""

    def before(self, world: World, call: CallMade) -> None:
        """Called before the tool runs; raising keeps it from running."""

    def after(self, world: World, call: CallMade, seen: Seen) -> Seen:
        """Called after the tool ran; raising loses the reply, not the effect."""
        return seen

    def breaks_provider_at(self, tool: str) -> bool:
        """Whether the next call of ``tool`` would meet a ProviderFailure of this fault; asking changes nothing."""
        return False

    def land(self, world: World, call: CallMade | None = None) -> None:
        world.log.append(Landed(world.now_s, self.name, call.n if call else 0))


class Planted(Fault):
    """A trap that lies in the state from the start."""

    def begin(self, world: World) -> None:
        self.land(world)


class _Nth(Fault):
    """A fault at the ``nth`` call of one tool, once."""

    def __init__(self, name: str, tool: str, nth: int) -> None:
        super().__init__(name)
        self.tool = tool
        self.nth = nth
        self.seen_calls = 0

    def is_now(self, call: CallMade) -> bool:
        if call.tool != self.tool:
            return False
        self.seen_calls += 1
        return self.seen_calls == self.nth


class _ProviderNth(_Nth):
    """A fault of the way between operator and model, at the ``nth`` call of one tool."""

    def breaks_provider_at(self, tool: str) -> bool:
        return tool == self.tool and self.seen_calls + 1 == self.nth


class SessionLost(_ProviderNth):
    """The provider answers 503 and the session starts again with the brief alone.

    With ``commits`` the call in flight took effect before that; without, it did not.
    """

    def __init__(self, name: str, tool: str, nth: int, *, commits: bool) -> None:
        super().__init__(name, tool, nth)
        self.commits = commits

    def _break(self, world: World, call: CallMade) -> None:
        self.land(world, call)
        message = (
            "HTTP 503 from the model provider. The session was started again; earlier results are not in it. "
            "The call in flight may or may not have taken effect."
        )
        raise ProviderFailure("provider_503", message, forgets=True)

    def before(self, world: World, call: CallMade) -> None:
        if not self.commits and self.is_now(call):
            self._break(world, call)

    def after(self, world: World, call: CallMade, seen: Seen) -> Seen:
        if self.commits and self.is_now(call):
            self._break(world, call)
        return seen


class ShortContext(_ProviderNth):
    """A fallback model with a smaller context takes over; what was said before is dropped, the call is not made."""

    def before(self, world: World, call: CallMade) -> None:
        if self.is_now(call):
            self.land(world, call)
            message = "The provider fell back to a model with a smaller context; earlier messages were dropped."
            raise ProviderFailure("fallback_context", message, forgets=True)


class CutCall(_ProviderNth):
    """The stream ends inside a tool call: the operator sees a broken piece of its own call.

    Nothing ran; with ``commits`` the whole call did.
    """

    def __init__(self, name: str, tool: str, nth: int, *, field: str, keep: int, commits: bool = False) -> None:
        super().__init__(name, tool, nth)
        self.field = field
        self.keep = keep
        self.commits = commits

    def before(self, world: World, call: CallMade) -> None:
        if not self.commits and self.is_now(call):
            self._cut(world, call)

    def after(self, world: World, call: CallMade, seen: Seen) -> Seen:
        if self.commits and self.is_now(call):
            self._cut(world, call)
        return seen

    def _cut(self, world: World, call: CallMade) -> None:
        self.land(world, call)
        others = {name: value for name, value in call.arguments.items() if name != self.field}
        head = msgspec.json.encode({"tool": call.tool, "arguments": others}).decode()[:-2]
        value = msgspec.json.encode(call.arguments.get(self.field, "")).decode()
        shown = value[: self.keep + value.startswith('"')]
        cut = f'{head}{"," if others else ""}"{self.field}":{shown}'
        raise ProviderFailure("stream_cut", f"The stream ended early. Received so far: {cut}", forgets=False)


class ReplyLost(_Nth):
    """The reply of a call never comes; with ``commits`` the tool did its work, without it did not."""

    def __init__(self, name: str, tool: str, nth: int, *, commits: bool) -> None:
        super().__init__(name, tool, nth)
        self.commits = commits

    def before(self, world: World, call: CallMade) -> None:
        if not self.commits and self.is_now(call):
            self._lose(world, call)

    def after(self, world: World, call: CallMade, seen: Seen) -> Seen:
        if self.commits and self.is_now(call):
            self._lose(world, call)
        return seen

    def _lose(self, world: World, call: CallMade) -> None:
        self.land(world, call)
        raise ToolFailure("timeout", "No reply within 30 seconds. The outcome is not known.")


class RateLimited(_Nth):
    """From the ``nth`` call of a tool on it answers 429 until ``retry_after_s`` have passed."""

    def __init__(self, name: str, tool: str, nth: int, *, retry_after_s: int) -> None:
        super().__init__(name, tool, nth)
        self.retry_after_s = retry_after_s
        self.free_at_s: float | None = None

    def before(self, world: World, call: CallMade) -> None:
        if call.tool != self.tool:
            return
        if self.is_now(call):
            self.land(world, call)
            self.free_at_s = world.now_s + self.retry_after_s
        if self.free_at_s is not None and world.now_s < self.free_at_s:
            left_s = int(self.free_at_s - world.now_s) + 1
            raise ToolFailure("rate_limited", "HTTP 429. Too many calls.", retry_after_s=left_s)


class Spoiled(Fault):
    """Every reply of a tool but the first ``skip`` ones has its data replaced, at most ``times`` of them if given."""

    def __init__(
        self,
        name: str,
        tool: str,
        replace: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        skip: int = 0,
        times: int | None = None,
    ) -> None:
        super().__init__(name)
        self.tool = tool
        self.replace = replace
        self.skip = skip
        self.times = times

    def after(self, world: World, call: CallMade, seen: Seen) -> Seen:
        if call.tool != self.tool:
            return seen
        if self.skip > 0:
            self.skip -= 1
            return seen
        if self.times is not None:
            if self.times == 0:
                return seen
            self.times -= 1
        self.land(world, call)
        return Seen(self.replace(seen.data), seen.subjects, seen.as_of_s)


class WorldMoves(_Nth):
    """After the ``nth`` call of a tool something else changes the world."""

    def __init__(self, name: str, tool: str, nth: int, change: Callable[[World], None]) -> None:
        super().__init__(name, tool, nth)
        self.change = change

    def after(self, world: World, call: CallMade, seen: Seen) -> Seen:
        if self.is_now(call):
            self.land(world, call)
            self.change(world)
        return seen
