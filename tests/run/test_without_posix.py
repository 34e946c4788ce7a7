"""What Windows and macOS lack is hidden: every part imports, and a run is made, scored, loaded, decided and shown.

Linux alone has the sandbox, and so what runs in it: a suite's own checks and the answers of coders.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Third-party modules come first: they have a part for each system, and this one's needs what is hidden below.
_HIDDEN = """
import asyncio, builtins, concurrent.futures.process, ctypes, getpass, http.server, importlib, io, logging.handlers
import multiprocessing.pool, os, pathlib, select, selectors, shutil, signal, socket, socketserver, ssl, subprocess, sys
import tarfile, tempfile, types, uuid, zipfile
import aiohttp, alembic, httptools, mcp.server.stdio, numpy, psutil, pydantic, sqlalchemy, starlette.testclient

for name in ("uvloop", "fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "curses", "readline"):
    sys.modules[name] = None
locked = []
sys.modules["msvcrt"] = types.SimpleNamespace(
    LK_LOCK=1, LK_NBLCK=2, LK_UNLCK=0, locking=lambda descriptor, mode, count: locked.append(mode)
)
missing = {
    signal: "SIGKILL SIGHUP SIGUSR1 SIGUSR2 SIGQUIT SIGALRM SIGPROF SIGCHLD SIGPIPE SIGXCPU setitimer alarm "
    "pthread_sigmask SIG_BLOCK",
    os: "fork forkpty getuid geteuid getgid getegid getgroups setsid setpgid getpgid killpg wait4 waitid mkfifo mknod "
    "sched_getaffinity nice getloadavg chown fchown fchmod pread pwrite sysconf statvfs O_NOFOLLOW O_DIRECTORY "
    "O_CLOEXEC O_NONBLOCK uname posix_fallocate memfd_create pidfd_open setpriority getpriority WNOHANG",
    select: "epoll poll EPOLLIN",
    socket: "AF_UNIX AF_NETLINK AF_PACKET SO_REUSEPORT",
}
# What asyncio itself takes on this system.
of_this_loop = {"fork", "WNOHANG", "pidfd_open", "SIGKILL", "SIGCHLD", "AF_UNIX", "epoll", "EPOLLIN"}
for module, names in missing.items():
    for name in names.split():
        if hasattr(module, name) and not (KEEP_LOOP and name in of_this_loop):
            delattr(module, name)
really_open = builtins.open
def no_proc(file, *rest, **more):
    ours = not sys._getframe(1).f_globals["__name__"].startswith("psutil")  # which has its own way on each system
    if ours and isinstance(file, (str, pathlib.PurePath)) and str(file).startswith(("/proc", "/sys")):
        raise FileNotFoundError(2, "No such file or directory", str(file))
    return really_open(file, *rest, **more)
builtins.open = io.open = no_proc
"""

_IMPORTS = """
import milo_bench
root = pathlib.Path(milo_bench.__file__).parent
inside = {"run.own_checks.inside", "store.state.env"}  # run by Linux's sandbox, and by alembic
failed = {}
for path in sorted(root.rglob("*.py")):
    name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix("__init__").rstrip(".")
    if not name or name in inside or path.stem == "__main__":
        continue
    try:
        importlib.import_module(f"milo_bench.{name}")
    except BaseException as error:
        failed[name] = repr(error)
assert not failed, failed
for room in ("gateway.run", "board.serving", "fleet.crew", "roles.coder", "suites.documents"):
    assert f"milo_bench.{room}" in sys.modules, room
"""

# A loop without signal handlers that cannot watch a socket, as Windows' own.
_WORKS = """
from asyncio import selector_events, unix_events
def none(*_):
    raise NotImplementedError
for name in ("add_signal_handler", "remove_signal_handler"):
    setattr(unix_events._UnixSelectorEventLoop, name, none)
for name in ("add_reader", "add_writer"):
    setattr(selector_events.BaseSelectorEventLoop, name, none)
from milo_bench.core import file_lock
from milo_bench.targets.http import plain
file_lock.sys = plain.sys = types.SimpleNamespace(platform="win32")
from milo_bench import api
from milo_bench.api.deciding import DecideOptions, decide_logs
from milo_bench.api.loading import load_target
from milo_bench.board.serving import BoardOptions, make_board
from milo_bench.cli.main import main
from milo_bench.config.settings import TargetConfig
from milo_bench.run.load.options import LoadOptions
from milo_bench.store.log.convert import convert_log

pathlib.Path("bench.yaml").write_text("targets: {t: {api: fake, script: script.yaml}}")
done = api.run_suite(api.RunOptions(
    suite="claims_v1", workloads=["escalation"], models=["t"], out="log.jsonl", limit=2,
    targets={"t": TargetConfig(api="fake", script="script.yaml")},
))
assert done.end.complete and locked == [2], (done, locked)
(card,) = api.score_logs(["log.jsonl"])
assert card.attempted == 2
convert_log(pathlib.Path("log.jsonl"), pathlib.Path("parquet"))
(card,) = api.score_logs(["parquet"])
assert card.attempted == 2
report = load_target(
    LoadOptions(suite="claims_v1", model="t", concurrency=(1,), duration_s=0.3, out=pathlib.Path("load.jsonl")),
    os.environ,
)
assert report.windows
decision = decide_logs(DecideOptions([pathlib.Path("log.jsonl")]), created_at="2026-01-01T00:00:00Z")
assert decision.findings
board = make_board(BoardOptions(pathlib.Path("."), "state.db", "ann"), "token")
assert board.catalog.logs()
for words in (["targets"], ["inventory"], ["score", "log.jsonl"]):
    sys.argv = ["milo-bench", *words]
    assert main() == 0, words
"""


@pytest.mark.parametrize(("body", "keep"), [(_IMPORTS, False), (_WORKS, True)], ids=["imports", "works"])
def test_what_other_systems_lack_is_not_needed(body: str, keep: bool, tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("reply: {text: routine}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", f"KEEP_LOOP = {keep}\n{_HIDDEN}\n{body}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
