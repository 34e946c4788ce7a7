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
    """The folders of the running interpreter that the sandbox does not have anyway, outer ones first."""
    paths = sysconfig.get_paths()
    wanted = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix), Path(sys.base_exec_prefix)}
    wanted |= {Path(paths["purelib"]), Path(paths["platlib"]), Path(paths["stdlib"])}
    # Package folders that a .pth file adds; other entries of sys.path may be anybody's.
    wanted |= {Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    # The interpreter may be a link into a folder that none of these is.
    wanted.add(Path(sys.executable).resolve().parent.parent)
    kept: list[Path] = []
    for path in sorted(wanted, key=lambda path: len(path.parts)):
        known = (Path("/usr"), *kept)
        if path.is_dir() and len(path.parts) > 1 and not any(path.is_relative_to(outer) for outer in known):
            kept.append(path)
    return tuple(Mount(path) for path in kept)
