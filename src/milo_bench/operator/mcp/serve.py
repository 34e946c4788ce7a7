"""A task and a way to reach it in; an outside agent's episode, graded, in a log of its own out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from milo_bench.config.settings import TargetConfig
from milo_bench.core.clock import SystemClock
from milo_bench.core.errors import ConfigError, IncompleteRun, Interrupted, MiloError, PrerequisiteError
from milo_bench.core.records import Episode, StoreText
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.mcp.log import EpisodeLog
from milo_bench.operator.mcp.options import OperatorServeOptions
from milo_bench.operator.mcp.watch import Presence, ServeLimits
from milo_bench.operator.worlds.records import Form
from milo_bench.operator.worlds.session import CALL_LIMIT, Session
from milo_bench.run.event_loop import stoppable
from milo_bench.run.stop import StopSignal
from milo_bench.targets.base import Target
from milo_bench.targets.http.address import parse_address
from milo_bench.targets.http.target import headers_from, open_wire

if TYPE_CHECKING:
    from milo_bench.operator.wire.endpoint import FaultingEndpoint


@dataclass(frozen=True)
class ServedEpisode:
    """The episode as written to ``path``, and why serving ended. ``left`` is the form that the log still lacks."""

    path: Path
    episode: Episode
    left: Form | None
    late_calls: int
    why: str


async def serve_episode(
    options: OperatorServeOptions,
    env: Mapping[str, str],
    session: Session,
    *,
    model: tuple[TargetConfig, Target] | None,
    store_text: StoreText,
    inventory: str,
    say: Callable[[str], None],
) -> ServedEpisode:
    """Serve ``session`` until its episode is over or its agent is gone, and write it into the log.

    ``model`` is the target that the agent reaches through an endpoint of ours; keys are taken from
    ``env``. Raises what ``api.serve_operator`` says, except for what can be told before serving.
    """
    # The SDK takes half a second to import; nobody else pays for it.
    from milo_bench.operator.mcp.http import listen, serve_http, url_of
    from milo_bench.operator.mcp.server import mcp_server
    from milo_bench.operator.mcp.stdio import serve_stdio

    stop = StopSignal()
    log = EpisodeLog(options, store_text=store_text, inventory=inventory, say=say, stop=stop)
    limit = min(options.turn_limit, CALL_LIMIT)
    episode = OutsideEpisode(session, target=log.target.name, turn_limit=limit, clock=SystemClock(), on_end=log.write)

    def on_client(client: str, version: str) -> None:
        episode.offset_s = log.open(client, version)

    presence = Presence(episode.now_s)
    listener = None if options.http_port is None else listen(options.http_port)
    try:
        with stoppable(stop):
            async with _endpoint(options, env, model, episode, presence, say) as endpoint:
                if model is not None:
                    log.served_by(model[1].record)
                # An agent may still want its model's last words once the episode is over.
                linger_s = ServeLimits.linger_s if endpoint is None else options.idle_limit_s
                limits = ServeLimits(options.wall_limit_s, options.idle_limit_s, linger_s=linger_s)
                server = mcp_server(episode, on_client=on_client)
                say(f"{_name_of(session)}. Log: {options.out}")
                if endpoint is not None:
                    say(f"model endpoint: {endpoint.base_url}  key: {endpoint.key}")
                if listener is None:
                    why = await serve_stdio(episode, server, limits, stop)
                else:
                    say(f"MCP over streamable HTTP: {url_of(listener)}")
                    why = await serve_http(episode, server, limits, stop, listener=listener, presence=presence)
    finally:
        if listener is not None:
            listener.close()
        log.close()
    if log.error is not None:
        raise log.error
    if log.episode is None:
        raise _without_episode(why, stopped=stop.requested)
    return ServedEpisode(options.out, log.episode, log.left, episode.late_calls, why)


@asynccontextmanager
async def _endpoint(
    options: OperatorServeOptions,
    env: Mapping[str, str],
    model: tuple[TargetConfig, Target] | None,
    episode: OutsideEpisode,
    presence: Presence,
    say: Callable[[str], None],
) -> AsyncIterator[FaultingEndpoint | None]:
    """The model and the endpoint in front of it, while the block runs; None where the agent brings its own."""
    if model is None:
        yield None
        return
    config, target = model
    from milo_bench.operator.wire.endpoint import FaultingEndpoint
    from milo_bench.operator.wire.model import NotedSchedule

    headers, secrets = headers_from(config, env)
    try:
        record = await target.start()
        upstream = config.base_url if config.api == "openai" and config.base_url else f"{record.endpoint}/v1"
        if not upstream.startswith("http"):
            message = f"Target '{config.name}' has no address to forward requests to."
            raise ConfigError(message, hint="start its server yourself and set api: openai and base_url in bench.yaml.")
        schedule = NotedSchedule(episode, on_work=presence.model_works)
        endpoint = FaultingEndpoint(
            upstream,
            schedule,
            headers=headers if secrets else None,
            wire=open_wire(parse_address(upstream), {}, config, env),
            on_answer=schedule.on_answer,
            on_refused=say,
        )
        try:
            await endpoint.start(options.model_port)
        except OSError as error:
            message = f"Cannot listen on port {options.model_port}: {error.strerror or error}."
            raise PrerequisiteError(message, hint="choose another --model-port, or remove it.") from None
        try:
            yield endpoint
        finally:
            await endpoint.stop()
    finally:
        await target.stop()


def _name_of(session: Session) -> str:
    return f"Serving '{session.task.name}' ({session.form}, seed {session.seed}) over MCP"


def _without_episode(why: str, *, stopped: bool) -> MiloError:
    if stopped:
        return Interrupted(
            "Stopped before the end of the episode, so it is not graded.",
            hint="run the command again with another --out.",
        )
    return IncompleteRun(
        f"{why} No episode was written.", hint="start the agent while this command waits, or raise --wall-limit."
    )
