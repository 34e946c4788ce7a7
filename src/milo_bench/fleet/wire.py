"""What goes between a run and its workers, as records and their bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from milo_bench.core.chat import ChatRequest, Exchange
from milo_bench.core.records import Attempt, AttemptKey, Behaviour, Frozen, RunHeader, TargetRecord, Timeouts


class WorkerOrder(Frozen, frozen=True):
    """What a worker is made of: its targets' settings as bench.yaml has them, and its places on the node."""

    name: str
    targets: dict[str, dict[str, Any]]
    concurrency: int
    folder: str  # of relative paths in the settings
    segments: str = ""
    cold: bool = False
    version: str = ""


class AttemptJob(Frozen, frozen=True):
    """One attempt to be made, with everything of it that is known before the answer."""

    draft: Attempt
    request: ChatRequest
    timeouts: Timeouts
    zero_s: float  # the run's zero on the monotonic clock of the machine that started it


class Beside(Frozen, frozen=True):
    """One request beside the plan: a warm-up, or a probe of the cache."""

    request: ChatRequest
    timeouts: Timeouts
    zero_s: float


class WorkerReady(Frozen, frozen=True):
    """What the targets of a worker say of themselves once they run."""

    records: tuple[TargetRecord, ...]


class Collected(Frozen, frozen=True):
    """Attempts that ended, and what is wrong with the worker's own disk; "" where nothing is."""

    attempts: list[Attempt]
    problem: str = ""


BESIDE = msgspec.msgpack.Decoder(Beside)
EXCHANGE = msgspec.msgpack.Decoder(Exchange)
BEHAVIOUR = msgspec.msgpack.Decoder(Behaviour)
JOBS = msgspec.msgpack.Decoder(list[AttemptJob])
ATTEMPTS = msgspec.msgpack.Decoder(list[Attempt])
COLLECTED = msgspec.msgpack.Decoder(Collected)
KEYS = msgspec.msgpack.Decoder(list[AttemptKey])
WORKER_ORDER = msgspec.msgpack.Decoder(WorkerOrder)
WORKER_READY = msgspec.msgpack.Decoder(WorkerReady)
HEADER = msgspec.msgpack.Decoder(RunHeader)
encode = msgspec.msgpack.Encoder().encode
