"""An environment in, the same with what its test tools would work out in every run, made once and in the sandbox.

pytest compiles the packages of its plugins, and Hypothesis goes through Unicode.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file
from milo_bench.roles.environments import MinedEnvironment, alone_in
from milo_bench.roles.testing import INSIDE, PROGRAMS
from milo_bench.sandbox import Mount, SandboxCommand, SandboxLimits, run_sandboxed

_MADE: Final = "milo-prepared"
_KEPT: Final = "milo-hypothesis"  # what Hypothesis keeps, by its place there
_PROGRAM: Final = "prepare_packages.py"
_MOST_BYTES: Final = 1 << 20
_UNICODE: Final = re.compile(r"unicode_data/[\w.]+/[\w.-]+\.gz")
_TAIL: Final = re.compile(r"\.[\w-]+-pytest-[\w.]+\.pyc")
_LIMITS: Final = SandboxLimits(
    wall_s=300.0,
    memory_bytes=2 << 30,
    processes=8,
    output_bytes=128 << 20,
    scratch_bytes=1 << 20,
    open_files=512,
)


def prepare_environment(environment: MinedEnvironment, interpreter: tuple[Mount, ...]) -> None:
    """Do once what every run would do. Where that fails, every run does it as before."""
    made = environment.folder / _MADE
    if made.exists():
        return
    # Others may have made it, or none may write it.
    with suppress(OSError, PrerequisiteError), alone_in(environment.folder):
        if made.exists():
            return
        outcome = run_sandboxed(
            SandboxCommand(
                words=(str(environment.python), "-B", "-s", "-P", f"{PROGRAMS}/{_PROGRAM}"),
                read_only=(*interpreter, Mount(environment.folder)),
                files={f"{PROGRAMS}/{_PROGRAM}": (INSIDE / _PROGRAM).read_bytes()},
                environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                folder="/tmp",  # noqa: S108  the sandbox's own
                limits=_LIMITS,
            )
        )
        for line in outcome.stdout.split(b"\n")[:-1] if outcome.ending == "exited" else ():
            _write(line, environment.folder)
        write_file(made, "")


@lru_cache(maxsize=64)
def unicode_files(folder: Path) -> Mapping[str, bytes]:
    """What Hypothesis keeps of Unicode in a prepared environment, by its path below ``.hypothesis``."""
    root = folder / _KEPT
    return {place.relative_to(root).as_posix(): place.read_bytes() for place in root.glob("unicode_data/*/*.gz")}


def _write(line: bytes, folder: Path) -> None:
    """Put one compiled file beside its source, which must be below ``folder``, and a file of Unicode into its own."""
    with suppress(ValueError, KeyError, TypeError):
        said = json.loads(line)
        if "kept" in said:
            kept, content = str(said["kept"]), base64.b64decode(said["data"])
            if _UNICODE.fullmatch(kept) and len(content) <= _MOST_BYTES:
                place = folder / _KEPT / kept
                place.parent.mkdir(exist_ok=True, parents=True, mode=0o755)
                write_file(place, content, mode=0o644)
            return
        source, tail, data = Path(said["file"]), str(said["tail"]), base64.b64decode(said["data"])
        if source.suffix == ".py" and source.resolve().is_relative_to(folder.resolve()) and _TAIL.fullmatch(tail):
            (source.parent / "__pycache__").mkdir(exist_ok=True, mode=0o755)
            write_file(source.parent / "__pycache__" / f"{source.stem}{tail}", data, mode=0o644)
