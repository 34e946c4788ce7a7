"""``milo-bench operator trust``: a folder of your own tasks in, whether their code may run here out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.printing import say


@click.command("trust")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--remove", is_flag=True, help="Stop trusting it, in every version.")
def operator_trust(folder: Path, remove: bool) -> None:
    """Let the code of your own operator tasks run here, in the sandbox.

    Read the files first. The record is of these texts: after a change the folder is no longer trusted.
    """
    found = api.trust_tasks(folder, remove=remove)
    say(f"{folder}: {', '.join(found.files)}  sha256 {found.digest}")
    say("not trusted" if remove else "trusted")
    name = shlex.quote(str(folder))
    say_next(f"milo-bench operator trust {name}" if remove else f"milo-bench operator selftest --own-tasks {name}")
