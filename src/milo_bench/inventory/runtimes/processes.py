"""The process table in, the model servers that run with their start commands out; secrets hidden."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

from milo_bench.core.hiding import shown_argv, shown_environment
from milo_bench.inventory.environment import changes_behaviour
from milo_bench.inventory.records import Process, Processes
from milo_bench.inventory.runtimes.signs import runtime_of

_ENVIRONMENT_LIMIT = 4000


def read_processes(table: Iterable[psutil.Process] | None = None) -> Processes:
    """``table`` is the machine's where none is given. Arguments and variables that may not be read are said."""
    servers: list[Process] = []
    refused = 0
    for process in psutil.process_iter() if table is None else table:
        try:
            argv = process.cmdline()
        except psutil.AccessDenied:
            refused += 1
            continue
        except (psutil.Error, OSError):
            continue  # it ended while we looked, or is a zombie
        runtime = runtime_of(argv)
        if runtime is None:
            continue
        unknown: dict[str, str] = {}
        try:
            env = process.environ()
        except (psutil.Error, OSError, ValueError):
            env = {}
            unknown["environment"] = f"no permission to read the environment of process {process.pid}"
        names = [name for name in list(env)[:_ENVIRONMENT_LIMIT] if changes_behaviour(name)]
        servers.append(
            Process(
                runtime=runtime,
                argv=shown_argv(argv),
                pid=process.pid,
                program=_ask(process, "exe"),
                user=_ask(process, "username"),
                environment=shown_environment(env, names),
                unknown=unknown,
            )
        )
    found = tuple(sorted(servers, key=lambda server: (server.runtime, server.argv, server.pid)))
    problem = {"processes": f"no permission to read the command lines of {refused} processes"} if refused else {}
    return Processes(found, problem)


def _ask(process: psutil.Process, what: str) -> str:
    try:
        return str(getattr(process, what)() or "")
    except (psutil.Error, OSError, KeyError):
        return ""


def server_programs(processes: Processes) -> list[Path]:
    """The programs that the servers were started from."""
    return [Path(server.program) for server in processes.servers if server.program]
