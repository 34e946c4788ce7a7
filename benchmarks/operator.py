"""Nothing in, the time that the oracle takes over all operator tasks at 20 seeds on one core out, as one JSON line."""

from __future__ import annotations

import json
import sys
import time

from milo_bench.operator.worlds.grade import TASK_POINTS
from milo_bench.operator.worlds.policies import oracle
from milo_bench.operator.worlds.selftest import play
from milo_bench.operator.worlds.tasks import all_tasks

SEEDS = 20


def main() -> None:
    tasks = all_tasks()
    begin_s = time.process_time()
    points = sum(play(task, seed, oracle).points for task in tasks for seed in range(SEEDS))
    processor_s = time.process_time() - begin_s
    most = TASK_POINTS * len(tasks) * SEEDS
    figures = {"tasks": len(tasks), "seeds": SEEDS, "points": points, "of": most, "processor_s": round(processor_s, 3)}
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(0 if points == most else 1)


if __name__ == "__main__":
    main()
