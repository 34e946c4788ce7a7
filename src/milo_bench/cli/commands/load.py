"""``milo-bench load``: a suite, a target and a load in; windows in a run log, a table and charts out."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import (
    EVENTS,
    METRICS,
    MOST_CONCURRENT,
    MOST_PER_SECOND,
    SEED,
    Duration,
    FiniteRange,
    NumberList,
    WorkerCount,
)
from milo_bench.core.errors import IncompleteRun, Interrupted
from milo_bench.core.files import require_writable
from milo_bench.core.records import CacheWish
from milo_bench.report import terminal

SECTION = "Measure"
_STREAMS = NumberList(whole=True, most=MOST_CONCURRENT)
_RATES = NumberList(whole=False, most=MOST_PER_SECOND)
_HIGHEST = FiniteRange(min=0, min_open=True, max=MOST_PER_SECOND)
_SECONDS = Duration()


def _write_whole(data: bytes) -> None:
    """To standard output, all of it: unbuffered (PYTHONUNBUFFERED) a write into a pipe may take a part in silence."""
    left = memoryview(data)
    while left:
        left = left[sys.stdout.buffer.write(left) :]
    sys.stdout.buffer.flush()


@click.command()
@click.option("--suite", required=True, help="A built-in suite or a suite's folder, for the prompts.")
@click.option("--model", required=True, metavar="TARGET", help="Name of a target in bench.yaml.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload. Repeatable.")
@click.option(
    "--concurrency",
    type=_STREAMS,
    help="Closed loop: concurrent streams, one level at a time.",
)
@click.option(
    "--rate",
    "rates",
    type=_RATES,
    help="Open loop: requests per second, one level at a time.",
)
@click.option(
    "--arrivals",
    type=click.Choice(["poisson", "constant"]),
    default="poisson",
    show_default=True,
    help="Arrival pattern of an open loop.",
)
@click.option(
    "--trace", type=click.Path(path_type=Path), help="Replay recorded arrivals: lines of seconds, or a run log."
)
@click.option("--find-capacity", is_flag=True, help="Find the highest load that meets the service level.")
@click.option(
    "--highest",
    type=_HIGHEST,
    help="Highest load that a capacity search tries.",
)
@click.option("--slo-ttft", type=_SECONDS, help="Service level: time to first token.")
@click.option("--slo-latency", type=_SECONDS, help="Service level: time to the complete answer.")
@click.option("--slo-token", type=_SECONDS, help="Service level: time per output token.")
@click.option("--slo-stall", type=_SECONDS, help="Service level: longest gap within an answer.")
@click.option(
    "--slo-share",
    type=FiniteRange(min=0, max=1, min_open=True),
    default=0.95,
    show_default=True,
    help="Share of requests that must meet every limit.",
)
@click.option(
    "--duration", type=_SECONDS, default="20s", show_default=True,
    help="Measured part of each window. A trace has its own length.",
)  # fmt: skip
@click.option("--warmup", type=_SECONDS, help="Load before the measured part.  [default: by rule, printed]")
@click.option("--drain", type=_SECONDS, help="Time to finish after a window.  [default: by rule, printed]")
@click.option("--timeout", type=_SECONDS, help="Time limit for an answer.  [default: as in bench.yaml]")
@click.option(
    "--max-in-flight",
    type=click.IntRange(1, 65_536),
    default=512,
    show_default=True,
    help="In-flight cap of an open loop. Queueing time counts.",
)
@click.option(
    "--workers",
    type=WorkerCount(),
    default="1",
    show_default=True,
    help="Processes that send the load, or 'auto': more than one where one processor core is too little.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed for arrivals and the order of prompts.")
@click.option("--out", type=click.Path(path_type=Path), help="Run log to write.  [default: runs/load-SUITE-TIME.jsonl]")
@click.option("--charts", type=click.Path(path_type=Path), help="Folder for SVG charts.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option(
    "--cache",
    type=click.Choice(["cold", "warm"]),
    default="cold",
    show_default=True,
    help="Time documents as new ones, or as the server's cache has them.",
)
@click.option("--grade", is_flag=True, help="Grade the answers too: each document alone first, then under load.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending fixtures to a hosted target.")
@METRICS
@EVENTS
@click.option("--json", "as_json", is_flag=True, help="Print all measurements as one JSON document.")
def load(
    suite: str,
    model: str,
    workloads: tuple[str, ...],
    concurrency: tuple[int, ...] | None,
    rates: tuple[float, ...] | None,
    arrivals: str,
    trace: Path | None,
    find_capacity: bool,
    highest: float | None,
    slo_ttft: float | None,
    slo_latency: float | None,
    slo_token: float | None,
    slo_stall: float | None,
    slo_share: float,
    duration: float,
    warmup: float | None,
    drain: float | None,
    timeout: float | None,
    max_in_flight: int,
    workers: int,
    seed: int,
    out: Path | None,
    charts: Path | None,
    config: Path | None,
    cache: CacheWish,
    grade: bool,
    allow_hosted: bool,
    metrics: str,
    events: str,
    as_json: bool,
) -> None:
    """Load a target with the suite's prompts and measure response times.

    Latency counts from the moment a request was due, so a slow server cannot hide its queue. A
    failed request counts as one that never ends. Windows limited by this client are marked.
    """
    options = api.LoadOptions(
        suite=suite,
        model=model,
        duration_s=duration,
        concurrency=concurrency or (),
        rates=rates or (),
        trace=trace,
        arrivals="constant" if arrivals == "constant" else "poisson",
        find_capacity=find_capacity,
        highest=highest,
        service_level=api.ServiceLevel(slo_ttft, slo_latency, slo_token, slo_stall, slo_share),
        workloads=workloads,
        warmup_s=warmup,
        max_in_flight=max_in_flight,
        drain_s=drain,
        total_timeout_s=timeout,
        seed=seed,
        out=out,
        config=config,
        allow_hosted=allow_hosted,
        cache=cache,
        grade=grade,
        workers=workers,
    )

    if charts is not None:
        require_writable(charts, hint="name another folder with --charts.")

    def tell(text: str) -> None:
        click.echo(text, err=True)

    with api.observe_load(metrics, os.environ, tell, events=events) as listeners:
        report = api.load_target(options, os.environ, tell=tell, listeners=listeners)
    if as_json:
        _write_whole(msgspec.json.format(msgspec.json.encode(report.as_record()), indent=2) + b"\n")
    else:
        terminal.print_load(
            report.windows, terminal.stdout_console(), degradation=report.degradation, capacity=report.capacity
        )
        if report.bypassed:
            click.echo(f"{report.bypassed} fixtures not sent: a rule routes them to human review.")
    if charts is not None:
        for path in api.write_load_charts(report.windows, charts, degradation=report.degradation):
            click.echo(str(path), err=True)
    click.echo(f"log: {report.path}", err=True)
    if report.end.reason == "interrupted":
        raise Interrupted("Stopped. The windows measured so far are in the log.", hint=f"see {report.path}.")
    if not report.end.complete:
        raise IncompleteRun(report.why, hint=f"check that the server is running. The window is in {report.path}.")
    say_next(f"milo-bench run --suite {shlex.quote(suite)} --models {shlex.quote(model)}")
