"""A script in, a fake server as a process of its own out; it can really die.

``python -m milo_bench.targets.fake.process SCRIPT`` prints its address and serves until SIGINT, SIGTERM or the end of
its standard input, which comes when who started it is gone. ``start_fake_process`` is the other end: it starts one and
reads the address.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from milo_bench.core.errors import PrerequisiteError, TargetError
from milo_bench.targets.fake.script import Script, load_script
from milo_bench.targets.fake.server import FakeServer, exit_at_once


def serve_until_interrupted(script: Script, *, port: int = 0, until_input_ends: bool = False) -> None:
    """Print the address on standard output, serve, return on SIGINT or SIGTERM, or when standard input ends.

    Raises PrerequisiteError where the port is taken.
    """
    asyncio.run(_serve(script, port, until_input_ends))


async def _serve(script: Script, port: int, until_input_ends: bool) -> None:
    server = FakeServer(script, die=exit_at_once)
    try:
        await server.start(port)
    except OSError as error:
        message = f"Cannot listen on port {port}: {os.strerror(error.errno or 0)}."
        raise PrerequisiteError(message, hint="choose another --port, or 0 for a free one.") from None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # the loop of Windows has none; a plain handler wakes it
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    if until_input_ends:
        _set_at_the_end_of_input(stop)
    sys.stdout.write(f"{server.address}\n")
    sys.stdout.flush()
    await stop.wait()
    await server.stop()


def _set_at_the_end_of_input(stop: asyncio.Event) -> None:
    """A parent that is killed cannot ask its child to end; its end of the pipe closes all the same."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(0, 4_096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="fake-parent", daemon=True).start()


@dataclass(frozen=True)
class FakeProcess:
    """A fake server in a process of its own; ``address`` is ``http://127.0.0.1:PORT``."""

    process: asyncio.subprocess.Process
    address: str

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ended(self, *, within_s: float = 0.5) -> bool:
        """Whether the process is over; a reset reaches the client a little before its exit code comes."""
        try:
            await asyncio.wait_for(self.process.wait(), within_s)
        except TimeoutError:
            return False
        return True

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        await self.process.wait()


def serve_script(script: Path | None, *, port: int = 0) -> None:
    """Serve the script file, or plain answers, until Ctrl-C. Raises ConfigError for a broken script."""
    serve_until_interrupted(load_script(script) if script is not None else Script(), port=port)


async def start_fake_process(script: Path) -> FakeProcess:
    """Start a fake for a script file. Raises TargetError where it does not come up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "milo_bench.targets.fake.process",
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    if not line.startswith("http://"):
        await process.wait()
        message = f"The fake server for {script} did not start (exit code {process.returncode})."
        raise TargetError(message, hint="check the script with 'milo-bench fake-server --script FILE'.")
    return FakeProcess(process, line)


if __name__ == "__main__":
    serve_until_interrupted(load_script(Path(sys.argv[1])), until_input_ends=True)
