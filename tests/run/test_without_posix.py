"""Where uvloop, fcntl and signal handlers of a loop are missing, as on Windows, a run still ends and is scored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Modules hidden, a loop without signal handlers, and msvcrt as a stand-in that notes what is locked.
_HIDDEN = """
import asyncio, sys, types
import psutil  # has a part for each system, and this one's needs what is hidden below
for name in ("uvloop", "fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
locked = []
sys.modules["msvcrt"] = types.SimpleNamespace(
    LK_LOCK=1, LK_NBLCK=2, locking=lambda descriptor, mode, count: locked.append(mode)
)
def none(*_):
    raise NotImplementedError
asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler = none
asyncio.unix_events._UnixSelectorEventLoop.remove_signal_handler = none
from milo_bench.core import file_lock
file_lock.sys = types.SimpleNamespace(platform="win32")
from milo_bench import api
from milo_bench.config.settings import TargetConfig
done = api.run_suite(api.RunOptions(
    suite="claims_v1", workloads=["escalation"], models=["t"], out="log.jsonl", limit=2,
    targets={"t": TargetConfig(api="fake", script="script.yaml")},
))
assert done.end.complete and locked == [2], (done, locked)
(card,) = api.score_logs(["log.jsonl"])
assert card.attempted == 2
"""


def test_a_run_needs_neither_uvloop_nor_fcntl_nor_signal_handlers(tmp_path: Path) -> None:
    (tmp_path / "script.yaml").write_text("reply: {text: routine}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _HIDDEN], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
