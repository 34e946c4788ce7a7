"""``milo-bench audit verify``: an audit, its key and its head in, whether anything was changed or is missing out."""

from __future__ import annotations

import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.options import FILE, FOLDER, JSON_FLAG
from milo_bench.cli.printing import count_noun, print_json
from milo_bench.core.errors import GateFailed


@click.command("verify")
@click.argument("folder", type=FOLDER)
@click.option("--head", type=FILE, help="Head of the audit.  [default: FOLDER.head]")
@click.option("--key", type=FILE, help="Key of the audit.  [default: $MILO_BENCH_AUDIT_KEY or FOLDER.key]")
@JSON_FLAG
def audit_verify(folder: Path, head: Path | None, key: Path | None, as_json: bool) -> None:
    """Check the audit's chain. Exits 1 if a line changed or is missing.

    The head has the number of the last line. Without it, a cut tail cannot be found.
    Keep a copy of head and key on another machine: with the key, a person can write a new chain.
    """
    check = api.check_audit(folder, os.environ, head=head, key=key)
    if as_json:
        print_json(
            {
                "ok": check.ok, "files": check.files, "lines": check.lines, "requests": check.requests,
                "tail_checked": check.tail_checked, "unfinished": check.unfinished, "problems": list(check.problems),
                "clock_steps": list(check.clock_steps),
            }
        )  # fmt: skip
        if not check.ok:
            raise click.exceptions.Exit(GateFailed.exit_code)
        return
    for problem in check.problems:
        click.echo(problem)
    if not check.ok:
        problems = count_noun(len(check.problems), "problem")
        message = f"The audit in {folder} is not whole: {problems} in {check.lines:,} lines."
        raise GateFailed(message, hint="compare it with a copy, and find out who can write there.")
    where = f"{count_noun(check.lines, 'line')} and {count_noun(check.files, 'file')}"
    click.echo(f"The chain is whole: {count_noun(check.requests, 'request')} in {where}.")
    if not check.tail_checked:
        click.echo("The tail was not checked: no head was given.", err=True)
    for step in check.clock_steps:
        click.echo(step, err=True)
    if check.clock_steps:
        click.echo("The chain is still whole. Times after a step cannot be compared with times before it.", err=True)
    if check.unfinished:
        click.echo("The last line is unfinished: its request was never answered.", err=True)
