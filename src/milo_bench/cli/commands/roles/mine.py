"""``milo-bench roles mine``: a git repository in, a suite of cases from its commits out."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Literal

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import CONCURRENCY, COUNT, JSON_FLAG, MINUTES, ON, SEED
from milo_bench.report import terminal


@click.command("mine")
@click.argument("repository", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the suite. Mining resumes there."
)
@click.option("--role", "chosen", multiple=True, type=click.Choice(api.MINED_ROLES), help="Only this role. Repeatable.")
@click.option("--limit", default=40, show_default=True, type=COUNT, help="Most cases per role.")
@click.option("--commits", default=2000, show_default=True, type=COUNT, help="Most commits to examine.")
@click.option("--minutes", default=60.0, show_default=True, type=MINUTES, help="Time limit.")
@click.option("--since", default="", metavar="DATE", help="Only commits after this date.")
@click.option("--until", default="", metavar="DATE", help="Only commits before this date.")
@click.option("--path", "paths", multiple=True, help="Only commits that change this path. Repeatable.")
@click.option(
    "--code-language", "language", default="python", show_default=True, help="python, javascript or your own."
)
@click.option("--registry", type=click.Path(path_type=Path), help="registry.yaml with your own languages.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of everything that is sampled.")
@click.option(
    "--repeats", default=5, show_default=True, type=click.IntRange(2, 10_000), help="Runs that find flaky tests."
)
@click.option("--workers", type=CONCURRENCY, help="Cases to prove in parallel.  [default: all cores]")
@ON
@click.option("--unsafe-here", is_flag=True, help="Run the repository's code without the sandbox.")
@JSON_FLAG
def roles_mine(
    repository: Path,
    out: Path,
    chosen: tuple[api.MinedRole, ...],
    limit: int,
    commits: int,
    minutes: float,
    since: str,
    until: str,
    paths: tuple[str, ...],
    language: str,
    registry: Path | None,
    seed: int,
    repeats: int,
    workers: int | None,
    on: Literal["here", "ray"],
    unsafe_here: bool,
    as_json: bool,
) -> None:
    """Make a suite from the commits of a git repository.

    Every case comes from one commit and was proven by running its tests in the sandbox: before the
    change, after it, and several times. A second call continues and adds commits that are new.
    """
    options = api.MiningOptions(
        repository=repository,
        out=out,
        roles=tuple(chosen) or api.MINED_ROLES,
        limit=limit,
        commits=commits,
        minutes=minutes,
        since=since,
        until=until,
        paths=paths,
        seed=seed,
        repeats=repeats,
        workers=workers or os.cpu_count() or 1,
        unsafe_here=unsafe_here,
        language=language,
        command=api.language_command(language, registry),
    )
    progress = terminal.MiningProgress(sys.stderr)
    report = api.mine_repository(options, listen=progress.listen, on=on).summary()
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report)))
    else:
        terminal.print_mining(report, terminal.stdout_console())
    if report.cases:
        say_next(f"milo-bench roles selftest {shlex.quote(str(out))}")
