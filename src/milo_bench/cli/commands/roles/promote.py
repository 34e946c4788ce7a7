"""``milo-bench roles promote``: run logs in, promote, hold, reject or retire for each challenger out."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FOLDER, JSON_FLAG
from milo_bench.report import terminal


@click.command("promote")
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--registry", type=click.Path(path_type=Path), default=Path("registry.yaml"), help="Roles and policy.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--apply", is_flag=True, help="Change the registry, and the role's rule in routing.yaml.")
@click.option("--fresh", is_flag=True, help="Only cases from after the release of both models.")
@click.option("--audit", type=FOLDER, help="A gateway's audit: its trials count too.")
@click.option("--review", type=click.Path(path_type=Path), help="Scores of people, to show beside review pain.")
@click.option("--fail-on-change", is_flag=True, help="Exit 1 if an incumbent changes.")
@click.option("--unsafe-here", is_flag=True, help="Run coder answers without the sandbox.")
@JSON_FLAG
def roles_promote(
    logs: tuple[Path, ...],
    registry: Path,
    config: Path | None,
    apply: bool,
    fresh: bool,
    audit: Path | None,
    review: Path | None,
    fail_on_change: bool,
    unsafe_here: bool,
    as_json: bool,
) -> int:
    """Decide which model has each role.

    A challenger is promoted only if the same cases show that it is not worse in acceptance, review
    pain and hard failures, and the role keeps two families. Every decision is recorded with its
    evidence, and earlier looks count.
    """
    promotion = api.promote_roles(
        logs, registry, config=config, apply=apply, fresh=fresh, audit=audit, review=review, unsafe_here=unsafe_here
    )
    if as_json:
        roles = msgspec.to_builtins(promotion.record.roles)
        changes = msgspec.to_builtins(promotion.applied)
        document = {"roles": roles, "report": str(promotion.report), "changed": promotion.changed, "applied": changes}
        click.echo(json.dumps(document))
    else:
        terminal.print_promotion(promotion.record, promotion.applied, terminal.stdout_console())
        click.echo(f"report: {promotion.report}", err=True)
    again = f" --registry {shlex.quote(str(registry))}"
    if promotion.can_be_applied:
        given = {"--config": config, "--audit": audit, "--review": review}
        more = "".join(f" {name} {shlex.quote(str(path))}" for name, path in given.items() if path is not None)
        more += " --fresh" if fresh else ""
        say_next(f"milo-bench roles promote {' '.join(shlex.quote(str(log)) for log in logs)}{again}{more} --apply")
    else:
        say_next(f"milo-bench roles page{again} --out site/")
    return 1 if fail_on_change and promotion.changed else 0
