"""A folder of files, an environment and test files in, each test's outcome out; run in the sandbox, nowhere else."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.hashing import sha256_text
from milo_bench.roles.declared import Declared
from milo_bench.roles.environments import MinedEnvironment
from milo_bench.sandbox import Mount, SandboxCommand, SandboxLimits, SandboxOutcome, run_sandboxed

ROOT: Final = "/repository"
_PROGRAMS: Final = "/milo"
_METADATA: Final = "/milo-metadata"
_INSIDE: Final = Path(__file__).parent / "inside"
_RUNNER: Final = (_INSIDE / "run_tests.py").read_bytes()
_CANARIES: Final = (_INSIDE / "test_canary.py").read_bytes()
CANARIES: Final = 9
TEST_LIMITS: Final = SandboxLimits(
    wall_s=60.0,
    memory_bytes=2 << 30,
    processes=96,
    output_bytes=8 << 20,
    scratch_bytes=512 << 20,
    open_files=512,
)
# What a change of it would judge differently: part of every execution's digest.
RUNNER_DIGEST: Final = sha256_text((_RUNNER + _CANARIES).decode())

TestOutcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Isolation:
    """How code that others wrote is run. ``unsafe_here`` runs it without a sandbox, as the user said it may."""

    unsafe_here: bool = False
    limits: SandboxLimits = TEST_LIMITS


@dataclass
class TestRun:
    """How each test ended, by its name. ``broken`` says why the run as a whole tells nothing, "" where it does.

    ``patched`` are canaries that passed. ``ended`` says that the runner reached its end by itself.
    """

    outcomes: dict[str, TestOutcome] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    uncollected: dict[str, str] = field(default_factory=dict)
    patched: list[str] = field(default_factory=list)
    canaries: int = 0
    ended: bool = False
    broken: str = ""
    wall_s: float = 0.0

    @property
    def passed(self) -> frozenset[str]:
        return frozenset(name for name, outcome in self.outcomes.items() if outcome == "passed")

    @property
    def framework_patched(self) -> bool:
        """The run came to its end, but a test that must fail did not."""
        return bool(self.patched) or (self.ended and self.canaries < CANARIES)


@dataclass(frozen=True)
class TestSetup:
    """What running tests needs besides the files: the environment, what was declared, how ``pytest`` is called."""

    environment: MinedEnvironment
    declared: Declared
    source_folders: tuple[str, ...] = ("",)
    addopts: str = ""


def run_tests(
    tree: Path, files: tuple[str, ...], setup: TestSetup, isolation: Isolation, *, canaries: bool = False
) -> TestRun:
    """Run the test ``files`` of ``tree``. Raises PrerequisiteError where there is no sandbox and none was waived."""
    return run_tests_often(tree, files, setup, isolation, 1, canaries=canaries)[0]


def run_tests_often(
    tree: Path,
    files: tuple[str, ...],
    setup: TestSetup,
    isolation: Isolation,
    repeats: int,
    *,
    canaries: bool = False,
) -> list[TestRun]:
    """As ``run_tests``, ``repeats`` times, each in a process of its own; the limit on time is for each of them."""
    isolation = replace(isolation, limits=replace(isolation.limits, wall_s=isolation.limits.wall_s * repeats))
    nonce = secrets.token_hex(16)
    asked = {
        "nonce": nonce,
        "files": list(files),
        "addopts": setup.addopts,
        "root": str(tree) if isolation.unsafe_here else ROOT,
        "canaries": f"{_PROGRAMS}/canaries" if canaries else "",
        "repeats": repeats,
    }
    if isolation.unsafe_here:
        outcome = _run_here(tree, asked, setup, isolation)
    else:
        line = json.dumps(asked).encode() + b"\n"
        outcome = run_sandboxed(_command(tree, setup, isolation.limits), stdin=[line])
    return _read(outcome, nonce, repeats)


def _command(tree: Path, setup: TestSetup, limits: SandboxLimits) -> SandboxCommand:
    python = setup.environment.python
    files = {f"{_PROGRAMS}/run_tests.py": _RUNNER, f"{_PROGRAMS}/canaries/test_canary.py": _CANARIES}
    files |= {f"{_METADATA}/{name}": text.encode() for name, text in _metadata(setup.declared).items()}
    return SandboxCommand(
        words=(str(python), "-B", "-s", "-P", f"{_PROGRAMS}/run_tests.py"),
        read_only=(*_interpreter(), Mount(setup.environment.folder)),
        overlays=(Mount(tree, ROOT),),
        files=files,
        environment=_variables(ROOT, _METADATA, setup),
        folder=ROOT,
        limits=limits,
    )


def _variables(root: str, metadata: str, setup: TestSetup) -> dict[str, str]:
    folders = [f"{root}/{folder}".rstrip("/") for folder in setup.source_folders]
    return {
        "PYTHONPATH": os.pathsep.join([*folders, metadata]),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{setup.environment.folder}/bin:/usr/local/bin:/usr/bin:/bin",
    }


def _metadata(declared: Declared) -> dict[str, str]:
    """What an installed distribution has beside its files, so that ``importlib.metadata`` finds it."""
    name, version = declared.name, declared.version
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return {f"{folder}/METADATA": text, f"{folder}/entry_points.txt": declared.entry_points + "\n"}


def _interpreter() -> tuple[Mount, ...]:
    """The base interpreter, its standard library, and emptied package folders: one may hold a later version."""
    base = Path(sys.base_prefix).resolve()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    mounts = []
    if not base.is_relative_to("/usr"):
        mounts += [Mount(base / part) for part in ("bin", "lib") if (base / part).is_dir()]
    # The link in the environment may name the interpreter through a folder that is itself a link.
    given = Path(sys.base_prefix)
    if given != base and not given.is_relative_to("/usr"):
        mounts += [Mount(given / part) for part in ("bin", "lib") if (given / part).is_dir()]
    empty = _empty_folder()
    folders = {base / "lib" / version / "site-packages", given / "lib" / version / "site-packages"}
    folders |= {*Path("/usr/lib").glob("python3*/*-packages"), *Path("/usr/local/lib").glob("python3*/*-packages")}
    mounts += [Mount(empty, str(folder)) for folder in sorted(folders) if folder.is_dir()]
    return tuple(mounts)


def _empty_folder() -> Path:
    return _INSIDE / "nothing"


def _run_here(tree: Path, asked: dict[str, Any], setup: TestSetup, isolation: Isolation) -> SandboxOutcome:
    """The same without a sandbox: only a time limit is left. The user asked for it by name."""
    with tempfile.TemporaryDirectory(prefix="milo-unsafe-") as name:
        folder = Path(name)
        (folder / "canaries").mkdir()
        (folder / "canaries" / "test_canary.py").write_bytes(_CANARIES)
        (folder / "run_tests.py").write_bytes(_RUNNER)
        for path, text in _metadata(setup.declared).items():
            (folder / "metadata" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "metadata" / path).write_text(text)
        if asked["canaries"]:
            asked["canaries"] = str(folder / "canaries")
        variables = {"HOME": name, "LANG": "C.UTF-8", "TZ": "UTC", "TMPDIR": name}
        variables |= _variables(str(tree), str(folder / "metadata"), setup)
        words = [str(setup.environment.python), "-B", "-s", "-P", str(folder / "run_tests.py")]
        line = json.dumps(asked).encode() + b"\n"
        try:
            done = subprocess.run(  # noqa: S603  --unsafe-here
                words, input=line, capture_output=True, timeout=isolation.limits.wall_s, check=False, env=variables
            )
        except subprocess.TimeoutExpired as late:
            return SandboxOutcome("wall_time", None, late.stdout or b"", late.stderr or b"", isolation.limits.wall_s, 0)
        except OSError as error:
            raise PrerequisiteError(f"Cannot start {words[0]}: {error.strerror}.", hint="mine again.") from None
        return SandboxOutcome("exited", done.returncode, done.stdout, done.stderr, 0.0, 0)


def _read(outcome: SandboxOutcome, nonce: str, repeats: int) -> list[TestRun]:
    runs = [TestRun(wall_s=outcome.wall_s / repeats) for _ in range(repeats)]
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
            run.broken = f"the tests exceeded the limit on {outcome.ending.replace('_', ' ')}"
        elif not run.ended and not run.broken:
            last = outcome.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            run.broken = f"the test process ended before its tests did (exit code {outcome.exit_code}): {last[:200]}"
    return runs


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
        case "uncollected":
            run.uncollected[name] = str(said.get("why", ""))
        case "broken":
            run.broken = str(said.get("why", ""))
        case "end":
            run.ended = True


def shell_tree(parent: Path) -> Path:
    """A new folder below ``parent`` that the sandbox's user may read."""
    folder = Path(tempfile.mkdtemp(prefix="tree-", dir=parent))
    folder.chmod(0o755)
    return folder


def remove_tree(folder: Path) -> None:
    """Remove a tree; links in it are removed, never followed."""
    shutil.rmtree(folder, ignore_errors=True)


def source_folders(paths: Mapping[str, object] | frozenset[str]) -> tuple[str, ...]:
    """Where packages are: ``src`` and ``lib`` where the tree has Python in them, and the top."""
    return (*(folder for folder in ("src", "lib") if any(p.startswith(f"{folder}/") for p in paths)), "")
