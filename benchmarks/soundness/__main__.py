"""Roads to a wrong verdict, simulated with a known truth; promised against found, with Monte Carlo error.

Each row is one setting of one road: the error rate that the tool promises, the one that was found, and the one
of the rule that errs on that road ("naive"). Exit code 1 where a row is more than three standard errors above its
promise. Seeded, so always the same; about a minute by default.

    python -m benchmarks.soundness [--runs 400] [--seed 1] [--road TEXT]
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks.soundness import (
    advice,
    alarms,
    best_of,
    constants,
    copies,
    edits,
    flags,
    gate,
    groups,
    judges,
    looks,
    misses,
    permits,
    prompt_cache,
    repeats,
    replayer,
    unjudged,
)
from benchmarks.soundness.road import Road
from benchmarks.soundness.stopped import pairs, scores, until_decided

ROADS: tuple[Road, ...] = (
    unjudged.ROAD,
    flags.ROAD,
    best_of.ROAD,
    looks.ROAD,
    advice.ROAD,
    until_decided.ROAD,
    pairs.ROAD,
    scores.ROAD,
    groups.ROAD,
    copies.ROAD,
    constants.ROAD,
    repeats.ROAD,
    prompt_cache.ROAD,
    gate.ROAD,
    permits.ROAD,
    replayer.ROAD,
    edits.ROAD,
    alarms.ROAD,
    judges.ROAD,
    misses.ROAD,
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soundness", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400, help="simulated decisions for each row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--road", default="", help="only roads with this text in their name")
    options = parser.parse_args(arguments)
    roads = [road for road in ROADS if options.road in road.name]
    if not roads or options.runs < 1:
        parser.error(f"roads: {'; '.join(road.name for road in ROADS)}. --runs is at least 1.")
    broken = 0
    for number, road in enumerate(roads):
        print(f"\n{road.name}: {road.says}")
        print(f"  {'setting':<68} {'promised':>9} {'found':>15} {'naive':>15}")
        for row in road.simulate(options.runs, np.random.default_rng([options.seed, number])):
            promised = "" if row.promised is None else f"≤ {row.promised:.1%}"
            naive = "" if row.naive is None else row.naive.text
            mark = "" if row.holds else "  BROKEN"
            print(f"  {row.setting:<68} {promised:>9} {row.found.text:>15} {naive:>15}{mark}")
            broken += not row.holds
    print(f"\n{options.runs:,} runs for each row, ± one standard error. {broken} rows exceed their promise.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
