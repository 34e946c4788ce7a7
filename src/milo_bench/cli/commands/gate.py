"""``milo-bench gate``: a package and a new run in; exit code 1 if something regressed, 5 if undecided."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import FiniteRange
from milo_bench.core.files import require_writable, write_file
from milo_bench.report import terminal

SECTION = "Decide"
EXIT_UNDECIDED = 5  # neither a regression nor its absence is shown


@click.command()
@click.argument("logs", nargs=-1, type=click.Path(path_type=Path), required=True)
@click.option(
    "--baseline", type=click.Path(path_type=Path), required=True, help="Package or decision to check against."
)
@click.option(
    "--policy", type=click.Path(path_type=Path, dir_okay=False), help="Policy to use instead of the baseline's."
)
@click.option("--review", type=click.Path(path_type=Path, dir_okay=False), help="Review of the new answers.")
@click.option(
    "--tolerance",
    type=FiniteRange(0, 0.5),
    default=0.05,
    show_default=True,
    help="Allowed drop of a rate, as a share.",
)
@click.option("--strict", is_flag=True, help="Fail on undecided results too.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="JUnit XML file to write, for CI.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def gate(
    logs: tuple[Path, ...],
    baseline: Path,
    policy: Path | None,
    review: Path | None,
    tolerance: float,
    strict: bool,
    junit: Path | None,
    as_json: bool,
) -> int:
    """Check new runs against a decision. Exits 1 if worse, 5 if undecided.

    A gate regresses if it passed before and fails now. A rate regresses if the whole interval of its
    difference is on the bad side and extends beyond the tolerance. Undecided results are listed,
    with the loss that this run would find four times in five. With --strict they exit 1.

    A gate that rests on people's labels is checked with --review. Without it only flags are compared.

    A LOG may be the audit folder of a gateway. It has no right answers, so its failures, checks and
    times are compared.
    """
    if junit is not None:
        require_writable(junit, hint="choose another --junit.")
    report = api.gate_logs(logs, baseline, policy=policy, review=review, tolerance=tolerance, env=os.environ)
    if junit is not None:
        write_file(junit, terminal.standing_junit(report), hint="choose another --junit.")
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=1))
    else:
        terminal.print_standing(report, terminal.stdout_console())
    failed = report.standing == "regressed" or (strict and report.standing == "undecided")
    say_next("milo-bench decide LOG --since PACKAGE" if failed else "milo-bench verify PACKAGE")
    if failed:
        return 1
    return EXIT_UNDECIDED if report.standing == "undecided" else 0
