"""The events of a run in, what a person sees of it on standard error out."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Protocol, TextIO

from milo_bench.core.records import Attempt, AttemptKey
from milo_bench.core.text import visible
from milo_bench.core.units import number, seconds
from milo_bench.report.terminal.work import open_text, work_end_line
from milo_bench.run.events import (
    AttemptFinished,
    AttemptStarted,
    BudgetSpent,
    FixturesWithheld,
    OpenWork,
    RetryWaits,
    RunEnded,
    RunEvent,
    RunStarted,
    RunStopping,
    TargetsStarting,
    TargetStopped,
    TargetWarmed,
    TelemetrySampled,
    WorkAdded,
    WorkEnded,
    WorkLooked,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PLAIN_EVERY_S = 10.0
_LONG_WAIT_S = 2.0  # shorter ones are counted, and not told one by one
_LIVE_EVERY_S = 0.2
_WAITING_S = 3.0


class ProgressView(Protocol):
    """Something that shows a run."""

    def listen(self, event: RunEvent) -> None: ...

    def say(self, line: str) -> None: ...

    def close(self) -> None: ...


def progress_for(stream: TextIO) -> ProgressView:
    """A live line on a terminal, plain lines anywhere else."""
    return LiveProgress() if stream.isatty() else PlainProgress(stream)


class _Counts:
    """What both views show: done, rate, failures by kind, time left."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self.asked = 0
        self.failures: Counter[str] = Counter()
        self.retries, self.waited_s = 0, 0.0
        self.over = False
        self.started_s = time.monotonic()
        self.open: tuple[OpenWork, ...] = ()

    def change(self, event: RunEvent) -> None:
        """Work that was decided or added changes what is planned."""
        if isinstance(event, WorkEnded):
            self.total -= event.withdrawn
        elif isinstance(event, WorkAdded):
            self.total += event.attempts
        elif isinstance(event, WorkLooked):
            self.open = event.open

    def start(self, event: RunStarted) -> None:
        self.total, self.done = event.total, event.done
        self.started_s = time.monotonic()

    def add(self, attempt: Attempt) -> None:
        if attempt.key.retry == 0:
            self.done += 1
        else:
            self.retries += 1
            self.waited_s += attempt.waited_s
        self.asked += 1
        if attempt.failure is not None:
            self.failures[attempt.failure.kind] += 1

    def text(self) -> str:
        elapsed_s = time.monotonic() - self.started_s
        rate = self.asked / elapsed_s if elapsed_s > 0 else 0.0
        parts = []
        if self.asked:
            parts.append(f"{number(rate, 2)}/s" if rate >= 0.95 else f"{number(rate * 60, 2)}/min")
        if self.failures:
            parts.append("failures: " + ", ".join(f"{kind} {n}" for kind, n in self.failures.most_common()))
        if self.retries:
            parts.append(f"retries: {self.retries:,}, waited {seconds(self.waited_s)} for them")
        if self.asked and self.done < self.total and not self.over:
            parts.append(f"about {seconds(_rounded((self.total - self.done) / rate))} left")
        text = ", ".join(parts)
        waiting = open_text(self.open) if not self.over else ""
        return f"{text}. Open: {waiting}" if waiting else text


def _rounded(value_s: float) -> float:
    """Whole seconds, and tens past a minute: a guess should not look like a measurement."""
    return float(round(value_s)) if value_s < 60 else round(value_s, -1)


def _notice(event: RunEvent) -> str:
    """The line for an event that both views print as it comes; "" for the rest."""
    match event:
        case TargetsStarting(targets):
            return f"starting {', '.join(targets)}"
        case FixturesWithheld(target, fixtures):
            return f"{len(fixtures)} sensitive fixtures withheld from hosted target {target}"
        case RetryWaits(key, wait_s) if wait_s >= _LONG_WAIT_S:
            return f"{key.target}: waiting {seconds(wait_s)} before the retry of {key.fixture}"
        case TargetWarmed(warmup):
            took = seconds(warmup.ended_s - warmup.started_s)
            why = f": {warmup.problem}" if warmup.problem else ""
            return f"{warmup.target}: model loaded in {took}, not counted in any answer{why}"
        case TargetStopped(target, failure, consecutive, unsent):
            return f"{target}: stopped after {consecutive} {failure} failures in a row, {unsent} attempts not sent"
        case WorkEnded(end, _):
            return work_end_line(end)
        case BudgetSpent(said):
            return f"{said} is spent: nothing more is sent"
        case RunStopping(in_flight, grace_s):
            return f"stopping: waiting {seconds(grace_s)} for {in_flight} answers (Ctrl-C again to quit now)"
        case _:
            return ""


class PlainProgress:
    """One line now and then, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._counts = _Counts()
        self._said_s = 0.0

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, AttemptFinished):
            self._counts.add(event.attempt)
            now_s = time.monotonic()
            if now_s - self._said_s >= _PLAIN_EVERY_S:
                self._said_s = now_s
                self.say(f"{self._counts.done:,} of {self._counts.total:,}, {self._counts.text()}")
        elif isinstance(event, RunStarted):
            self._counts.start(event)
            self._said_s = time.monotonic()
            for message in event.messages:
                self.say(message)
            already = f", {event.done:,} of them already in the log" if event.done else ""
            self.say(f"{event.total:,} attempts{already}")
        elif isinstance(event, RunEnded):
            self._counts.over = True
            took = seconds(time.monotonic() - self._counts.started_s)
            said = f"{self._counts.done:,} of {self._counts.total:,} in {took}"
            self.say(", ".join(part for part in (said, self._counts.text()) if part))
        else:
            self._counts.change(event)
            if notice := _notice(event):
                self.say(notice)

    def close(self) -> None:
        self._stream.flush()

    def say(self, line: str) -> None:
        self._stream.write(visible(line) + "\n")
        self._stream.flush()


class LiveProgress:
    """A bar that tells what is being asked, how far the run is and when it ends."""

    def __init__(self) -> None:
        self._counts = _Counts()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._drawn_s = 0.0
        self._in_flight: dict[AttemptKey, float] = {}

    def listen(self, event: RunEvent) -> None:
        if isinstance(event, AttemptStarted):
            self._in_flight[event.key] = time.monotonic()
        elif isinstance(event, AttemptFinished):
            self._counts.add(event.attempt)
            self._in_flight.pop(event.attempt.key, None)
            self._tick(event.attempt.key)
        elif isinstance(event, TelemetrySampled):
            self._tick()  # comes every second, so a server that hangs is seen to hang
        elif isinstance(event, RunStarted):
            self._counts.start(event)
            for message in event.messages:
                self.say(message)
            self._open(event)
        elif isinstance(event, RunEnded):
            self._counts.over = True
            self._draw("done" if event.unsent == 0 else f"{event.unsent:,} not sent")
        else:
            self._counts.change(event)
            if self._bar is not None and self._task is not None:
                self._bar.update(self._task, total=self._counts.total)
            if notice := _notice(event):
                self.say(notice)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _tick(self, ended: AttemptKey | None = None) -> None:
        """Draw what is being waited for longest, else what has just ``ended``; at most some times a second."""
        now_s = time.monotonic()
        waiting_for = next(iter(self._in_flight.items()), None) or (ended and (ended, now_s))
        if now_s - self._drawn_s < _LIVE_EVERY_S or not waiting_for:
            return
        self._drawn_s = now_s
        key, since_s = waiting_for
        waited_s = now_s - since_s
        waiting = f", waiting {seconds(round(waited_s))}" if waited_s >= _WAITING_S else ""
        self._draw(f"{key.target} {key.fixture}{waiting}")

    def _open(self, event: RunStarted) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        from milo_bench.report.terminal.console import VisibleConsole

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            console=VisibleConsole(stderr=True),
            auto_refresh=False,
        )
        self._bar.start()
        self._task = self._bar.add_task("asking", total=event.total, completed=event.done, state="")
        self._bar.refresh()

    def _draw(self, doing: str) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=doing, completed=self._counts.done, state=self._counts.text())
            self._bar.refresh()

    def say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(visible(line) + "\n")
