"""``milo-bench operator serve``: a task in; its tools over MCP for any agent, and the graded episode in a log out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Literal

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import Duration
from milo_bench.core.errors import UsageError

_DURATION = Duration()


@click.command("serve")
@click.argument("task")
@click.option("--mcp", is_flag=True, help="Serve the Model Context Protocol (required).")
@click.option("--stdio", is_flag=True, help="Serve over standard input and output.  [default]")
@click.option(
    "--http",
    "http_port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve over loopback HTTP (0 picks a free port).",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Log to write the episode to.")
@click.option("--resume", is_flag=True, help="Add the task's other variant to the log at --out.")
@click.option("--seed", type=click.IntRange(0, 2**53), default=0, show_default=True, help="Seed of the task's world.")
@click.option(
    "--variant",
    "form",
    type=click.Choice(["trap", "clean"]),
    default="trap",
    show_default=True,
    help="Variant of the task: with the trap, or clean.",
)
@click.option("--target-name", metavar="NAME", default="", help="The agent's name in the log.  [default: agent]")
@click.option("--wall-limit", type=_DURATION, default="15m", show_default=True, help="Time limit of the episode.")
@click.option("--idle-limit", type=_DURATION, default="5m", show_default=True, help="End after this much HTTP silence.")
@click.option("--turn-limit", type=click.IntRange(1, 150), default=150, show_default=True, help="Limit on tool calls.")
@click.option("--model", metavar="TARGET", default="", help="Also serve this target, with the task's faults.")
@click.option(
    "--model-port", type=click.IntRange(0, 65535), default=0, help="Port of the model.  [default: a free one]"
)
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--allow-hosted", is_flag=True, help="Allow a hosted model. Episodes then leave this machine.")
def operator_serve(
    task: str,
    mcp: bool,
    stdio: bool,
    http_port: int | None,
    out: Path,
    resume: bool,
    seed: int,
    form: Literal["trap", "clean"],
    target_name: str,
    wall_limit: float,
    idle_limit: float,
    turn_limit: int,
    model: str,
    model_port: int,
    config: Path | None,
    allow_hosted: bool,
) -> None:
    """Serve one TASK to your own agent over MCP.

    The agent gets its tools and its brief.

    The episode is graded and written when the agent calls finish, reaches a limit or disconnects.
    With --model, the agent's model runs behind an OpenAI-compatible endpoint that injects the task's
    faults. Without it, such a fault appears as a tool error.
    """
    if not mcp:
        raise UsageError("No protocol was given.", hint="add --mcp.")
    if stdio and http_port is not None:
        raise UsageError("--stdio and --http cannot be combined.", hint="remove one of them.")
    if min(wall_limit, idle_limit) <= 0:
        raise UsageError("Time limits must be greater than 0.", hint="for example: --wall-limit 15m")
    options = api.OperatorServeOptions(
        task=task,
        out=out,
        resume=resume,
        seed=seed,
        form=form,
        http_port=http_port,
        target_name=target_name,
        wall_limit_s=wall_limit,
        idle_limit_s=idle_limit,
        turn_limit=turn_limit,
        model=model,
        model_port=model_port,
        config=config,
        allow_hosted=allow_hosted,
    )
    served = api.serve_operator(options, os.environ, say=lambda line: click.echo(line, err=True))
    click.echo(served.why, err=True)
    if served.late_calls:
        click.echo(f"{served.late_calls} calls after the end were refused.", err=True)
    log = shlex.quote(str(served.path))
    report = f"milo-bench operator report {log} --out board"
    if served.left is None:
        say_next(report)
    else:
        twin = f"milo-bench operator serve {task} --mcp --variant {served.left} --out {log} --resume"
        say_next(f"{twin}  (with your other flags)", report)
