"""A server that is being started in; when it listened, said ready and gave a token out, seen from outside."""

from __future__ import annotations

import asyncio
import json
import shlex
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from milo_bench.core.errors import PrerequisiteError, TargetError
from milo_bench.core.records import Timeouts
from milo_bench.core.units import seconds
from milo_bench.probes.context import ProbeContext
from milo_bench.probes.processes import own_address
from milo_bench.targets.http.address import Address
from milo_bench.targets.http.plain import open_plain
from milo_bench.targets.listening import listening_pids

_LOOK_S = 0.02
_ASK_AGAIN_S = 0.05
_HEALTH_LIMIT_S = 2.0
START_LIMIT_S = 180.0
_COMMAND_LIMIT_S = 120.0
SAME_SERVER_GRACE_S = 5.0


@dataclass
class StartTimes:
    """Seconds from process start (or from the restart command); None for what was not seen.

    ``refused_after_ready`` counts one-token requests that were sent after the first health 200
    and got no token. ``ready_page`` is the page that said ready.
    """

    listening_s: float | None = None
    ready_s: float | None = None
    ready_page: str = ""
    token_s: float | None = None
    token_asked_s: float | None = None
    refused_after_ready: int = 0
    refusals: dict[str, int] = field(default_factory=dict)

    @property
    def gap_s(self) -> float | None:
        return None if self.ready_s is None or self.token_s is None else self.token_s - self.ready_s

    def as_data(self) -> dict[str, Any]:
        rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return {**rounded, "gap_s": None if self.gap_s is None else round(self.gap_s, 3)}


async def watch_own_start(ctx: ProbeContext) -> StartTimes:
    """Start the bench's own server and watch it from outside. Raises TargetError where it does not start."""
    began_s = time.monotonic()
    starting = asyncio.create_task(ctx.start())
    try:
        address = await _own_address(ctx, starting)
        times = StartTimes(listening_s=time.monotonic() - began_s)
        if address is None:
            await starting
            return times
        watching = asyncio.create_task(watch(ctx, address, times, began_s))
        await starting
        await watching
        return times
    finally:
        if not starting.done():
            starting.cancel()
            await asyncio.wait([starting])


async def restart_by_command(ctx: ProbeContext) -> StartTimes:
    """Run the person's restart command and watch the server come back. Raises PrerequisiteError where it fails."""
    command = ctx.options.restart_command
    place = ctx.place
    old = await asyncio.to_thread(listening_pids, place.port) if place.is_loopback else ()
    began_s = time.monotonic()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        message = f"Cannot run the restart command: {error.strerror}."
        raise PrerequisiteError(message, hint="pass a program with its arguments as one quoted string.") from None
    times = StartTimes()
    watching = asyncio.create_task(_watch_new_server(ctx, times, began_s, process, old))
    try:
        async with asyncio.timeout(_COMMAND_LIMIT_S):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        code = -1
    if code != 0:
        watching.cancel()
        await asyncio.wait([watching])
        said = "did not end in time" if code == -1 else f"ended with exit status {code}"
        message = f"The restart command {said}."
        raise PrerequisiteError(message, hint="make it restart the server in the background and return.")
    await watching
    await ctx.renew()
    return times


async def _watch_new_server(
    ctx: ProbeContext,
    times: StartTimes,
    began_s: float,
    process: asyncio.subprocess.Process,
    old: tuple[int, ...],
) -> None:
    """Leave the old server's last answers out: they say nothing about the start of the new one."""
    place = ctx.place
    ended_s: float | None = None
    while True:
        now: tuple[int, ...] = ()
        if old:
            now = await asyncio.to_thread(listening_pids, place.port)
            if now and not set(now) & set(old):
                break
        elif process.returncode is not None or not await _connects(place):
            break  # whose listener it is cannot be seen
        if process.returncode is not None:
            ended_s = ended_s or time.monotonic()
            if set(now) & set(old) and time.monotonic() - ended_s > SAME_SERVER_GRACE_S:
                message = "After the restart command, the old server is still running."
                raise PrerequisiteError(message, hint="make it stop the server and start it again.")
            if time.monotonic() - ended_s > START_LIMIT_S:
                message = f"After the restart command, no server listened for {seconds(START_LIMIT_S)}."
                raise TargetError(message, hint="run the command by hand and read the server's log.")
        await asyncio.sleep(_LOOK_S)
    times.listening_s = time.monotonic() - began_s
    await watch(ctx, place, times, began_s)


async def _connects(place: Address) -> bool:
    try:
        async with asyncio.timeout(_HEALTH_LIMIT_S):
            _, writer = await asyncio.open_connection(place.host, place.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _own_address(ctx: ProbeContext, starting: asyncio.Task[None]) -> Address | None:
    """Where the server listens: on the only port of its process tree."""
    while True:
        if starting.done():
            return ctx.address
        address = await asyncio.to_thread(own_address, ctx.target.server_pids())
        if address is not None:
            return address
        await asyncio.sleep(_LOOK_S)


async def watch(ctx: ProbeContext, address: Address, times: StartTimes, began_s: float) -> None:
    """Look at health and ask for one token, side by side, until the token comes."""
    async with asyncio.timeout(START_LIMIT_S):
        ready = asyncio.create_task(_first_ready(ctx, address, times, began_s))
        try:
            await _first_token(ctx, address, times, began_s)
            # Ready may honestly be said a moment after the first token.
            await asyncio.wait([ready], timeout=1.0)
        finally:
            ready.cancel()
            await asyncio.wait([ready])


async def _first_ready(ctx: ProbeContext, address: Address, times: StartTimes, began_s: float) -> None:
    wire = open_plain(address, ctx.request_headers())
    limits = Timeouts(connect_s=_HEALTH_LIMIT_S, first_token_s=_HEALTH_LIMIT_S, total_s=_HEALTH_LIMIT_S)
    try:
        while True:
            for page in ready_pages(ctx):
                reply = await wire.fetch("GET", page, timeouts=limits)
                if reply.status == 200:
                    times.ready_s, times.ready_page = time.monotonic() - began_s, page
                    return
                if reply.status not in (404, 405):
                    break  # it has this page, and says not yet
            await asyncio.sleep(_LOOK_S)
    finally:
        await wire.close()


def ready_pages(ctx: ProbeContext) -> tuple[str, ...]:
    """Health first; the list of models where a server has no such page."""
    return ("/api/version",) if ctx.config.api == "ollama" else ("/health", f"{ctx.api_path}/models")


async def _first_token(ctx: ProbeContext, address: Address, times: StartTimes, began_s: float) -> None:
    wire = open_plain(address, ctx.request_headers())
    limits = Timeouts(connect_s=_HEALTH_LIMIT_S, first_token_s=START_LIMIT_S, total_s=START_LIMIT_S)
    try:
        while True:
            asked_s = time.monotonic() - began_s
            told_ready = times.ready_s is not None
            body = msgspec.json.encode(ctx.body("ping", max_tokens=1))
            reply = await wire.fetch("POST", ctx.chat_path, body, timeouts=limits)
            if reply.status == 200 and reply.broken is None:
                times.token_s, times.token_asked_s = time.monotonic() - began_s, asked_s
                return
            said = str(reply.broken or f"HTTP {reply.status}")
            times.refusals[said] = times.refusals.get(said, 0) + 1
            times.refused_after_ready += told_ready
            if reply.status in (401, 403, 404):
                message = f"Target '{ctx.config.name}' refuses a one-token request: {said}."
                raise TargetError(message, hint="check the key, the model and base_url in bench.yaml.")
            await asyncio.sleep(_ASK_AGAIN_S)
    finally:
        await wire.close()


def check_to_install(ctx: ProbeContext, within_s: int) -> str:
    """A shell command that succeeds only when a token was generated in time; ready to paste into a health check."""
    # Names come from a settings file and are quoted, so that the line is safe to paste.
    body: dict[str, Any] = {"model": ctx.model, "messages": [{"role": "user", "content": "ping"}], "max_tokens": 1}
    url = f"{ctx.place.shown}{ctx.chat_path}"
    key = f' -H "Authorization: Bearer ${ctx.config.api_key_env}"' if ctx.config.api_key_env else ""
    return (
        f"curl -sf -m {within_s} {shlex.quote(url)} -H 'Content-Type: application/json'{key} "
        f"-d {shlex.quote(json.dumps(body))} | grep -q completion_tokens"
    )
