"""A server and flags in, what one ``milo-bench load`` measured and cost out; and rows of a table with their bounds."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost, run_costed
from benchmarks.reference import ReferenceServer, reference_server
from benchmarks.trivial_suite import write_config

# What a client did wrong shall be its own doing: the other programs of this machine come after it, where we may say so.
# Niceness counts between all programs, or (sched(7), autogroup) within a session, which then has its own: so both.
FIRST: tuple[str, ...] = ()
if os.geteuid() == 0 and (_SETSID := shutil.which("setsid")) and (_NICE := shutil.which("nice")):
    _OF_SESSION = "test -w /proc/self/autogroup && echo -19 > /proc/self/autogroup"
    FIRST = (_SETSID, "sh", "-c", f'{_OF_SESSION}; exec "$@"', "sh", _NICE, "-n", "-19")
# An installed program has its bytecode: what a run costs is not to be the compiling of it.
BYTECODE = {"PYTHONPYCACHEPREFIX": str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "milo-bench")}
MILO = str(Path(sys.executable).parent / "milo-bench")
_NUMBERS = count(1)


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ok`` is None where nothing was bounded, or nothing measured."""

    what: str
    figure: str
    bound: str = ""
    ok: bool | None = None


@contextmanager
def paced_server(*options: str) -> Iterator[ReferenceServer]:
    """The reference server, in the real-time class where we may: a known time that waits for a processor is not known.

    Not for a server without pauses, which would then leave nobody else a turn.
    """
    with reference_server(*options) as server:
        with suppress(PermissionError, AttributeError):
            os.sched_setscheduler(server.pid, os.SCHED_FIFO, os.sched_param(1))
        yield server


@contextmanager
def instant_server(*options: str) -> Iterator[ReferenceServer]:
    """The reference server without pauses, before the other programs of this machine where we may say so."""
    with reference_server(*options) as server:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, server.pid, -19)
        yield server


@dataclass(frozen=True)
class LoadRun:
    """The report of one run as ``--json`` gives it, the cost of the process, and our stamps beside the server's own.

    ``stamps`` is what ``stamps.compare`` gives, empty where they were not asked for.
    """

    report: dict[str, Any]
    cost: Cost
    stamps: dict[str, Any] = field(default_factory=dict)


def closed(streams: int, seconds: float) -> tuple[str, ...]:
    return ("--concurrency", str(streams), "--duration", f"{seconds}s")


def load_command(folder: Path, server: ReferenceServer, *flags: str) -> list[str]:
    """What a user would type behind ``milo-bench``, on the shipped suite's prompts."""
    config = write_config(folder, server.base_url)
    out = folder / f"load-{next(_NUMBERS)}.jsonl"
    where = ["--suite", "case_ops_v1", "--model", "reference", "--config", str(config), "--out", str(out)]
    return ["load", *where, "--json", *flags]


def milo_load(
    folder: Path,
    server: ReferenceServer,
    *flags: str,
    expect: int = 0,
    before: Sequence[str] = FIRST,
    program: Sequence[str] = (MILO,),
) -> LoadRun:
    """Run it to its end; RuntimeError with its words where it ends otherwise than ``expect``."""
    cost = run_costed([*before, *program, *load_command(folder, server, *flags)], env=with_bytecode())
    if cost.returncode != expect:
        raise RuntimeError(f"milo-bench load ended with {cost.returncode}: {cost.stderr[-800:]} {cost.stdout[-400:]}")
    # With an exit code of its own the error follows the report, as a document of its own.
    report, _ = json.JSONDecoder().raw_decode(cost.stdout)
    return LoadRun(report, cost)


def stamped_load(folder: Path, server: ReferenceServer, *flags: str) -> LoadRun:
    """The same command on a server that runs with ``--stamps``, its stamps kept beside ours (``stamps``)."""
    out = folder / f"stamps-{next(_NUMBERS)}.json"
    run = milo_load(folder, server, *flags, program=(sys.executable, "-m", "benchmarks.load.stamps", str(out)))
    return replace(run, stamps=json.loads(out.read_text()))


def with_bytecode() -> dict[str, str]:
    """This environment, for programs that keep the bytecode of what they import from one run to the next."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | BYTECODE


def first_window(run: LoadRun) -> dict[str, Any]:
    window: dict[str, Any] = run.report["windows"][0]
    return window


def figures_of(run: LoadRun) -> dict[str, Any]:
    """Of the first window."""
    figures: dict[str, Any] = first_window(run)["figures"]
    return figures


def close_to(what: str, value_s: float | None, true_s: float, within_s: float) -> Row:
    bound = f"{true_s * 1e3:.4g} ± {within_s * 1e3:.3g} ms"
    if value_s is None:
        return Row(what, "never", bound, False)
    return Row(what, f"{value_s * 1e3:.3f} ms", bound, abs(value_s - true_s) <= within_s)


def within(
    what: str, value: float | None, *, least: float | None = None, most: float | None = None, unit: str = ""
) -> Row:
    bound = " and ".join(
        text
        for text in (
            f"at least {least:,g}" if least is not None else "",
            f"under {most:,g}" if most is not None else "",
        )
        if text
    )
    if value is None:
        return Row(what, "none", bound, False)
    ok = (least is None or value >= least) and (most is None or value <= most)
    return Row(what, f"{value:,.4g} {unit}".rstrip(), bound, ok)
