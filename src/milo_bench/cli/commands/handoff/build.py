"""``milo-bench handoff build``: rows of extracted facts in, a handoff note out."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.printing import say
from milo_bench.core.errors import GateFailed, PrerequisiteError
from milo_bench.core.files import read_whole


@click.command()
@click.argument("facts", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option(
    "--packet",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The packet with its numbered lines, to check them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: note, route and facts.")
def build(facts: Path | None, packet: Path | None, as_json: bool) -> None:
    """Build a note from FACTS, or from standard input.

    FACTS is the answer of the variant extraction_first. Exits 1 if a person must word some of it.
    """
    data = sys.stdin.buffer.read() if facts is None else _read(facts)
    text = None if packet is None else _read(packet).decode("utf-8", "replace")
    note = api.build_handoff(api.read_facts(data), text)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(note), indent=2))
    else:
        say(note.text.rstrip())
    if note.route == "human_review":
        count = len(note.left) + len(note.unknown)
        say(f"A person must word or check {count} of the facts before this note is used.", err=True)
        raise click.exceptions.Exit(GateFailed.exit_code)


def _read(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}."
        raise PrerequisiteError(message, hint="check the path and its permissions.") from None
