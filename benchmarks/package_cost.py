"""``python -m benchmarks.package_cost``: processor time of decide, report and verify for 700 attempts; 1 over a bound.

Two ordinary runs of about 700 attempts of planted models, one for each suite, are recorded, decided on by the built-in
policy, written and verified, each command in a process of its own; the least of ``--rounds`` is taken, because other
work on the machine only ever adds. Start-up is what the command takes to print its help. ``--samples FOLDER`` measures
the two sample packages too, recorded into FOLDER unless they are there: they hold load tests besides.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cost import run_costed
from benchmarks.planted.record import record_run
from benchmarks.planted.sample import SAMPLES, Sample, make_sample
from milo_bench.report.decision_file import read_decision

ATTEMPTS = 700
BOUNDS_S = {"decide": 2.0, "report": 4.0, "verify": 6.0}
_PROGRAM = [sys.executable, "-m", "milo_bench.cli.main"]
# Fixtures that give about 700 attempts on two local models and a hosted one, which gets no sensitive fixture.
_LIMITS = {"claims": 240, "case_ops": 150}


def main() -> int:
    """Print a row for each package and command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=Path)
    asked = parser.parse_args()
    over = 0
    print(
        f"{'package':<22} {'attempts':>8} {'load':>7} {'command':<8} {'start-up':>9} {'all':>7} {'bound':>6}"
        "  processor s"
    )
    with tempfile.TemporaryDirectory() as scratch:
        for sample in SAMPLES:
            folder = Path(scratch) / sample.name
            over += _print_rows(
                f"{sample.name}, one run", folder, [_record(sample, folder)], [], asked.rounds, bound=True
            )
        for sample in SAMPLES if asked.samples else ():
            folder = asked.samples / sample.name
            if not (folder / "decision.json").exists():
                make_sample(sample, folder)
            decision = read_decision(folder / "decision.json")
            more = ["--policy", "policy.yaml", "--economics", "economics.yaml", "--review", "review.json"]
            _print_rows(f"{sample.name}, sample", folder, [log.path for log in decision.logs], more, asked.rounds)
    return 1 if over else 0


def _record(sample: Sample, folder: Path) -> str:
    folder.mkdir()
    models = list(sample.models)
    if sample.name == "case_ops":  # 180 fixtures: two more models make up the attempts
        models += [dataclasses.replace(models[0], name=f"local_8b_{name}") for name in ("q4", "q6")]
    return record_run(sample.suite, models, folder / "run.jsonl", limit=_LIMITS[sample.name]).name


def _print_rows(
    name: str, folder: Path, logs: Sequence[str], more: Sequence[str], rounds: int, *, bound: bool = False
) -> int:
    """How many commands took more than their bound."""
    commands = {
        "decide": ["decide", *logs, *more, "--out", "again.json"],
        "report": ["report", "again.json", "--out", "again"],
        "verify": ["verify", "again", "--runs", "."],
    }
    over = 0
    for command, words in commands.items():
        start = min(_cost_s(folder, [command, "--help"]) for _ in range(rounds))
        took = min(_cost_s(folder, words) for _ in range(rounds))
        attempts, load = _counted(folder, logs)
        within = took <= BOUNDS_S[command]
        over += bound and not within
        mark = "" if within else "  over"
        print(
            f"{name:<22} {attempts:>8,} {load:>7,} {command:<8} {start:>9.2f} {took:>7.2f}"
            f" {BOUNDS_S[command]:>6.0f}{mark}"
        )
    return over


def _counted(folder: Path, logs: Sequence[str]) -> tuple[int, int]:
    """Attempts and load requests in ``logs``."""
    text = b"".join((folder / log).read_bytes() for log in logs)
    return text.count(b'{"type":"attempt"'), text.count(b'{"type":"load_row"')


def _cost_s(folder: Path, words: Sequence[str]) -> float:
    # An installed tool is compiled once, and not at each start.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    cost = run_costed([*_PROGRAM, *words], cwd=folder, env=env)
    if cost.returncode:
        sys.exit(f"{' '.join(words)} ended with {cost.returncode}: {cost.stderr or cost.stdout}")
    return cost.cpu_s


if __name__ == "__main__":
    sys.exit(main())
