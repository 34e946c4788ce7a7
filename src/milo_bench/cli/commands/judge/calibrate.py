"""``milo-bench judge calibrate``: a target, a rubric and people's labels in, the judge's licence out."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click
import msgspec

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.options import CONCURRENCY, FILE, JSON_FLAG, SEED
from milo_bench.core.errors import GateFailed
from milo_bench.report import terminal


@click.command("calibrate")
@click.argument("logs", nargs=-1, type=FILE)
@click.option("--judge", required=True, metavar="TARGET", help="The judge: a target in bench.yaml.")
@click.option("--rubric", required=True, metavar="FILE|NAME", help="A rubric file, or acceptable or better.")
@click.option("--labels", type=FILE, help="Labelled answers, JSONL or CSV.")
@click.option("--review", type=FILE, help="A file of 'review import', with its logs.")
@click.option("--question", default="usefulness", show_default=True, help="With --review: the question that counts.")
@click.option(
    "--accept-from",
    type=click.IntRange(2, 5),
    default=4,
    show_default=True,
    help="With --review: the lowest score that accepts.",
)
@click.option("--policy", type=FILE, help="Terms of the licence (judges:).  [default: built in]")
@click.option("--attacks", type=click.IntRange(1, 1000), default=30, show_default=True, help="Answers per attack.")
@click.option(
    "--valid-days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Days until it expires."
)
@click.option("--concurrency", type=CONCURRENCY, default=1, show_default=True, help="Concurrent requests.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Chooses the answers that are attacked.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending the answers to a hosted judge.")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--out", type=FILE, required=True, help="Calibration to write, for 'judge run --licence'.")
@JSON_FLAG
def judge_calibrate(
    logs: tuple[Path, ...],
    judge: str,
    rubric: str,
    labels: Path | None,
    review: Path | None,
    question: str,
    accept_from: int,
    policy: Path | None,
    attacks: int,
    valid_days: int,
    concurrency: int,
    seed: int,
    allow_hosted: bool,
    config: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    """Measure a model judge on answers that people labelled.

    Every answer is judged in both orders and twice, and rejected answers again under attack. The judge gets a
    licence only if its lower bounds clear the policy. Exits 1 if it does not.
    """
    options = api.CalibrateOptions(
        judge=judge,
        rubric=rubric,
        out=out,
        labels=labels,
        review=review,
        logs=logs,
        question=question,
        accept_from=accept_from,
        policy=policy,
        config=config,
        calibration=api.CalibrationOptions(
            concurrency=concurrency, attacked=attacks, valid_days=valid_days, seed=seed, allow_hosted=allow_hosted
        ),
    )
    with terminal.counting(sys.stderr, "judged") as progress:
        found, figures = api.calibrate(options, os.environ, progress=progress)
    if as_json:
        record = terminal.licence_record(found, figures)
        click.echo(msgspec.json.format(msgspec.json.encode(record), indent=1))
    else:
        terminal.print_licence(found, figures, terminal.stdout_console())
    if not figures.licence.granted:
        message = f"'{judge}' gets no licence: {figures.licence.missing[0]}."
        raise GateFailed(message, hint="its verdicts stay out of every rate. Use another judge, or more labels.")
    say_next(
        f"milo-bench judge run LOG --judge {judge} --rubric {shlex.quote(rubric)} --licence {shlex.quote(str(out))}"
    )
