"""A target, a load and a log in; windows in the log, and a report of how the load run went, out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec import structs

from milo_bench.core.chat import Exchange
from milo_bench.core.records import (
    Fixture,
    LoadOutcome,
    LoadRequestRow,
    LoadWindow,
    Measure,
    RunEnd,
    TargetRecord,
    Telemetry,
)
from milo_bench.core.units import figure, number, seconds
from milo_bench.run.asked.shared_text import is_too_soon, measure_shared_text, most_shared, share_of
from milo_bench.run.cache_probe import OURS, SeenCache, see_cache
from milo_bench.run.event_loop import stoppable
from milo_bench.run.load.alone import ask_alone
from milo_bench.run.load.arrivals import Arrival
from milo_bench.run.load.capacity import CapacityResult, CapacitySearch, LevelOutcome
from milo_bench.run.load.documents import DrawRequests, LoadDocuments
from milo_bench.run.load.in_flight import InFlight
from milo_bench.run.load.options import LoadOptions, prepared_requests, profile_at, profiles, requests_of
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.sampling import LoadSampling
from milo_bench.run.load.warmth import mark_warm, needs_a_probe
from milo_bench.run.load.window import LoadRequest, Profile, drive_window
from milo_bench.run.load.workers import LoadWorkers, workers_for
from milo_bench.run.log_opening import log_opener
from milo_bench.run.prepare import cannot_fit
from milo_bench.run.spec import RunSpec, check_hosted
from milo_bench.run.stop import StopSignal, unless_stopped
from milo_bench.store.log.writer import RunLogWriter
from milo_bench.targets.base import Fingerprinted, Target

HIGHEST_STREAMS = 1024
ALONE_DURATIONS = 5  # so many times a window may asking each document alone take
HIGHEST_RATE = 10_000.0

Tell: TypeAlias = Callable[[str], None]
MeasureWindow: TypeAlias = Callable[[str, WindowRows, Sequence[Telemetry]], tuple[LoadWindow, Sequence[LoadRequestRow]]]
# How many fresh fixtures there are already, and how many more are wanted, in; the next ones out.
DrawLoadFixtures: TypeAlias = Callable[[int, int], Sequence[Fixture]]
# A fixture's id and its answer in; what the checks say of it, and the answer as text, out.
GradeAnswer: TypeAlias = Callable[[str, Exchange], tuple[LoadOutcome, str]]
JudgeLevel: TypeAlias = Callable[[LoadWindow], LevelOutcome]


@dataclass(frozen=True)
class LoadReport:
    """What was measured. ``search`` is the path of a capacity search: level, outcome, share that met the level.

    ``graded`` holds the rows of each window, where answers were graded.
    """

    path: Path
    windows: tuple[LoadWindow, ...]
    end: RunEnd
    degradation: tuple[Measure, ...] = ()
    capacity: CapacityResult | None = None
    search: tuple[dict[str, Any], ...] = ()
    graded: tuple[Sequence[LoadRequestRow], ...] = ()
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


class LoadSession:
    """One load run while it lives.

    ``measure`` makes a window, and a line for each of its requests, of its rows and the samples of the machine;
    ``judge`` says whether a window met its service level. With ``grade`` each document is asked alone first, and the
    answers of every window are graded.
    """

    def __init__(
        self,
        options: LoadOptions,
        spec: RunSpec,
        target: Target,
        path: Path,
        trace: tuple[Arrival, ...],
        *,
        measure: MeasureWindow,
        judge: JudgeLevel,
        tell: Tell,
        draw: DrawLoadFixtures | None = None,
        grade: GradeAnswer | None = None,
        workers: LoadWorkers | None = None,
    ) -> None:
        self._workers = workers
        self._grade = grade
        self._lines: list[Sequence[LoadRequestRow]] = []  # of each window, where answers are graded
        self._draw = draw
        self._cache: SeenCache | None = None  # how the server answers equal prompts, where it does not say
        self._shared = measure_shared_text(spec)
        self._options = options
        self._spec = spec
        self._target = target
        self._path = path
        self._trace = trace
        self._measure = measure
        self._judge = judge
        self._tell = tell
        self._windows: list[LoadWindow] = []
        self._search: list[dict[str, Any]] = []
        self._sent = 0
        self._in_flight = InFlight()
        self._why = ""

    async def run(self) -> LoadReport:
        stop = StopSignal()
        requests, bypassed = prepared_requests(self._spec, self._target.record.name)
        try:
            self._tell(f"starting {self._target.record.name}")
            record = await self._target.start()
            check_hosted(self._spec, [record])
            requests = [r for r in requests if not cannot_fit(r.request, record.context_window)]
            self._documents = LoadDocuments(requests, self._drawing(record))
            header = self._spec.header([record], now=datetime.now(UTC))
            fixtures = self._spec.planned_fixtures()
            writer = log_opener(self._path, fixtures, self._spec.store_text, resume=False, rows="load")(header).writer
            zero_s = time.monotonic()
            capacity = None
            try:
                with stoppable(stop):
                    sampling = LoadSampling(self._target, writer, zero_s, self._in_flight)
                    async with sampling:
                        if self._grade is not None:
                            await self._alone(writer, sampling, zero_s, stop)
                        if self._why or stop.requested:
                            pass
                        elif self._options.find_capacity:
                            capacity = await self._find(writer, sampling, zero_s, stop)
                        else:
                            await self._levels(writer, sampling, zero_s, stop)
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
            if self._workers is not None:
                await self._workers.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(5.0):
                    await self._target.stop()
        return LoadReport(
            path=self._path,
            windows=tuple(self._windows),
            graded=tuple(self._lines),
            end=end,
            capacity=capacity,
            search=tuple(self._search),
            bypassed=bypassed,
            why=self._why,
        )

    # ------------------------------------------------------------ what is run

    async def _levels(
        self,
        writer: RunLogWriter,
        sampling: LoadSampling,
        zero_s: float,
        stop: StopSignal,
    ) -> None:
        for profile in profiles(self._options, self._spec.plan.timeouts, self._trace):
            if stop.requested or self._why:
                return
            await self._window(profile, writer, sampling, zero_s, stop)

    async def _find(
        self,
        writer: RunLogWriter,
        sampling: LoadSampling,
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
            window = await self._window(profile, writer, sampling, zero_s, stop)
            if stop.requested or self._why:
                return None
            outcome = self._judge(window)
            figures = window.figures
            self._search.append(
                {
                    "level": step.level,
                    "outcome": outcome,
                    "requests": figures.requests,
                    "met_share": figures.met_share,
                    "interval": figures.met_share_interval,
                }
            )
            search.result(outcome)

    async def _window(
        self,
        profile: Profile,
        writer: RunLogWriter,
        sampling: LoadSampling,
        zero_s: float,
        stop: StopSignal,
    ) -> LoadWindow:
        closed = profile.mode == "closed"
        level = figure(profile.level, "streams") if closed else f"{number(profile.level)} requests per second"
        self._tell(f"{level}: measuring {seconds(profile.duration_s)}")
        documents = self._documents
        documents.prepare(profile, self._sent)
        count = workers_for(profile, self._options.workers) if self._workers is not None else 1
        if self._workers is None or count == 1:
            rows = await drive_window(
                self._target,
                documents.requests,
                profile,
                zero_s=zero_s,
                stop=stop,
                first=self._sent,
                in_flight=self._in_flight,
            )
        else:
            self._tell(f"{level}: sent by {count} processes")
            most = int(profile.level) if closed else profile.max_in_flight
            with self._in_flight.counted(lambda: most):
                rows = await self._workers.drive(
                    count, documents.requests, profile, zero_s=zero_s, stop=stop, first=self._sent
                )
        self._in_flight.left(rows.rows)
        window = await self._keep(rows, writer, sampling, stop)
        if rows.ended_early and rows.ended_early != "interrupted":
            self._why = f"The window at {level} ended early: {rows.ended_early}."
        return window

    async def _alone(self, writer: RunLogWriter, sampling: LoadSampling, zero_s: float, stop: StopSignal) -> None:
        """Each document once with nothing beside it, as many as there is time for: no other is asked under load."""
        most_s = ALONE_DURATIONS * self._options.duration_s
        requests = self._documents.requests
        self._tell(f"{figure(len(requests), 'documents')} alone: at most {seconds(most_s)}")
        with self._in_flight.counted(lambda: 1):
            rows = await ask_alone(
                self._target, requests, self._spec.plan.timeouts, zero_s=zero_s, most_s=most_s, stop=stop
            )
        asked = {row.fixture for row in rows.rows}
        await self._keep(rows, writer, sampling, stop)
        self._documents = LoadDocuments([one for one in requests if one.fixture in asked])
        if rows.ended_early and rows.ended_early != "interrupted":
            self._why = f"Asking documents alone ended early: {rows.ended_early}."

    async def _keep(
        self, rows: WindowRows, writer: RunLogWriter, sampling: LoadSampling, stop: StopSignal
    ) -> LoadWindow:
        """The window of ``rows``, in the log whatever ends the looking for a cache."""
        again = self._documents.sent(rows)
        self._sent += len(rows.rows)
        try:
            await self._look_for_cache(rows, again, stop)
            await sampling.once()
        finally:
            window = self._write(self._told_apart(rows, again), writer, sampling)
        return window

    def _write(self, rows: WindowRows, writer: RunLogWriter, sampling: LoadSampling) -> LoadWindow:
        """The window of ``rows``, written into the log behind a line for each of them."""
        if self._grade is not None:
            rows = self._graded(rows, self._grade)
        window, lines = self._measure(self._target.record.name, rows, sampling.since(rows.began_s))
        for line in lines:
            writer.append(line)
        writer.append(window)
        writer.flush()
        self._windows.append(window)
        if self._grade is not None:
            self._lines.append(lines)
        return window

    @staticmethod
    def _graded(rows: WindowRows, grade: GradeAnswer) -> WindowRows:
        graded = []
        for row in rows.rows:
            if row.exchange is not None and row.failure is None:
                outcome, output = grade(row.fixture, row.exchange)
                row = structs.replace(row, outcome=outcome, output=output)
            graded.append(structs.replace(row, exchange=None))
        return structs.replace(rows, rows=tuple(graded))

    # ------------------------------------------------------------ cold and warm

    def _drawing(self, record: TargetRecord) -> DrawRequests | None:
        if self._draw is None or self._trace or self._options.cache == "warm":
            return None
        draw = self._draw

        def more(have: int, count: int) -> list[LoadRequest]:
            requests, _ = requests_of(self._spec, _sendable(draw(have, count), record))
            return [one for one in requests if not cannot_fit(one.request, record.context_window)]

        return more

    async def _look_for_cache(self, rows: WindowRows, again: frozenset[int], stop: StopSignal) -> None:
        """Whether the server keeps prompts, where it does not say and times depend on it. A stop ends the looking."""
        record = self._target.record
        if self._options.cache == "warm" or record.cache != "" or self._cache is not None or stop.requested:
            return
        # Another server than ours may have had any of these documents from an earlier command.
        earlier = isinstance(self._target, Fingerprinted) and not record.hosted and record.api not in OURS
        if needs_a_probe(rows.rows, again, earlier=earlier):
            self._tell("the server may answer from a cache without saying so: asking three prompts twice to find out")
            limits = self._spec.plan.timeouts
            self._cache = await unless_stopped(see_cache(self._target, time.monotonic, limits=limits), stop)

    def _told_apart(self, rows: WindowRows, again: frozenset[int]) -> WindowRows:
        """``rows`` with those marked that the server had before: by what it says, else by what was sent before."""
        if self._options.cache == "warm":
            return rows
        seen = self._cache
        return mark_warm(
            rows,
            again,
            repeats_are_cold=self._target.record.cache != "" or (seen is not None and not seen.keeps),
            shared_share=self._shared_share,
            too_soon=self._is_too_soon if seen is not None and seen.keeps and not seen.says else None,
        )

    def _shared_share(self, row: LoadRow) -> float:
        """What may be cached of a new document."""
        return most_shared(self._share_of_instructions(row), row.prompt_tokens or 0)

    def _share_of_instructions(self, row: LoadRow) -> float:
        request = self._documents.by_name.get(row.fixture)
        return 0.0 if request is None else share_of(self._shared.get(request.workload, 0), request.request)

    def _is_too_soon(self, row: LoadRow) -> bool:
        """Whether the first token came sooner than that of a new document can."""
        waited_s = None if row.first_content_s is None else row.first_content_s - row.started_s
        new_token_s = None if self._cache is None else self._cache.new_token_s
        return is_too_soon(waited_s, row.prompt_tokens, self._share_of_instructions(row), new_token_s)


def _sendable(fixtures: Sequence[Fixture], record: TargetRecord) -> list[Fixture]:
    """Fresh sensitive fixtures are not sent to a hosted target either."""
    return [one for one in fixtures if not (record.hosted and one.sensitive)]
