"""A task and a way to reach it in; an outside agent's episode, graded, in a log of its own out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from milo_bench.api.settings import load_settings
from milo_bench.config.settings import TargetConfig
from milo_bench.core.clock import SystemClock
from milo_bench.core.errors import (
    ConfigError,
    DataError,
    IncompleteRun,
    Interrupted,
    MiloError,
    PrerequisiteError,
    UsageError,
)
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Episode, Plan, RunEnd, TargetRecord, Timeouts, Workload
from milo_bench.core.version import __version__
from milo_bench.inventory.fingerprint import quick_fingerprint
from milo_bench.operator.mcp.episode import OutsideEpisode
from milo_bench.operator.mcp.watch import Presence, ServeLimits
from milo_bench.operator.play.plan import fixtures_of, operator_suite
from milo_bench.operator.play.prompt import PROMPT_NAME, RULES
from milo_bench.operator.worlds.grade import TASK_POINTS, Score
from milo_bench.operator.worlds.records import WORKLOAD, Form
from milo_bench.operator.worlds.session import CALL_LIMIT, Session
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.run.event_loop import run_to_end, stoppable
from milo_bench.run.spec import RunSpec, check_hosted
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import Resumed, RunLogWriter, require_new_log
from milo_bench.store.stored_text import TextPolicy
from milo_bench.targets.base import Target
from milo_bench.targets.http.target import headers_from
from milo_bench.targets.opening import open_target

if TYPE_CHECKING:
    from milo_bench.operator.wire.endpoint import FaultingEndpoint

OUTSIDE = "agent"


@dataclass(frozen=True)
class OperatorServeOptions:
    """What ``milo-bench operator serve`` was asked for.

    ``http_port`` None is stdio, 0 any free port. ``model`` is a target of bench.yaml that the agent
    reaches through an endpoint of ours, on ``model_port``; its provider faults then fall there.
    ``resume`` adds the other form of the same task to a log.
    """

    task: str
    out: Path
    seed: int = 0
    form: Form = "trap"
    http_port: int | None = None
    target_name: str = ""
    wall_limit_s: float = 900.0
    idle_limit_s: float = 300.0
    turn_limit: int = CALL_LIMIT
    model: str = ""
    model_port: int = 0
    config: Path | None = None
    allow_hosted: bool = False
    resume: bool = False
    targets: Mapping[str, TargetConfig] = field(default_factory=dict)


@dataclass(frozen=True)
class ServedEpisode:
    """The episode as written to ``path``, and why serving ended. ``left`` is the form that the log still lacks."""

    path: Path
    episode: Episode
    left: Form | None
    late_calls: int
    why: str


def serve_operator(
    options: OperatorServeOptions, env: Mapping[str, str], *, say: Callable[[str], None]
) -> ServedEpisode:
    """Serve one task to one outside agent until it is done or gone; ``say`` takes lines for the person watching.

    Raises UsageError for an unknown task, form or target, DataError for a log that exists,
    PrerequisiteError for a port or a folder that cannot be used, ConfigError or TargetError for a model that does
    not start, IncompleteRun where nobody connected or the disk took no more, Interrupted for a
    server over HTTP that was stopped before the episode ended.
    """
    task = find_task(options.task)
    if options.form not in task.forms:
        message = f"'{task.name}' has no {options.form} variant."
        raise UsageError(message, hint=f"choose --variant {' or '.join(task.forms)}.")
    _check_log(options)
    config = _target_config(options, env) if options.model else None
    target = open_target(config, env) if config else None
    return run_to_end(_serve(options, env, say, Session(task, options.seed, options.form), config, target))


def _check_log(options: OperatorServeOptions) -> None:
    """Raise what would be wrong with the log once the agent is there."""
    if not options.resume or not options.out.exists():
        require_new_log(options.out)
        return
    wanted = f"{options.task}.{options.form}"
    if any(episode.key.fixture == wanted for episode in read_run_log(options.out).episodes):
        message = f"{options.out} already contains the episode {wanted}."
        raise DataError(message, hint="choose the other --variant, or another --out.")


def _target_config(options: OperatorServeOptions, env: Mapping[str, str]) -> TargetConfig:
    settings = load_settings(options.config, env)
    known = settings.with_targets(options.targets)
    return known.target(options.model)


async def _serve(
    options: OperatorServeOptions,
    env: Mapping[str, str],
    say: Callable[[str], None],
    session: Session,
    config: TargetConfig | None,
    target: Target | None,
) -> ServedEpisode:
    # The SDK takes half a second to import; nobody else pays for it.
    from milo_bench.operator.mcp.http import listen, serve_http, url_of
    from milo_bench.operator.mcp.server import mcp_server
    from milo_bench.operator.mcp.stdio import serve_stdio

    stop = StopSignal()
    log = _EpisodeLog(options, env, say, stop)
    limit = min(options.turn_limit, CALL_LIMIT)
    episode = OutsideEpisode(session, target=log.target.name, turn_limit=limit, clock=SystemClock(), on_end=log.write)

    def on_client(client: str, version: str) -> None:
        episode.offset_s = log.open(client, version)

    presence = Presence(episode.now_s)
    listener = None if options.http_port is None else listen(options.http_port)
    try:
        with stoppable(stop):
            async with _model(options, env, config, target, episode, presence) as endpoint:
                if target is not None:
                    log.served_by(target.record)
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
async def _model(
    options: OperatorServeOptions,
    env: Mapping[str, str],
    config: TargetConfig | None,
    target: Target | None,
    episode: OutsideEpisode,
    presence: Presence,
) -> AsyncIterator[FaultingEndpoint | None]:
    """The model and the endpoint in front of it, while the block runs; None where the agent brings its own."""
    if target is None or config is None:
        yield None
        return
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
            upstream, schedule, headers=headers if secrets else None, on_answer=schedule.on_answer
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


class _EpisodeLog:
    """The log of one episode: made when the agent says who it is, complete when the episode has ended.

    What goes wrong is kept in ``error`` and stops the serving: it happens inside a request of the agent.
    """

    def __init__(
        self, options: OperatorServeOptions, env: Mapping[str, str], say: Callable[[str], None], stop: StopSignal
    ) -> None:
        self.error: MiloError | None = None
        self.episode: Episode | None = None
        self.target = TargetRecord(
            name=options.target_name or options.model or OUTSIDE,
            api="mcp",
            model=options.model or "chosen by the agent",
        )
        self._options = options
        self._env = env
        self._say = say
        self._stop = stop
        self._writer: RunLogWriter | None = None
        self._rows = 0

    def served_by(self, record: TargetRecord) -> None:
        """The agent's model is one of ours; it stands in the log as the target that it is."""
        check_hosted(self._spec(), () if self._options.allow_hosted else (record,))
        self.target = msgspec.structs.replace(record, name=self.target.name)

    def open(self, client: str, version: str) -> float:
        """Make the log or take it up; how many seconds of its run are over."""
        who = {"client": client or "unnamed", "client_version": version}
        self.target = msgspec.structs.replace(self.target, settings={**self.target.settings, **who})
        spec = self._spec()
        path, fixtures = self._options.out, spec.planned_fixtures()
        resumed: Resumed | None = None
        with self._keeping():
            header = spec.header((self.target,), now=SystemClock().now())
            policy = TextPolicy(spec.store_text, _redactor() if spec.store_text == "redacted" else None)
            if self._options.resume and path.exists():
                resumed = RunLogWriter.resume(path, header, fixtures, policy)
                self._rows = len(resumed.done)
            self._writer = resumed.writer if resumed else RunLogWriter.create(path, header, fixtures, policy)
        self._say(f"{who['client']} {version} connected.")
        return resumed.last_s if resumed else 0.0

    def write(self, episode: Episode, score: Score) -> None:
        if self._writer is not None:
            with self._keeping():
                self._writer.append(episode)
                self._rows += 1
                self._writer.flush()
                self._writer.sync()
            self.episode = episode
        for line in lines_of(episode):
            self._say(line)

    def close(self) -> None:
        if self._writer is None:
            return
        # A task with a clean twin is whole only with both.
        end = RunEnd(
            ended_at=SystemClock().now().isoformat(timespec="microseconds"),
            attempts=self._rows,
            failures=int(self.episode is not None and self.episode.ending == "runtime_failure"),
            complete=self.left is None,
            reason="done" if self.episode is not None else "interrupted",
            ended_s=self.episode.ended_s if self.episode else 0.0,
        )
        with suppress(MiloError), self._keeping():
            self._writer.close(end)

    @property
    def left(self) -> Form | None:
        if self._rows == len(self._spec().plan.fixtures):
            return None
        return "clean" if self._options.form == "trap" else "trap"

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        try:
            yield
        except MiloError as error:
            self.error = self.error or error
            self._stop.request()
            raise

    def _spec(self) -> RunSpec:
        options = self._options
        fixtures = fixtures_of((find_task(options.task),))
        return RunSpec(
            suite=operator_suite(),
            workloads={WORKLOAD: _workload(options)},
            fixtures={fixture.id: fixture for fixture in fixtures},
            plan=Plan(
                fixtures=tuple(fixture.id for fixture in fixtures),
                targets=(self.target.name,),
                seed=options.seed,
                timeouts=Timeouts(total_s=options.wall_limit_s),
            ),
            tool_version=__version__,
            store_text=load_settings(options.config, self._env).privacy.store_text,
            inventory=quick_fingerprint(self._env),
            allow_hosted=options.allow_hosted,
        )


def _workload(options: OperatorServeOptions) -> Workload:
    """The contract of an outside agent: what it is told, and what it may use."""
    return Workload(
        name=WORKLOAD,
        title="Proof-gated operator work",
        prompt_name=PROMPT_NAME,
        prompt_source=RULES,
        prompt_hash=sha256_text(RULES),
        checks=(),
        resources={
            "protocol": "mcp",
            "turn_limit": options.turn_limit,
            "wall_limit_s": options.wall_limit_s,
            "idle_limit_s": options.idle_limit_s,
            "provider_faults": "at the model's endpoint" if options.model else "at tool calls",
        },
    )


def _redactor() -> Callable[[str], str]:
    from milo_bench.guards.personal.data import Redactor

    redactor = Redactor()
    return lambda text: redactor.redact(text).text


def lines_of(episode: Episode) -> Iterator[str]:
    """An episode's result for a terminal: the points and what took them."""
    parts = ", ".join(f"{name.replace('_', ' ')} {points}" for name, points in episode.parts.items())
    yield f"{episode.points} of {TASK_POINTS} points ({parts}); ended: {episode.ending.replace('_', ' ')}."
    calls = sum(line["type"] in ("called", "rejected", "finished") for line in episode.log)
    yield f"{calls} calls, of which {episode.rejected} were unreadable."
    if episode.void:
        yield f"void: the fault {', '.join(episode.void)} never fired."
    yield from (f"breach: {line}" for line in episode.minefields)
    yield from (f"reason: {line}" for line in episode.why)


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
