"""``milo-bench operator serve``: a task in; its tools over MCP for any agent, and the graded episode in a log out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Literal

import click

from milo_bench.cli.commands.load import Duration
from milo_bench.cli.entry import say_next
from milo_bench.core.errors import UsageError

_DURATION = Duration()


@click.command("serve")
@click.argument("task")
@click.option("--mcp", is_flag=True, help="Speak the Model Context Protocol; the only protocol there is.")
@click.option("--stdio", is_flag=True, help="Over standard input and output, for an agent that starts this.  [default]")
@click.option(
    "--http", "http_port", type=click.IntRange(0, 65535), metavar="PORT", help="Over loopback HTTP; 0 is a free port."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Log to write the episode to.")
@click.option("--resume", is_flag=True, help="Add to the log at --out: the clean twin of a task, or its trap.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the world.")
@click.option(
    "--variant", type=click.Choice(["trap", "clean"]), default="trap", show_default=True, help="With the trap, or not."
)
@click.option("--target-name", metavar="NAME", default="", help="The agent's name in the log.  [default: agent]")
@click.option("--wall-limit", type=_DURATION, default="15m", show_default=True, help="Time for the whole episode.")
@click.option(
    "--idle-limit", type=_DURATION, default="5m", show_default=True, help="Silence over HTTP that means gone."
)
@click.option("--turn-limit", type=click.IntRange(1, 150), default=150, show_default=True, help="Calls in all.")
@click.option("--model", metavar="TARGET", default="", help="Serve this target of bench.yaml with the task's faults.")
@click.option(
    "--model-port", type=click.IntRange(0, 65535), default=0, help="Port of the model.  [default: a free one]"
)
@click.option("--config", type=click.Path(path_type=Path), help="bench.yaml to use.")
@click.option("--allow-hosted", is_flag=True, help="The model may be a hosted one; episodes then leave this machine.")
def operator_serve(
    task: str,
    mcp: bool,
    stdio: bool,
    http_port: int | None,
    out: Path,
    resume: bool,
    seed: int,
    variant: Literal["trap", "clean"],
    target_name: str,
    wall_limit: float,
    idle_limit: float,
    turn_limit: int,
    model: str,
    model_port: int,
    config: Path | None,
    allow_hosted: bool,
) -> None:
    """Serve one TASK to an agent of yours: its tools and its order over MCP.

    The episode is graded and written when the agent calls finish, at a limit, or when it goes away.
    With --model the agent's model runs behind an OpenAI-compatible endpoint that breaks where the
    task says so; without, such a fault shows as the error of a tool call.
    """
    from milo_bench.api import OperatorServeOptions, serve_operator

    if not mcp:
        raise UsageError("Say how to serve it.", hint="add --mcp.")
    if stdio and http_port is not None:
        raise UsageError("--stdio and --http are two ways; one agent takes one.", hint="leave one of them out.")
    if min(wall_limit, idle_limit) <= 0:
        raise UsageError("A limit of no time leaves nothing to serve.", hint="for example: --wall-limit 15m")
    options = OperatorServeOptions(
        task=task,
        out=out,
        resume=resume,
        seed=seed,
        variant=variant,
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
    served = serve_operator(options, os.environ, say=lambda line: click.echo(line, err=True))
    click.echo(served.why, err=True)
    if served.late_calls:
        click.echo(f"{served.late_calls} calls came after the end; they were refused.", err=True)
    log = shlex.quote(str(served.path))
    report = f"milo-bench operator report {log} --out board"
    if served.left is None:
        say_next(report)
    else:
        twin = f"milo-bench operator serve {task} --mcp --variant {served.left} --out {log} --resume"
        say_next(f"{twin}  (and what else you gave)", report)
