"""Parameters in, a running llama.cpp server process out; watched while it runs, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from milo_bench.core.errors import TargetError
from milo_bench.core.units import seconds
from milo_bench.targets.llamacpp.log import why_it_ended

_LOG_BYTES = 16384
_STOP_GRACE_S = 5.0
# What the server needs of our environment. Keys of other targets stay here.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT")


class ServerProcess:
    """A server process of our own. ``address`` is known after ``start``."""

    def __init__(self, name: str, env: Mapping[str, str], log: Path | None = None) -> None:
        self._name = name
        self._env = {key: env[key] for key in _PASSED_ON if key in env}
        self._log_at = log
        self._log: BinaryIO | None = None
        self._process: asyncio.subprocess.Process | None = None
        self.address = ""

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self, wanted: Mapping[str, Any], limit_s: float) -> str:
        """Launch it and read its address. Raises TargetError with the log's last lines as the cause."""
        # Without a place of its own it has no name, so nothing of it stays, however we end.
        at = self._log_at
        self._log = tempfile.TemporaryFile() if at is None else at.open("a+b")  # noqa: SIM115  closed by stop
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "milo_bench.targets.llamacpp.server",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._env,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            async with asyncio.timeout(limit_s):
                process.stdin.write(msgspec.json.encode(dict(wanted)) + b"\n")
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    await process.stdin.drain()
                self.address = (await process.stdout.readline()).decode("ascii", "replace").strip()
        except TimeoutError:
            await self.stop()
            message = f"The server of target '{self._name}' was not ready within {seconds(limit_s)}."
            raise TargetError(message, hint="use a smaller model, a smaller context_window or more memory.") from None
        except BaseException:
            await self.stop()
            raise
        if not self.address:
            await process.wait()
            said = self.last_words()
            await self.stop()
            message = f"The server of target '{self._name}' ended before it was ready: {said}"
            raise TargetError(message, hint="check the weights and context_window of this target, and the free memory.")
        return self.address

    async def has_died(self, wait_s: float = 0.0) -> bool:
        """True once the process ended; a connection may break a moment before the system tells us."""
        if self._process is None:
            return False
        if self._process.returncode is None and wait_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._process.wait()), wait_s)
        return self._process.returncode is not None

    def last_words(self) -> str:
        """How it ended, and the lines of its log that say why."""
        code = None if self._process is None else self._process.returncode
        how = "" if code is None else (f"signal {-code}" if code < 0 else f"exit status {code}")
        text = _last_bytes(self._log).decode("utf-8", "replace") if self._log else ""
        return "; ".join(part for part in (how, *why_it_ended(text)) if part) or "its log gives no cause"

    async def stop(self) -> None:
        """End it and wait until it is gone. The log goes with it where it has no place of its own."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), _STOP_GRACE_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None


def _last_bytes(log: BinaryIO) -> bytes:
    try:
        start = max(0, os.fstat(log.fileno()).st_size - _LOG_BYTES)
        if sys.platform != "win32":
            return os.pread(log.fileno(), _LOG_BYTES, start)  # the server writes where this file stands
        log.seek(start)
        return log.read()
    except OSError:
        return b""
