"""``milo-bench roles labels``: a mined suite in, a sample of its review labels confirmed by a person out."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import JSON_FLAG
from milo_bench.core.errors import UsageError
from milo_bench.core.records.roles import Confirmed
from milo_bench.report import terminal

_WORDS: dict[str, Confirmed] = {"y": "yes", "n": "no"}


@click.command("labels")
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--yes", "right", multiple=True, metavar="FIXTURE", help="Confirm this label. Repeatable.")
@click.option("--no", "wrong", multiple=True, metavar="FIXTURE", help="Reject this label. Repeatable.")
@click.option("--clear", "open_again", multiple=True, metavar="FIXTURE", help="Forget what was said. Repeatable.")
@click.option("--ask", is_flag=True, help="Show each open label and ask.")
@click.option("--repository", type=click.Path(path_type=Path), help="The mined repository: shows each fix, too.")
@JSON_FLAG
def roles_labels(
    suite: Path,
    right: tuple[str, ...],
    wrong: tuple[str, ...],
    open_again: tuple[str, ...],
    ask: bool,
    repository: Path | None,
    as_json: bool,
) -> None:
    """Confirm or reject a sample of mined review labels.

    A label says that a change had a fault, in the lines that a later commit fixed. The precision of the
    sample is printed beside every figure that rests on such labels.
    """
    answers: dict[str, Confirmed] = dict.fromkeys(right, "yes")
    answers |= dict.fromkeys(wrong, "no")
    answers |= dict.fromkeys(open_again, "")
    if len(answers) < len(right) + len(wrong) + len(open_again):
        raise UsageError("A label was given two answers.", hint="name each fixture once.")
    sample = api.set_labels(suite, answers) if answers else api.read_labels(suite)
    if ask:
        _ask(suite, sample, repository)
        sample = api.read_labels(suite)
    if as_json:
        rows = [{**msgspec.to_builtins(one), "diff": None} for one in sample.labels]
        click.echo(json.dumps({"suite": sample.suite, "precision": sample.precision, "labels": rows}))
    else:
        terminal.print_labels(sample.labels, sample.precision, terminal.stdout_console())
    if any(not one.confirmed for one in sample.labels):
        say_next(f"milo-bench roles labels {shlex.quote(str(suite))} --ask --repository PATH")


def _ask(suite: Path, sample: api.LabelSample, repository: Path | None) -> None:
    """Each answer is written at once, so that a person can stop at any label."""
    console = terminal.stdout_console()
    for label in sample.labels:
        if label.confirmed:
            continue
        terminal.print_label(label, api.fixes_of(label, repository), console)
        click.echo("Did this change have a fault in the marked lines? y(es), n(o), s(kip), q(uit): ", nl=False)
        line = sys.stdin.readline()
        word = line.strip().lower()[:1]
        if word == "q" or not line:
            click.echo()
            return
        if word in _WORDS:
            api.set_labels(suite, {label.fixture: _WORDS[word]})
