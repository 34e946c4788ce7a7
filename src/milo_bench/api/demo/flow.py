"""Nothing in; a small model measured on this machine and the decision that follows out, within a stated time."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from milo_bench.api.deciding import DecideOptions, decide_logs
from milo_bench.api.demo.pace import Pace, pace_of
from milo_bench.api.demo.page import INDEX, GrowingPage
from milo_bench.api.inventorying import inventory_now
from milo_bench.api.loading import load_target
from milo_bench.api.probing import probe_target
from milo_bench.api.reporting import report_decision
from milo_bench.api.running import RunOptions, run_suite
from milo_bench.api.settings import load_settings
from milo_bench.config.economics.file import example_path
from milo_bench.config.settings import BUILTIN_TARGETS, TargetConfig
from milo_bench.core.errors import IncompleteRun, Interrupted
from milo_bench.core.files import write_file
from milo_bench.core.records import Attempt, Fixture, ProbeResult
from milo_bench.core.units import number, seconds
from milo_bench.decide.records import Decision
from milo_bench.grade.engine import grade_attempt
from milo_bench.probes.context import ProbeOptions
from milo_bench.report.decision_file import write_decision
from milo_bench.report.terminal.demo import DemoAnswer
from milo_bench.report.terminal.inventory import inventory_json
from milo_bench.run.events import AttemptFinished, RunEvent, RunStarted
from milo_bench.run.load.options import LoadOptions
from milo_bench.store.log.lines import read_header
from milo_bench.suites.load import Suite, load_suite

SUITE: Final = "demo_v1"
TARGET: Final = "smollm2"
BUDGET_S: Final = 180.0
PROBES: Final = ("privacy_leak", "exposure")
# What runs first, and what follows as far as time allows, the most telling first.
_FIRST: Final = "orders"
_REST: Final = ("topics", "tracking", "languages")
_MOST_SERVERS: Final = 4
_CONTEXT: Final = 1024
_WINDOW_S: Final = 4.0
_LOAD_S: Final = 20.0  # what two windows take, with what comes before and after them
_LAST_S: Final = 10.0  # the last decision and its page
_STARTS_LEFT: Final = 3  # of the servers, after the first run: the second run, the probes, the load test


@dataclass(frozen=True)
class DemoOptions:
    """``folder`` gets the logs and the package; the demo takes what fits into ``budget_s`` seconds."""

    folder: Path
    budget_s: float = BUDGET_S
    resume: bool = False


class DemoView(Protocol):
    """Whoever shows a demo."""

    def say(self, text: str) -> None: ...

    def judged(self, answer: DemoAnswer) -> None: ...

    def ran(self, event: RunEvent) -> None: ...


def run_demo(options: DemoOptions, env: Mapping[str, str], view: DemoView) -> Decision:
    """Measure the machine on the first workload, run what fits, probe and load the server, decide, write the package.

    Raises Interrupted or IncompleteRun if a run stopped early, and what ``run_suite`` raises.
    """
    started_s = time.monotonic()
    demo = _Demo(options, env, view, load_suite(SUITE), demo_target())
    package = options.folder / "package"
    page = GrowingPage(package)
    try:
        first = options.folder / "orders.jsonl"
        view.say(f"page, written again as answers come in: {package / INDEX}")
        judging = demo.run(first, (_FIRST,), page)
        rest = options.folder / "rest.jsonl"
        workloads = demo.planned(rest)
        if workloads is None:
            workloads = demo.fitting(judging, options.budget_s - (time.monotonic() - started_s))
        logs = [first]
        if workloads:
            demo.run(rest, workloads, page)
            logs.append(rest)
    finally:
        page.close()
    if page.failure is not None:
        view.say(f"the page could not be written during the run: {page.failure}")
    logs += demo.probed()
    if options.budget_s - (time.monotonic() - started_s) > _LOAD_S + _LAST_S:
        logs += demo.loaded()
    else:
        view.say(
            f"no time left for a load test. Try: milo-bench load --suite {SUITE} --model {TARGET} --concurrency 1,2"
        )
    return demo.decided(logs, package)


def demo_target(cores: int | None = None) -> TargetConfig:
    """The demo's target: several servers share the ``cores`` of this machine, each with a part of them."""
    cores = cores or os.cpu_count() or 1
    servers = min(_MOST_SERVERS, cores)
    settings = {"servers": servers, "cache_prompt": True}
    return BUILTIN_TARGETS[TARGET].model_copy(
        update={"threads": max(1, cores // servers), "context_window": _CONTEXT, "settings": settings}
    )


@dataclass(frozen=True)
class _Demo:
    """The steps of a demo."""

    options: DemoOptions
    env: Mapping[str, str]
    view: DemoView
    suite: Suite
    target: TargetConfig

    @property
    def servers(self) -> int:
        return int(self.target.settings["servers"])

    def run(self, log: Path, workloads: tuple[str, ...], page: GrowingPage) -> _Judging:
        """Run ``workloads`` into ``log``, or what is left of them there. Raises Interrupted and IncompleteRun."""
        judging = _Judging(self.suite, self.view, page, log)
        run = RunOptions(
            suite=self.suite.ref.name,
            models=(TARGET,),
            out=log,
            workloads=workloads,
            order="prefix",  # a workload's messages share the start of their prompt, which the server keeps
            concurrency=self.servers,
            targets={TARGET: self.target},
            resume=self.options.resume and log.exists(),
        )
        finished = run_suite(run, self.env, listeners=[judging.listen, self.view.ran])
        if not finished.end.complete:
            kind = Interrupted if finished.end.reason == "interrupted" else IncompleteRun
            raise kind(f"{finished.done} of {finished.planned} answers are in {log}.")
        return judging

    def planned(self, log: Path) -> tuple[str, ...] | None:
        """The workloads of a log that is taken up; None where there is none."""
        if not self.options.resume or not log.exists():
            return None
        ids = set(read_header(log).plan.fixtures)
        return tuple(dict.fromkeys(one.workload for one in self.suite.fixtures if one.id in ids))

    def fitting(self, judging: _Judging, left_s: float) -> tuple[str, ...]:
        """Which of the other workloads fit into ``left_s`` at the pace of the first one; says so."""
        if not judging.attempts:  # taken up after its end: there is no pace, and no hurry
            return _REST
        pace = pace_of(judging.attempts, self.servers)
        left_s -= _STARTS_LEFT * judging.start_s + _LAST_S
        taken: list[str] = []
        for name in _REST:
            needed_s = pace.time_s(sum(one.workload == name for one in self.suite.fixtures))
            if needed_s <= left_s:
                taken.append(name)
                left_s -= needed_s
        self.view.say(self._pace_text(pace, taken))
        return tuple(taken)

    def _pace_text(self, pace: Pace, taken: list[str]) -> str:
        rate = f"this machine gives about {number(pace.per_s, 2)} answers per second"
        minutes = seconds(self.options.budget_s)
        left_out = [name for name in _REST if name not in taken]
        if not left_out:
            return f"{rate}, so everything fits into {minutes}"
        return f"{rate}, so {' and '.join(left_out)} would not fit into {minutes} (a longer --budget runs them too)"

    def probed(self) -> list[Path]:
        log = self.options.folder / "probes.jsonl"
        log.unlink(missing_ok=True)

        def listen(result: ProbeResult) -> None:
            self.view.say(f"probe {result.probe}: {result.outcome}")

        options = ProbeOptions(quick=True)
        probe_target(self.target, self.env, names=PROBES, options=options, out=log, listen=listen)
        return [log]

    def loaded(self) -> list[Path]:
        log = self.options.folder / "load.jsonl"
        log.unlink(missing_ok=True)
        levels = tuple(sorted({1, self.servers}))
        self.view.say(f"load test with {' and then '.join(map(str, levels))} concurrent requests")
        targets = {TARGET: self.target}
        load = LoadOptions(SUITE, TARGET, _WINDOW_S, concurrency=levels, workloads=(_FIRST,), out=log, targets=targets)
        load_target(load, self.env)
        return [log]

    def decided(self, logs: list[Path], package: Path) -> Decision:
        """Decide on ``logs`` and write the decision and its package, without the notice that it is not finished."""
        folder = self.options.folder
        inventory, economics = folder / "inventory.json", folder / "economics.yaml"
        write_file(inventory, inventory_json(inventory_now(load_settings(None, self.env), self.env)))
        write_file(economics, example_path("demo").read_bytes())  # beside the rest, to be read and changed
        decision = decide_logs(DecideOptions(logs, economics=economics, inventory=inventory, title="Demo"))
        write_decision(folder / "decision.json", decision)
        report_decision(decision, package)
        return decision


class _Judging:
    """Judges each answer as it comes in, shows it, and has the page written again."""

    def __init__(self, suite: Suite, view: DemoView, page: GrowingPage, log: Path) -> None:
        self._suite = suite
        self._view = view
        self._page = page
        self._log = log
        self._fixtures = {fixture.id: fixture for fixture in suite.fixtures}
        self._planned: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._begun_s = time.monotonic()
        self.start_s = 0.0
        self.attempts: list[Attempt] = []

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self.start_s = time.monotonic() - self._begun_s
            self._planned.update(self._fixtures[id].workload for id in event.header.plan.fixtures)
            self._page.add(self._log)
        elif isinstance(event, AttemptFinished):
            self.attempts.append(event.attempt)
            self._view.judged(self._judged(event.attempt, self._fixtures[event.attempt.key.fixture]))
            self._page.update()

    def _judged(self, attempt: Attempt, fixture: Fixture) -> DemoAnswer:
        name = fixture.workload
        graded = grade_attempt(self._suite.workloads[name], fixture, attempt)
        self._done[name] += 1
        self._passed[name] += graded.passed is True
        return DemoAnswer(
            workload=name,
            number=self._done[name],
            planned=self._planned[name],
            message=str(fixture.input["message"]),
            output=attempt.output if attempt.failure is None else f"failure: {attempt.failure.kind}",
            passed=graded.passed is True,
            why=next((verdict.reason for verdict in graded.verdicts if verdict.outcome == "fail"), ""),
            passed_so_far=self._passed[name],
        )
