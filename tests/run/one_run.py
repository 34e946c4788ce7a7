"""A run as a process of its own: ``one_run.py LOG BASE_URL CASES CONCURRENCY``; resumes where LOG is there."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from milo_bench.config.settings import TargetConfig
from milo_bench.run.events import AttemptFinished, RunEvent, RunStopping
from milo_bench.run.execute import execute
from milo_bench.run.plan import PlanRequest
from milo_bench.run.stop import StopSignal, stopping_on_signals
from milo_bench.targets import open_target
from tests.run.run_parts import make_fixtures, make_spec, opening


async def main(log: Path, base_url: str, cases: int, concurrency: int) -> int:
    target = open_target(TargetConfig(name="a", api="openai", model="fake-1", base_url=base_url), {})
    spec = make_spec(PlanRequest(concurrency=concurrency), make_fixtures(cases), [target.record], grace_s=0.5)
    finished = 0

    def tell(event: RunEvent) -> None:
        nonlocal finished
        if isinstance(event, AttemptFinished):
            finished += 1
            print(finished, flush=True)
        elif isinstance(event, RunStopping):
            print("stopping", flush=True)

    stop = StopSignal()
    with stopping_on_signals(stop):
        end = await execute(spec, targets={"a": target}, open_log=opening(log, spec), listeners=[tell], stop=stop)
    return 0 if end.complete else 130


if __name__ == "__main__":
    path, url, cases, concurrency = sys.argv[1:]
    sys.exit(asyncio.run(main(Path(path), url, int(cases), int(concurrency))))
