"""Tool calls in, evidence out, over a state, a virtual clock and an append-only event log."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from milo_bench.core.clock import ManualClock
from milo_bench.operator.worlds.records import CallMade, Changed, LogLine, Wrote

WorldState = dict[str, Any]
_EPOCH = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class ToolFailure(Exception):
    """A tool that answers with an error: a code, a sentence, and details that the operator may read."""

    def __init__(self, code: str, message: str, **details: str | int | float) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: dict[str, Any] = dict(details)


class Seen(Struct, frozen=True):
    """What a tool shows: data, the subjects it is about, and its age where the content is older than the call."""

    data: dict[str, Any]
    subjects: tuple[str, ...] = ()
    as_of_s: float | None = None


class ToolArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of a tool's arguments; unknown names are refused."""


A = TypeVar("A", bound=ToolArguments)


class Tool(Struct, frozen=True):
    """A typed function of the world with a JSON schema. ``cost_s`` is what a call takes on the virtual clock."""

    name: str
    group: str
    description: str
    arguments: type[ToolArguments]
    run: Callable[[World, Any], Seen]
    cost_s: float
    writes: bool

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, with definitions in place."""
        whole = msgspec.json.schema(self.arguments)
        inner: dict[str, Any] = dict(whole["$defs"][self.arguments.__name__])
        others = {name: part for name, part in whole["$defs"].items() if name != self.arguments.__name__}
        return inner | {"$defs": others} if others else inner


def tool(
    group: str, arguments: type[A], description: str, *, cost_s: float = 5.0, writes: bool = False
) -> Callable[[Callable[[World, A], Seen]], Tool]:
    """Make a function a tool; its name is the function's."""

    def make(run: Callable[[World, A], Seen]) -> Tool:
        return Tool(run.__name__, group, description, arguments, run, cost_s, writes)

    return make


@dataclass
class World:
    """The state of one episode. Only tools and scheduled faults change it, and every change leaves a line in the log.

    ``state`` is plain data: section, then name, then fields. ``changed_s`` holds when each subject last changed.
    """

    state: WorldState
    offset_s: float = 0.0
    clock: ManualClock = field(init=False)
    log: list[LogLine] = field(default_factory=list)
    calls: int = 0
    call: CallMade | None = None
    _changed_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = copy.deepcopy(self.state)
        self.clock = ManualClock(_EPOCH + timedelta(seconds=self.offset_s))

    @property
    def now_s(self) -> float:
        return self.clock.monotonic_s()

    def stamp(self, at_s: float) -> str:
        """A moment of the episode as ISO 8601 in UTC; ``at_s`` may lie before the start."""
        moment = _EPOCH + timedelta(seconds=self.offset_s + at_s)
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

    def changed_s(self, subject: str) -> float:
        """When ``subject`` last changed, in seconds of the episode; minus infinity where it never did."""
        return self._changed_s.get(subject, float("-inf"))

    def section(self, name: str) -> dict[str, Any]:
        part: dict[str, Any] = self.state.setdefault(name, {})
        return part

    def entry(self, section: str, name: str, *, noun: str) -> dict[str, Any]:
        """One entry of a section; ToolFailure ``not_found`` where there is none."""
        found = self.section(section).get(name)
        if found is None:
            raise ToolFailure("not_found", f"There is no {noun} '{name}'.")
        whole: dict[str, Any] = found
        return whole

    def wrote(self, subject: str, value: Any) -> None:
        """Put a tool's change on record; the evidence about ``subject`` from before is stale from now on."""
        assert self.call is not None
        self._changed_s[subject] = self.now_s
        self.log.append(Wrote(self.call.n, self.now_s, self.call.tool, subject, copy.deepcopy(value)))

    def moved(self, subject: str) -> None:
        """Put a change on record that no tool made."""
        self._changed_s[subject] = self.now_s
        self.log.append(Changed(self.now_s, subject))
