"""The reference server's source in, a running, counted, exactly paced server out; built once into a cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("reference_server.c")


def built_server() -> Path:
    """The program, compiled with the system's C compiler unless this source was compiled before.

    Raises RuntimeError where there is no compiler or it refuses.
    """
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "milo-bench"
    program = root / f"reference_server-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}"
    if program.exists():
        return program
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise RuntimeError("no C compiler. hint: install gcc; the reference server is written in C")
    root.mkdir(parents=True, exist_ok=True)
    partial = root / f"{program.name}.{os.getpid()}"
    done = subprocess.run([compiler, "-O2", "-o", partial, SOURCE], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{compiler} refused reference_server.c: {done.stderr.strip()}")
    partial.replace(program)
    return program


@dataclass(frozen=True)
class ReferenceServer:
    """A running reference server; ``base_url`` is what OpenAI clients want."""

    port: int
    pid: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def counts(self) -> dict[str, int]:
        """``requests``, ``distinct``, ``repeated`` since the start or the last reset."""
        return self._get("/counts")

    def reset(self) -> None:
        self._get("/reset")

    def _get(self, path: str) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as reply:
            data: dict[str, int] = json.load(reply)
            return data


@contextmanager
def reference_server(*options: str) -> Iterator[ReferenceServer]:
    """Run the server with ``options`` (see reference_server.c); it ends with the block, or with this process."""
    with subprocess.Popen([built_server(), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        line = process.stdout.readline().decode()
        if not line.startswith("READY port="):
            raise RuntimeError(f"the reference server did not start: {line!r}")
        try:
            yield ReferenceServer(int(line.removeprefix("READY port=")), process.pid)
        finally:
            process.stdin.close()
