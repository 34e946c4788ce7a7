"""A cluster and the reference server in, runs of the trivial suite on one machine's process or on the fleet out."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet.nodes import LocalCluster
from benchmarks.reference import ReferenceServer, reference_server
from benchmarks.trivial_suite import write_trivial_suite
from milo_bench.store.log.reader import read_run_log

MILO = str(Path(sys.executable).parent / "milo-bench")
CALL_MS = 20


@dataclass(frozen=True)
class Bench:
    """A folder with a suite of ``cases`` and a bench.yaml for the cluster."""

    folder: Path
    cases: int
    server: ReferenceServer

    def command(self, out: Path, concurrency: int, *more: str) -> list[str]:
        where = ["--suite", str(self.folder / "trivial"), "--models", "reference", "--out", str(out)]
        where += ["--config", str(self.folder / "bench.yaml"), "--no-fingerprint"]
        return [MILO, "run", *where, "--concurrency", str(concurrency), *more]


@contextmanager
def paced_bench(folder: Path, cases: int, cluster: LocalCluster) -> Iterator[Bench]:
    """A server that answers each request after exactly ``CALL_MS``."""
    folder.mkdir()
    with reference_server("--answer", "ok", "--first-ms", str(CALL_MS), "--count-prefix", "case") as server:
        (folder / "bench.yaml").write_text(
            f"targets:\n  reference: {{api: openai, model: reference, base_url: '{server.base_url}'}}\n"
            f"fleet: {{address: '{cluster.address}', segments: {folder / 'segments'}}}\n"
        )
        write_trivial_suite(folder, cases)
        yield Bench(folder, cases, server)


def ms_per_call(log: Path) -> float:
    """Wall time of a run, from its first request to its last answer, for each attempt."""
    times = [attempt.timings for attempt in read_run_log(log).attempts]
    return 1000 * (max(one.ended_s for one in times) - min(one.started_s for one in times)) / len(times)


def lost_and_repeated(log: Path, cases: int) -> tuple[int, int, int]:
    """Rows of the plan that are missing, that are there twice, and that failed. The seals are checked on the way."""
    read = read_run_log(log)
    attempts = list(read.attempts)
    keys = Counter(attempt.key for attempt in attempts)
    return cases - len(keys), len(attempts) - len(keys), sum(attempt.failure is not None for attempt in attempts)


def finished(command: list[str]) -> None:
    """Run ``command``; RuntimeError with what it said where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-800:]}")
