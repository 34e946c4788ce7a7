"""``milo-bench audit challengers``: an audit and a registry in, what each challenger did on live work out."""

from __future__ import annotations

from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.options import FILE, FOLDER, JSON_FLAG
from milo_bench.cli.printing import print_json
from milo_bench.report import terminal


@click.command("challengers")
@click.argument("folder", type=FOLDER)
@click.option("--registry", type=FILE, help="Roles whose promotion rules decide.")
@JSON_FLAG
def audit_challengers(folder: Path, registry: Path | None, as_json: bool) -> None:
    """Compare challengers with incumbents on live work.

    Only measures that need no right answer are compared: answers that passed their checks, review minutes, unusable
    answers. Bounds hold however often you look. A promotion also needs a look of milo-bench roles promote.
    """
    trials = api.compare_challengers(folder, registry)
    if as_json:
        print_json({"challengers": [api.trial_record(one) for one in trials]})
        return
    terminal.print_challengers(trials, terminal.stdout_console())
