"""Options of ``milo-bench serve`` in, a gateway that runs until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from milo_bench.config.alarms import AlarmsFile
from milo_bench.config.settings import Settings
from milo_bench.core import units
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.gateway.certificates import Certificates, certificates_of
from milo_bench.gateway.control.watch import StandingControl
from milo_bench.gateway.doors import Doors
from milo_bench.gateway.keeper import Keeper
from milo_bench.gateway.memory import give_back_memory
from milo_bench.gateway.options import ServeOptions, load_serving
from milo_bench.gateway.permits import check_permits
from milo_bench.gateway.request import is_plain_head
from milo_bench.gateway.serving import Gateway, GatewayLimits, Serving
from milo_bench.gateway.spans import GatewaySpans
from milo_bench.gateway.upstream.targets import TargetWatch, open_upstreams
from milo_bench.gateway.wire.listener import WireLimits, WireListener
from milo_bench.gateway.wire.open_files import raise_open_files
from milo_bench.run.stop import StopSignal
from milo_bench.store.audit.chain import KEY_VARIABLE, read_key
from milo_bench.store.audit.writer import AuditWriter, head_path, key_path
from milo_bench.store.state.database import open_state
from milo_bench.telemetry.spans import open_spans

_ADMIN_CONNECTIONS: Final = 256
_GRACE_S: Final = 30.0
# A request leaves no circles behind, so what is new is looked through more seldom than by default (every 700).
_NEW_OBJECTS: Final = 20_000


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
    certificates = certificates_of(options)
    loaded = load_serving(options, settings)
    table = loaded.table
    if options.shadow is not None and options.shadow not in table.file.targets:
        message = f"The shadow target '{options.shadow}' is not in {options.routing}."
        raise UsageError(message, hint=f"name one of: {', '.join(table.file.targets) or 'none'}.")
    interval_s = settings.gateway.ready_interval_s
    upstreams = await open_upstreams(table.file, settings.targets, env, interval_s)
    gateway: Gateway | None = None
    try:
        serving = Serving(table, upstreams, _limits(settings), loaded.flags)
        gateway = _open_gateway(options, settings, env, serving, say)
        check_permits(table.file, upstreams, gateway.clock.today())
        _check_public(options.host, certificates, gateway)
        control = StandingControl(gateway, options.audit, _alarms(options))
        control.restore()
        keeper = Keeper(gateway, control, options, env, loaded.stamps, certificates=certificates)
        tls = None if certificates is None else certificates.context
        await _serve(gateway, control, keeper, options, tls, stop, on_start)
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
    if gateway.clock.behind_s >= 1:
        hint = "set the clock. Until then keys and permits end by the audit's latest time."
        gateway.say("clock_behind", by_s=round(gateway.clock.behind_s, 3), hint=hint)
    sink, problem = open_spans(env, "milo-bench-gateway")
    if sink is not None:
        gateway.spans = GatewaySpans(sink)
    elif problem:
        gateway.say("spans_off", reason=problem)
    return gateway


async def _serve(
    gateway: Gateway,
    control: StandingControl,
    keeper: Keeper,
    options: ServeOptions,
    tls: ssl.SSLContext | None,
    stop: StopSignal,
    on_start: Callable[[Listening], None],
) -> None:
    doors = Doors(gateway, _hosts(options, gateway.settings))
    wire = _wire_limits(gateway)
    public = WireListener(
        doors.serve, limits=wire, check_head=doors.check_head, check_known=doors.check_known,
        is_plain=is_plain_head, note_refusal=doors.note_refusal,
    )  # fmt: skip
    few = replace(wire, connections=min(wire.connections, _ADMIN_CONNECTIONS))
    admin = WireListener(
        doors.serve_admin, limits=few, check_head=doors.check_admin_head, note_refusal=doors.note_refusal
    )
    watch = TargetWatch(gateway.settings.gateway.ready_interval_s)
    behaviours = control.behaviours
    try:
        # What was read to start is looked at by no further collection of garbage.
        give_back_memory()
        gc.freeze()
        gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
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


def _alarms(options: ServeOptions) -> Path | None:
    if options.alarms is not None:
        return options.alarms
    beside = options.routing.parent / AlarmsFile.file_name
    return beside if beside.exists() else None


async def _listen(listener: WireListener, host: str, port: int, tls: ssl.SSLContext | None) -> int:
    try:
        return await listener.listen(host, port, tls)
    except OSError as error:
        message = f"Cannot listen on {_shown(host)}:{port}: {os.strerror(error.errno) if error.errno else error}."
        raise PrerequisiteError(message, hint="stop what uses it, or give --port or --admin-port.") from None


def _check_public(host: str, certificates: Certificates | None, gateway: Gateway) -> None:
    """Beyond the loopback there is no service without keys and TLS."""
    if _is_loopback(host):
        return
    if not gateway.access.required:
        message = f"{host} can be reached from other machines, and no key exists."
        raise UsageError(message, hint="make a key with 'milo-bench keys add NAME', or bind to 127.0.0.1.")
    if certificates is None:
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


def _wire_limits(gateway: Gateway) -> WireLimits:
    own = gateway.settings.gateway
    connections = raise_open_files(own.max_connections)
    if connections < own.max_connections:
        gateway.say("connections_bounded", most=connections, hint="raise the limit of open files (LimitNOFILE)")
    return WireLimits(
        header_bytes=own.max_header_bytes,
        body_bytes=own.max_body_bytes,
        bodies_bytes=own.max_bodies_bytes,
        headers_s=own.header_timeout_s,
        body_s=own.body_timeout_s,
        connections=connections,
    )


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
