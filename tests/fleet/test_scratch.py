"""What a node unpacks goes with the process that unpacked it, even if nobody could say goodbye."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.patience import until

MAKE_AND_WAIT = """
import sys
from milo_bench.fleet.scratch import folder_of_this_process
folder = folder_of_this_process("milo-test-")
(folder / "pack").mkdir()
(folder / "pack" / "of-the-team").write_text("def secret(): ...")
print(folder, flush=True)
sys.stdin.read()
"""


def test_the_folder_of_a_killed_process_is_removed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MAKE_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as maker:
        assert maker.stdout is not None
        folder = Path(maker.stdout.readline().decode().strip())
        assert (folder / "pack" / "of-the-team").exists()
        assert folder.stat().st_mode & 0o777 == 0o700
        maker.kill()
    asyncio.run(until(lambda: not folder.exists()))
