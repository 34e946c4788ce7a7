"""A suite, a target and a load profile in; load windows in a run log, and a report of them, out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.api.load_options import (
    LoadOptions,
    check_options,
    limits_of,
    prepared_requests,
    profile_at,
    profiles,
    read_trace,
)
from milo_bench.api.settings import load_settings
from milo_bench.core.records import LoadWindow, Measure, RunEnd, Telemetry
from milo_bench.core.version import __version__
from milo_bench.inventory.fingerprint import quick_fingerprint
from milo_bench.run.event_loop import fast_loop, run_to_end, stoppable
from milo_bench.run.load.arrivals import Arrival
from milo_bench.run.load.capacity import CapacityResult, CapacitySearch, LevelOutcome
from milo_bench.run.load.window import LoadRequest, Profile, drive_window
from milo_bench.run.plan import PlanRequest, make_plan
from milo_bench.run.prepare import cannot_fit
from milo_bench.run.spec import RunSpec, check_hosted
from milo_bench.run.stop import StopSignal
from milo_bench.stats.load.figures import load_window
from milo_bench.store.log.writer import RunLogWriter, require_new_log
from milo_bench.suites.load import load_suite
from milo_bench.targets.base import Target
from milo_bench.targets.opening import open_target

SAMPLE_EACH_S = 0.5
HIGHEST_STREAMS = 1024
HIGHEST_RATE = 10_000.0
_UNDECIDED_BELOW = 20

Told = Callable[[str], None]


@dataclass(frozen=True)
class LoadReport:
    """What was measured. ``search`` is the path of a capacity search: level, outcome, share that met the level."""

    path: Path
    windows: tuple[LoadWindow, ...]
    degradation: tuple[Measure, ...]
    end: RunEnd
    capacity: CapacityResult | None = None
    search: tuple[dict[str, Any], ...] = ()
    bypassed: int = 0
    why: str = ""

    def as_record(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {
            "log": str(self.path),
            "complete": self.end.complete,
            "reason": self.end.reason,
            "windows": [{"client_bound": w.client_bound, **msgspec.to_builtins(w)} for w in self.windows],
            "degradation": msgspec.to_builtins(self.degradation),
            "capacity": None if self.capacity is None else msgspec.to_builtins(self.capacity),
            "search": list(self.search),
            "bypassed_fixtures": self.bypassed,
        }


def load_target(options: LoadOptions, env: Mapping[str, str], *, tell: Told | None = None) -> LoadReport:
    """Put the asked load on one target, window by window, and write each window into a run log.

    Raises UsageError, ConfigError or DataError for what can be told before the target is started,
    TargetError where it does not start. A window that breaks off is recorded with the reason, and
    the report's ``end`` is not complete.
    """
    settings = load_settings(options.config, env)
    check_options(options)
    suite = load_suite(options.suite)
    path = options.out or Path("runs") / f"load-{suite.ref.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
    require_new_log(path)
    target = open_target(settings.target(options.model), env)
    # No attempt is planned: what a load run sends is counted in its windows.
    plan = make_plan(
        PlanRequest(
            workloads=options.workloads, order="interleaved", seed=options.seed, timeouts=limits_of(options, settings)
        ),
        fixtures=suite.fixtures,
        workloads=suite.workloads,
        targets=[target.record],
    )
    spec = RunSpec(
        suite=suite.ref,
        workloads=suite.workloads,
        fixtures={fixture.id: fixture for fixture in suite.fixtures},
        plan=msgspec.structs.replace(plan, repeats=0, concurrency=max(options.concurrency, default=1)),
        tool_version=__version__,
        store_text=settings.privacy.store_text,
        allow_hosted=options.allow_hosted,
        inventory=quick_fingerprint(env),
    )
    check_hosted(spec, [target.record])
    trace = read_trace(options.trace, spec) if options.trace else ()
    session = _Session(options, spec, target, path, trace, tell or (lambda _: None))
    return run_to_end(session.run(), new_loop=fast_loop)


class _Session:
    """One load run while it lives."""

    def __init__(
        self,
        options: LoadOptions,
        spec: RunSpec,
        target: Target,
        path: Path,
        trace: tuple[Arrival, ...],
        tell: Told,
    ) -> None:
        self._options = options
        self._spec = spec
        self._target = target
        self._path = path
        self._trace = trace
        self._tell = tell
        self._windows: list[LoadWindow] = []
        self._search: list[dict[str, Any]] = []
        self._sent = 0
        self._why = ""

    async def run(self) -> LoadReport:
        stop = StopSignal()
        requests, bypassed = prepared_requests(self._spec, self._target.record.name)
        try:
            self._tell(f"starting {self._target.record.name}")
            record = await self._target.start()
            check_hosted(self._spec, [record])
            requests = [r for r in requests if not cannot_fit(r.request, record.context_window)]
            header = self._spec.header([record], now=datetime.now(UTC))
            writer = self._create(header)
            zero_s = time.monotonic()
            capacity = None
            try:
                with stoppable(stop):
                    sampling = _Sampling(self._target, writer, zero_s)
                    async with sampling:
                        if self._options.find_capacity:
                            capacity = await self._find(requests, writer, sampling, zero_s, stop)
                        else:
                            await self._levels(requests, writer, sampling, zero_s, stop)
            finally:
                done = not stop.requested and not self._why
                end = RunEnd(
                    ended_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                    attempts=0,
                    failures=0,
                    complete=done,
                    reason="done" if done else "interrupted" if stop.requested else "aborted",
                    ended_s=time.monotonic() - zero_s,
                )
                writer.close(end)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(5.0):
                    await self._target.stop()
        from milo_bench.stats.load.knee import degradation

        return LoadReport(
            path=self._path,
            windows=tuple(self._windows),
            degradation=degradation(self._windows),
            end=end,
            capacity=capacity,
            search=tuple(self._search),
            bypassed=bypassed,
            why=self._why,
        )

    def _create(self, header: Any) -> RunLogWriter:
        from milo_bench.store.stored_text import TextPolicy

        store_text = self._spec.store_text
        redact = None
        if store_text == "redacted":
            from milo_bench.guards.personal.data import Redactor

            redactor = Redactor()
            redact = lambda text: redactor.redact(text).text  # noqa: E731  one line, used once
        return RunLogWriter.create(self._path, header, self._spec.planned_fixtures(), TextPolicy(store_text, redact))

    # ------------------------------------------------------------ what is run

    async def _levels(
        self,
        requests: Sequence[LoadRequest],
        writer: RunLogWriter,
        sampling: _Sampling,
        zero_s: float,
        stop: StopSignal,
    ) -> None:
        for profile in profiles(self._options, self._spec.plan.timeouts, self._trace):
            if stop.requested or self._why:
                return
            await self._window(profile, requests, writer, sampling, zero_s, stop)

    async def _find(
        self,
        requests: Sequence[LoadRequest],
        writer: RunLogWriter,
        sampling: _Sampling,
        zero_s: float,
        stop: StopSignal,
    ) -> CapacityResult | None:
        options = self._options
        whole = not options.rates
        start = float(options.rates[0] if options.rates else min(options.concurrency, default=1))
        highest = options.highest or (HIGHEST_STREAMS if whole else HIGHEST_RATE)
        search = CapacitySearch(whole=whole, start=start, highest=max(highest, start))
        while True:
            step = search.next()
            if isinstance(step, CapacityResult):
                return step
            profile = profile_at(options, self._spec.plan.timeouts, "closed" if whole else "open", step.level)
            window = await self._window(profile, requests, writer, sampling, zero_s, stop)
            if stop.requested or self._why:
                return None
            outcome = judge_level(window)
            figures = window.figures
            self._search.append(
                {
                    "level": step.level,
                    "outcome": outcome,
                    "requests": figures["requests"],
                    "met_share": figures.get("met_share"),
                    "interval": figures.get("met_share_interval"),
                }
            )
            search.result(outcome)

    async def _window(
        self,
        profile: Profile,
        requests: Sequence[LoadRequest],
        writer: RunLogWriter,
        sampling: _Sampling,
        zero_s: float,
        stop: StopSignal,
    ) -> LoadWindow:
        plural = "" if profile.level == 1 else "s"
        level = (
            f"{profile.level:g} stream{plural}"
            if profile.mode == "closed"
            else f"{profile.level:.4g} requests per second"
        )
        self._tell(f"{level}: measuring {profile.duration_s:g} s")
        rows = await drive_window(self._target, requests, profile, zero_s=zero_s, stop=stop, first=self._sent)
        self._sent += len(rows.rows)
        await sampling.once()
        window = load_window(
            self._target.record.name, rows, level=self._options.service_level, samples=sampling.since(rows.began_s)
        )
        self._windows.append(window)
        writer.append(window)
        writer.flush()
        if rows.ended_early and rows.ended_early != "interrupted":
            self._why = f"The window at {level} ended early: {rows.ended_early}."
        return window


class _Sampling:
    """Samples the machine beside the load, in a thread, into the log and for the windows' figures."""

    def __init__(self, target: Target, writer: RunLogWriter, zero_s: float) -> None:
        from milo_bench.run.devices import Devices
        from milo_bench.run.telemetry import Sampler

        self._sampler = Sampler({target.record.name: target.server_pids()}, Devices())
        self._writer = writer
        self._zero_s = zero_s
        self._samples: list[Telemetry] = []
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.ensure_future(self._forever())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._one_at_a_time:  # a thread may still be inside a call
            self._sampler.close()

    async def _forever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(SAMPLE_EACH_S)

    async def once(self) -> None:
        async with self._one_at_a_time:
            at_s = time.monotonic() - self._zero_s
            samples = await asyncio.shield(asyncio.to_thread(self._sampler.sample, at_s))
        self._samples += samples
        for sample in samples:
            self._writer.append(sample)

    def since(self, at_s: float) -> tuple[Telemetry, ...]:
        return tuple(sample for sample in self._samples if sample.at_s >= at_s)


def judge_level(window: LoadWindow) -> LevelOutcome:
    """Whether a window met its service level.

    By the share of requests that kept every limit. Under 20 requests whose interval straddles the
    wanted share, it is undecided; a window where the client was the limit proves no miss.
    """
    figures = window.figures
    share, wanted = figures.get("met_share"), figures.get("service_level_share", 1.0)
    if share is None:
        return "undecided"
    if share >= wanted and not figures.get("ended_early"):
        few = figures["requests"] < _UNDECIDED_BELOW and figures["met"] < figures["requests"]
        return "undecided" if few else "met"
    return "client_bound" if window.client_bound else "missed"
