"""What a run tells whoever listens: one uniform stream, in the order in which things happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from milo_bench.core.records import Attempt, AttemptKey, FailureKind, RunEnd, RunHeader, Telemetry, Warmup, WorkEnd


@dataclass(frozen=True, slots=True)
class TargetsStarting:
    """Targets are being connected or launched; nothing is written yet."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The log is open. ``total`` counts first tries planned, ``done`` those that the log held already.

    ``messages`` are what taking up the log had to say (a torn line cut, another tool version), and what is left of
    a limit of minutes.
    """

    header: RunHeader
    total: int
    done: int
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FixturesWithheld:
    """Sensitive fixtures that ``target``, being hosted, is not sent; the plan says so too."""

    target: str
    fixtures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    key: AttemptKey
    at_s: float


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """An attempt is on its way to the log. ``attempt`` is whole: before redaction or hashing."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class TelemetrySampled:
    sample: Telemetry


@dataclass(frozen=True, slots=True)
class RetryWaits:
    """A retry is not sent before ``seconds`` have passed: longer each time, and as long as the server asked for."""

    key: AttemptKey
    seconds: float


@dataclass(frozen=True, slots=True)
class TargetWarmed:
    """``warmup`` is on its way to the log: the first request after a runtime changed its model."""

    warmup: Warmup


@dataclass(frozen=True, slots=True)
class TargetStopped:
    """``target`` gets nothing more: ``consecutive`` attempts in a row ended in ``failure``.

    ``unsent`` of its attempts stay open; a resume sends them.
    """

    target: str
    failure: FailureKind
    consecutive: int
    unsent: int


@dataclass(frozen=True, slots=True)
class OpenGate:
    """A gate that is undecided after ``asked`` fixtures: its value so far, and how many it needs in all, if known."""

    gate: str
    value: str
    threshold: str
    needs: int | None = None


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A workload on a target whose gates are not all decided yet."""

    target: str
    workload: str
    asked: int
    gates: tuple[OpenGate, ...]


@dataclass(frozen=True, slots=True)
class WorkLooked:
    """The gates were judged once more; ``open`` is all work that goes on."""

    open: tuple[OpenWork, ...]


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """No more of a workload is sent to a target: ``withdrawn`` attempts of the plan are not needed."""

    end: WorkEnd
    withdrawn: int


@dataclass(frozen=True, slots=True)
class WorkAdded:
    """``attempts`` on ``fixtures`` fresh fixtures of ``workload`` were added to the plan."""

    workload: str
    fixtures: int
    attempts: int


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """The run ends because its budget is spent; ``said`` names it."""

    said: str


@dataclass(frozen=True, slots=True)
class RunStopping:
    """A stop was asked for; ``in_flight`` attempts have ``grace_s`` to end."""

    in_flight: int
    grace_s: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """Nothing is in flight. ``unsent`` attempts of the plan are open."""

    end: RunEnd
    unsent: int


RunEvent: TypeAlias = (
    TargetsStarting
    | RunStarted
    | FixturesWithheld
    | AttemptStarted
    | AttemptFinished
    | TelemetrySampled
    | TargetStopped
    | TargetWarmed
    | RetryWaits
    | WorkLooked
    | WorkEnded
    | WorkAdded
    | BudgetSpent
    | RunStopping
    | RunEnded
)
RunListener: TypeAlias = Callable[[RunEvent], None]
