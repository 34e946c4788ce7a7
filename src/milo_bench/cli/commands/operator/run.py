"""``milo-bench operator run``: model names and a choice of tasks in; a log of operator episodes and totals out."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Literal

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import DAY_S, MODELS, ON, OWN_TASKS, SEED, TRUST_TASKS, FiniteRange, NameList
from milo_bench.cli.resume import resume_line
from milo_bench.core.errors import IncompleteRun, Interrupted
from milo_bench.core.records import StoreText
from milo_bench.report import terminal


@click.command("run")
@MODELS
@click.option(
    "--subset",
    type=click.Choice(["core", "all"]),
    default="all",
    show_default=True,
    help="Nine tasks (225 points), or all 24 (600 points).",
)
@click.option(
    "--tasks",
    type=NameList(),
    default=(),
    metavar="TASK,…",
    help="Only these tasks, as in 'milo-bench operator tasks'.",
)
@click.option("--repeats", default=1, show_default=True, type=click.IntRange(1, 1000), help="Runs of each task.")
@click.option("--seed", type=SEED, help="Seed of the first repeat. Later repeats count up.  [default: drawn secretly]")
@click.option("--out", type=click.Path(path_type=Path), help="Run log to write.  [default: runs/operator-TIME.jsonl]")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--resume", is_flag=True, help="Resume the log at --out: skip finished episodes.")
@click.option(
    "--protocol",
    type=click.Choice(["auto", "tools", "fenced"]),
    default="auto",
    show_default=True,
    help="How the model calls tools: the API, or one fenced JSON object per turn. 'auto' tries the API first.",
)
@click.option(
    "--max-tokens",
    default=320,
    show_default=True,
    type=click.IntRange(16, 1_000_000),
    help="Token limit of one answer.",
)
@click.option("--temperature", default=0.0, show_default=True, type=FiniteRange(0, 2), help="Sampling temperature.")
@click.option("--turns", default=60, show_default=True, type=click.IntRange(1, 1000), help="Answers per episode.")
@click.option(
    "--wall",
    default=600.0,
    show_default=True,
    type=FiniteRange(1, DAY_S),
    metavar="SECONDS",
    help="Time limit of an episode.",
)
@click.option(
    "--timeout",
    default=180.0,
    show_default=True,
    type=FiniteRange(1, DAY_S),
    metavar="SECONDS",
    help="Time limit of one answer.",
)
@click.option("--retries", default=2, show_default=True, type=click.IntRange(0, 10), help="Retries of a request.")
@click.option(
    "--store-text",
    type=click.Choice(["full", "redacted", "hashes"]),
    help="How the log stores text.  [default: full]",
)
@click.option("--allow-hosted", is_flag=True, help="Allow sending the tasks to hosted targets.")
@OWN_TASKS
@TRUST_TASKS
@ON
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def operator_run(
    models: tuple[str, ...],
    subset: Literal["core", "all"],
    tasks: tuple[str, ...],
    repeats: int,
    seed: int | None,
    out: Path | None,
    config: Path | None,
    resume: bool,
    protocol: Literal["auto", "tools", "fenced"],
    max_tokens: int,
    temperature: float,
    turns: int,
    wall: float,
    timeout: float,
    retries: int,
    store_text: StoreText | None,
    allow_hosted: bool,
    own_tasks: Path | None,
    trust_tasks: bool,
    on: Literal["here", "ray"],
    as_json: bool,
) -> int:
    """Run the operator tasks with models and write a log of episodes.

    A task with a clean variant runs both ways with the same seed, and the worse result counts. A
    runtime failure costs the task but is counted separately. Ctrl-C drops the running episode and
    prints the command that resumes.
    """
    options = api.OperatorOptions(
        models=models,
        subset=subset,
        tasks=tasks,
        repeats=repeats,
        seed=seed,
        out=out,
        config=config,
        resume=resume,
        protocol=protocol,
        limits=api.EpisodeLimits(
            max_tokens=max_tokens,
            temperature=temperature,
            turns=turns,
            wall_s=wall,
            retries=retries,
            timeouts=api.turn_timeouts(timeout),
        ),
        store_text=store_text,
        allow_hosted=allow_hosted,
        own_tasks=own_tasks,
        trust_tasks=trust_tasks,
        on=on,
    )
    finished = api.run_operators(options, os.environ, listeners=[terminal.print_episode_event])
    stopped = None if finished.end.complete else _unfinished(finished)
    if as_json:
        click.echo(json.dumps({**finished.as_record(), **(stopped.as_record() if stopped else {})}))
        return stopped.exit_code if stopped else 0
    for total in finished.totals:
        terminal.print_operator_total(total, finished)
    click.echo(str(finished.path))
    if stopped is not None:
        raise stopped
    say_next(f"milo-bench operator report {shlex.quote(str(finished.path))}")
    return 0


def _unfinished(finished: api.FinishedOperatorRun) -> IncompleteRun | Interrupted:
    done = f"{finished.done:,} of {finished.planned:,} episodes are in the log."
    again = f"{resume_line(finished.path)}"
    if finished.end.reason == "interrupted":
        return Interrupted(f"Stopped. {done}", hint=again)
    return IncompleteRun(done, hint=again)
