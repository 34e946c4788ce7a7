"""``milo-bench queue answer``: a person's answer to one piece of work, from a flag or standard input."""

from __future__ import annotations

import os
import sys

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG, PERSON, STATE
from milo_bench.cli.printing import print_json
from milo_bench.core.errors import UsageError
from milo_bench.report.terminal import work_record


@click.command("answer")
@click.argument("id")
@click.option("--text", help="The answer.  [default: standard input]")
@click.option("--draft", is_flag=True, help="Accept the model's draft unchanged.")
@PERSON
@STATE
@JSON_FLAG
def queue_answer(id: str, text: str | None, draft: bool, person: str | None, state: str | None, as_json: bool) -> None:
    """Answer the work ID.

    The client gets the answer under the id, or at its callback. It is the text of --text, the
    model's draft with --draft, or standard input.
    """
    place = api.state_place(os.environ, state)
    if text is not None and draft:
        raise UsageError("--text and --draft cannot be combined.", hint="remove one of them.")
    if draft:
        text = api.queue_show(place, id).draft
        if not text:
            raise UsageError(f"{id} has no draft.", hint="write the answer: --text, or standard input.")
    elif text is None:
        api.queue_show(place, id)
        text = sys.stdin.read().strip()
    if not text.strip():
        raise UsageError("The answer is empty.", hint="give it with --text, or pipe it into this command.")
    work = api.queue_end(place, id, "answered", text, person or api.person_here())
    if as_json:
        print_json(work_record(work))
        return
    click.echo(f"{work.id} is answered by {work.person}.")
    say_next("milo-bench queue list")
