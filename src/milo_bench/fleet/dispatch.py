"""What happened on the fleet in, what to hand to which worker out; an attempt that kills its workers is found. Pure.

A worker is given as many attempts as its server takes at once, and a few ahead, so that it never waits for the next
one. When a worker dies, what it had is handed to others. An attempt that was at work in two workers as they died is
then sent alone, so that others do not suffer for it or be blamed; at the third death it is given up.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from milo_bench.core.records import AttemptKey

ALONE_AFTER: Final = 2  # deaths of a worker with the attempt at work
GIVEN_UP_AFTER: Final = 3


def ahead_of(concurrency: int) -> int:
    """Attempts that a worker holds beyond those at work: enough for the time that one more takes to reach it."""
    return 2 + concurrency // 2


@dataclass(frozen=True, slots=True)
class Give:
    """DispatchInstruction: hand the attempt to the worker."""

    worker: str
    key: AttemptKey


@dataclass(frozen=True, slots=True)
class TakeBack:
    """DispatchInstruction: the worker is not to go on with the attempt."""

    worker: str
    key: AttemptKey


@dataclass(frozen=True, slots=True)
class GiveUpAttempt:
    """DispatchInstruction: the attempt fails; ``deaths`` workers died while it was at work."""

    key: AttemptKey
    deaths: int


DispatchInstruction: TypeAlias = Give | TakeBack | GiveUpAttempt


@dataclass
class _Worker:
    name: str
    targets: frozenset[str]
    held: dict[AttemptKey, None] = field(default_factory=dict)  # in the order in which they were given
    alone: bool = False  # has one attempt that killed others
    dead: bool = False

    def serves(self, target: str) -> bool:
        return target in self.targets and not self.dead

    def at_work(self, concurrency: int) -> list[AttemptKey]:
        """Of each target the first ones: a worker takes them in their order."""
        counts: Counter[str] = Counter()
        found = []
        for key in self.held:
            counts[key.target] += 1
            if counts[key.target] <= concurrency:
                found.append(key)
        return found


class Dispatch:
    """The state machine. Feed it events in the order they happen; carry out what it returns."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._most = concurrency + ahead_of(concurrency)
        self._workers: dict[str, _Worker] = {}
        self._waiting: dict[str, deque[AttemptKey]] = {}
        self._suspects: dict[str, deque[AttemptKey]] = {}
        self._deaths: Counter[AttemptKey] = Counter()
        self._with: dict[AttemptKey, str] = {}

    def serves(self, target: str) -> bool:
        """Whether any worker has ``target``."""
        return any(worker.serves(target) for worker in self._workers.values())

    def living(self, target: str = "") -> list[str]:
        """Names of the workers that live, with ``target`` only those that have it."""
        return [one.name for one in self._workers.values() if not one.dead and (not target or target in one.targets)]

    def slots(self, target: str) -> int:
        """How many attempts of ``target`` the workers of now can hold."""
        return self._most * sum(worker.serves(target) for worker in self._workers.values())

    def joined(self, worker: str, targets: Collection[str]) -> list[DispatchInstruction]:
        """A worker is ready."""
        self._workers[worker] = _Worker(worker, frozenset(targets))
        return self._fill(targets)

    def asked(self, key: AttemptKey) -> list[DispatchInstruction]:
        """An attempt is to be made."""
        self._waiting.setdefault(key.target, deque()).append(key)
        return self._fill([key.target])

    def finished(self, key: AttemptKey) -> list[DispatchInstruction]:
        """An attempt ended, here or in what a dead worker left."""
        self._deaths.pop(key, None)
        self._let_go(key)
        return self._fill([key.target])

    def withdrawn(self, key: AttemptKey) -> list[DispatchInstruction]:
        """An attempt is not wanted any more."""
        worker = self._with.get(key)
        self._let_go(key)
        back: list[DispatchInstruction] = [] if worker is None else [TakeBack(worker, key)]
        return [*back, *self._fill([key.target])]

    def died(self, worker: str) -> None:
        """A worker died. What it had stays with it until it is known what it had ended."""
        self._workers[worker].dead = True

    def lost(self, worker: str) -> list[DispatchInstruction]:
        """What a dead worker still had is handed on, first of all."""
        gone = self._workers.pop(worker, None)
        if gone is None:
            return []
        found: list[DispatchInstruction] = []
        guilty = [key for key in gone.at_work(self._concurrency) if not gone.alone or len(gone.held) == 1]
        self._deaths.update(guilty)
        for key in reversed(gone.held):
            del self._with[key]
            if self._deaths[key] >= GIVEN_UP_AFTER:
                found.append(GiveUpAttempt(key, self._deaths.pop(key)))
            elif self._deaths[key] >= ALONE_AFTER:
                self._suspects.setdefault(key.target, deque()).appendleft(key)
            else:
                self._waiting.setdefault(key.target, deque()).appendleft(key)
        return [*found, *self._fill({key.target for key in gone.held})]

    def _let_go(self, key: AttemptKey) -> None:
        name = self._with.pop(key, None)
        if name is None:
            for queues in (self._waiting, self._suspects):
                queue = queues.get(key.target)
                if queue is not None and key in queue:
                    queue.remove(key)
            return
        worker = self._workers[name]
        del worker.held[key]
        worker.alone = worker.alone and bool(worker.held)

    def _fill(self, targets: Iterable[str]) -> list[DispatchInstruction]:
        return [one for target in targets for one in (*self._give_suspects(target), *self._give(target))]

    def _give_suspects(self, target: str) -> Iterable[DispatchInstruction]:
        """One at a time, each to a worker that has nothing else."""
        queue = self._suspects.get(target)
        for worker in self._workers.values() if queue else ():
            if queue and worker.serves(target) and not worker.held:
                worker.alone = True
                yield self._hand(worker, queue.popleft())

    def _give(self, target: str) -> Iterable[DispatchInstruction]:
        queue = self._waiting.get(target)
        while queue:
            # While an attempt waits to be sent alone, one worker is left to run empty for it.
            free = [worker for worker in self._workers.values() if worker.serves(target) and not worker.alone]
            if self._suspects.get(target) and not any(worker.alone for worker in self._workers.values()):
                free = free[1:]
            room = [(self._held(worker, target), worker.name, worker) for worker in free]
            held, _, worker = min(room, default=(self._most, "", None))
            if worker is None or held >= self._most:
                return
            yield self._hand(worker, queue.popleft())

    def _held(self, worker: _Worker, target: str) -> int:
        if len(worker.targets) == 1:
            return len(worker.held)
        return sum(key.target == target for key in worker.held)

    def _hand(self, worker: _Worker, key: AttemptKey) -> DispatchInstruction:
        worker.held[key] = None
        self._with[key] = worker.name
        return Give(worker.name, key)
