"""A million recorded attempts in; wall time, processor time and memory of ``decide`` and ``report`` out.

The log is synthetic: 1,000 notes of claims_v1, four made-up targets, 250 repeats, labels drawn at a
stated accuracy. Everything after it is the product's own way from a log to a package. Exit code 1
where a bound is missed: 60 seconds and 1 GiB for both commands together, on two cores.

    python -m benchmarks.decide [--attempts 1000000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.cost import Cost, run_costed
from milo_bench.core.records import (
    Attempt,
    AttemptKey,
    Failure,
    Fixture,
    Plan,
    Price,
    RunEnd,
    RunHeader,
    TargetRecord,
    Timings,
    Usage,
)
from milo_bench.suites import load_suite

WALL_S = 60.0
MEMORY_MIB = 1024.0
LABELS = ("routine", "watch", "escalate")
# Target, share of right labels, median latency in seconds, hosted.
TARGETS = (("local_a", 0.91, 0.9, False), ("local_b", 0.93, 1.8, False), ("local_c", 0.88, 0.5, False),
           ("hosted", 0.94, 0.7, True))  # fmt: skip


def write_log(path: Path, attempts: int) -> int:
    """Write a log of about ``attempts`` attempts to ``path``; how many. Seeded, so always the same."""
    suite = load_suite("claims_v1")
    notes = [fixture for fixture in suite.fixtures if fixture.workload == "escalation"]
    repeats = max(1, attempts // (len(notes) * len(TARGETS)))
    encode = msgspec.json.Encoder().encode
    header = RunHeader(
        run_id="benchmark",
        created_at="2026-01-01T00:00:00Z",
        tool_version="0",
        suite=suite.ref,
        workloads=(suite.workloads["escalation"],),
        targets=tuple(_target(name, hosted) for name, _, _, hosted in TARGETS),
        plan=Plan(tuple(note.id for note in notes), tuple(name for name, *_ in TARGETS), repeats=repeats),
    )
    draw = random.Random(1)
    with path.open("wb") as file:
        for record in (header, *notes):
            file.write(encode(record) + b"\n")
        count = failures = 0
        for repeat in range(repeats):
            for note in notes:
                for name, right, median_s, _ in TARGETS:
                    attempt = _attempt(note, name, repeat, right, median_s, draw)
                    failures += attempt.failure is not None
                    count += 1
                    file.write(encode(attempt) + b"\n")
        file.write(encode(RunEnd("2026-01-02T00:00:00Z", count, failures, True)) + b"\n")
    return count


def _target(name: str, hosted: bool) -> TargetRecord:
    price = Price(0.5, 1.5, "benchmark") if hosted else None
    return TargetRecord(name, "openai", name, hosted=hosted, model_digest=f"sha256:{name}", price=price)


def _attempt(note: Fixture, target: str, repeat: int, right: float, median_s: float, draw: random.Random) -> Attempt:
    key = AttemptKey(note.id, target, repeat)
    start_s = float(repeat)
    if draw.random() < 0.01:
        failure = Failure("total_timeout", "no answer in time")
        return Attempt(key, "benchmark", Timings(start_s, start_s, start_s + 30), failure=failure)
    label = note.expect["label"] if draw.random() < right else draw.choice(LABELS)
    latency_s = median_s * draw.lognormvariate(0, 0.4)
    return Attempt(
        key,
        "benchmark",
        Timings(start_s, start_s, start_s + latency_s, first_content_s=start_s + latency_s / 3),
        output=json.dumps({"label": label, "reason": "as the note says"}),
        finish_reason="stop",
        usage=Usage(180, 22),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--attempts", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        log, decision = folder / "million.jsonl", folder / "million.decision.json"
        count = write_log(log, asked.attempts)
        program = [sys.executable, "-m", "milo_bench.cli.main"]
        decide = run_costed([*program, "decide", str(log), "--out", str(decision)])
        report = run_costed([*program, "report", str(decision), "--out", str(folder / "package")])
        figures = {
            "attempts": count,
            "log_mib": round(log.stat().st_size / 2**20),
            "decide": _figures(decide),
            "report": _figures(report),
        }
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    wall_s = decide.wall_s + report.wall_s
    memory_mib = max(decide.peak_memory_mib, report.peak_memory_mib)
    ended_well = decide.returncode == 0 and report.returncode == 0
    within = ended_well and wall_s <= WALL_S and memory_mib <= MEMORY_MIB
    verdict = "within" if within else "NOT within"
    sys.stdout.write(f"{wall_s:.1f} s and {memory_mib:.0f} MiB: {verdict} {WALL_S:.0f} s and {MEMORY_MIB:.0f} MiB.\n")
    if not ended_well:
        sys.stdout.write(decide.stderr + report.stderr)
    sys.exit(0 if within else 1)


def _figures(cost: Cost) -> dict[str, float]:
    return {
        "wall_s": round(cost.wall_s, 2),
        "processor_s": round(cost.cpu_s, 2),
        "peak_memory_mib": round(cost.peak_memory_mib),
        "exit_code": cost.returncode,
    }


if __name__ == "__main__":
    main()
