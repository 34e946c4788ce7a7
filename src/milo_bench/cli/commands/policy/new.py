"""``milo-bench policy new``: a suite in, a commented policy.yaml for it out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE
from milo_bench.core.errors import UsageError


@click.command("new")
@click.argument("suite", required=False)
@click.option("--operator", is_flag=True, help="The policy for operator work, which needs no suite.")
@click.option("--out", type=FILE, help="File to write.  [default: policy.yaml in the suite's folder]")
def policy_new(suite: str | None, operator: bool, out: Path | None) -> None:
    """Write a commented policy for a suite, with gates from its checks.

    Its comments say what the suite's size can prove. 'milo-bench decide' finds the policy in the suite's
    folder.
    """
    if operator == (suite is not None):
        message = "Give a suite, or --operator."
        raise UsageError(message, hint="milo-bench policy new SUITE")
    if suite is None:
        path = api.write_operator_policy(out or Path("operator-policy.yaml"))
        say_next(f"milo-bench operator permit LOG --policy {shlex.quote(str(path))}")
    else:
        path = api.write_policy(suite, out)
        flag = "" if path == Path(suite) / "policy.yaml" else f" --policy {shlex.quote(str(path))}"
        run = f"milo-bench run --suite {shlex.quote(suite)} --models NAME --out RUN.jsonl"
        say_next(f"{run} && milo-bench decide RUN.jsonl{flag}")
    click.echo(str(path))
