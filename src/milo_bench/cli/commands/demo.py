"""``milo-bench demo``: nothing in, a real measurement of two quantisations and the decision that follows out."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.core.errors import IncompleteRun, Interrupted
from milo_bench.core.files import write_file
from milo_bench.core.records import ProbeResult
from milo_bench.report import terminal

SECTION = "Start"
TARGETS = ("smollm2", "smollm2_q4_0")
SAMPLE = 8
LEVELS = (1, 2)
WINDOW_S = 8.0
PROBES = ("truncation", "structured_output", "streaming", "egress", "exposure", "privacy_leak")


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=3), default=SAMPLE, show_default=True, help="Fixtures to ask, stratified."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder to write.  [default: runs/demo-TIME]"
)
def demo(limit: int, out: Path | None) -> None:
    """Measure a small model on this machine and decide what it may do.

    The weights are SmolLM2-135M-Instruct (Q4_1), and the same weights quantised to
    fewer bits (Q4_0). Extraction runs twice, with free decoding and within the answer schema. Then
    the demo loads the server and probes its runtime. The model is far too small for this work, and
    the demo shows how Milo Bench says so.
    """
    folder = out or Path("runs") / f"demo-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    run_log, load_log, inventory = folder / "run.jsonl", folder / "load.jsonl", folder / "inventory.json"
    _run(run_log, limit)
    _say("putting load on the server: one user, then two")
    load = api.LoadOptions(
        "case_ops_v1", TARGETS[0], WINDOW_S, concurrency=LEVELS, workloads=("extraction",), out=load_log
    )
    api.load_target(load, os.environ)
    probe_logs = _probe(folder)
    write_file(inventory, terminal.inventory_json(api.inventory_now(api.load_settings(None, os.environ), os.environ)))
    economics = folder / "economics.yaml"  # beside the rest, to be read and changed
    write_file(economics, api.example_path("demo").read_bytes())
    options = api.DecideOptions(
        (run_log, load_log, *probe_logs), economics=economics, inventory=inventory, title="Demo"
    )
    decision = api.decide_logs(options, created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    api.write_decision(folder / "decision.json", decision)
    api.report_decision(folder / "decision.json", folder / "package")
    console = terminal.stdout_console()
    for card in api.score_logs([run_log]):
        terminal.print_scorecard(card, console)
    console.print()
    terminal.print_decision(decision, console, brief=True)
    package = folder / "package"
    click.echo(f"\ndecision package: open {package / 'index.html'}")
    say_next(f"milo-bench verify {shlex.quote(str(package))}", "milo-bench init")


def _run(path: Path, limit: int) -> None:
    """The run itself, with live progress. Raises IncompleteRun or Interrupted with the line that resumes it."""
    api.find_weights("builtin:smollm2-q4_0", os.environ, _say_quantising)
    # The two take turns, so one may have all cores but the one that its client needs: llama.cpp's
    # threads spin, and a core that they must share slows all of them.
    threads = max(1, (os.cpu_count() or 1) - 1)
    options = api.RunOptions(
        suite="case_ops_v1",
        models=TARGETS,
        out=path,
        limit=limit,
        decoding="both",
        targets={name: api.BUILTIN_TARGETS[name].model_copy(update={"threads": threads}) for name in TARGETS},
    )
    progress = terminal.progress_for(sys.stderr)
    try:
        finished = api.run_suite(options, os.environ, listeners=[progress.listen])
    finally:
        progress.close()
    if not finished.end.complete:
        again = (
            f"milo-bench run --suite case_ops_v1 --models {','.join(TARGETS)} --limit {limit} --decoding both "
            f"--out {shlex.quote(str(path))} --resume"
        )
        kind = Interrupted if finished.end.reason == "interrupted" else IncompleteRun
        raise kind(f"{finished.done} of {finished.planned} attempts are in the log.", hint=f"{again}")


def _probe(folder: Path) -> list[Path]:
    """Probe what every decision asks for, and more on the first target; the logs."""

    def listen(result: ProbeResult) -> None:
        _say(f"probing {result.target}, {result.probe}: {result.outcome}")

    logs = []
    for name, probes in ((TARGETS[0], PROBES), (TARGETS[1], ("privacy_leak",))):
        logs.append(folder / f"probes-{name}.jsonl")
        api.probe_target(
            api.BUILTIN_TARGETS[name],
            os.environ,
            names=probes,
            options=api.ProbeOptions(quick=True),
            out=logs[-1],
            listen=listen,
        )
    return logs


def _say(text: str) -> None:
    click.echo(text, err=True)


def _say_quantising(done: int, total: int) -> None:
    if done == 1:
        _say("quantising the weights again, to Q4_0 (once, the file is kept)")
