"""The reference server in, what we and other load clients say of it out; each named as not installed where it is not.

The peers want a tokenizer even though the server counts. They get one of a thousand words, written here in the layout
of a model hub's cache, and are told to stay offline; nothing is fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost, run_costed
from benchmarks.load.runs import FIRST, Row, closed, figures_of, milo_load, paced_server, with_bytecode
from benchmarks.reference import ReferenceServer

PACED = ("--first-ms", "50", "--gap-ms", "5", "--chunks", "64")
STREAMS = (16, 64, 256)
SECONDS = 10
TOKENIZER = "bench/words"


@dataclass(frozen=True)
class Peer:
    """How to start one: arguments for a base URL, streams and a folder; and where its report keeps what it measured."""

    name: str
    arguments: Callable[[ReferenceServer, int, Path], Sequence[str]]
    report: str
    ttft_ms: tuple[str | int, ...]
    per_s: tuple[str | int, ...]


def _guidellm_arguments(server: ReferenceServer, streams: int, folder: Path) -> Sequence[str]:
    return (
        "run",
        *("--backend", f"kind=openai_http,target=http://127.0.0.1:{server.port},model=reference"),
        *("--profile", f"kind=concurrent,streams={streams}"),
        *("--constraint", f"kind=max_duration,seconds={SECONDS}"),
        *("--tokenizer", f"kind=huggingface_auto,model={TOKENIZER}"),
        *("--data", "kind=synthetic_text,prompt_tokens=64,output_tokens=64"),
        *("--output", f"kind=json,path={folder / 'report.json'}"),
        "--disable-console",
    )


def _aiperf_arguments(server: ReferenceServer, streams: int, folder: Path) -> Sequence[str]:
    return (
        "profile",
        *("--model", "reference", "--url", f"http://127.0.0.1:{server.port}", "--endpoint-type", "chat", "--streaming"),
        *("--concurrency", str(streams), "--benchmark-duration", str(SECONDS), "--tokenizer", TOKENIZER),
        *("--synthetic-input-tokens-mean", "64", "--output-tokens-mean", "64"),
        *("--artifact-dir", str(folder), "--ui", "none"),
    )


PEERS = (
    Peer(
        "guidellm",
        _guidellm_arguments,
        "report.json",
        ("benchmarks", 0, "metrics", "time_to_first_token_ms", "successful", "mean"),
        ("benchmarks", 0, "metrics", "requests_per_second", "successful", "mean"),
    ),
    Peer(
        "aiperf",
        _aiperf_arguments,
        "profile_export_aiperf.json",
        ("time_to_first_token", "avg"),
        ("request_throughput", "avg"),
    ),
)


def peer_rows(folder: Path) -> Iterator[Row]:
    """Mean time to first token and requests a second on the server whose truth is 50.0 ms and streams / 0.365.

    PEERS_BIN names the folders that hold the peers' programs, parted as on the PATH; without it they are
    looked for beside this interpreter.
    """
    for streams in STREAMS:
        with paced_server(*PACED) as server:
            run = milo_load(folder, server, *closed(streams, SECONDS))
        figures = figures_of(run)
        yield _row("milo-bench", streams, run.cost, figures["ttft_mean_s"] * 1e3, figures["requests_per_s"])
    for streams in STREAMS:
        with paced_server(*PACED) as server:
            yield _bare(server, streams)
    for peer in PEERS:
        program = shutil.which(peer.name, path=os.environ.get("PEERS_BIN") or str(Path(sys.executable).parent))
        if program is None:
            yield Row(peer.name, "not installed")
            continue
        for streams in STREAMS:
            with paced_server(*PACED) as server:
                yield _ask(peer, program, folder / f"{peer.name}-{streams}", server, streams)


@dataclass(frozen=True)
class BareRun:
    """What the bare client found, and the cost of its process. ``cpu_s`` and the wake-ups are those while it asked."""

    cost: Cost
    ttft_mean_s: float
    per_s: float
    cpu_s: float
    wakeups_per_s: float


def bare_run(server: ReferenceServer, streams: int) -> BareRun:
    """Run the bare client to its end. Raises ValueError where it printed no report."""
    command = [*FIRST, sys.executable, "-m", "benchmarks.bare_stream", str(server.port), str(streams), str(SECONDS)]
    cost = run_costed(command, env=with_bytecode())
    said = json.loads(cost.stdout)
    return BareRun(cost, said["ttft_mean_s"], said["requests_per_s"], said["cpu_s"], said["wakeups_per_s"])


def _bare(server: ReferenceServer, streams: int) -> Row:
    run = bare_run(server, streams)
    return _row("bare asyncio client", streams, run.cost, run.ttft_mean_s * 1e3, run.per_s)


def _ask(peer: Peer, program: str, folder: Path, server: ReferenceServer, streams: int) -> Row:
    folder.mkdir()
    write_tokenizer(folder / "hub")
    offline = {"HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    command = [*FIRST, program, *peer.arguments(server, streams, folder)]
    cost = run_costed(command, cwd=folder, env={**with_bytecode(), **offline}, timeout_s=180)
    try:
        report = json.loads(next(folder.rglob(peer.report)).read_text())
        return _row(peer.name, streams, cost, _at(report, peer.ttft_ms), _at(report, peer.per_s))
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return _without_report(peer.name, streams, cost)


def _at(report: Any, path: Sequence[str | int]) -> float:
    for step in path:
        report = report[step]
    return float(report)


def _row(name: str, streams: int, cost: Cost, ttft_ms: float, per_s: float) -> Row:
    said = f"first token {ttft_ms:.1f} ms, {per_s:.1f} of {streams / 0.365:.1f} a second, {cost.cpu_s:.1f} s CPU"
    return Row(f"{name}, {streams} streams", said)


def _without_report(name: str, streams: int, cost: Cost) -> Row:
    """Why, in its own words: the last line that names an error, else the last line."""
    lines = [line.strip(" │╭╰─╮╯") for line in (cost.stdout + "\n" + cost.stderr).splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if "error" in line.lower()]
    last = (errors or lines or ["no word"])[-1]
    return Row(f"{name}, {streams} streams", f"no report (exit {cost.returncode}): {last[:160]}")


def write_tokenizer(hub: Path) -> None:
    """A tokenizer of words, as a model hub's client would have cached it under the name ``TOKENIZER``."""
    revision = "0" * 40
    model = hub / f"models--{TOKENIZER.replace('/', '--')}"
    snapshot = model / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(revision)
    words = ["[UNK]", "ok", *(f"w{number}" for number in range(1000))]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": 0, "content": "[UNK]", "special": True, **flags}],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: number for number, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "model_max_length": 4096}
    (snapshot / "tokenizer.json").write_text(json.dumps(tokenizer))
    (snapshot / "tokenizer_config.json").write_text(json.dumps(settings))
    (snapshot / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
