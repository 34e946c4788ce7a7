"""Answers of a run log in, the same answers as a log of Inspect out, and what its viewer takes to show them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from benchmarks.board.viewer import NoFigures, Page, Seen, free_port, looked_at, started
from milo_bench.store.log.reader import read_run_log

_NAME = "benchmark.eval"


def inspect_seen(log: Path, folder: Path) -> Seen:
    """Raises NoFigures with why there are none. Its page narrows a list in the browser: it has no address for that."""
    if importlib.util.find_spec("inspect_ai") is None:
        raise NoFigures("not installed (pip install inspect-ai)")
    folder.mkdir(parents=True, exist_ok=True)
    first = _write_eval(log, folder / _NAME)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "inspect_ai", "view", "start", "--log-dir", str(folder), "--port", str(port)]
    with started(command, address, os.environ, folder) as (pid, start_s):
        return looked_at(pid, start_s, address, Page(f"/#/logs/{_NAME}/samples", first), None)


def _write_eval(path: Path, place: Path) -> str:
    """The answers of a run log as an .eval file; the id of the first."""
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score

    log = read_run_log(path)
    samples = [
        EvalSample(
            id=f"{attempt.key.fixture}-{attempt.key.target}-{attempt.key.repeat}",
            epoch=1,
            input=str(log.fixtures[attempt.key.fixture].input),
            target=str(log.fixtures[attempt.key.fixture].expect),
            output=ModelOutput.from_content("model", attempt.output),
            scores={"label": Score(value="C" if attempt.output else "I", answer=attempt.output[:40])},
        )
        for attempt in log.attempts
    ]
    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00", task="benchmark", dataset=EvalDataset(), model="model", config=EvalConfig()
    )
    write_eval_log(EvalLog(eval=spec, samples=samples, status="success"), str(place))
    return str(samples[0].id)
