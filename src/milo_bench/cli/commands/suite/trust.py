"""``milo-bench suite trust``: a suite in, whether its own Python may run here out."""

from __future__ import annotations

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.cli.printing import print_json
from milo_bench.core.errors import UsageError


@click.command("trust")
@click.argument("name", metavar="SUITE")
@click.option("--show", is_flag=True, help="Only say what there is, and whether it is trusted.")
@click.option("--remove", is_flag=True, help="Stop trusting it, in every version.")
@JSON_FLAG
def suite_trust(name: str, show: bool, remove: bool, as_json: bool) -> None:
    """Let a suite's own Python run on this machine, in the sandbox.

    Read the file first. The record is of this text: after a change, the file is no longer trusted. It is
    kept in your configuration folder, never in the suite.
    """
    if show and remove:
        raise UsageError("--show and --remove exclude each other.", hint="leave one of them out.")
    work = api.suite_trust if show else api.distrust_suite if remove else api.trust_suite
    found = work(name)
    if as_json:
        print_json(found.as_record())
    else:
        click.echo(f"{found.path}  sha256 {found.own.digest}")
        click.echo(f"checks: {', '.join(found.own.names)}")
        click.echo("trusted" if found.trusted else "not trusted")
        if found.kept_in is not None:
            click.echo(f"recorded in {found.kept_in}", err=True)
    if found.trusted:
        say_next(f"milo-bench run --suite {name} --models NAME --out RUN.jsonl")
    else:
        say_next(f"milo-bench suite trust {name}")
