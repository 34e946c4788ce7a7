"""A folder of files, an environment and test files in, each test's outcome out; run in the sandbox, nowhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from milo_bench.core import units
from milo_bench.core.errors import PrerequisiteError
from milo_bench.roles.declared import Declared
from milo_bench.roles.environments import MinedEnvironment
from milo_bench.sandbox import SandboxEnding, SandboxLimits, SandboxOutcome

ROOT: Final = "/repository"
PROGRAMS: Final = "/milo"
INSIDE: Final = Path(__file__).parent / "inside"
# Processor time is what judges: a busy machine does not lengthen it. Wall time only ends what hangs.
TEST_LIMITS: Final = SandboxLimits(
    wall_s=240.0,
    cpu_s=60.0,
    memory_bytes=2 << 30,
    processes=96,
    output_bytes=8 << 20,
    scratch_bytes=512 << 20,
    open_files=512,
)

TestOutcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Isolation:
    """How code that others wrote is run. ``unsafe_here`` runs it without a sandbox, as the user said it may."""

    unsafe_here: bool = False
    limits: SandboxLimits = TEST_LIMITS


@dataclass
class TestRun:
    """How each test ended, by its name. ``broken`` says why the run as a whole tells nothing, "" where it does.

    ``tampered`` are signs that the answer did something to its tests, ``patched`` canaries that passed. ``ended`` says
    that the runner reached its end by itself.
    """

    outcomes: dict[str, TestOutcome] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    uncollected: dict[str, str] = field(default_factory=dict)
    patched: list[str] = field(default_factory=list)
    tampered: list[str] = field(default_factory=list)
    canaries: int = 0
    canaries_wanted: int = 0
    ended: bool = False
    broken: str = ""
    wall_s: float = 0.0

    @property
    def passed(self) -> frozenset[str]:
        return frozenset(name for name, outcome in self.outcomes.items() if outcome == "passed")

    @property
    def framework_patched(self) -> bool:
        """The run came to its end, but a test that must fail did not."""
        return bool(self.patched) or (self.ended and self.canaries < self.canaries_wanted)


@dataclass(frozen=True)
class TestSetup:
    """What running tests needs besides the files: the environment, what was declared, how ``pytest`` is called."""

    environment: MinedEnvironment
    declared: Declared
    source_folders: tuple[str, ...] = ("",)
    addopts: str = ""


def read_lines(outcome: SandboxOutcome, nonce: str, repeats: int, *, canaries: int) -> list[TestRun]:
    """What a runner inside told, line by line; ``canaries`` tests must have failed after the others."""
    runs = [TestRun(wall_s=outcome.wall_s / repeats, canaries_wanted=canaries) for _ in range(repeats)]
    for line in outcome.stdout.split(b"\n"):
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if not isinstance(said, dict) or said.get("nonce") != nonce:
            continue
        turn = said.get("turn")
        if isinstance(turn, int) and 0 <= turn < repeats:
            _take(said, runs[turn])
    for run in runs:
        if outcome.ending != "exited":
            run.broken = exceeded(outcome)
        elif not run.ended and not run.broken:
            last = outcome.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            run.broken = f"the test process ended before its tests did (exit code {outcome.exit_code}): {last[:200]}"
    return runs


def exceeded(outcome: SandboxOutcome) -> str:
    """Which limit ended the tests, and how much of it they used where that is time."""
    match outcome.ending:
        case "cpu_time":
            return f"the tests exceeded the limit on processor time: {units.seconds(outcome.cpu_s or 0.0)} used"
        case "wall_time" if outcome.cpu_s is not None:
            used = f"{units.seconds(outcome.wall_s)} passed, {units.seconds(outcome.cpu_s)} of processor time used"
            return f"the tests exceeded the limit on wall time: {used}"
    return f"the tests exceeded the limit on {outcome.ending.replace('_', ' ')}"


def _take(said: dict[str, Any], run: TestRun) -> None:
    name = str(said.get("test", ""))
    match said.get("kind"):
        case "test":
            # A test may tell twice: a failing teardown takes its pass back.
            if run.outcomes.get(name) != "failed":
                run.outcomes[name] = said["outcome"]
            if said.get("why"):
                run.reasons[name] = str(said["why"])
        case "canary":
            run.canaries += 1
            if said["outcome"] != "failed":
                run.patched.append(name)
        case "tampered":
            run.tampered.append(str(said.get("why", ""))[:200])
        case "uncollected":
            run.uncollected[name] = str(said.get("why", ""))
        case "broken":
            run.broken = str(said.get("why", ""))
        case "end":
            run.ended = True


def times(limits: SandboxLimits, repeats: int) -> SandboxLimits:
    """The limits of ``repeats`` runs in one sandbox: those on time are for each of them."""
    cpu_s = None if limits.cpu_s is None else limits.cpu_s * repeats
    return replace(limits, wall_s=limits.wall_s * repeats, cpu_s=cpu_s)


def run_unsafe(
    words: Sequence[str],
    line: bytes,
    variables: Mapping[str, str],
    limits: SandboxLimits,
    *,
    folder: Path | None = None,
) -> SandboxOutcome:
    """Run a test program without a sandbox: only the time limit is left. The user asked for it by name.

    What it started and left behind is killed with it. Raises PrerequisiteError if it cannot be started.
    """
    began = time.monotonic()
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(line)
        stdin.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603  --unsafe-here
                words, stdin=stdin, stdout=stdout, stderr=stderr, env=variables, cwd=folder, start_new_session=True
            )
        except OSError as error:
            raise PrerequisiteError(f"Cannot start {words[0]}: {error.strerror}.", hint="mine again.") from None
        try:
            process.wait(limits.wall_s)
            ending: SandboxEnding = "exited"
        except subprocess.TimeoutExpired:
            ending = "wall_time"
        finally:
            _kill_all(process)
        wall_s = time.monotonic() - began
        stdout.seek(0)
        stderr.seek(0)
        said, complained = stdout.read(limits.output_bytes + 1), stderr.read(limits.output_bytes)
    if len(said) > limits.output_bytes:
        ending = "output"
    exit_code = process.returncode if ending == "exited" else None
    return SandboxOutcome(ending, exit_code, said, complained, wall_s, 0)


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):  # not on Windows
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def source_folders(paths: frozenset[str], projects: Sequence[str] = ("",)) -> tuple[str, ...]:
    """Where packages are: each project's ``src`` and ``lib`` where the tree has them, its own folder, and the top."""
    found = []
    for project in dict.fromkeys((*projects, "")):
        inside = [f"{project}/{name}" if project else name for name in ("src", "lib")]
        found += [*(folder for folder in inside if any(path.startswith(f"{folder}/") for path in paths)), project]
    return tuple(found)
