"""A running gateway and its files in; each second the files, keys, permits and clock are looked at, and acted on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from milo_bench.config.routing.file import RoutingFile
from milo_bench.core.errors import ConfigError, MiloError, PrerequisiteError
from milo_bench.gateway.callbacks import Callbacks
from milo_bench.gateway.certificates import Certificates
from milo_bench.gateway.control.telling import IncidentTeller
from milo_bench.gateway.control.watch import StandingControl
from milo_bench.gateway.options import FileStamps, LoadedTable, ServeOptions, file_stamps, load_serving
from milo_bench.gateway.permits import check_permits, void_permits
from milo_bench.gateway.serving import Gateway, Serving
from milo_bench.gateway.upstream.targets import Upstream, hold_to, open_upstreams
from milo_bench.store.state import StateError, kind_of

_LOOK_S: Final = 1.0
_STEP_S: Final = 1.0  # a clock that is led moves by less in a second


class Keeper:
    """Each second: a changed table is taken over, keys are read and budgets written, the audit reaches the disk.

    Then the standing control looks, and people are told. A renewed certificate counts from the next connection on.
    """

    def __init__(
        self, gateway: Gateway, control: StandingControl, options: ServeOptions, env: Mapping[str, str],
        taken: FileStamps, *, certificates: Certificates | None = None,
    ) -> None:  # fmt: skip
        self._certificates = certificates
        self._gateway, self._control, self._options, self._env = gateway, control, options, env
        self._taken, self._looked = taken, taken  # stamps of the files that are served, and of the last look
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._synced = 0
        self._state_kept = True
        self._callbacks = Callbacks(gateway.engine, gateway.allows_callback, gateway.say)
        self._teller = IncidentTeller(gateway.engine, gateway.settings.gateway.incidents, gateway.say)

    def start(self) -> None:
        # Side by side: an address that hangs, or a new target that does, keeps no revoked key valid.
        works = (self._keep, self._tell_callers, self._tell_people, self._follow, self._renew)
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
        except StateError as error:
            gateway.say("keys_failed", reason=kind_of(error))
        self._look_at_state()
        try:
            gateway.audit.look()
        except OSError as error:
            gateway.report_unrecorded(error)
        if gateway.audit.lines != self._synced:
            self._synced = gateway.audit.lines
            with contextlib.suppress(OSError):
                await loop.run_in_executor(None, gateway.audit.sync)
        self._look_at_clock()
        self._check_permits()
        try:
            await self._control.look(self._run_outside)
            await gateway.sampler.keep(gateway.engine, self._run_outside)
        except (StateError, MiloError) as error:
            gateway.say("incidents_failed", reason=kind_of(error))

    async def _tell_callers(self) -> None:
        try:
            await self._callbacks.tell_all(self._run_outside)
        except (StateError, MiloError) as error:
            self._gateway.say("callbacks_failed", reason=kind_of(error))

    async def _tell_people(self) -> None:
        try:
            await self._teller.tell_all(self._run_outside)
        except (StateError, MiloError) as error:
            self._gateway.say("incidents_failed", reason=kind_of(error))

    async def _follow(self) -> None:
        stamps = file_stamps(self._options, self._gateway.serving.table.file.flags_file)
        before, self._looked = self._looked, stamps
        # Half of a file may be a valid table, too: it is read once it is the same in two looks.
        if stamps != self._taken and stamps == before:
            self._taken = stamps
            await self.reload()

    async def _renew(self) -> None:
        try:
            if self._certificates is not None and self._certificates.take_renewed():
                self._gateway.say("certificate_renewed")
        except PrerequisiteError as error:
            self._gateway.say("certificate_refused", reason=error.message, hint=error.hint)
        for name, upstream in self._gateway.serving.upstreams.items():
            try:
                if upstream.take_renewed():
                    self._gateway.say("ca_file_renewed", target=name)
            except ConfigError as error:
                self._gateway.say("ca_file_refused", target=name, reason=error.message, hint=error.hint)

    async def _run_outside(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._gateway.database, operation, *arguments)

    def _look_at_state(self) -> None:
        """Keys that are revoked and work that is queued elsewhere are not seen while the file is not in its place."""
        kept = self._gateway.state_file.is_kept()
        if kept != self._state_kept:
            self._state_kept = kept
            hint = "" if kept else "put it back, or start the gateway again on the file that shall count."
            self._gateway.say("state_back" if kept else "state_lost", hint=hint)

    def _look_at_clock(self) -> None:
        stepped_s = self._gateway.clock.stepped_s()
        if abs(stepped_s) >= _STEP_S:
            self._gateway.say("clock_step", by_s=round(stepped_s, 3))

    def _check_permits(self) -> None:
        """A permit that has ended, or whose model changed, closes its target's rules until it is renewed."""
        serving = self._gateway.serving
        void = void_permits(serving.table.file, serving.upstreams, self._gateway.clock.today())
        for name, one in serving.upstreams.items():
            health = one.health
            if name in void:
                if not health.permit_reason:
                    self._gateway.say("permit_void", target=name, reason=void[name][0])
                health.permit_reason = f"its permit is void: {void[name][0]}"
            elif health.permit_reason and health.token_s is not None:
                health.permit_reason = ""
                self._gateway.say("permit_valid", target=name)

    async def reload(self) -> None:
        """Take over the files as they are now, whole; a broken one changes nothing and is reported."""
        gateway, old = self._gateway, self._gateway.serving
        opened: dict[str, Upstream] = {}
        try:
            # In a thread: to read a suite takes a second, and streams do not wait for it.
            loaded = await asyncio.get_running_loop().run_in_executor(
                None, load_serving, self._options, gateway.settings
            )
            if not loaded.is_current(self._options):
                self._taken = ()  # it changed meanwhile: read it again once it rests
                return
            opened = await self._open_new(loaded.table.file, old)
            serving = self._with_kept(loaded, opened, old)
        except BaseException as error:
            for one in opened.values():
                await one.stop()
            if not isinstance(error, MiloError):
                raise
            gateway.metrics.reloads.add("refused")
            gateway.say("reload_refused", reason=error.message, hint=error.hint)
            return
        gateway.serving = serving
        # A permit of the new table counts from its first request on.
        self._check_permits()
        gateway.metrics.reloads.add("done")
        gateway.say("reloaded", table=serving.table.digest[:16], rules=len(serving.table.file.rules))
        left = [one for name, one in old.upstreams.items() if name not in serving.upstreams]
        if left:
            task = asyncio.get_running_loop().create_task(_let_go(old, left))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _open_new(self, file: RoutingFile, old: Serving) -> dict[str, Upstream]:
        settings = self._gateway.settings
        new = {name: target for name, target in file.targets.items() if name not in old.upstreams}
        interval_s = settings.gateway.ready_interval_s
        return await open_upstreams(file.model_copy(update={"targets": new}), settings.targets, self._env, interval_s)

    def _with_kept(self, loaded: LoadedTable, opened: Mapping[str, Upstream], old: Serving) -> Serving:
        """The new table with the targets that it keeps, which are held to it at once, and their places.

        Raises ConfigError where it cannot be served.
        """
        gateway, file = self._gateway, loaded.table.file
        kept = {name: old.upstreams[name] for name in file.targets if name not in opened}
        upstreams = {name: opened.get(name) or kept[name] for name in file.targets}
        check_permits(file, upstreams, gateway.clock.today())
        if gateway.shadow is not None and gateway.shadow not in upstreams:
            raise ConfigError(f"The shadow target '{gateway.shadow}' is missing.", hint="keep it in the table.")
        for one in kept.values():
            hold_to(file, one)
        serving = Serving(loaded.table, upstreams, old.limits, loaded.flags)
        serving.keep_gates(old)
        return serving


async def _let_go(old: Serving, left: list[Upstream]) -> None:
    """Stop targets that the new table does not have, once the streams of the old one have ended under it."""
    try:
        await old.emptied()
    finally:
        for one in left:
            await one.stop()
