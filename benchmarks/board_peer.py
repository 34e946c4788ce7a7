"""The same answers as a log of Inspect in, what its viewer takes to show their list out."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import psutil

from milo_bench.store.log.reader import read_run_log

_WAIT_S = 120.0


def inspect_figures(log: Path, folder: Path) -> str:
    """One line of figures, or why there are none."""
    if importlib.util.find_spec("inspect_ai") is None:
        return "Inspect's viewer  not installed (pip install inspect-ai)"
    folder.mkdir(parents=True, exist_ok=True)
    name = _write_eval(log, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "inspect_ai", "view", "start", "--log-dir", str(folder), "--port", str(port)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _until_up(address, process)
            start_s = time.perf_counter() - began
            began = time.perf_counter()
            with urllib.request.urlopen(
                f"{address}/api/logs/{quote(str((folder / name).resolve()), safe='')}"
            ) as answer:
                body = answer.read()
            list_ms = (time.perf_counter() - began) * 1000
            here = psutil.Process(process.pid)
            memory = sum(one.memory_info().rss for one in (here, *here.children(recursive=True))) / 2**20
        except (OSError, urllib.error.URLError) as error:
            return f"Inspect's viewer  could not be asked ({error})"
        finally:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.terminate()
            process.terminate()
    return (
        f"{'Inspect viewer':<18} start {start_s:5.2f} s   log  {list_ms:6.0f} ms, {len(body) / 1024:8,.0f} KiB   "
        f"{memory:5.0f} MiB   (the log as its API gives it whole; the page asks for parts of it)"
    )


def _until_up(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _WAIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise OSError("it did not start")


def _write_eval(path: Path, folder: Path) -> str:
    """The answers of a run log as an .eval file; its name."""
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
    place = folder / "benchmark.eval"
    write_eval_log(EvalLog(eval=spec, samples=samples, status="success"), str(place))
    return place.name
