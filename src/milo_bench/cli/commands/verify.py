"""``milo-bench verify``: a package in, every figure that its evidence does not give out."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FILE
from milo_bench.core.errors import UsageError
from milo_bench.core.text import one_line

SECTION = "Decide"
SHOWN = 40


@click.command()
@click.argument("package", type=click.Path(path_type=Path))
@click.option("--runs", type=click.Path(path_type=Path), help="Folder with the run logs, matched by their hash.")
@click.option("--policy", type=FILE, help="The policy that you hold: it must be the one decided by.")
@click.option("--economics", type=FILE, help="The economics that you hold: they must be those decided with.")
@click.option("--key", type=FILE, help="Public key that must have signed the package.")
@click.option("--log-key", type=FILE, help="Public key of the transparency log that must have the signature.")
@click.option("--json", "as_json", is_flag=True, help="Print what was checked and what differs as one JSON document.")
def verify(
    package: Path,
    runs: Path | None,
    policy: Path | None,
    economics: Path | None,
    key: Path | None,
    log_key: Path | None,
    as_json: bool,
) -> int:
    """Recompute every figure in a package and list differences.

    Figures are recomputed from the run logs, and each file is rendered again. Each log is checked against
    its seals, its plan and its suite.

    Exits 0 if everything matches, 1 if something differs or a file or folder is unknown, 3 if a run log
    is missing or a file was worded by another version. The rest is still checked.
    """
    if not package.is_dir():
        message = f"There is no package at {package}."
        raise UsageError(message, hint="give the folder written by 'milo-bench report'.")
    found = api.verify_package(
        package, runs=runs, held=api.HeldFiles(policy=policy, economics=economics, key=key, log_key=log_key)
    )
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)
    return found.exit_code


def _print(found: api.Verification) -> None:
    for one in found.differences[:SHOWN]:
        mark = click.style("differs", fg="red", bold=True)
        click.echo(f"{mark}  {_place(one)}")
        if one.figure:
            click.echo(f"  figure      {one_line(one.figure, 200)}")
        click.echo(f"  package     {one_line(one.package, 200) or '(nothing)'}")
        click.echo(f"  recomputed  {one_line(one.recomputed, 200) or '(nothing)'}")
        if one.source:
            click.echo(f"  source      {one_line(one.source, 200)}")
    if len(found.differences) > SHOWN:
        click.echo(f"and {len(found.differences) - SHOWN:,} more; --json lists all of them")
    for log in found.missing_logs:
        click.echo(f"{click.style('missing', fg='yellow', bold=True)}  run log {one_line(log, 200)}")
    for name in found.unknown_files:
        mark = click.style("unknown", fg="red", bold=True)
        click.echo(f"{mark}  {one_line(name, 200)} is not a file of this package")
    if found.erased:
        seals = "" if any(one.file != "decision.json" for one in found.differences) else " Seals hold."
        click.echo(f"erased: texts of {len(found.erased):,} fixtures, {one_line(', '.join(found.erased), 200)}.{seals}")
    for note in found.notes:
        click.echo(f"note: {one_line(note, 300)}")
    if found.other_version:
        click.echo(f"note: decided by version {one_line(found.other_version, 40)}, so its sentences were not compared")
    for name in found.other_pages:
        mark = click.style("unchecked", fg="yellow", bold=True)
        click.echo(f"{mark}  {one_line(name, 200)} is worded by another version")
    what = f"{found.figures:,} figures in {found.shown:,} places of {found.files} files"
    if found.differences:
        click.echo(f"{what}: {len(found.differences)} {'differs' if len(found.differences) == 1 else 'differ'}")
    elif found.unknown_files:
        count = len(found.unknown_files)
        said = "1 file or folder does" if count == 1 else f"{count} files or folders do"
        click.echo(f"{what}: all match, but {said} not belong to the package")
    elif found.missing_logs:
        click.echo(f"{what}: pages match decision.json, but cannot be recomputed without the run logs")
        say_next(f"milo-bench verify {found.folder} --runs FOLDER")
    elif found.other_pages:
        count = len(found.other_pages)
        said = "1 file was" if count == 1 else f"{count} files were"
        click.echo(f"{what}: figures and findings match the run logs, but {said} not checked")
        say_next(f"milo-bench report {found.folder}/decision.json --out checked")
    else:
        click.echo(f"{what}: all match, recomputed from the run logs")
        say_next(f"milo-bench gate --baseline {found.folder} runs/new.jsonl")


def _place(one: api.PackageDifference) -> str:
    where = f" line {one.line}, column {one.column}" if one.line else ""
    return f"{one_line(one.file, 200)}{where}"
