"""``milo-bench probe``: a target in, a table of findings about its runtime out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from milo_bench.cli.entry import say_next
from milo_bench.core.errors import PrerequisiteError, UsageError
from milo_bench.core.records import ProbeResult


@click.command()
@click.argument("target")
@click.option("--probe", "names", multiple=True, metavar="NAME", help="Only this probe; may be given again.")
@click.option(
    "--logs",
    multiple=True,
    metavar="PLACE",
    help="A log file, a folder, or journal:UNIT, to search for the text that was sent; may be given again.",
)
@click.option("--quick", is_flag=True, help="Smaller bursts and shorter soaks.")
@click.option("--restart-command", metavar="CMD", help="How to restart a server that is not the bench's own.")
@click.option("--out", type=click.Path(path_type=Path), help="Add the results to this run log (a new one is made).")
@click.option("--allow-hosted", is_flag=True, help="Send a hosted target hundreds of requests.")
@click.option("--config", type=click.Path(path_type=Path), help="bench.yaml to use.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
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
    """Find out by measurement whether a runtime does what it says: readiness, truncation, leaks, recovery and more.

    Servers of the bench's own are started, killed and started again; others are asked only, unless
    --restart-command says how to restart them. Exit code 1 when a probe of severity major or
    critical failed, 3 when nothing could be judged; what could not is undecided and says why.
    """
    from milo_bench import api
    from milo_bench.config.settings import load_settings
    from milo_bench.report.terminal.probes import print_probes, probes_json

    settings = load_settings(config, os.environ)
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
        click.echo(probes_json(target, results))
    else:
        from milo_bench.cli.console import stdout_console

        print_probes(results, stdout_console())
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
        message = f"--restart-command cannot be read: {error}."
        raise UsageError(message, hint="check its quotes.") from None
