"""``python -m benchmarks.fuzz --inputs 100000``: every kind of input, its faults, the time that it took."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.fuzz.kinds import kinds
from benchmarks.fuzz.throw import Fault, Kind, throw_all, throw_one

_BLOCK = 500  # inputs that one process throws before it takes others


def planned(chosen: Sequence[Kind], inputs: int) -> list[tuple[Kind, int]]:
    """How many inputs of each kind, by their shares; at least one of each."""
    whole = sum(kind.share for kind in chosen)
    return [(kind, max(1, round(inputs * kind.share / whole))) for kind in chosen]


def main() -> int:
    """Exit code 0 where nothing was found, 1 where something was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kinds", default="", help="names with commas; all of them if it is not given")
    parser.add_argument("--only", default="", metavar="KIND:NUMBER", help="throw one input again, with its traceback")
    options = parser.parse_args()
    by_name = {kind.name: kind for kind in kinds()}
    if options.only:
        name, _, number = options.only.partition(":")
        return _again(by_name[name], options.seed, int(number))
    chosen = [by_name[name] for name in options.kinds.split(",")] if options.kinds else list(by_name.values())
    began = time.monotonic()
    counts = planned(chosen, options.inputs)
    faults, used_s = _throw(counts, options.seed, options.workers)
    took = time.monotonic() - began
    for kind, count in counts:
        mine = [fault for fault in faults if fault.kind == kind.name]
        each_ms = used_s[kind.name] / count * 1e3
        print(f"{kind.name:22} {count:>9,} inputs   {len(mine):>6,} faults   {each_ms:>8.2f} ms each")
        for alike in dict.fromkeys(fault.alike for fault in mine):
            same = [fault for fault in mine if fault.alike == alike]
            print(f"    {len(same):,} like {same[0].name}: {same[0].what}")
    total = sum(count for _, count in counts)
    print(f"{total:,} inputs, seed {options.seed}: {len(faults):,} faults in {took:.0f} s")
    return 1 if faults else 0


def _again(kind: Kind, seed: int, number: int) -> int:
    from random import Random

    with tempfile.TemporaryDirectory(prefix="milo-fuzz-") as folder:
        if kind.prepare is not None:
            kind.prepare()
        fault = throw_one(kind, seed, number, Path(folder))
        print(f"{kind.name}:{number}: {fault.what if fault else 'no fault'}")
        if fault is not None:
            kind.throw(Random(f"{seed}/{kind.name}/{number}"), Path(folder))
    return 0 if fault is None else 1


def _throw(counts: Sequence[tuple[Kind, int]], seed: int, workers: int) -> tuple[list[Fault], dict[str, float]]:
    """The faults, and the processor time that each kind took, in seconds."""
    found: list[Fault] = []
    used_s: dict[str, float] = defaultdict(float)
    for draws in (False, True):  # what V8 has reserved stays so, and would leave the other kinds without memory
        blocks = [
            (kind.name, start, min(start + _BLOCK, count), seed)
            for kind, count in counts
            for start in range(0, count, _BLOCK)
            if kind.draws == draws
        ]
        # One process has one kind after the other, so that what is made once for a kind is made once.
        # A process that dies ends the run with an error; a multiprocessing.Pool would wait for it for good.
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
            for name, faults, took_s in pool.map(_block, blocks):
                found += faults
                used_s[name] += took_s
    return found, used_s


def _block(block: tuple[str, int, int, int]) -> tuple[str, list[Fault], float]:
    name, start, end, seed = block
    began = os.times()
    by_name = {kind.name: kind for kind in kinds()}
    with tempfile.TemporaryDirectory(prefix="milo-fuzz-", dir=_memory_folder()) as folder:
        faults = throw_all([(by_name[name], range(start, end))], seed, Path(folder))
    used = os.times()
    return name, faults, sum(used[:4]) - sum(began[:4])  # with the processes that read for it, once they have ended


def _memory_folder() -> str | None:
    """Where files cost no disk, if there is such a place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
