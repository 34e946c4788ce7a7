"""``milo-bench run``: a suite and targets in, a run log out."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Literal

import click

from milo_bench import api
from milo_bench.cli.entry import say_next
from milo_bench.cli.executed import say_coder, say_executed
from milo_bench.cli.options import (
    CONCURRENCY,
    COUNT,
    EVENTS,
    LANGUAGE,
    METRICS,
    MINUTES,
    MODELS,
    ON,
    REPEATS,
    RETRIES,
    SECONDS,
    SEED,
    USD,
    variant_pairs,
)
from milo_bench.cli.printing import print_json
from milo_bench.cli.resume import resume_line
from milo_bench.core.errors import IncompleteRun, Interrupted
from milo_bench.core.records import CacheWish, Order, StoreText
from milo_bench.report import terminal

SECTION = "Measure"


@click.command()
@click.option("--suite", required=True, help="A built-in suite, or a suite's folder.")
@LANGUAGE
@MODELS
@click.option("--out", type=click.Path(path_type=Path), help="Run log to write.  [default: runs/SUITE-TIME.jsonl]")
@click.option("--config", type=click.Path(path_type=Path), help="Path of bench.yaml.")
@click.option("--resume", is_flag=True, help="Resume the log at --out: skip what is done, run the rest.")
@click.option("--limit", type=COUNT, help="Run a stratified, seeded sample of this many fixtures.")
@click.option("--workload", "workloads", multiple=True, help="Only this workload. Repeatable.")
@click.option("--tag", "tags", multiple=True, help="Only fixtures with this tag. Repeatable.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="WORKLOAD=VARIANT",
    help="Use this variant of a workload. Repeatable.",
)
@click.option(
    "--decoding",
    type=click.Choice(["free", "constrained", "both"]),
    default="free",
    show_default=True,
    help="Constrain decoding to the answer schema or the labels, or not, or run both.",
)
@click.option("--concurrency", type=CONCURRENCY, help="Concurrent requests per target.  [default: 1]")
@click.option("--repeats", type=REPEATS, help="Run every fixture this many times.  [default: 1]")
@click.option(
    "--order",
    type=click.Choice(["interleaved", "prefix"]),
    default="interleaved",
    show_default=True,
    help="Alternate targets, or group fixtures by shared prompt prefix.",
)
@click.option("--retries", type=RETRIES, help="Retries after a failure, each recorded.  [default: 0]")
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Seed of the sample, and of targets that accept one."
)
@click.option(
    "--connect-timeout",
    type=SECONDS,
    metavar="SECONDS",
    help="Time limit to connect.  [default: 10]",
)
@click.option(
    "--first-token-timeout",
    type=SECONDS,
    metavar="SECONDS",
    help="Time limit to the first content.  [default: 120]",
)
@click.option(
    "--timeout",
    type=SECONDS,
    metavar="SECONDS",
    help="Time limit to the whole answer.  [default: 300]",
)
@click.option(
    "--store-text",
    type=click.Choice(["full", "redacted", "hashes"]),
    help="How the log stores text.  [default: full]",
)
@click.option(
    "--cache",
    type=click.Choice(["cold", "warm"]),
    default="cold",
    show_default=True,
    help="Time prompts as new ones, or as the server's cache has them.",
)
@ON
@click.option("--dry-run", is_flag=True, help="Say what the run will take, likely and at most. Send nothing.")
@click.option("--until-decided", is_flag=True, help="Stop a workload once its gates are decided.")
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="Gates for --until-decided.  [default: the suite's own policy]",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="LOG",
    help="Recorded answers of the baseline, for --until-decided.",
)
@click.option(
    "--max-fixtures",
    type=COUNT,
    help="Fixtures per workload, fresh ones included.  [default: 1,000]",
)
@click.option("--max-minutes", type=MINUTES, help="End the run after this many minutes, start-up included.")
@click.option("--max-usd", type=USD, help="End the run before it costs more than this.")
@click.option("--verifier", default="", metavar="TARGET", help="A stronger target that accepts or rejects each answer.")
@click.option("--allow-hosted", is_flag=True, help="Allow sending fixtures to hosted targets.")
@click.option("--trust-suite", is_flag=True, help="Let the suite's own Python run this once, in the sandbox.")
@click.option("--unsafe-here", is_flag=True, help="Run coder answers of a mined suite without the sandbox.")
@click.option("--execute-later", is_flag=True, help="Record answers only. 'grade' executes own checks later.")
@click.option("--no-fingerprint", is_flag=True, help="Skip the fixed prompts that show a swapped model later.")
@METRICS
@EVENTS
@click.option("--json", "as_json", is_flag=True, help="Print a summary as one JSON document.")
def run(
    suite: str,
    language: str,
    models: tuple[str, ...],
    out: Path | None,
    config: Path | None,
    resume: bool,
    limit: int | None,
    workloads: tuple[str, ...],
    tags: tuple[str, ...],
    variants: tuple[str, ...],
    decoding: Literal["free", "constrained", "both"],
    concurrency: int | None,
    repeats: int | None,
    order: Order,
    retries: int | None,
    seed: int,
    connect_timeout: float | None,
    first_token_timeout: float | None,
    timeout: float | None,
    store_text: StoreText | None,
    cache: CacheWish,
    on: Literal["here", "ray"],
    dry_run: bool,
    until_decided: bool,
    policy: Path | None,
    baseline: Path | None,
    max_fixtures: int | None,
    max_minutes: float | None,
    max_usd: float | None,
    verifier: str,
    allow_hosted: bool,
    trust_suite: bool,
    unsafe_here: bool,
    execute_later: bool,
    no_fingerprint: bool,
    metrics: str,
    events: str,
    as_json: bool,
) -> int:
    """Run a suite against targets and write a run log.

    The log has every answer, time and failure.

    The targets take turns. 'milo-bench score' grades the log afterwards, as often as you like.
    Ctrl-C ends cleanly and prints the command that resumes.

    With --until-decided, fixtures are asked in a random order, and a workload ends once its gates are decided. Suites
    with a generator give fresh fixtures after their own.
    """
    options = api.RunOptions(
        suite=api.in_language(suite, language),
        models=models,
        out=out,
        config=config,
        resume=resume,
        limit=limit,
        workloads=workloads,
        tags=tags,
        variants=variant_pairs(variants),
        decoding=decoding,
        concurrency=concurrency,
        repeats=repeats,
        order=order,
        retries=retries,
        seed=seed,
        connect_timeout_s=connect_timeout,
        first_token_timeout_s=first_token_timeout,
        total_timeout_s=timeout,
        store_text=store_text,
        allow_hosted=allow_hosted,
        trust_suite=trust_suite,
        execute_later=execute_later,
        cache=cache,
        until_decided=until_decided,
        policy=policy,
        baseline=baseline,
        max_fixtures=max_fixtures,
        max_minutes=max_minutes,
        max_usd=max_usd,
        verifier=verifier,
        fingerprint=not no_fingerprint,
        unsafe_here=unsafe_here,
        on=on,
    )
    if dry_run:
        estimate = api.estimate_run(options, os.environ)
        if as_json:
            print_json(estimate.as_record())
        else:
            terminal.print_estimate(estimate, terminal.stdout_console())
        return 0
    progress = terminal.progress_for(sys.stderr)
    try:
        with api.observe_run(metrics, os.environ, lambda text: click.echo(text, err=True), events=events) as listeners:
            finished = api.run_suite(options, os.environ, listeners=[progress.listen, *listeners])
    finally:
        progress.close()
    spent = finished.end.reason == "budget"
    stopped = None if finished.end.complete or spent else _unfinished(finished)
    if as_json:
        # One document, whatever happened: the error stands in it.
        click.echo(json.dumps({**finished.as_record(), **(stopped.as_record() if stopped else {})}))
        return stopped.exit_code if stopped else 0
    click.echo(str(finished.path))
    for line in terminal.work_lines(finished.work_ends, finished.still_open):
        click.echo(line, err=True)
    if stopped is not None:
        raise stopped
    if spent:
        spent_minutes = "--max-minutes" if finished.why.startswith("--max-minutes") else ""  # dollars stay limited
        again = resume_line(finished.path, without=spent_minutes)
        click.echo(f"{finished.why} {_in_the_log(finished)}\nhint: {again}", err=True)
    for problem in finished.nodes:
        click.echo(f"note: {problem}.\nhint: free space on that node.", err=True)
    for target, count in finished.too_long.items():
        click.echo(_too_long(target, count), err=True)
    for unjudged in finished.unjudged:
        click.echo(f"note: {unjudged}. Those answers are unjudged.", err=True)
    if finished.freely:
        click.echo(
            f"note: answers of {', '.join(finished.freely)} were not constrained.\n"
            "hint: give the workload a schema, or list the labels of its check.",
            err=True,
        )
    for same in finished.same:
        click.echo(f"note: {same.text}.\nhint: {same.hint}", err=True)
    for doubt in finished.doubts:
        click.echo(f"note: {doubt.what}.\nhint: {doubt.hint}", err=True)
    say_executed(finished.executed)
    say_coder(finished.coder)
    for line in finished.verified.lines() if finished.verified is not None else ():
        click.echo(line, err=True)
    then = "decide" if until_decided else "score"
    judged_by = f" --policy {shlex.quote(str(policy))}" if until_decided and policy is not None else ""
    logs = [finished.path, *([baseline] if baseline is not None else [])]
    say_next(f"milo-bench {then} {shlex.join(map(str, logs))}{judged_by}")
    return 0


def _too_long(target: str, count: int) -> str:
    attempts = "1 attempt did" if count == 1 else f"{count:,} attempts did"
    return (
        f"note: {attempts} not fit the context window of {target} and count as failures.\n"
        "hint: serve it with a larger context, or skip long fixtures with --workload or --tag."
    )


def _in_the_log(finished: api.FinishedRun) -> str:
    return f"{finished.done:,} of {finished.planned:,} attempts are in the log."


def _unfinished(finished: api.FinishedRun) -> IncompleteRun | Interrupted:
    done = _in_the_log(finished)
    again = f"{resume_line(finished.path)}"
    if finished.end.reason == "interrupted":
        return Interrupted(f"Stopped. {done}", hint=again)
    return IncompleteRun(f"{finished.why} {done}".strip(), hint=again)
