"""An MCP server of one episode in, served over standard input and output, in bounded lines, until it is done."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.mcp.watch import ServeLimits, until_done
from milo_bench.run.stop import StopSignal

if TYPE_CHECKING:
    from anyio import AsyncFile

LINE_BYTES = 16 * 1024 * 1024
_CHUNK = 1 << 16
# Lines that were read and not yet taken; a client that sends faster has to wait.
_AHEAD = 16


async def serve_stdio(
    episode: OutsideEpisode, server: Server[Any], limits: ServeLimits, stop: StopSignal, *, stdin: int = 0
) -> str:
    """Serve until the client closes its end, or as ``limits`` say; why, as a sentence. See ``until_done``."""
    lines = LinesIn(stdin)
    with own_stdout() as stdout:
        files = cast("AsyncFile[str]", lines), cast("AsyncFile[str]", TextOut(stdout))

        async def serve() -> None:
            async with stdio_server(*files) as (reading, writing):
                await server.run(reading, writing, server.create_initialization_options())

        serving = asyncio.create_task(serve())
        try:
            why = await until_done(episode, limits, stop, serving)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    return f"Disconnected the client after a message of more than {LINE_BYTES:,} bytes." if lines.cut_off else why


class LinesIn:
    """Lines of a descriptor as text, read by a thread that ends with the process.

    The SDK's own reader cannot be cancelled while a read blocks, so a server at its time limit
    would wait for its client; and it reads a line of any length. Here a line of more than
    ``LINE_BYTES`` ends the input, as a client that closes it would; ``cut_off`` says so.
    """

    def __init__(self, descriptor: int) -> None:
        self.cut_off = False
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        threading.Thread(target=self._read, name="mcp-stdin", daemon=True).start()

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._lines.get()) is not None:
            self._room.release()
            yield line

    def _read(self) -> None:
        # The loop may have ended while this thread was in a read.
        with suppress(OSError, RuntimeError):
            for line in self._split():
                self._room.acquire()
                self._loop.call_soon_threadsafe(self._lines.put_nowait, decode_line(line))
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._lines.put_nowait, None)

    def _split(self) -> Iterator[bytes]:
        rest = bytearray()
        while chunk := os.read(self._descriptor, _CHUNK):
            head, *tail = chunk.split(b"\n")
            rest += head
            for part in tail:
                yield bytes(rest)
                rest = bytearray(part)
            if len(rest) > LINE_BYTES:
                self.cut_off = True
                return
        if rest:
            yield bytes(rest)


class TextOut:
    """Text to a descriptor, written by a thread that ends with the process: who stops reading holds up nobody."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._texts: queue.SimpleQueue[tuple[bytes, asyncio.Future[None]]] = queue.SimpleQueue()
        threading.Thread(target=self._write, name="mcp-stdout", daemon=True).start()

    async def write(self, text: str) -> None:
        """Raises OSError where nobody reads any more."""
        written: asyncio.Future[None] = self._loop.create_future()
        self._texts.put((text.encode("utf-8", "replace"), written))
        await written

    async def flush(self) -> None:
        """Nothing is held back."""

    def _write(self) -> None:
        while True:
            data, written = self._texts.get()
            error: OSError | None = None
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError as failed:
                error = failed
            try:
                self._loop.call_soon_threadsafe(_settle, written, error)
            except RuntimeError:  # the loop has ended
                return


@contextmanager
def own_stdout() -> Iterator[int]:
    """A descriptor for the protocol alone; meanwhile whatever else prints to standard output goes to standard error."""
    private = os.dup(1)
    os.dup2(2, 1)
    try:
        yield private
    finally:
        # ``private`` stays open: the writing thread may be in it, and the number must not become another file's.
        os.dup2(private, 1)


def decode_line(line: bytes) -> str:
    """A line as text; halves of surrogate pairs, on which the SDK's parser drops a whole request, are replaced."""
    text = line.decode("utf-8", "replace")
    if "\\ud" not in text and "\\uD" not in text:
        return text
    try:
        whole = json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
    return whole.encode("utf-8", "replace").decode("utf-8")


def _settle(written: asyncio.Future[None], error: OSError | None) -> None:
    if written.done():
        return
    if error is None:
        written.set_result(None)
    else:
        written.set_exception(error)
