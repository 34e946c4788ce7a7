"""``milo-bench roles run``: a registry in; mined, run, judged, decided, reported and shown in one command, for cron."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.options import COUNT, MINUTES
from milo_bench.report import terminal


@click.command("run")
@click.option("--registry", type=click.Path(path_type=Path), default=Path("registry.yaml"), help="Roles and policy.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), help="Folder of the run logs.")
@click.option("--site", type=click.Path(path_type=Path), default=Path("site"), help="Folder of the page.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--cases", default=10, show_default=True, type=COUNT, help="Most new cases per role.")
@click.option("--limit", type=COUNT, help="Run a sample of this many fixtures of each suite.")
@click.option("--minutes", default=60.0, show_default=True, type=MINUTES, help="Time limit of mining.")
@click.option("--apply", is_flag=True, help="Change the registry, and the role's rule in routing.yaml.")
@click.option("--fresh", is_flag=True, help="Only cases from after the release of both models.")
@click.option("--fail-on-change", is_flag=True, help="Exit 1 if an incumbent changes.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending fixtures to hosted targets.")
@click.option("--unsafe-here", is_flag=True, help="Run code from outside without the sandbox.")
def roles_run(
    registry: Path,
    out: Path,
    site: Path,
    config: Path | None,
    cases: int,
    limit: int | None,
    minutes: float,
    apply: bool,
    fresh: bool,
    fail_on_change: bool,
    allow_hosted: bool,
    unsafe_here: bool,
) -> int:
    """Mine, run, decide, report and publish in one command.

    Mines what is new in every repository of the registry, runs incumbents and challengers on it,
    escalates, decides, and writes the report and the page.
    """
    options = api.RolesRunOptions(
        registry=registry,
        out=out,
        site=site,
        config=config,
        limit=limit,
        cases=cases,
        minutes=minutes,
        apply=apply,
        fresh=fresh,
        allow_hosted=allow_hosted,
        unsafe_here=unsafe_here,
    )
    progress = terminal.progress_for(sys.stderr)
    try:
        done = api.run_roles(options, say=lambda line: click.echo(line, err=True), listener=progress.listen)
    finally:
        progress.close()
    terminal.print_promotion(done.promotion.record, done.promotion.applied, terminal.stdout_console())
    click.echo(f"report: {done.promotion.report}", err=True)
    click.echo(f"page: {done.page}", err=True)
    return 1 if fail_on_change and done.promotion.changed else 0
