"""The reference server in, what other load clients say of it out; each named as not installed where it is not."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cost import Cost, run_costed
from benchmarks.load_runs import Row, paced_server
from benchmarks.reference import ReferenceServer

PACED = ("--first-ms", "50", "--gap-ms", "5", "--chunks", "64")
STREAMS = (16, 64, 256)
SECONDS = 10


def peer_rows(folder: Path) -> Iterator[Row]:
    """Mean time to first token and requests a second on the server whose truth is 50.0 ms and streams / 0.365."""
    for streams in STREAMS:
        with paced_server(*PACED) as server:
            yield _bare(server, streams)
    for name, run in (("guidellm", _guidellm), ("aiperf", _aiperf)):
        program = shutil.which(name, path=os.environ.get("PEERS_BIN") or str(Path(sys.executable).parent))
        if program is None:
            yield Row(name, "not installed")
            continue
        for streams in STREAMS:
            with paced_server(*PACED) as server:
                yield run(program, folder / f"{name}-{streams}", server, streams)


def _bare(server: ReferenceServer, streams: int) -> Row:
    command = [sys.executable, "-m", "benchmarks.bare_stream", str(server.port), str(streams), str(SECONDS)]
    cost = run_costed(command)
    return _row("bare asyncio client", streams, cost, *_said_by_bare(cost))


def _said_by_bare(cost: Cost) -> tuple[float | None, float | None]:
    try:
        said = json.loads(cost.stdout)
    except ValueError:
        return None, None
    return said["ttft_mean_s"] * 1e3, said["requests_per_s"]


def _guidellm(program: str, folder: Path, server: ReferenceServer, streams: int) -> Row:
    folder.mkdir()
    out = folder / "report.json"
    command = [program, "benchmark", "run", "--target", f"http://127.0.0.1:{server.port}", "--model", "reference"]
    command += ["--profile", "concurrent", "--rate", str(streams), "--max-seconds", str(SECONDS)]
    command += ["--data", "prompt_tokens=64,output_tokens=64", "--processor", os.environ.get("PEERS_TOKENIZER", "gpt2")]
    command += ["--output-path", str(out), "--disable-console"]
    cost = run_costed(command, cwd=folder, timeout_s=180)
    try:
        metrics = json.loads(out.read_text())["benchmarks"][0]["metrics"]
        ttft = metrics["time_to_first_token_ms"]["successful"]["mean"]
        rate = metrics["requests_per_second"]["successful"]["mean"]
    except (OSError, ValueError, KeyError, IndexError):
        ttft = rate = None
    return _row("guidellm", streams, cost, ttft, rate)


def _aiperf(program: str, folder: Path, server: ReferenceServer, streams: int) -> Row:
    folder.mkdir()
    command = [program, "profile", "--model", "reference", "--url", f"http://127.0.0.1:{server.port}"]
    command += ["--endpoint-type", "chat", "--streaming", "--concurrency", str(streams)]
    command += ["--benchmark-duration", str(SECONDS), "--artifact-dir", str(folder), "--ui", "none"]
    command += ["--tokenizer", os.environ.get("PEERS_TOKENIZER", "gpt2")]
    cost = run_costed(command, cwd=folder, timeout_s=180)
    try:
        said = json.loads(next(folder.rglob("profile_export_aiperf.json")).read_text())
        ttft, rate = said["time_to_first_token"]["avg"], said["request_throughput"]["avg"]
    except (OSError, ValueError, KeyError, StopIteration):
        ttft = rate = None
    return _row("aiperf", streams, cost, ttft, rate)


def _row(name: str, streams: int, cost: Cost, ttft_ms: float | None, per_s: float | None) -> Row:
    if ttft_ms is None or per_s is None:
        last = (cost.stderr.strip() or cost.stdout.strip()).splitlines()[-1:] or ["no word"]
        return Row(f"{name}, {streams} streams", f"no report: {last[0][:60]}")
    said = f"first token {ttft_ms:.1f} ms, {per_s:.1f} of {streams / 0.365:.1f} a second, {cost.cpu_s:.1f} s CPU"
    return Row(f"{name}, {streams} streams", said)
