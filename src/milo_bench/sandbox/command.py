"""What is run in the sandbox, what it may see and use, and how it ended, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

SCRATCH = "/tmp"  # noqa: S108  a tmpfs of the sandbox's own, never the machine's

SandboxEnding: TypeAlias = Literal[
    "exited",  # by itself; ``exit_code`` says how
    "wall_time",
    "cpu_time",
    "memory",
    "processes",
    "output",
]


@dataclass(frozen=True)
class Mount:
    """A file or folder of this machine, and the absolute path that it has inside (its own, unless ``at`` is given)."""

    source: Path
    at: str = ""

    @property
    def inside(self) -> str:
        return self.at or str(self.source.absolute())


@dataclass(frozen=True)
class SandboxLimits:
    """What a command may use, all its processes together; whoever passes a bound is killed.

    ``memory_bytes`` counts what is resident plus what lies in the scratch space, and bounds the data segment of each
    process. ``processes`` counts threads as well. ``scratch_bytes`` is the size of each writable place; a program
    that fills one gets ENOSPC. ``cpu_s`` is processor time, which a busy machine does not lengthen; None sets no bound.
    """

    wall_s: float = 60.0
    cpu_s: float | None = None
    memory_bytes: int = 1 << 30
    processes: int = 64
    output_bytes: int = 4 << 20
    scratch_bytes: int = 256 << 20
    open_files: int = 256


@dataclass(frozen=True)
class SandboxCommand:
    """A program with its arguments, and the world that it gets.

    ``read_only`` are seen as they are; ``overlays`` can be written inside, and what is written is gone afterwards.
    When root runs it, the program is another user: what it reads must be readable by others, and overlays are
    copied for it first. When an ordinary user runs it, an overlay's files must be that user's own to be changed.
    ``files`` are contents by absolute path, read-only. ``environment`` is all the program gets, beside PATH, HOME,
    LANG and TZ. ``folder`` is where it starts. Later mounts may lie inside earlier ones.
    """

    words: tuple[str, ...]
    read_only: tuple[Mount, ...] = ()
    overlays: tuple[Mount, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = SCRATCH
    limits: SandboxLimits = SandboxLimits()


@dataclass(frozen=True)
class SandboxOutcome:
    """How a command ended. ``exit_code`` is 128 + N after signal N, and None for one that was killed here.

    ``stdout`` is empty where the caller took it chunk by chunk. ``peak_memory_bytes`` is the most that was seen.
    ``cpu_s`` is processor time, known where a limit on time was exceeded.
    """

    ending: SandboxEnding
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    wall_s: float
    peak_memory_bytes: int
    cpu_s: float | None = None

    @property
    def ok(self) -> bool:
        """It ended by itself, with exit code 0."""
        return self.ending == "exited" and self.exit_code == 0
