"""``milo-bench erase``: logs, packages and sheets in, the same without a person's texts out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.options import FILE, WHOLE_DAYS
from milo_bench.core.errors import ConfigError
from milo_bench.core.text import one_line

SECTION = "Decide"
SHOWN = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--fixture", "fixtures", multiple=True, metavar="ID", help="Erase this fixture and the answers to it.")
@click.option("--containing", "texts", multiple=True, metavar="TEXT", help="Erase every fixture with this text.")
@click.option("--expired", is_flag=True, help="Erase texts older than privacy.keep_text_days of bench.yaml.")
@click.option("--older-than", "days", type=WHOLE_DAYS, metavar="DAYS", help="As --expired, for other days.")
@click.option("--reason", default="", help="Why, for the record beside the log.")
@click.option("--state", help="Erase from the queue in this state database too.")
@click.option("--config", type=FILE, help="bench.yaml to use.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def erase(
    paths: tuple[Path, ...],
    fixtures: tuple[str, ...],
    texts: tuple[str, ...],
    expired: bool,
    days: int | None,
    reason: str,
    state: str | None,
    config: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Erase a person's texts from logs, decisions, packages and sheets.

    Seals and signatures stay valid, and 'verify' says what was erased. Verdicts on answers are kept
    without their words. Exits 1 if a file still contains TEXT.
    """
    if expired and days is None:
        days = api.load_settings(config, os.environ).privacy.keep_text_days
        if days is None:
            message = "bench.yaml does not set how long texts are kept."
            raise ConfigError(message, hint="set privacy.keep_text_days, or use --older-than DAYS.")
    options = api.EraseOptions(paths, fixtures, texts, days, reason, state, dry_run)
    done = api.erase_texts(options)
    if as_json:
        click.echo(json.dumps(done.as_record()))
    else:
        _print(done, "would lose" if dry_run else "lost")
    return 1 if done.left else 0


def _print(done: api.Erased, verb: str) -> None:
    touched = [log for log in done.logs if log.lines or log.unsealed]
    for log in touched:
        names = ", ".join(log.fixtures[:3]) + (f" and {len(log.fixtures) - 3:,} more" if len(log.fixtures) > 3 else "")
        of = f" of {len(log.fixtures):,} fixtures ({one_line(names, 120)})" if log.fixtures else ""
        click.echo(f"{one_line(str(log.path), 200)}: {log.lines:,} lines{of} {verb} their texts")
        if log.unsealed:
            click.echo(
                f"  {len(log.unsealed):,} lines of an older version keep their texts: delete the log to erase them"
            )
    for path, count in done.files.items():
        click.echo(f"{one_line(str(path), 200)}: {count:,} texts")
    for path in done.removed:
        click.echo(f"{one_line(str(path), 200)}: removed, because it is made from the log")
    if done.queued:
        click.echo(f"queue: {done.queued:,} ended requests {verb} their texts")
    for path in done.left[:SHOWN]:
        mark = click.style("left", fg="red", bold=True)
        click.echo(f"{mark}  {one_line(str(path), 200)} still contains the text")
    if done.reviewed:
        click.echo(f"review: {done.reviewed:,} answers {verb} their texts")
    if not (touched or done.files or done.queued or done.reviewed):
        click.echo("Nothing to erase was found.")
