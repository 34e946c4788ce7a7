"""A tree, an environment and Python test files in, what pytest said of each test out; it runs unittest's, too."""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import secrets
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

from milo_bench.core.hashing import sha256_text
from milo_bench.roles.declared import Declared
from milo_bench.roles.languages.calls import RecordedCall, read_calls
from milo_bench.roles.languages.prepared import prepare_environment, unicode_files
from milo_bench.roles.testing import INSIDE, PROGRAMS, ROOT, Isolation, TestRun, TestSetup, read_lines, run_unsafe
from milo_bench.sandbox import Mount, SandboxCommand, SandboxLimits, SandboxOutcome, run_sandboxed

_METADATA: Final = "/milo-metadata"
# Read at once: an upgrade of this package while tests run must not mix two versions of them.
_PROGRAMS: Final = {name: (INSIDE / name).read_bytes() for name in ("run_tests.py", "record_calls.py")}
_RUNNER: Final = _PROGRAMS["run_tests.py"]
_CANARIES: Final = (INSIDE / "test_canary.py").read_bytes()
_CANARY_TESTS: Final = 9
_NAMES: Final = ("watch", "judges", "values", "doors", "asserts", "others")
_PARTS: Final = {name: (INSIDE / f"{name}.py").read_bytes() for name in _NAMES}
DIGEST: Final = sha256_text((_RUNNER + b"".join(_PARTS.values()) + _CANARIES).decode())


@cache
def _compiled_parts() -> dict[str, bytes]:
    """The parts of the runner by file name, as this interpreter compiles them: the environments have the same one."""
    head = importlib.util.MAGIC_NUMBER + bytes(12)
    return {
        f"{name}.pyc": head
        + marshal.dumps(compile(text, f"{PROGRAMS}/{name}.py", "exec", dont_inherit=True, optimize=0))
        for name, text in _PARTS.items()
    }


def run_python(
    tree: Path,
    files: tuple[str, ...],
    setup: TestSetup,
    isolation: Isolation,
    repeats: int,
    *,
    canaries: bool,
    changed: tuple[str, ...] = (),
    only: tuple[str, ...] | None = None,
) -> list[TestRun]:
    """Run ``files`` with pytest, or of their tests ``only`` some, each time in a process of its own.

    What files ``changed`` do to it is watched. Repeats find what the first of them compiled, in the tree's overlay.
    """
    nonce = secrets.token_hex(16)
    asked = {
        "nonce": nonce,
        "files": [f"./{path}" if path.startswith("-") else path for path in files],
        "only": only,
        "addopts": setup.addopts,
        "root": str(tree) if isolation.unsafe_here else ROOT,
        "canaries": f"{PROGRAMS}/canaries" if canaries else "",
        "canary_tests": _CANARY_TESTS,
        "repeats": repeats,
        "changed": list(changed),
    }
    if isolation.unsafe_here:
        outcome = _run_here(tree, asked, setup, isolation)
    else:
        line = json.dumps(asked).encode() + b"\n"
        command = _command(tree, setup, isolation.limits, compiled=repeats > 1)
        outcome = run_sandboxed(command, stdin=[line])
    return read_lines(outcome, nonce, repeats, canaries=_CANARY_TESTS if canaries else 0)


def record_python_calls(
    tree: Path, files: tuple[str, ...], sources: tuple[str, ...], setup: TestSetup, isolation: Isolation
) -> list[RecordedCall]:
    """Calls that the tests in ``files`` make of plain functions in ``sources``. None without the sandbox."""
    if isolation.unsafe_here:
        return []
    nonce = secrets.token_hex(16)
    asked = {"nonce": nonce, "root": ROOT, "files": list(files), "sources": list(sources), "addopts": setup.addopts}
    command = _command(tree, setup, isolation.limits, "record_calls.py")
    outcome = run_sandboxed(command, stdin=[json.dumps(asked).encode() + b"\n"])
    return [call for _, call in read_calls(outcome, nonce)] if outcome.ending == "exited" else []


def _command(
    tree: Path, setup: TestSetup, limits: SandboxLimits, program: str = "run_tests.py", *, compiled: bool = False
) -> SandboxCommand:
    python, interpreter = setup.environment.python, _interpreter()
    prepare_environment(setup.environment, interpreter)
    files = {f"{PROGRAMS}/{name}": code for name, code in _compiled_parts().items()}
    files[f"{PROGRAMS}/{program}"] = _PROGRAMS[program]
    files[f"{PROGRAMS}/canaries/{_canary_name()}"] = _CANARIES
    files |= {f"{_METADATA}/{name}": text.encode() for name, text in _metadata(setup.declared).items()}
    kept = unicode_files(setup.environment.folder).items()
    files |= {f"{ROOT}/.hypothesis/{path}": content for path, content in kept}
    return SandboxCommand(
        words=(str(python), *(() if compiled else ("-B",)), "-s", "-P", f"{PROGRAMS}/{program}"),
        read_only=(*interpreter, Mount(setup.environment.folder)),
        overlays=(Mount(tree, ROOT),),
        files=files,
        environment=_variables(ROOT, _METADATA, setup, compiled=compiled),
        folder=ROOT,
        limits=limits,
    )


def _canary_name() -> str:
    """A name that no module has, so that none can be in its place."""
    return f"test_{secrets.token_hex(8)}.py"


def _variables(root: str, metadata: str, setup: TestSetup, *, compiled: bool = False) -> dict[str, str]:
    folders = [f"{root}/{folder}".rstrip("/") for folder in setup.source_folders]
    return {
        "PYTHONPATH": os.pathsep.join([*folders, metadata]),
        "PYTHONHASHSEED": "0",
        **({} if compiled else {"PYTHONDONTWRITEBYTECODE": "1"}),
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
    empty = INSIDE / "nothing"
    folders = {base / "lib" / version / "site-packages", given / "lib" / version / "site-packages"}
    folders |= {*Path("/usr/lib").glob("python3*/*-packages"), *Path("/usr/local/lib").glob("python3*/*-packages")}
    mounts += [Mount(empty, str(folder)) for folder in sorted(folders) if folder.is_dir()]
    return tuple(mounts)


def _run_here(tree: Path, asked: dict[str, Any], setup: TestSetup, isolation: Isolation) -> SandboxOutcome:
    """The same without a sandbox: only a time limit is left. The user asked for it by name."""
    with tempfile.TemporaryDirectory(prefix="milo-unsafe-") as name:
        folder = Path(name)
        (folder / "canaries").mkdir()
        (folder / "canaries" / _canary_name()).write_bytes(_CANARIES)
        (folder / "run_tests.py").write_bytes(_RUNNER)
        for part, content in _compiled_parts().items():
            (folder / part).write_bytes(content)
        for path, text in _metadata(setup.declared).items():
            (folder / "metadata" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "metadata" / path).write_text(text)
        if asked["canaries"]:
            asked["canaries"] = str(folder / "canaries")
        variables = {"HOME": name, "LANG": "C.UTF-8", "TZ": "UTC", "TMPDIR": name}
        variables |= _variables(str(tree), str(folder / "metadata"), setup)
        words = [str(setup.environment.python), "-B", "-s", "-P", str(folder / "run_tests.py")]
        line = json.dumps(asked).encode() + b"\n"
        return run_unsafe(words, line, variables, isolation.limits)
