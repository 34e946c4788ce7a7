"""``milo-bench import``: answers that another tool recorded in, a run log and an account of the import out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.lost_entries import lost_entries
from milo_bench.cli.options import JSON_FLAG
from milo_bench.cli.printing import print_json
from milo_bench.core.errors import UsageError
from milo_bench.core.records import StoreText
from milo_bench.report import terminal

SECTION = "Work"


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", default="", metavar="FORMAT", help="Format of the files.  [default: guessed]")
@click.option("--suite", default="", metavar="SUITE", help="Suite whose fixtures were answered.")
@click.option(
    "--make-suite", type=click.Path(path_type=Path), metavar="DIR", help="Make a suite of the recorded cases."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New run log.")
@click.option("--map", "columns", multiple=True, metavar="KEY=COLUMN", help="Column of a table or key. Repeatable.")
@click.option("--target", default="", metavar="NAME", help="Model that answered, if the files do not say.")
@click.option("--hosted", multiple=True, metavar="MODEL", help="Model outside your network. Repeatable.")
@click.option("--workload", default="", help="Name of the new suite's workload.")
@click.option("--gold-kind", default="", metavar="KIND", help="Kind of expected answers.  [default: guessed]")
@click.option(
    "--store-text",
    type=click.Choice(["full", "redacted", "hashes"]),
    help="How the log stores text.  [default: as in bench.yaml, else full]",
)
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@JSON_FLAG
def import_(
    files: tuple[Path, ...],
    form: str,
    suite: str,
    make_suite: Path | None,
    out: Path,
    columns: tuple[str, ...],
    target: str,
    hosted: tuple[str, ...],
    workload: str,
    gold_kind: str,
    store_text: StoreText | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Import answers that another tool recorded.

    \b
    FORMAT: csv, every-eval-ever, helm, inspect, jsonl, lm-eval,
    ollama-log, openai-batch, openai-log, otel, promptfoo.
    KIND: label, choice, number, text, fields, rows, tool-calls.

    Writes a run log for grade, score, compare, decide and the rest. Calls no model.

    Times and verdicts of the other tool are kept as its own. Lists what is broken or cannot be
    imported. Exit code 4 if an entry could not be read.
    """
    wanted = api.RecordedImport(
        files=files,
        out=out,
        format=form,
        suite=suite,
        new_suite=make_suite,
        columns=_pairs(columns),
        target=target,
        workload=workload,
        gold_kind=gold_kind,
        hosted=hosted,
        store_text=store_text or api.load_settings(config, os.environ).privacy.store_text,
    )
    report = api.import_recorded(wanted)
    lost = lost_entries(report.broken_count, listed="correct them in the files, and import these again.")
    if as_json:
        print_json({**report.as_record(), **(lost.as_record() if lost else {})})
    else:
        terminal.print_recorded(report, terminal.stdout_console())
    say_next(f"milo-bench score {shlex.quote(str(out))}")
    if lost and not as_json:
        raise lost
    return lost.exit_code if lost else 0


def _pairs(written: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in written:
        key, equals, column = one.partition("=")
        if not equals or not key.strip() or not column.strip():
            message = f"--map '{one}' is not KEY=COLUMN."
            raise UsageError(message, hint="for example: --map output=answer --map target=model")
        if key.strip() in pairs:
            message = f"--map {key.strip()} is repeated."
            raise UsageError(message, hint="give several inputs or answers as one: --map input=a,b")
        pairs[key.strip()] = column.strip()
    return pairs
