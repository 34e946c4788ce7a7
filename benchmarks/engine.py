"""This machine in, the speed of running and grading out: figure, bound, ok or over, beside peers; ``make bench``.

Every client runs as a process of its own against the reference server, which is a process of
its own too. Processor time is after start-up: that of the whole run less that of a run of one case.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import Cost, run_costed
from benchmarks.reference import ReferenceServer, reference_server
from benchmarks.trivial_suite import write_config, write_trivial_suite

BIN = Path(sys.executable).parent
MILO = str(BIN / "milo-bench")
CASES, CONNECTIONS = 1000, 64
PACED_CASES, PACED_MS = 512, 500
KILL_CASES, KILL_CONNECTIONS = 400, 8
GRADED = 10_000


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ok`` is None where nothing was bounded, or nothing measured."""

    what: str
    figure: str
    bound: str = ""
    ok: bool | None = None


def milo_command(suite: Path, config: Path, out: Path, connections: int, *more: str) -> list[str]:
    """``milo-bench run`` on the trivial suite, as a user would type it."""
    where = ["--suite", str(suite), "--models", "reference", "--out", str(out), "--config", str(config)]
    return [MILO, "run", *where, "--concurrency", str(connections), *more]


def bare_command(kind: str, server: ReferenceServer, count: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.bare_clients", kind, str(server.port), str(count), str(CONNECTIONS)]


def inspect_command(what: str, logs: Path, connections: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.inspect_peer", what, str(logs), str(connections)]


def peer_env(server: ReferenceServer, cases: int) -> dict[str, str]:
    return {**os.environ, "PEER_PORT": str(server.port), "PEER_CASES": str(cases)}


def has_inspect() -> bool:
    return (BIN / "inspect").exists()


def checked(cost: Cost, what: str) -> Cost:
    """``cost`` of a run that worked. Raises RuntimeError with the end of what it said."""
    if cost.returncode != 0:
        raise RuntimeError(f"{what} ended with {cost.returncode}: {cost.stderr.strip()[-800:] or cost.stdout[-800:]}")
    return cost


def trivial_cases(folder: Path) -> Iterator[Row]:
    """1,000 trivial cases at 64 connections against an instant server."""
    suite = write_trivial_suite(folder, CASES)
    with reference_server("--count-prefix", "case ") as server:
        config = write_config(folder, server.base_url)
        one = checked(run_costed(milo_command(suite, config, folder / "one.jsonl", 64, "--limit", "1")), "milo-bench")
        server.reset()
        log = folder / "all.jsonl"
        run = checked(run_costed(milo_command(suite, config, log, CONNECTIONS)), "milo-bench")
        counts = server.counts()
        attempts = len(attempt_keys(log))
        cpu_s = run.cpu_s - one.cpu_s
        yield Row("milo-bench run: processor after start-up", f"{cpu_s:.2f} s", "at most 1.5 s", cpu_s <= 1.5)
        memory = run.peak_memory_mib
        yield Row("milo-bench run: peak memory", f"{memory:.0f} MiB", "at most 100 MiB", memory <= 100)
        yield Row("milo-bench run: wall", f"{run.wall_s:.2f} s, start-up {one.cpu_s:.2f} s of it")
        whole = attempts == counts["distinct"] == counts["requests"] == CASES
        asked = f"{attempts} rows, {counts['requests']} requests"
        yield Row("milo-bench run: rows in the log, requests at the server", asked, f"{CASES} each", whole)
        for kind in ("aiohttp", "protocol"):
            yield costed_row(f"a bare {kind} loop", bare_command(kind, server, 1), bare_command(kind, server, CASES))
        yield from inspect_cases(folder, server)
    yield from absent_peers()


def costed_row(what: str, one: list[str], many: list[str]) -> Row:
    small, large = checked(run_costed(one), what), checked(run_costed(many), what)
    cpu, wall = f"{large.cpu_s - small.cpu_s:.2f} s of processor", f"wall {large.wall_s:.2f} s"
    return Row(what, f"{cpu}, {large.peak_memory_mib:.0f} MiB, {wall}")


def inspect_cases(folder: Path, server: ReferenceServer) -> Iterator[Row]:
    if not has_inspect():
        yield Row("inspect", "not installed")
        return
    runs = []
    for cases in (1, CASES):
        logs = folder / f"inspect-{cases}"
        cost = run_costed(inspect_command("eval", logs, CONNECTIONS), env=peer_env(server, cases))
        if cost.returncode != 0:
            yield Row("inspect", f"installed, and ended with {cost.returncode}")
            return
        runs.append(cost)
    cpu_s = runs[1].cpu_s - runs[0].cpu_s
    yield Row("inspect", f"{cpu_s:.2f} s of processor, {runs[1].peak_memory_mib:.0f} MiB, wall {runs[1].wall_s:.2f} s")


def absent_peers() -> Iterator[Row]:
    for name in ("promptfoo", "lm_eval", "deepeval"):
        found = (BIN / name).exists() or shutil.which(name) is not None
        yield Row(name, "installed, not driven by this benchmark" if found else "not installed")


def paced_answers(folder: Path) -> Iterator[Row]:
    """A server that answers after exactly 500 ms: what p95 is reported."""
    suite = write_trivial_suite(folder, PACED_CASES)
    with reference_server("--first-ms", str(PACED_MS), "--count-prefix", "case ") as server:
        config = write_config(folder, server.base_url)
        bare = json.loads(checked(run_costed(bare_command("aiohttp", server, PACED_CASES)), "aiohttp").stdout)
        log = folder / "paced.jsonl"
        checked(run_costed(milo_command(suite, config, log, CONNECTIONS)), "milo-bench")
        score = checked(run_costed([MILO, "score", str(log), "--json"]), "milo-bench score")
        milo_ms = 1000 * measure(json.loads(score.stdout), "latency_p95_s")
        bare_ms = 1000 * bare["p95_s"]
        yield Row("a bare aiohttp client: p95", f"{bare_ms:.1f} ms")
        apart_ms = abs(milo_ms - bare_ms)
        bound = "within 15 ms of the bare client"
        yield Row("milo-bench score: latency p95", f"{milo_ms:.1f} ms, {apart_ms:.1f} apart", bound, apart_ms <= 15)
        if has_inspect():
            logs = folder / "inspect-paced"
            cost = run_costed(inspect_command("eval", logs, CONNECTIONS), env=peer_env(server, PACED_CASES))
            said = json.loads(cost.stdout.splitlines()[-1])["p95_s"] if cost.returncode == 0 else None
            yield Row("inspect: p95 of its model times", f"{1000 * said:.1f} ms" if said else "no figure")


def measure(document: object, name: str) -> float:
    """The one value of a measure anywhere in a scorecard document. Raises KeyError."""
    todo = [document]
    while todo:
        thing = todo.pop()
        if isinstance(thing, dict):
            if thing.get("name") == name and isinstance(thing.get("value"), int | float):
                return float(thing["value"])
            todo.extend(thing.values())
        elif isinstance(thing, list):
            todo.extend(thing)
    raise KeyError(name)


def grading() -> Iterator[Row]:
    """Recorded extraction attempts graded on one core."""
    cost = checked(run_costed([sys.executable, "-m", "benchmarks.grading", str(GRADED)]), "grading")
    rate = json.loads(cost.stdout)["attempts_per_s"]
    yield Row("extraction attempts graded a second", f"{rate:,.0f}", "at least 10,000", rate >= 10_000)


def start_up() -> Iterator[Row]:
    """``milo-bench --help``, the median of eleven."""
    times_s = [checked(run_costed([MILO, "--help"]), "--help").wall_s for _ in range(11)]
    took_ms = 1000 * statistics.median(times_s)
    yield Row("milo-bench --help", f"{took_ms:.0f} ms", "under 150 ms", took_ms < 150)


def killed_and_resumed(folder: Path) -> Iterator[Row]:
    """SIGKILL half way through 400 cases at 8 connections, then resume: the server counts."""
    suite = write_trivial_suite(folder, KILL_CASES)
    with reference_server("--first-ms", "40", "--count-prefix", "case ") as server:
        config = write_config(folder, server.base_url)
        log = folder / "killed.jsonl"
        command = milo_command(suite, config, log, KILL_CONNECTIONS)
        kill_half_way(command, server, dict(os.environ))
        checked(run_costed([*command, "--resume"]), "milo-bench run --resume")
        repeated, rows = server.counts()["repeated"], attempt_keys(log)
        distinct = len(set(rows))
        yield Row("milo-bench: distinct rows", f"{distinct}", f"{KILL_CASES}", distinct == len(rows) == KILL_CASES)
        yield Row("milo-bench: sent twice", f"{repeated}", f"at most {KILL_CONNECTIONS}", repeated <= KILL_CONNECTIONS)
        if has_inspect():
            server.reset()
            logs, env = folder / "inspect-killed", peer_env(server, KILL_CASES)
            kill_half_way(inspect_command("eval", logs, KILL_CONNECTIONS), server, env)
            cost = run_costed(inspect_command("retry", logs, KILL_CONNECTIONS), env=env)
            counts = server.counts()
            said = f"{counts['repeated']} (of {counts['distinct']})"
            yield Row("inspect: sent twice", said if cost.returncode == 0 else f"{said}; its retry failed")


def kill_half_way(command: list[str], server: ReferenceServer, env: dict[str, str]) -> None:
    """SIGKILL ``command`` as soon as the server has seen half of the cases."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    while server.counts()["requests"] < KILL_CASES // 2:
        if process.poll() is not None:
            raise RuntimeError(f"{command[:3]} ended with {process.returncode} before it could be killed")
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()


def attempt_keys(log: Path) -> list[str]:
    """The key of every attempt line of a run log, as text."""
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [json.dumps(row["key"], sort_keys=True) for row in rows if row["type"] == "attempt"]


def main() -> int:
    """Print every section; 1 where a figure is over its bound."""
    over = 0
    sections = (
        (f"{CASES:,} trivial cases, {CONNECTIONS} connections, instant server", trivial_cases),
        (f"An answer after exactly {PACED_MS} ms, {CONNECTIONS} connections", paced_answers),
        (
            f"SIGKILL half way through {KILL_CASES} cases at {KILL_CONNECTIONS} connections, then resume",
            killed_and_resumed,
        ),
    )
    with tempfile.TemporaryDirectory(prefix="milo-bench-engine-") as folder:
        for number, (title, section) in enumerate(sections):
            over += show(title, section(Path(folder) / str(number)))
    over += show("Grading and start-up", (row for part in (grading, start_up) for row in part()))
    print(f"\n{over} over their bound." if over else "\nEvery figure is within its bound.")
    return 1 if over else 0


def show(title: str, rows: Iterator[Row]) -> int:
    print(f"\n{title}", flush=True)
    over = 0
    for row in rows:
        over += row.ok is False
        said = {True: "ok", False: "OVER", None: ""}[row.ok]
        print(f"  {row.what:<58} {row.figure:<48} {row.bound:<32} {said}".rstrip(), flush=True)
    return over


if __name__ == "__main__":
    sys.exit(main())
