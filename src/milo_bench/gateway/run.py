"""Options of ``milo-bench serve`` in, a gateway that runs until it is stopped; and what keeps it up to date."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from milo_bench.config.alarms import AlarmsFile
from milo_bench.config.routing.flags import load_flags
from milo_bench.config.settings import Settings
from milo_bench.core import units
from milo_bench.core.errors import ConfigError, MiloError, PrerequisiteError, UsageError
from milo_bench.gateway.callbacks import Callbacks
from milo_bench.gateway.control.telling import IncidentTeller
from milo_bench.gateway.control.watch import StandingControl
from milo_bench.gateway.doors import Doors
from milo_bench.gateway.memory import give_back_memory
from milo_bench.gateway.permits import check_permits, void_permits
from milo_bench.gateway.serving import Gateway, GatewayLimits, Serving
from milo_bench.gateway.spans import GatewaySpans
from milo_bench.gateway.table import RoutingTable, load_table
from milo_bench.gateway.upstream.targets import TargetWatch, Upstream, open_upstreams
from milo_bench.gateway.wire.listener import WireLimits, WireListener
from milo_bench.run.stop import StopSignal
from milo_bench.store.audit.chain import KEY_VARIABLE, read_key
from milo_bench.store.audit.writer import AuditWriter, head_path, key_path
from milo_bench.store.state.database import open_state
from milo_bench.telemetry.spans import open_spans

_LOOK_S: Final = 1.0
_GRACE_S: Final = 30.0


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says. Port 0 takes a free one; ``shadow`` names the target that answers in shadow.

    ``alarms`` None is the alarms.yaml beside the routing table, where there is one.
    """

    routing: Path
    audit: Path
    state: str
    host: str = "127.0.0.1"
    port: int = 8700
    admin_port: int = 8701
    suites: tuple[str, ...] = ()
    head: Path | None = None
    shadow: str | None = None
    alarms: Path | None = None
    registry: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


@dataclass(frozen=True)
class Listening:
    """Where a gateway can be reached."""

    address: str
    admin: str
    rules: int
    workloads: tuple[str, ...]
    targets: Mapping[str, str]  # name to "" or why it is not ready
    flags: Mapping[str, bool]
    roles: Mapping[str, str]  # name to incumbent
    challengers: tuple[str, ...]  # each with its incumbent's place, mode and share, for people
    alarms: int
    rolled_back: Mapping[str, frozenset[str]]  # workload to targets that an open incident keeps from it


async def serve(
    options: ServeOptions,
    settings: Settings,
    env: Mapping[str, str],
    stop: StopSignal,
    on_start: Callable[[Listening], None],
    say: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """Serve until ``stop``. Raises ConfigError, PrerequisiteError or TargetError where it cannot start."""
    tls = _tls(options)
    table, flags = _load(options, settings)
    if options.shadow is not None and options.shadow not in table.file.targets:
        message = f"The shadow target '{options.shadow}' is not in {options.routing}."
        raise UsageError(message, hint=f"name one of: {', '.join(table.file.targets) or 'none'}.")
    interval_s = settings.gateway.ready_interval_s
    upstreams = await open_upstreams(table.file, settings.targets, env, interval_s)
    gateway: Gateway | None = None
    try:
        check_permits(table.file, upstreams)
        gateway = _open_gateway(options, settings, env, Serving(table, upstreams, _limits(settings), flags), say)
        _check_public(options.host, tls, gateway)
        control = StandingControl(gateway, options.audit, _alarms(options))
        control.restore()
        await _serve(gateway, control, options, env, tls, stop, on_start)
    finally:
        now = gateway.serving.upstreams if gateway is not None else {}
        for one in {id(one): one for one in (*upstreams.values(), *now.values())}.values():
            await one.stop()
        if gateway is not None:
            gateway.close()


def _limits(settings: Settings) -> GatewayLimits:
    return GatewayLimits(max_waiting=settings.gateway.max_waiting, max_wait_s=settings.gateway.max_wait_s)


def _open_gateway(
    options: ServeOptions,
    settings: Settings,
    env: Mapping[str, str],
    serving: Serving,
    say: Callable[[Mapping[str, Any]], None] | None,
) -> Gateway:
    """The gateway with its state and its audit, both of which this process alone writes."""
    engine = open_state(options.state, apart=True)
    key = read_key(key_path(options.audit), env.get(KEY_VARIABLE, ""), make=True)
    audit = AuditWriter(options.audit, key, head=options.head or head_path(options.audit))
    gateway = Gateway(serving, settings, engine, audit, shadow=options.shadow, say=say)
    sink, problem = open_spans(env, "milo-bench-gateway")
    if sink is not None:
        gateway.spans = GatewaySpans(sink)
    elif problem:
        gateway.say("spans_off", reason=problem)
    return gateway


async def _serve(
    gateway: Gateway,
    control: StandingControl,
    options: ServeOptions,
    env: Mapping[str, str],
    tls: ssl.SSLContext | None,
    stop: StopSignal,
    on_start: Callable[[Listening], None],
) -> None:
    doors = Doors(gateway, _hosts(options, gateway.settings))
    wire = _wire_limits(gateway.settings)
    public = WireListener(doors.serve, limits=wire, check_head=doors.check_head, note_refusal=doors.note_refusal)
    admin = WireListener(
        doors.serve_admin, limits=wire, check_head=doors.check_admin_head, note_refusal=doors.note_refusal
    )
    keeper = Keeper(gateway, control, options, env)
    watch = TargetWatch(gateway.settings.gateway.ready_interval_s)
    behaviours = control.behaviours
    try:
        port = await _listen(public, options.host, options.port, tls)
        admin_port = await _listen(admin, "127.0.0.1", options.admin_port, None)
        watch.start(lambda: (gateway.serving.table.file, gateway.serving.upstreams))
        keeper.start()
        behaviours.start()
        scheme = "https" if tls else "http"
        now_s = time.monotonic()
        on_start(
            Listening(
                f"{scheme}://{_shown(options.host)}:{port}",
                f"http://127.0.0.1:{admin_port}",
                len(gateway.serving.table.file.rules),
                tuple(sorted(gateway.serving.table.workloads)),
                {name: one.health.why(now_s) for name, one in gateway.serving.upstreams.items()},
                {name: name in gateway.serving.flags for name in gateway.serving.table.file.flags},
                {name: role.incumbent for name, role in gateway.serving.table.roles.items()},
                tuple(
                    f"{one.target} for {one.place} ({one.mode}, {units.share(one.share)})"
                    for one in gateway.serving.table.file.challengers
                ),
                control.alarms,
                gateway.rolled_back,
            )
        )
        await _asked_to(stop)
    finally:
        await watch.stop()
        await behaviours.stop()
        await keeper.stop()
        with stop.calling(public.cut):
            await public.stop(0.0 if stop.at_once else _GRACE_S)
        await gateway.shadows.stop()
        await admin.stop(0.0)


async def _asked_to(stop: StopSignal) -> None:
    asked = asyncio.Event()
    with stop.calling(asked.set):
        if not stop.requested:
            await asked.wait()


def _load(options: ServeOptions, settings: Settings) -> tuple[RoutingTable, frozenset[str]]:
    table = load_table(options.routing, settings, (*options.suites, *settings.gateway.suites), options.registry)
    flags = _flags(table, options.routing)
    give_back_memory()
    return table, flags


def _alarms(options: ServeOptions) -> Path | None:
    if options.alarms is not None:
        return options.alarms
    beside = options.routing.parent / AlarmsFile.file_name
    return beside if beside.exists() else None


def _flags(table: RoutingTable, routing: Path) -> frozenset[str]:
    """The flags that are on; every flag is off where the file that names them is missing."""
    file = routing.parent / table.file.flags_file
    if not table.file.flags_file or not file.exists():
        return frozenset()
    return load_flags(file, known=table.file.flags).on


class Keeper:
    """Each second: a changed table is taken over, keys are read and budgets written, the audit reaches the disk.

    Then the standing control looks, and people are told.
    """

    def __init__(
        self, gateway: Gateway, control: StandingControl, options: ServeOptions, env: Mapping[str, str]
    ) -> None:
        self._gateway, self._control, self._options, self._env = gateway, control, options, env
        self._seen = self._stamp()
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._synced = 0
        self._callbacks = Callbacks(gateway.engine, gateway.allows_callback, gateway.say)
        self._teller = IncidentTeller(gateway.engine, gateway.settings.gateway.incidents, gateway.say)

    def start(self) -> None:
        # Side by side: an address that hangs, or a new target that does, keeps no revoked key valid.
        works = (self._keep, self._tell_callers, self._tell_people, self._follow)
        self._tasks = [asyncio.get_running_loop().create_task(self._each_second(work)) for work in works]

    async def stop(self) -> None:
        left = (*self._tasks, *self._leaving)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _each_second(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await work()
            except Exception as error:  # whatever it is, the next second is another try
                self._gateway.report_fault("keeper", error)

    async def _keep(self) -> None:
        loop, gateway = asyncio.get_running_loop(), self._gateway
        try:
            await loop.run_in_executor(gateway.database, gateway.access.reload)
        except SQLAlchemyError as error:
            gateway.say("keys_failed", reason=type(error).__name__)
        if gateway.audit.lines != self._synced:
            self._synced = gateway.audit.lines
            with contextlib.suppress(OSError):
                await loop.run_in_executor(None, gateway.audit.sync)
        self._check_permits()
        try:
            await self._control.look(self._run_outside)
            await gateway.sampler.keep(gateway.engine, self._run_outside)
        except (SQLAlchemyError, MiloError) as error:
            gateway.say("incidents_failed", reason=type(error).__name__)

    async def _tell_callers(self) -> None:
        try:
            await self._callbacks.tell_all(self._run_outside)
        except (SQLAlchemyError, MiloError) as error:
            self._gateway.say("callbacks_failed", reason=type(error).__name__)

    async def _tell_people(self) -> None:
        try:
            await self._teller.tell_all(self._run_outside)
        except (SQLAlchemyError, MiloError) as error:
            self._gateway.say("incidents_failed", reason=type(error).__name__)

    async def _follow(self) -> None:
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            await self.reload()

    async def _run_outside(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._gateway.database, operation, *arguments)

    def _check_permits(self) -> None:
        """A permit that expires, or whose model changed, closes its target's rules; a person renews it."""
        serving = self._gateway.serving
        void = void_permits(serving.table.file, serving.upstreams) if serving.table.file.operators else {}
        for name, reasons in void.items():
            health = serving.upstreams[name].health
            if not health.permit_reason:
                self._gateway.say("permit_void", target=name, reason=reasons[0])
            health.permit_reason = f"its permit is void: {reasons[0]}"

    async def reload(self) -> None:
        """Take over the file as it is now, whole; a broken one changes nothing and is reported."""
        gateway, old = self._gateway, self._gateway.serving
        settings = gateway.settings
        try:
            # In a thread: to read a suite takes a second, and streams do not wait for it.
            table, flags = await asyncio.get_running_loop().run_in_executor(None, _load, self._options, settings)
            new = [name for name in table.file.targets if name not in old.upstreams]
            opened = await open_upstreams(
                table.file.model_copy(update={"targets": {name: table.file.targets[name] for name in new}}),
                settings.targets, self._env, settings.gateway.ready_interval_s,
            )  # fmt: skip
            upstreams = {name: opened.get(name) or old.upstreams[name] for name in table.file.targets}
            check_permits(table.file, upstreams)
            if gateway.shadow is not None and gateway.shadow not in upstreams:
                raise ConfigError(f"The shadow target '{gateway.shadow}' is missing.", hint="keep it in the table.")
        except MiloError as error:
            gateway.metrics.reloads.add("refused")
            gateway.say("reload_refused", reason=error.message, hint=error.hint)
            return
        gateway.serving = Serving(table, upstreams, old.limits, flags)
        gateway.metrics.reloads.add("done")
        gateway.say("reloaded", table=table.digest[:16], rules=len(table.file.rules))
        left = [one for name, one in old.upstreams.items() if name not in upstreams]
        if left:
            task = asyncio.get_running_loop().create_task(_let_go(old, left))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _stamp(self) -> tuple[Any, ...]:
        flags = self._gateway.serving.table.file.flags_file
        registry = [self._options.registry] if self._options.registry is not None else []
        paths = [self._options.routing, *registry, *([self._options.routing.parent / flags] if flags else [])]
        return tuple(_stamp_of(path) for path in paths)


async def _let_go(old: Serving, left: list[Upstream]) -> None:
    """Stop targets that the new table does not have, once the streams of the old one have ended under it."""
    try:
        await old.emptied()
    finally:
        for one in left:
            await one.stop()


def _stamp_of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


async def _listen(listener: WireListener, host: str, port: int, tls: ssl.SSLContext | None) -> int:
    try:
        return await listener.listen(host, port, tls)
    except OSError as error:
        message = f"Cannot listen on {_shown(host)}:{port}: {os.strerror(error.errno) if error.errno else error}."
        raise PrerequisiteError(message, hint="stop what uses it, or give --port or --admin-port.") from None


def _tls(options: ServeOptions) -> ssl.SSLContext | None:
    if options.tls_cert is None and options.tls_key is None:
        return None
    if options.tls_cert is None or options.tls_key is None:
        raise UsageError("--tls-cert and --tls-key belong together.", hint="give both.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except (OSError, ssl.SSLError) as error:
        message = f"Cannot use {options.tls_cert} and {options.tls_key} for TLS: {error.strerror or error}."
        raise PrerequisiteError(message, hint="give a PEM certificate chain and its key.") from None
    return context


def _check_public(host: str, tls: ssl.SSLContext | None, gateway: Gateway) -> None:
    """Beyond the loopback there is no service without keys and TLS."""
    if _is_loopback(host):
        return
    if not gateway.access.required:
        message = f"{host} can be reached from other machines, and no key exists."
        raise UsageError(message, hint="make a key with 'milo-bench keys add NAME', or bind to 127.0.0.1.")
    if tls is None:
        message = f"{host} can be reached from other machines, and keys would cross the network unencrypted."
        raise UsageError(message, hint="give --tls-cert and --tls-key, or bind to 127.0.0.1 behind a TLS proxy.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _hosts(options: ServeOptions, settings: Settings) -> set[str]:
    names = {"localhost", "127.0.0.1", "::1", options.host.lower(), *settings.gateway.hosts}
    if not _is_loopback(options.host):
        names.add(socket.gethostname())
    return names


def _wire_limits(settings: Settings) -> WireLimits:
    own = settings.gateway
    return WireLimits(
        header_bytes=own.max_header_bytes,
        body_bytes=own.max_body_bytes,
        bodies_bytes=own.max_bodies_bytes,
        headers_s=own.header_timeout_s,
        body_s=own.body_timeout_s,
        connections=own.max_connections,
    )


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
