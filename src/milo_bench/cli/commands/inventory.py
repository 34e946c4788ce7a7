"""``milo-bench inventory``: this machine in, what runs models on it out; two inventories in, their difference out."""

from __future__ import annotations

import os
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.core.errors import GateFailed, UsageError
from milo_bench.core.files import write_file
from milo_bench.report import terminal

SECTION = "Start"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document. The default where --out ends in .json.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown. The default elsewhere.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write instead of standard output.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml, for the weights it names.")
@click.option(
    "--all-digests",
    is_flag=True,
    help="Hash every model file. Default: up to 2 GiB each, for 10 s.",
)
@click.option(
    "--diff",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="A B",
    help="List changes from A to B, two files written with --json.",
)
@click.option("--fail-on-change", is_flag=True, help="With --diff, exit 1 if anything changed.")
def inventory(
    as_json: bool,
    as_markdown: bool,
    out: Path | None,
    config: Path | None,
    all_digests: bool,
    diff: tuple[Path, Path] | None,
    fail_on_change: bool,
) -> None:
    """Describe this machine and its model runtimes.

    Versions, digests and start commands.

    Covers hardware, operating system, runtimes, model files, running servers, what starts them, who
    can reach them, and the environment. Lists what cannot be read, with the reason. Secrets are
    hidden. The fingerprint covers what changes results, not free space or load.
    """
    if as_json and as_markdown:
        message = "--json and --markdown cannot be combined."
        raise UsageError(message, hint="remove one of them.")
    as_json = as_json or (out is not None and out.suffix == ".json" and not as_markdown)
    if diff is not None:
        difference = api.inventory_difference(*diff)
        write = terminal.difference_json if as_json else terminal.difference_text
        _put(write(difference), out)
        if fail_on_change and difference.changes:
            count = len(difference.changes)
            message = f"{count} {'thing' if count == 1 else 'things'} changed from {diff[0]} to {diff[1]}."
            if as_json and out is None:
                raise click.exceptions.Exit(GateFailed.exit_code)  # the document says it; a second one would break it
            raise GateFailed(message, hint="run the suite again before comparing results of the two machines.")
        return
    if fail_on_change:
        message = "--fail-on-change needs --diff."
        raise UsageError(message, hint="milo-bench inventory --diff A B --fail-on-change")

    taken = api.inventory_now(api.load_settings(config, os.environ), os.environ, all_digests=all_digests)
    _put(terminal.inventory_json(taken) if as_json else terminal.inventory_markdown(taken), out)
    if out is not None and as_json:
        say_next(f"milo-bench inventory --diff {out} LATER")
    else:
        say_next("milo-bench targets")


def _put(text: str, out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text)
