"""``milo-bench people add``: a name and rights in, a token that is shown once out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, STATE
from milo_bench.cli.printing import print_json
from milo_bench.report.terminal import person_record

if TYPE_CHECKING:
    from milo_bench.api import Right


@click.command("add")
@click.argument("name")
@click.option(
    "--right", "rights", multiple=True, type=click.Choice(["look", "review", "answer", "promote"]),
    help="What this person can do. Repeatable.  [default: look]",
)  # fmt: skip
@STATE
@JSON_FLAG
def people_add(name: str, rights: tuple[Right, ...], state: str | None, as_json: bool) -> None:
    """Let NAME sign in to the board.

    Prints a token, once. Rights: look at everything, review answers, answer the queue, promote roles.
    """
    token, person = api.people_add(api.state_place(os.environ, state), name, rights)
    if as_json:
        print_json({**person_record(person), "token": token})
        return
    click.echo(token)
    click.echo(f"{person.name} can {', '.join(person.rights)}. This token is not shown again.", err=True)
    say_next("milo-bench people list")
