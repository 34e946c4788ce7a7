"""Run logs that grow in, a decision package that is written again as they do out, by a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from milo_bench.core.files import write_file

_EVERY_S = 10.0
_RELOAD_S = 5
INDEX = "index.html"


class GrowingPage:
    """Writes the package of what the logs hold so far, at most every ten seconds and never twice at once.

    The work is done in another process: the one that measures has answers to read. ``failure``
    is the last error of a page that could not be written; the next one is tried all the same.
    """

    def __init__(self, package: Path) -> None:
        self._logs: tuple[Path, ...] = ()
        self._package = package
        self._pool: ProcessPoolExecutor | None = None
        self._writing: Future[None] | None = None
        self._begun_s = float("-inf")
        self.failure: BaseException | None = None

    def add(self, log: Path) -> None:
        """Show what ``log`` holds as well from now on."""
        self._logs += (log,)

    def update(self) -> None:
        """Write the page again, unless it is being written or was a moment ago. Returns at once."""
        self._look()
        now_s = time.monotonic()
        if self._writing is not None or now_s - self._begun_s < _EVERY_S:
            return
        if self._pool is None:
            # A process of its own from the start: a fork would share the loop, the log and its lock.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_leave_interrupts)
        self._begun_s = now_s
        self._writing = self._pool.submit(_write, self._logs, self._package)

    def close(self) -> None:
        """Wait for a page that is being written, and end the process."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._look()
            self._pool = None

    def _look(self) -> None:
        if self._writing is not None and self._writing.done():
            self.failure = self._writing.exception()
            self._writing = None


def _leave_interrupts() -> None:
    # Ctrl-C at the terminal reaches the whole group, and the run decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _write(logs: tuple[Path, ...], package: Path) -> None:
    from milo_bench.api.deciding import DecideOptions, decide_logs
    from milo_bench.api.reporting import report_decision

    title = f"Demo in progress, as of {datetime.now(UTC).time().isoformat('seconds')} UTC"
    report_decision(decide_logs(DecideOptions(logs, title=title)), package)
    page = package / INDEX
    text = page.read_text(encoding="utf-8")
    # Only while the run goes on: the last page is written without this, and is the one that `verify` checks.
    write_file(page, text.replace("<head>", f'<head><meta http-equiv="refresh" content="{_RELOAD_S}">', 1))
