"""A run that goes on in, its page as events out: a fragment whenever it has changed, a tick every two seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from starlette.concurrency import run_in_threadpool

from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.render import Renderer
from milo_bench.board.server.requests import PageRequest
from milo_bench.board.views.run import run_data

TICK_S: Final = 2.0
FRAGMENTS: Final = {
    "so-far": "run_so_far.html.jinja",
    "progress": "run_progress.html.jinja",
    "gates": "run_gates.html.jinja",
    "work": "run_work.html.jinja",
    "kinds": "run_kinds.html.jinja",
    "recent": "run_recent.html.jinja",
}


async def run_events(board: BoardParts, asked: PageRequest, renderer: Renderer) -> AsyncIterator[str]:
    """``/runs/{run}/events``: server-sent events until the run ends or nobody listens."""
    yield "retry: 2000\n\n"
    sent: dict[str, str] = {}
    while True:
        # Its file may be gone, or have another run now.
        log = await run_in_threadpool(board.catalog.find, asked.names["run"])
        if log is None:
            yield _event("ended", "")
            return
        data = await run_in_threadpool(_look, board, log)
        for name, template in FRAGMENTS.items() if data["read"] else ():
            html = renderer.fragment(template, data)
            if sent.get(name) != html:
                sent[name] = html
                yield _event(name, html)
        yield _event("tick", data.get("at", ""), plain=True)
        if data["run"]["state"] != "live":
            yield _event("ended", "")
            return
        await asyncio.sleep(TICK_S)


def _look(board: BoardParts, log: BoardLog) -> dict[str, Any]:
    if log.is_behind and log.is_live(time.time()):
        log.refresh()
    return run_data(board, log)


def _event(name: str, text: str, *, plain: bool = False) -> str:
    return f"event: {name}\ndata: {text if plain else msgspec.json.encode(text).decode()}\n\n"
