"""A folder that goes with the process that made it, however that process ends."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

# It waits for the end of its input, which the system closes when the process ends. Others that end with it may still
# write there, so it looks again for a few seconds.
_REMOVE_AFTERWARDS: Final = """
import os, shutil, sys, time
sys.stdin.buffer.read()
for _ in range(50):
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    if not os.path.exists(sys.argv[1]):
        break
    time.sleep(0.2)
"""
_watched: list[subprocess.Popen[bytes]] = []


def folder_of_this_process(prefix: str) -> Path:
    """A new folder that only we can read, removed once this process has ended. Raises OSError.

    A worker of Ray is killed without a word, so neither ``atexit`` nor ``finally`` would remove what it unpacked.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    command = [sys.executable, "-I", "-S", "-c", _REMOVE_AFTERWARDS, str(folder)]
    quiet = subprocess.DEVNULL
    # A session of its own: what is sent to the group of the worker does not reach it.
    watch = subprocess.Popen(  # noqa: S603  fixed words and a path of our own
        command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
    )
    _watched.append(watch)
    return folder
