"""``milo-bench probe``: a target in, a table of findings about its runtime out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.records import ProbeResult
from milo_bench.report import terminal

SECTION = "Measure"


@click.command()
@click.argument("target")
@click.option("--probe", "names", multiple=True, metavar="NAME", help="Only this probe. Repeatable.")
@click.option(
    "--logs",
    multiple=True,
    metavar="PLACE",
    help="Log file, folder or journal:UNIT to search for the sent text. Repeatable.",
)
@click.option("--quick", is_flag=True, help="Smaller bursts and shorter soaks.")
@click.option("--restart-command", metavar="CMD", help="Command that restarts a server you started.")
@click.option("--out", type=click.Path(path_type=Path), help="Run log to write the results to.")
@click.option("--allow-hosted", is_flag=True, help="Allow hundreds of paid requests to a hosted target.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def probe(
    target: str,
    names: tuple[str, ...],
    logs: tuple[str, ...],
    quick: bool,
    restart_command: str | None,
    out: Path | None,
    allow_hosted: bool,
    config: Path | None,
    as_json: bool,
) -> int:
    """Test whether a runtime does what it claims.

    Readiness, truncation, leaks, recovery and more.

    The probes start, kill and restart servers that Milo Bench runs itself. Other servers only get
    requests, unless you give --restart-command. Exits 1 if a major or critical probe failed, 3 if
    every probe was undecided. An undecided probe gives its reason.
    """
    settings = api.load_settings(config, os.environ)
    chosen = settings.target(target)
    options = api.ProbeOptions(quick=quick, logs=logs, restart_command=_words(restart_command))

    def listen(result: ProbeResult) -> None:
        click.echo(f"{result.probe}: {result.outcome} ({result.evidence.get('took_s')} s)", err=True)

    results = api.probe_target(
        chosen,
        os.environ,
        names=names,
        options=options,
        out=out,
        allow_hosted=allow_hosted,
        listen=None if as_json else listen,
    )
    if as_json:
        click.echo(terminal.probes_json(target, results))
    else:
        terminal.print_probes(results, terminal.stdout_console())
        log = out or "FILE"
        say_next(
            f"milo-bench load --suite case_ops_v1 --model {target}" if out else f"milo-bench probe {target} --out {log}"
        )
    if all(result.outcome == "undecided" for result in results):
        return PrerequisiteError.exit_code  # nothing could be judged: the findings say what is missing
    return 1 if api.has_grave_failure(results) else 0


def _words(command: str | None) -> tuple[str, ...]:
    """The command as a program with arguments; no shell ever sees it."""
    if not command:
        return ()
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        message = f"Cannot parse --restart-command: {error}."
        raise UsageError(message, hint="check its quotation marks.") from None
