"""What a repository declares in, a folder of installed packages out, made once for each declaration and kept.

Only wheels are installed, so no code of a package runs while it is built. The repository's own package is not
installed at all, and is taken out where a dependency brought it along: its later version would hold the answer.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from milo_bench.core.errors import MiloError, PrerequisiteError
from milo_bench.core.file_lock import lock_file
from milo_bench.core.files import write_errors, write_file
from milo_bench.core.hashing import sha256_data
from milo_bench.roles.declared import Declared
from milo_bench.roles.languages.javascript.packages import (
    find_node,
    finish,
    install_words,
    node_version,
    npm_environment,
)

_INSTALL_S: Final = 600
_VERSION: Final = 3  # goes up when what is put into the folder changes
_READY: Final = "milo-environment.json"


class EnvironmentFailed(MiloError):
    """A declared environment that cannot be installed: a reason to reject a case, never a crash."""


@dataclass(frozen=True)
class MinedEnvironment:
    """A virtual environment. ``digest`` is of what was asked for; ``packages`` is what was installed."""

    digest: str
    folder: Path
    packages: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"


def environment_digest(declared: Declared) -> str:
    """What makes two declarations the same environment."""
    own = _canonical(declared.name)
    if declared.language != "python":
        node = node_version(find_node()) if declared.language == "javascript" else ""
        lock = [
            _VERSION,
            declared.files,
            msgspec.to_builtins(declared.command),
            own,
            node,
            declared.runner,
            list(declared.options),
        ]
        if declared.linked or any(declared.folders):  # of several projects in one tree
            lock += [list(declared.folders), sorted(declared.linked)]
        return sha256_data([declared.language, lock, platform.machine(), sys.platform]).removeprefix("sha256:")[:16]
    asked = [_VERSION, list(declared.requirements), own, platform.python_version(), platform.machine(), sys.platform]
    asked += [sorted(declared.linked)] if declared.linked else []
    return sha256_data(asked).removeprefix("sha256:")[:16]


def make_environment(declared: Declared, cache: Path, env: Mapping[str, str]) -> MinedEnvironment:
    """The environment of ``declared`` below ``cache``, installed now unless it is there.

    Raises EnvironmentFailed where it cannot be installed, PrerequisiteError where ``cache`` cannot be written.
    """
    digest = environment_digest(declared)
    folder = cache / digest
    with write_errors(cache):
        cache.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        ready = folder / _READY
        if ready.is_file():
            known = json.loads(ready.read_text())
            return MinedEnvironment(digest, folder, tuple(known["packages"]))
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _install(declared, folder, env)
        except EnvironmentFailed:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return mark_ready(folder, declared)


def mark_ready(folder: Path, declared: Declared) -> MinedEnvironment:
    """Say that the packages in ``folder`` are all there; the repository's own one is taken out first."""
    names: list[str] = []
    if declared.language == "javascript":
        names += finish(folder, declared)
    for packages in folder.glob("lib/python*/site-packages"):
        names += _without_own(packages, declared)
    ready = folder / _READY
    write_file(ready, json.dumps({"packages": names, "requirements": declared.requirements}), mode=0o644)
    return MinedEnvironment(folder.name, folder, tuple(names))


def _without_own(packages: Path, declared: Declared) -> list[str]:
    """What is installed in ``packages``, after the repository's own distributions were taken out."""
    names = []
    own = {_canonical(one) for one in (declared.name, *declared.linked)}
    for info in sorted(packages.glob("*.dist-info")):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        if _canonical(name) in own:
            _remove(info, packages)
        else:
            names.append(f"{_canonical(name)}=={version}")
    return names


def find_environment(digest: str, cache: Path) -> MinedEnvironment | None:
    """The installed environment with that digest, None where this machine has none."""
    ready = cache / digest / _READY
    if not re.fullmatch(r"[0-9a-f]{16}", digest) or not ready.is_file():
        return None
    known = json.loads(ready.read_text())
    return MinedEnvironment(digest, cache / digest, tuple(known["packages"]))


def _install(declared: Declared, folder: Path, env: Mapping[str, str]) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    if declared.language == "javascript":
        words = install_words(declared, folder, env)
        if words:
            _run(words, npm_environment(env))
        return
    if declared.command is not None:
        return
    _run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(folder)], env)
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(declared.requirements) + "\n")
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv", path=env.get("PATH"))
    if uv is not None:
        words = [uv, "pip", "install", "--quiet", "--python", python, "--only-binary", ":all:", "--compile-bytecode"]
    else:
        words = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--only-binary", ":all:"]
        words += ["--disable-pip-version-check", "--no-input"]
    _run([*words, "-r", str(wanted)], env)


def _remove(info: Path, packages: Path) -> None:
    """Take a distribution out, file by file as its own record lists them; never outside the package folder."""
    root = packages.resolve()
    for line in (info / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines():
        path = (packages / line.rsplit(",", 2)[0]).resolve()
        if path.is_relative_to(root) and path.is_file():
            path.unlink()
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                compiled.unlink()
    shutil.rmtree(info, ignore_errors=True)


def _run(words: list[str], env: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603  python's own venv, and an ordinary package client
            words, capture_output=True, text=True, timeout=_INSTALL_S, check=False, env=dict(env), errors="replace"
        )
    except subprocess.TimeoutExpired:
        raise EnvironmentFailed(f"installing took longer than {_INSTALL_S} s") from None
    except OSError as error:
        raise PrerequisiteError(f"Cannot start {words[0]}: {error.strerror}.", hint="check the path.") from None
    if done.returncode:
        raise EnvironmentFailed(f"what the repository declares cannot be installed: {_why(done.stderr or done.stdout)}")


def _why(said: str) -> str:
    """A client's own words, without warnings and without addresses: an index's may carry a password."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and "warning" not in line.lower()]
    return re.sub(r"\b[a-z+]+://\S+", "…", " ".join(lines))[-300:]


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process at a time changes an environment; the others wait, and find it made."""
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        lock_file(file.fileno(), wait=True)
        yield


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
