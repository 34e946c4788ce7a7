"""A scripted server does not outlive who started it, however that one ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.patience import WAIT_S

STARTS = """
import asyncio, sys
from pathlib import Path
from milo_bench.targets.fake.process import start_fake_process

async def main():
    print((await start_fake_process(Path(sys.argv[1]))).pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("reply: {text: hello}\n", encoding="utf-8")
    parent = subprocess.Popen([sys.executable, "-c", STARTS, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, alive = psutil.wait_procs([child], timeout=WAIT_S)
    assert (len(gone), alive) == (1, [])
