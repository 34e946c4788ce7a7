"""This machine in, what a fleet of two Ray nodes on it costs, judges and survives out: figure, bound, ok or over.

``python -m benchmarks.fleet [overhead] [grading] [kills] [paper] [--count N] [--seconds S] [--rounds N]``. Every figure
has the load of the machine beside it: with two cores that others use too, two workers cannot be twice as fast as one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.engine import Row, show
from benchmarks.fleet.grading import grading
from benchmarks.fleet.kills import kills
from benchmarks.fleet.nodes import local_cluster
from benchmarks.fleet.overhead import CALL_MS, overhead
from benchmarks.fleet.paper import paper
from milo_bench.core.errors import MiloError
from milo_bench.fleet.cluster import load_ray

PARTS = ("overhead", "grading", "kills", "paper")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}  [default: all]")
    parser.add_argument("--count", type=int, default=200_000, help="recorded attempts that are judged")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long something is killed every 5 seconds")
    parser.add_argument("--rounds", type=int, default=3, help="of the overhead")
    given = parser.parse_args()
    parts = given.parts or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"unknown part '{unknown[0]}'. Valid parts are: {', '.join(PARTS)}")
    try:
        load_ray(loopback=True)
    except MiloError as error:
        print(f"{error.message} hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    over = 0
    with tempfile.TemporaryDirectory(prefix="milo-bench-fleet-") as made:
        folder = Path(made)
        if "overhead" in parts or "kills" in parts:
            with local_cluster({}, {}) as cluster:
                if "overhead" in parts:
                    title = f"A call of {CALL_MS} ms: two nodes with one request each, one process with two"
                    over += show(title, with_load(overhead(folder / "overhead", cluster, 500, given.rounds)))
                if "kills" in parts:
                    title = f"SIGKILL every 5 s for {given.seconds:.0f} s, then to the end"
                    over += show(title, with_load(kills(folder / "kills", cluster, given.seconds)))
        if "grading" in parts:
            with local_cluster({}) as cluster:
                over += show("Recorded attempts judged", with_load(grading(folder / "grading", cluster, given.count)))
        if "paper" in parts:
            over += show(
                "On paper: 10 million attempts on 50 nodes, from costs measured here",
                with_load(paper(folder / "paper")),
            )
    print(f"\n{over} over their bound." if over else "\nEvery figure is within its bound.")
    return 1 if over else 0


def with_load(rows: Iterator[Row]) -> Iterator[Row]:
    """``rows``, then how busy the machine was: processes that ran or waited, on average over a minute."""
    yield from rows
    yield Row("load of the machine in that minute", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    sys.exit(main())
