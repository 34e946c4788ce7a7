"""A script in, a real HTTP server on loopback out, with a log of every request it got.

In a test, in the loop that runs already::

    async with start_fake({"reply": {"text": "Paris", "first_token_s": 0.05}}) as fake:
        ...  # speak to fake.address ("http://127.0.0.1:PORT"), or fake.base_url (with /v1)
        assert fake.requests[0].outcome == "answered"
        assert fake.counts() == {"the last user message": 1}

Paths: ``/v1/chat/completions``, ``/v1/models``, ``/health`` (OpenAI style); ``/api/chat``,
``/api/tags``, ``/api/version``, ``/api/show``, ``/api/ps`` (Ollama). ``GET /fake/requests``
returns the log as JSON, ``DELETE`` empties it, ``GET /fake/counts`` the count per key.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from milo_bench.targets.fake.connection import FakeConnection
from milo_bench.targets.fake.log import SeenRequest
from milo_bench.targets.fake.reply import Chooser
from milo_bench.targets.fake.script import Script, load_script, parse_script

KEPT_WHOLE: Final = 1_000  # the latest requests, whose bodies are kept

_ENDED: Final = asyncio.Event()
_ENDED.set()


class FakeServer:
    """A running fake. ``die`` is what the fault ``process_death`` does."""

    def __init__(self, script: Script, *, die: Callable[[], None] | None = None) -> None:
        self.script = script
        self.chooser = Chooser(script)
        self.requests: list[SeenRequest] = []
        self._keys: dict[str, str] = {}
        self.connections: set[FakeConnection] = set()
        self.connections_made = 0
        self.started_s = 0.0
        self.port = 0
        self._chat_requests = 0
        self._listener: asyncio.Server | None = None
        self._die = die or self._die_in_process
        self._seen = asyncio.Condition()

    @property
    def address(self) -> str:
        """``http://127.0.0.1:PORT``, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """The address with ``/v1``, as OpenAI clients want it."""
        return f"{self.address}/v1"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback. Raises OSError where the port is taken."""
        loop = asyncio.get_running_loop()
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            raise
        self._listener = await loop.create_server(lambda: FakeConnection(self), sock=listening, backlog=1024)
        self.port = listening.getsockname()[1]
        self.started_s = time.monotonic()

    async def stop(self) -> None:
        """Stop listening and reset what is still open."""
        self._die_in_process()
        if self._listener is not None:
            await self._listener.wait_closed()

    def counts(self) -> dict[str, int]:
        """How often each key was asked."""
        return dict(Counter(request.key for request in self.requests))

    async def wait_for_requests(self, count: int) -> None:
        """Return once ``count`` chat requests have arrived."""
        async with self._seen:
            await self._seen.wait_for(lambda: len(self.requests) >= count)

    def next_number(self) -> int:
        self._chat_requests += 1
        return self._chat_requests

    def saw(self, request: SeenRequest) -> None:
        """Remember a request. Of all but the latest ``KEPT_WHOLE`` that have ended, only what ``as_data`` gives."""
        request.key = self._keys.setdefault(request.key, request.key)  # a load test asks the same ones again
        self.requests.append(request)
        if len(self.requests) > KEPT_WHOLE and (old := self.requests[-1 - KEPT_WHOLE]).ended.is_set():
            old.body = {}
            old.ended = _ENDED  # an event of its own takes more than the rest of a request together
        # Condition.notify needs the lock, which only a task can take.
        self._notifier = asyncio.get_running_loop().create_task(self._notify())

    async def _notify(self) -> None:
        async with self._seen:
            self._seen.notify_all()

    def forget(self) -> None:
        """Drop all requests that were seen."""
        self.requests.clear()
        self._keys.clear()

    def log_as_json(self) -> bytes:
        return msgspec.json.encode([request.as_data() for request in self.requests])

    def die(self) -> None:
        self._die()

    def _die_in_process(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self.connections):
            connection.reset()


@asynccontextmanager
async def start_fake(script: Script | Mapping[str, Any] | Path, *, port: int = 0) -> AsyncIterator[FakeServer]:
    """A fake in the running loop, for a Script, plain data or a script file; stopped on leaving.

    Raises ConfigError for a bad script.
    """
    if isinstance(script, Path):
        script = load_script(script)
    elif not isinstance(script, Script):
        script = parse_script(script)
    server = FakeServer(script)
    await server.start(port)
    try:
        yield server
    finally:
        await server.stop()


def exit_at_once() -> None:
    """What ``process_death`` does in a process of its own: no goodbye, connections reset by the kernel."""
    os._exit(137)
