"""The processes behind a local port in, their arguments, variables and open files out, as far as we may look."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

# Settings of llama-server and Ollama, and where models are; nothing else of an environment is read.
_VARIABLES: Final = ("LLAMA_ARG_", "OLLAMA_", "HF_HOME", "HF_HUB_CACHE", "HOME")
_MOST_MAPPED: Final = 20_000


@dataclass(frozen=True)
class ServingProcess:
    """One process of a server. ``mapped`` are the files in its memory with their inodes; ``started_s`` counts from
    the epoch, ``folder`` is its working directory."""

    pid: int
    argv: tuple[str, ...]
    folder: str = ""
    started_s: float = 0.0
    variables: Mapping[str, str] = field(default_factory=dict)
    mapped: Mapping[str, int] = field(default_factory=dict)

    def place_of(self, path: str) -> Path:
        """Where we reach the file that this process calls ``path``: its own root may be a container's."""
        absolute = os.path.normpath(Path(self.folder or "/") / path)
        through = Path(f"/proc/{self.pid}/root{absolute}")
        try:
            return through if through.exists() else Path(absolute)
        except OSError:
            return Path(absolute)


def read_processes(pids: Iterable[int]) -> tuple[ServingProcess, ...]:
    """The processes ``pids`` and all their children. What ended, or is another user's, is left out."""
    found: dict[int, ServingProcess] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
        except (psutil.Error, OSError):
            continue
        for member in family:
            if member.pid not in found and (seen := _read(member)) is not None:
                found[member.pid] = seen
    return tuple(found.values())


def _read(process: psutil.Process) -> ServingProcess | None:
    try:
        argv, started_s = tuple(process.cmdline()), process.create_time()
    except (psutil.Error, OSError):
        return None
    try:
        folder = process.cwd()
    except (psutil.Error, OSError):
        folder = ""
    try:
        variables = {name: value for name, value in process.environ().items() if name.startswith(_VARIABLES)}
    except (psutil.Error, OSError, ValueError):
        variables = {}
    return ServingProcess(process.pid, argv, folder, started_s, variables, _mapped(process.pid))


def _mapped(pid: int) -> dict[str, int]:
    """Files in a process's memory with their inodes; empty where the system has no /proc or does not let us look."""
    found: dict[str, int] = {}
    try:
        with Path(f"/proc/{pid}/maps").open(encoding="utf-8", errors="surrogateescape") as file:
            for number, line in enumerate(file):
                if number >= _MOST_MAPPED:
                    break
                # address, permissions, offset, device, inode, path: proc_pid_maps(5)
                fields = line.rstrip("\n").split(maxsplit=5)
                if len(fields) == 6 and fields[5].startswith("/"):
                    found[fields[5]] = int(fields[4])
    except (OSError, ValueError):
        return {}
    return found
