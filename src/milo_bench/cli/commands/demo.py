"""``milo-bench demo``: nothing in, a real measurement of a small model and the decision that follows out."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FOLDER, Duration
from milo_bench.core.errors import IncompleteRun, Interrupted
from milo_bench.report import terminal

SECTION = "Start"


@click.command()
@click.option("--budget", type=Duration(), default="3m", show_default=True, help="Time that the demo takes.")
@click.option("--out", type=FOLDER, help="Folder to write.  [default: runs/demo-TIME]")
@click.option("--resume", is_flag=True, help="Resume the demo in the folder --out.")
def demo(budget: float, out: Path | None, resume: bool) -> None:
    """Measure a small model on this machine and decide what it may do.

    The model is SmolLM2-135M-Instruct, which comes with Milo Bench. Its work is the suite demo_v1: four short
    jobs on synthetic messages to a web shop. The demo measures how fast this machine answers, runs what fits
    into the budget, probes the server and writes a decision package. The page grows while the demo runs.
    """
    folder = out or Path("runs") / f"demo-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    options = api.DemoOptions(folder, budget_s=budget, resume=resume)
    screen = terminal.DemoScreen(sys.stderr)
    try:
        decision = api.run_demo(options, os.environ, screen)
    except (Interrupted, IncompleteRun) as error:
        raise type(error)(error.message, hint=_again(options)) from None
    except KeyboardInterrupt:
        message = "Interrupted. The answers so far are kept."
        raise Interrupted(message, hint=_again(options)) from None
    finally:
        screen.close()
    console = terminal.stdout_console()
    terminal.print_decision(decision, console, brief=True)
    package = folder / "package"
    click.echo(f"\ndecision package: open {package / 'index.html'}")
    say_next(f"milo-bench verify {shlex.quote(str(package))}", "milo-bench init")


def _again(options: api.DemoOptions) -> str:
    """The command that takes the demo up where it stopped."""
    return shlex.join(["milo-bench", "demo", "--out", str(options.folder), "--resume"])
