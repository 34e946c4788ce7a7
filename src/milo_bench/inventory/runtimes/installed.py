"""PATH, installed packages and folders in, the runtimes found with version out; nothing of them is imported."""

from __future__ import annotations

import hashlib
import importlib.metadata
import plistlib
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from milo_bench.inventory.reading import Commands, explain_error, run_command
from milo_bench.inventory.records import Runtime, RuntimeName, Runtimes
from milo_bench.inventory.runtimes.signs import PACKAGES, PROGRAMS

_TIMEOUT_S = 5.0
_END = 1 << 16
_VERSION_ARGUMENTS: Mapping[str, Sequence[str]] = {
    "ollama": ("--version",),
    "llama-server": ("--version",),
    "llama-cli": ("--version",),
    "lms": ("version",),
}


def read_runtimes(
    env: Mapping[str, str],
    *,
    commands: Commands = run_command,
    extra_programs: Iterable[Path] = (),
    applications: Sequence[Path] = (Path("/Applications/LM Studio.app"),),
) -> Runtimes:
    """Programs on PATH of ``env`` and ``extra_programs`` (those of running servers), packages of this
    Python and of the Pythons behind the programs, applications by their property list."""
    found: list[Runtime] = []
    programs = list(programs_on_path(env))
    known = {path.resolve() for _, path in programs}
    for path in extra_programs:
        name = next((name for name, program in PROGRAMS if program == path.name), None)
        if name is not None and path.resolve() not in known and path.is_file():
            known.add(path.resolve())
            programs.append((name, path))
    for name, path in programs:
        found.append(_program(name, path, commands))
    found += python_packages()
    for application in applications:
        if application.is_dir():
            found.append(_application(application))
    return Runtimes(tuple(found))


def programs_on_path(env: Mapping[str, str]) -> Iterable[tuple[RuntimeName, Path]]:
    for name, program in PROGRAMS:
        place = shutil.which(program, path=env.get("PATH", ""))
        if place is not None:
            yield name, Path(place)


def python_packages(search: Sequence[str] | None = None) -> list[Runtime]:
    """Runtimes among the distributions of this Python, or of the site-packages folders in ``search``."""
    found = []
    for name, package in PACKAGES:
        if search is None:
            try:
                distribution = importlib.metadata.distribution(package)
            except importlib.metadata.PackageNotFoundError:
                continue
        else:
            matching = importlib.metadata.distributions(name=package, path=list(search))
            first = next(iter(matching), None)
            if first is None:
                continue
            distribution = first
        version = distribution.version or ""
        where = f"{package} in {distribution.locate_file('')}".rstrip("/")
        found.append(
            Runtime(name, ("package"), where, version, unknown="" if version else "its metadata does not name it")
        )
    return found


def _program(name: RuntimeName, path: Path, commands: Commands) -> Runtime:
    identity = program_identity(path)
    arguments = _VERSION_ARGUMENTS.get(path.name)
    if arguments is None:
        # Starting vLLM or SGLang for its version takes many seconds; its metadata says the same.
        wanted = {package for runtime, package in PACKAGES if runtime == name}
        beside = [item for item in python_packages(site_packages_of(path)) if item.where.split(" ")[0] in wanted]
        version = beside[-1].version if beside else ""
        why = "" if version else "it has no package metadata"
        return Runtime(name, "program", str(path), version, identity, why)
    ran = commands([str(path), *arguments], _TIMEOUT_S)
    version = parse_version(path.name, f"{ran.output}\n{ran.errors}")
    return Runtime(
        name, ("program"), str(path), version, identity, "" if version else ran.why or "it does not print a version"
    )


def parse_version(program: str, text: str) -> str:
    """The version in what ``program --version`` prints, exactly as printed."""
    if program.startswith("llama-"):
        found = re.search(r"^version:\s*(\d+ \([0-9a-f]+\)|\S+)", text, flags=re.MULTILINE)
    elif program == "ollama":
        found = re.search(r"version is v?(\d\S*)", text)
    else:
        found = re.search(r"\bv?(\d+\.\d+[\w.+-]*)|\bCLI commit: (\w+)", text)
    return next((group for group in found.groups() if group), "") if found else ""


def site_packages_of(program: Path) -> list[str]:
    """Site-packages of the environment whose bin folder holds ``program``, or that its first line names."""
    prefixes = [program.parent.parent, program.resolve().parent.parent]
    try:
        with program.open("rb") as file:
            line = file.readline(400)
        if line.startswith(b"#!/"):
            words = line[2:].decode("utf-8", "replace").split()
            if words:
                prefixes.insert(0, Path(words[0]).parent.parent)
    except OSError:
        pass  # the prefixes beside it are still worth a look
    folders = (str(folder) for prefix in prefixes for folder in sorted(prefix.glob("lib/python3*/site-packages")))
    return list(dict.fromkeys(folders))


def program_identity(path: Path) -> str:
    """``BYTES:HASH`` of a program: its size and the SHA-256 of its first and last 64 KiB, first 16 digits.

    Tells builds apart in microseconds, without starting them; no proof against somebody's intent.
    """
    try:
        size = path.stat().st_size
        digest = hashlib.sha256()
        with path.open("rb") as file:
            digest.update(file.read(_END))
            if size > _END:
                file.seek(max(_END, size - _END))
                digest.update(file.read(_END))
    except OSError:
        return ""
    return f"{size}:{digest.hexdigest()[:16]}"


def _application(path: Path) -> Runtime:
    place = path / "Contents" / "Info.plist"
    try:
        with place.open("rb") as file:
            version = str(plistlib.load(file).get("CFBundleShortVersionString", ""))
    except OSError as error:
        return Runtime("lm-studio", "application", str(path), unknown=explain_error(error, place))
    except (plistlib.InvalidFileException, ValueError, AttributeError):
        version = ""
    return Runtime(
        ("lm-studio"), "application", str(path), version, unknown="" if version else "Info.plist does not name it"
    )
