"""An outside agent and its finished episode in, the log of that episode and its result in words out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec

from milo_bench.core.clock import SystemClock
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Episode, Plan, RunEnd, StoreText, TargetRecord, Timeouts, Workload
from milo_bench.core.version import __version__
from milo_bench.operator.mcp.options import OperatorServeOptions
from milo_bench.operator.play.plan import fixtures_of, operator_suite
from milo_bench.operator.play.prompt import PROMPT_NAME, RULES
from milo_bench.operator.worlds.grade import TASK_POINTS, Score
from milo_bench.operator.worlds.records import WORKLOAD, Form
from milo_bench.operator.worlds.tasks import find_task
from milo_bench.run.log_opening import log_opener
from milo_bench.run.spec import RunSpec, check_hosted
from milo_bench.run.stop import StopSignal
from milo_bench.store.log.reader import read_run_log
from milo_bench.store.log.writer import Resumed, RunLogWriter, require_new_log

OUTSIDE = "agent"


def check_log(options: OperatorServeOptions) -> None:
    """Raise what would be wrong with the log once the agent is there."""
    if not options.resume or not options.out.exists():
        require_new_log(options.out)
        return
    wanted = f"{options.task}.{options.form}"
    if any(episode.key.fixture == wanted for episode in read_run_log(options.out).episodes):
        message = f"{options.out} already contains the episode {wanted}."
        raise DataError(message, hint="choose the other --variant, or another --out.")


class EpisodeLog:
    """The log of one episode: made when the agent says who it is, complete when the episode has ended.

    What goes wrong is kept in ``error`` and stops the serving: it happens inside a request of the agent.
    """

    def __init__(
        self,
        options: OperatorServeOptions,
        *,
        store_text: StoreText,
        inventory: str,
        say: Callable[[str], None],
        stop: StopSignal,
    ) -> None:
        self.error: MiloError | None = None
        self.episode: Episode | None = None
        self.target = TargetRecord(
            name=options.target_name or options.model or OUTSIDE,
            api="mcp",
            model=options.model or "chosen by the agent",
        )
        self._options = options
        self._store_text: StoreText = store_text
        self._inventory = inventory
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
        opened: Resumed | None = None
        with self._keeping():
            header = spec.header((self.target,), now=SystemClock().now())
            resume = self._options.resume and path.exists()
            opened = log_opener(path, fixtures, spec.store_text, resume=resume, rows="episode")(header)
            self._rows = len(opened.done)
            self._writer = opened.writer
        self._say(f"{who['client']} {version} connected.")
        return opened.last_s if opened else 0.0

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
            store_text=self._store_text,
            inventory=self._inventory,
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


def lines_of(episode: Episode) -> Iterator[str]:
    """An episode's result for a terminal: the points and what took them."""
    parts = ", ".join(f"{name.replace('_', ' ')} {points}" for name, points in episode.parts.items())
    yield f"{episode.points} of {TASK_POINTS} points ({parts}), ended: {episode.ending.replace('_', ' ')}."
    calls = sum(line["type"] in ("called", "rejected", "finished") for line in episode.log)
    yield f"{calls} calls, of which {episode.rejected} were unreadable."
    if episode.void:
        yield f"void: the fault {', '.join(episode.void)} never fired."
    yield from (f"breach: {line}" for line in episode.minefields)
    yield from (f"reason: {line}" for line in episode.why)
