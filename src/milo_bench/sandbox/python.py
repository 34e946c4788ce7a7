"""A script for this Python in, the command that runs it in the sandbox out."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from milo_bench.sandbox.command import Mount, SandboxCommand, SandboxLimits

# Inside, at the root: no folder of the machine is called so.
SCRIPTS = "/milo"
_PACKAGES = "/milo-packages"
_PARTS = ("bin", "lib", "lib64", "pyvenv.cfg")


def python_command(
    script: str,
    *,
    files: Mapping[str, bytes],
    limits: SandboxLimits,
    arguments: tuple[str, ...] = (),
    packages: tuple[Path, ...] = (),
) -> SandboxCommand:
    """Run ``script``, one of ``files`` (contents by name), with the interpreter that runs this program.

    It sees that interpreter, its standard library and the packages installed beside it, read-only; not the user's
    folders, and nothing of the working folder. ``packages`` are folders of further packages that it can import, and
    so are packages among ``files``. Its hashes of texts are the same every time.
    """
    mounts = tuple(Mount(package, f"{_PACKAGES}/{package.name}") for package in packages)
    return SandboxCommand(
        words=(sys.executable, "-s", "-P", "-B", f"{SCRIPTS}/{script}", *arguments),
        read_only=(*interpreter_mounts(), *mounts),
        files={f"{SCRIPTS}/{name}": content for name, content in files.items()},
        environment={"PYTHONPATH": f"{SCRIPTS}:{_PACKAGES}", "PYTHONHASHSEED": "0"},
        limits=limits,
    )


def interpreter_mounts() -> tuple[Mount, ...]:
    """What the running interpreter needs of its folders and the sandbox does not have anyway, outer ones first.

    Of an environment only its programs and libraries: it may have been made in a folder of other things.
    """
    paths = sysconfig.get_paths()
    # The interpreter may be a link into a folder that none of its prefixes is.
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix), Path(sys.base_exec_prefix)}
    prefixes.add(Path(sys.executable).resolve().parent.parent)
    wanted = {prefix / part for prefix in prefixes for part in _PARTS}
    wanted |= {Path(paths["purelib"]), Path(paths["platlib"]), Path(paths["stdlib"])}
    # Package folders that a .pth file adds; other entries of sys.path may be anyone's.
    wanted |= {Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    kept: list[Path] = []
    for path in sorted(wanted, key=lambda path: len(path.parts)):
        known = (Path("/usr"), *kept)
        if path.exists() and len(path.parts) > 2 and not any(path.is_relative_to(outer) for outer in known):
            kept.append(path)
    return tuple(Mount(path) for path in kept)
