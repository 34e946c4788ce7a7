"""A process that has imported the tool and forks for each command, so that no test waits for the imports again.

What a fork runs is what the installed script runs: its own process, arguments, folder, environment, streams and exit
code. ``milo`` in ``tests.cli.commands`` is its one caller; this file is the program, ``Zygote`` the caller's end.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, NoReturn

_MOST_BYTES: Final = 1 << 20  # of one request
_NOT_IMPORTED: Final = "milo_bench.store.state."  # alembic runs these
_STREAMS: Final = 4  # standard input, output and error of the command, and where its exit code goes


class Zygote:
    """The caller's end. One a process; it ends with us, since its input closes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BYTES)
        command = [sys.executable, "-m", "tests.cli.forked.zygote", str(theirs.fileno())]
        root = Path(__file__).parents[3]
        alone = {**environment, "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=root, env=alone)
        theirs.close()
        self._socket = ours
        self._lock = threading.Lock()

    def run(
        self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], given: bytes, limit_s: float
    ) -> tuple[int, bytes, bytes]:
        """Exit code, standard output and error of ``milo-bench WORDS``. Raises TimeoutError; -N is signal N."""
        request = json.dumps([list(words), str(folder), dict(environment)]).encode()
        pipes = [os.pipe() for _ in range(_STREAMS)]
        (stdin, to_stdin), (from_out, out), (from_err, err), (from_code, code) = pipes
        with self._lock:
            socket.send_fds(self._socket, [request], [stdin, out, err, code])
        for descriptor in (stdin, out, err, code):
            os.close(descriptor)
        said: dict[int, bytes] = {}

        def read(descriptor: int) -> None:
            with open(descriptor, "rb") as stream:
                said[descriptor] = stream.read()

        readers = [threading.Thread(target=read, args=(one,), daemon=True) for one in (from_out, from_err, from_code)]
        for reader in readers:
            reader.start()
        with contextlib.suppress(BrokenPipeError), os.fdopen(to_stdin, "wb") as stream:
            stream.write(given)
        for reader in readers:
            reader.join(limit_s)
            if reader.is_alive():
                raise TimeoutError(f"milo-bench {' '.join(words)} has not ended within {limit_s:.0f} s")
        return int(said[from_code]), said[from_out], said[from_err]


def _serve(requests: socket.socket) -> None:
    """Fork for each request, and return in the fork that is to run the command."""
    signal.signal(signal.SIGCHLD, _forget_those_that_ended)
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, _MOST_BYTES, _STREAMS)
        if not request:
            sys.exit(0)
        # The watch waits for the command alone, so that commands can run side by side.
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            command = os.fork()
            if command == 0:
                os.close(descriptors.pop())
                _become(json.loads(request), descriptors)
                return
            for descriptor in descriptors[:-1]:
                os.close(descriptor)
            _tell(command, descriptors[-1])
        for descriptor in descriptors:
            os.close(descriptor)


def _forget_those_that_ended(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _tell(command: int, code: int) -> NoReturn:
    _, status = os.waitpid(command, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(code, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: tuple[list[str], str, dict[str, str]], descriptors: Sequence[int]) -> None:
    words, folder, environment = asked
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    # As the interpreter opens them when it starts: whole lines for a terminal, blocks otherwise.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    program = Path(sys.executable).parent / "milo-bench"
    sys.path[0] = str(program.parent)
    sys.argv = [str(program), *words]


def _import_all() -> None:
    """Every module of the tool that the packages installed here let us import."""
    import milo_bench

    for module in pkgutil.walk_packages(milo_bench.__path__, "milo_bench.", onerror=lambda name: None):
        if module.name.startswith(_NOT_IMPORTED):
            continue
        with contextlib.suppress(ImportError):
            import_module(module.name)


def main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads run here, and a fork has only one of them"
    gc.freeze()
    _serve(requests)
    from milo_bench.cli.main import main as run

    try:
        run()
    except SystemExit as leave:
        # The interpreter's own end, but for taking thousands of modules apart.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(leave.code if isinstance(leave.code, int) else 0)


if __name__ == "__main__":
    main()
