"""A kind of input, a seed and numbers in; what broke, was lost, or took more than its time or memory out."""

from __future__ import annotations

import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final, TypeAlias

SECONDS: Final = 1.0  # of processor time for one input
MEMORY_BYTES: Final = 192 << 20  # by which one input may raise the process's peak
_STOP_S: Final = 20.0  # an input that takes longer is ended
_ADDRESS_SPACE_BYTES: Final = 6 << 30

Throw: TypeAlias = Callable[[Random, Path], None]


class Lost(Exception):
    """A parser took the input and left out, or changed, something that was in it."""


class _TooLong(BaseException):
    """The input was ended; a BaseException, so that no parser takes it for one of its own errors."""


@dataclass(frozen=True)
class Kind:
    """One kind of input. ``throw`` makes one and gives it to its parsers; their own errors are an answer.

    ``share`` is how many of all inputs are of this kind, before all shares are made to add up to 1. ``prepare`` makes
    what all inputs share, once a process and at no input's cost. ``draws`` is for kinds that render charts: V8 reserves
    more addresses than the limit has, and ends its process where it gets none.
    """

    name: str
    throw: Throw
    share: float
    prepare: Callable[[], object] | None = None
    draws: bool = False


@dataclass(frozen=True)
class Fault:
    """What one input showed. ``alike`` is the same for faults with one cause."""

    kind: str
    number: int
    what: str
    alike: str

    @property
    def name(self) -> str:
        """What ``--only`` takes to throw this input again."""
        return f"{self.kind}:{self.number}"


def _limit_memory(kind: Kind) -> None:
    """A parser that goes wild gets a MemoryError instead of the machine."""
    most = resource.RLIM_INFINITY if kind.draws else _ADDRESS_SPACE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def throw_one(kind: Kind, seed: int, number: int, folder: Path) -> Fault | None:
    """Throw input ``number`` of ``kind``. The same seed and number make the same input."""
    signal.signal(signal.SIGPROF, _stop)
    random = Random(f"{seed}/{kind.name}/{number}")
    signal.setitimer(signal.ITIMER_PROF, _STOP_S)
    before = _peak_bytes()
    began = time.process_time()
    try:
        kind.throw(random, folder)
    except _TooLong as error:
        return Fault(kind.name, number, f"not done after {_STOP_S:.0f} s of processor time", f"time {_where(error)}")
    except Exception as error:
        said = f"{type(error).__name__}: {str(error)[:200]!r}"
        return Fault(kind.name, number, f"{said} {_where(error)}", f"{type(error).__name__} {_where(error)}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    taken = time.process_time() - began
    if taken > SECONDS:
        return Fault(kind.name, number, f"{taken:.1f} s of processor time", "time")
    grown = _peak_bytes() - before
    if grown > MEMORY_BYTES:
        return Fault(kind.name, number, f"{grown >> 20} MiB more memory", "memory")
    return None


def throw_all(kinds: Iterable[tuple[Kind, range]], seed: int, folder: Path) -> list[Fault]:
    """Throw the numbered inputs of each kind; the process must be its own, because memory is limited and measured."""
    found = []
    for kind, numbers in kinds:
        mine = folder / f"{kind.name}-{os.getpid()}"
        mine.mkdir(parents=True, exist_ok=True)
        _limit_memory(kind)
        if kind.prepare is not None:
            kind.prepare()
        found += [fault for number in numbers if (fault := throw_one(kind, seed, number, mine)) is not None]
    return found


def _stop(number: int, frame: FrameType | None) -> None:
    raise _TooLong


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _where(error: BaseException) -> str:
    """The innermost line of the product that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "milo_bench" in frame.filename] or list(frames)
    last = own[-1]
    return f"at {Path(last.filename).name}:{last.lineno} {last.name}"
