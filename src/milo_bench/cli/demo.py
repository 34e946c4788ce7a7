"""``milo-bench demo``: nothing in, a real comparison of two quantisations on this machine out."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from milo_bench.cli.entry import say_next
from milo_bench.core.errors import IncompleteRun, Interrupted

TARGETS = ("smollm2", "smollm2_q4_0")
SAMPLE = 8


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=3), default=SAMPLE, show_default=True, help="Fixtures to ask, stratified."
)
@click.option("--out", type=click.Path(path_type=Path), help="Run log to write.  [default: runs/demo-TIME.jsonl]")
def demo(limit: int, out: Path | None) -> None:
    """Measure two quantisations of a small model on this machine, and score them.

    The weights are SmolLM2-135M-Instruct as shipped (Q4_1), and the same weights quantised again to
    fewer bits (Q4_0). Extraction is asked twice, decoding freely and within the answer schema. The
    model is far too small for this work; what the demo shows is how the bench says so.
    """
    from milo_bench import api
    from milo_bench.cli.console import stdout_console
    from milo_bench.cli.progress import progress_for
    from milo_bench.config.settings import BUILTIN_TARGETS
    from milo_bench.report.comparison_text import print_comparison
    from milo_bench.report.scorecard_text import print_scorecard

    path = out or Path("runs") / f"demo-{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
    api.prepare_weights("builtin:smollm2-q4_0", os.environ, _say_quantising)
    # The two take turns, so one may have all cores but the one that its client needs: llama.cpp's
    # threads spin, and a core that they must share slows all of them.
    threads = max(1, (os.cpu_count() or 1) - 1)
    options = api.RunOptions(
        suite="case_ops_v1",
        models=TARGETS,
        out=path,
        limit=limit,
        decoding="both",
        targets={name: BUILTIN_TARGETS[name].model_copy(update={"threads": threads}) for name in TARGETS},
    )
    progress = progress_for(sys.stderr)
    try:
        finished = api.run_suite(options, os.environ, listeners=[progress.listen])
    finally:
        progress.close()
    if not finished.end.complete:
        again = (
            f"milo-bench run --suite case_ops_v1 --models {','.join(TARGETS)} --limit {limit} "
            f"--out {shlex.quote(str(path))} --resume"
        )
        kind = Interrupted if finished.end.reason == "interrupted" else IncompleteRun
        raise kind(f"{finished.done} of {finished.planned} attempts are in the log.", hint=f"go on with: {again}")
    console = stdout_console()
    for card in api.score_logs([path]):
        print_scorecard(card, console)
    console.print()
    for comparison in api.compare_logs([api.SideRef(path)]):
        print_comparison(comparison, console)
    click.echo(f"run log: {path}")
    say_next(f"milo-bench grade {shlex.quote(str(path))}", "milo-bench init")


def _say_quantising(done: int, total: int) -> None:
    if done == 1:
        click.echo("quantising the weights again, to Q4_0 (once; the file is kept)", err=True)
