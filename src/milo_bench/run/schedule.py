"""What happened in, what to do next out: which attempt to send, when to give a target up, when all is done.

Pure: no clock, no network. Each target keeps up to ``concurrency`` attempts in flight (a closed
loop), on a fleet as many as its servers have slots. Targets on one machine share a lane: they would
take processor and memory from each other, so they take turns in blocks, and each runs alone with its
full concurrency. Lanes run side by side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from milo_bench.core.records import AttemptKey, FailureKind

GIVE_UP_AFTER: Final = 5
BLOCK: Final = 4  # times concurrency: long enough to fill the slots, short enough that drift hits all alike

# The target is not there, or will not have us: the next attempt would end the same way.
UNREACHABLE: Final[frozenset[FailureKind]] = frozenset(
    {"connect_refused", "connect_timeout", "outside_network", "server_died", "auth", "not_found"}
)
# The same request would get the same answer.
NOT_RETRIED: Final[frozenset[FailureKind]] = frozenset(
    {"context_overflow", "auth", "not_found", "rejected", "cut_while_thinking", "template_refused"}
)


class Begin(Struct, frozen=True):
    """Event: the targets are ready."""


class AttemptRecorded(Struct, frozen=True):
    """Event: an attempt was recorded; ``failure`` is its kind, None where an answer came."""

    key: AttemptKey
    failure: FailureKind | None = None


class Cancelled(Struct, frozen=True):
    """Event: an attempt in flight was cancelled and not recorded."""

    key: AttemptKey


class Stop(Struct, frozen=True):
    """Event: send nothing more."""


class Withdraw(Struct, frozen=True):
    """Event: nothing more of ``fixtures`` is to be sent to ``target``; what is in flight goes on."""

    target: str
    fixtures: frozenset[str]


class Extend(Struct, frozen=True):
    """Event: ``keys`` are to be sent too, after what is waiting."""

    keys: tuple[AttemptKey, ...]


class Warmed(Struct, frozen=True):
    """Event: ``target`` was asked something after a switch, and its runtime has its model loaded now."""

    target: str


class Warm(Struct, frozen=True):
    """Instruction: ask ``target`` one token before anything of the plan; its runtime may have to load its model."""

    target: str


class Send(Struct, frozen=True):
    """Instruction: send this attempt now."""

    key: AttemptKey


class GiveUp(Struct, frozen=True):
    """Instruction: tell that ``target`` gets nothing more; ``unsent`` of its attempts stay open."""

    target: str
    failure: FailureKind
    consecutive: int
    unsent: int


class Drained(Struct, frozen=True):
    """Instruction: nothing is in flight and nothing will be sent. ``complete`` if the plan is done."""

    complete: bool


ScheduleEvent: TypeAlias = Begin | AttemptRecorded | Cancelled | Warmed | Withdraw | Extend | Stop
Instruction: TypeAlias = Send | Warm | GiveUp | Drained


class _Queue:
    """One target's attempts: those to send, those in flight."""

    def __init__(self, target: str, *, whole: bool = False) -> None:
        self.target = target
        self.whole = whole  # its runtime holds one model at a time: its work is done in one piece
        self.waiting: deque[AttemptKey] = deque()
        self.in_flight: set[AttemptKey] = set()
        self.unreachable_in_a_row = 0
        self.given_up = False

    @property
    def sendable(self) -> bool:
        return bool(self.waiting) and not self.given_up


class _Lane:
    """Targets that take turns; ``turn`` has ``block_left`` sends before the next one's turn.

    The work of a target whose runtime holds one model at a time is done in one piece, after a warm-up; the one that
    started last comes first, because its model is loaded.
    """

    def __init__(self, queues: Sequence[_Queue], slots: Callable[[str], int]) -> None:
        whole = [queue for queue in queues if queue.whole]
        self.queues = [*reversed(whole), *(queue for queue in queues if not queue.whole)]
        self.warm = self.queues[0].target if whole else ""
        self.warming = ""
        self.slots = slots
        self.turns = len(queues) > 1
        self.turn = 0
        self.block_left = self._block()

    def _block(self) -> int:
        """How many the target whose turn it is sends before the next one's turn."""
        return BLOCK * self.slots(self.queues[self.turn].target)

    def sends(self) -> list[Send | Warm]:
        sent: list[Send | Warm] = []
        while not self.warming:
            queue = self.queues[self.turn]
            if queue.whole and queue.sendable and self.warm != queue.target:
                self.warming = queue.target
                return [*sent, Warm(queue.target)]
            if queue.whole:
                self.block_left = self._block()
            slots = self.slots(queue.target)
            while queue.sendable and len(queue.in_flight) < slots and (self.block_left > 0 or not self.turns):
                key = queue.waiting.popleft()
                queue.in_flight.add(key)
                self.block_left -= 1
                sent.append(Send(key))
                if queue.whole:
                    self.block_left = self._block()
            turn_over = not queue.sendable or (self.turns and self.block_left <= 0)
            # The next one starts only when this one's last answer is in.
            if queue.in_flight or not turn_over or not any(q.sendable for q in self.queues):
                return sent
            self.turn = (self.turn + 1) % len(self.queues)
            self.block_left = self._block()
        return sent


class Schedule:
    """The state machine. Feed it events in the order they happen; carry out what it returns, in order."""

    def __init__(
        self,
        keys: Sequence[AttemptKey],
        *,
        concurrency: int,
        lanes: Mapping[str, str],
        slots: Callable[[str], int] | None = None,
        retries: int = 0,
        done: Mapping[AttemptKey, FailureKind | None] | None = None,
        give_up_after: int = GIVE_UP_AFTER,
        retry_after: int | None = None,
        whole: Collection[str] = (),
    ) -> None:
        """``keys``: the plan's first tries in order; ``lanes``: target to lane; ``done``: what the log holds.

        ``slots`` says how many attempts a target may have in flight now, ``concurrency`` unless given.

        ``whole`` are targets whose runtime holds one model at a time, in the order in which they started.
        ``retry_after`` is how many others of its target come before a retry, None for all that wait.
        """
        self._retry_after = retry_after
        self._done = done or {}
        self._retries = retries
        self._give_up_after = give_up_after
        self._queues: dict[str, _Queue] = {}
        self._stopped = False
        self._drained = False
        finished = done or {}
        for key in keys:
            queue = self._queues.setdefault(key.target, _Queue(key.target, whole=key.target in whole))
            due = self._due(key, finished)
            if due is not None:
                queue.waiting.append(due)
        by_lane: dict[str, list[_Queue]] = {}
        for target, queue in self._queues.items():
            by_lane.setdefault(lanes.get(target, target), []).append(queue)
        slots = slots or (lambda target: concurrency)
        self._lanes = [_Lane(queues, slots) for queues in by_lane.values()]
        self._lane_of = {queue.target: lane for lane in self._lanes for queue in lane.queues}

    def _due(self, key: AttemptKey, finished: Mapping[AttemptKey, FailureKind | None]) -> AttemptKey | None:
        """The first try or retry of ``key`` that is still to be made."""
        while key in finished:
            again = self._retry_of(key, finished[key])
            if again is None:
                return None
            key = again
        return key

    def _retry_of(self, key: AttemptKey, failure: FailureKind | None) -> AttemptKey | None:
        if failure is None or failure in NOT_RETRIED or key.retry >= self._retries:
            return None
        return msgspec.structs.replace(key, retry=key.retry + 1)

    @property
    def in_flight(self) -> int:
        return sum(len(queue.in_flight) for queue in self._queues.values())

    @property
    def unsent(self) -> int:
        """Attempts that were not sent, or were cancelled."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    def handle(self, event: ScheduleEvent) -> list[Instruction]:
        """What to do about ``event``. Raises ValueError for an attempt that is not in flight."""
        instructions: list[Instruction] = []
        lanes = self._lanes
        if isinstance(event, Withdraw):
            self._withdraw(event)
            return []  # what they leave or bring is sent at the next event
        if isinstance(event, Extend):
            self._extend(event)
            return []
        if isinstance(event, AttemptRecorded):
            instructions += self._finished(event)
            lanes = [self._lane_of[event.key.target]]
        elif isinstance(event, Cancelled):
            queue = self._landed(event.key)
            queue.waiting.appendleft(event.key)
            lanes = []
        elif isinstance(event, Warmed):
            lanes = [self._lane_of[event.target]]
            lanes[0].warm, lanes[0].warming = event.target, ""
        elif isinstance(event, Stop):
            self._stopped = True
        if not self._stopped:
            instructions += [instruction for lane in lanes for instruction in lane.sends()]
        if self._is_drained() and not self._drained:
            self._drained = True
            instructions.append(Drained(complete=self.unsent == 0))
        return instructions

    def _withdraw(self, event: Withdraw) -> None:
        queue = self._queues.get(event.target)
        if queue is not None:
            queue.waiting = deque(key for key in queue.waiting if key.fixture not in event.fixtures)

    def _extend(self, event: Extend) -> None:
        for key in event.keys:
            due = self._due(key, self._done)
            if due is not None:
                self._queues[key.target].waiting.append(due)

    def _is_drained(self) -> bool:
        if any(queue.in_flight for queue in self._queues.values()) or any(lane.warming for lane in self._lanes):
            return False
        return self._stopped or not any(queue.sendable for queue in self._queues.values())

    def _landed(self, key: AttemptKey) -> _Queue:
        queue = self._queues.get(key.target)
        if queue is None or key not in queue.in_flight:
            raise ValueError(f"{key} is not in flight")
        queue.in_flight.remove(key)
        return queue

    def _finished(self, event: AttemptRecorded) -> list[Instruction]:
        queue = self._landed(event.key)
        again = self._retry_of(event.key, event.failure)
        if again is not None:
            # To the end: without a clock, the attempts in between are the pause before a retry.
            place = len(queue.waiting) if self._retry_after is None else self._retry_after
            queue.waiting.insert(place, again)
        if event.failure is None or event.failure not in UNREACHABLE:
            queue.unreachable_in_a_row = 0
            return []
        queue.unreachable_in_a_row += 1
        if queue.given_up or not queue.waiting or queue.unreachable_in_a_row < self._give_up_after:
            return []
        queue.given_up = True
        return [GiveUp(queue.target, event.failure, queue.unreachable_in_a_row, len(queue.waiting))]
