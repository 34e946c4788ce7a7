"""Operator episodes, totals and self-tests in, lines and tables for a terminal out."""

from __future__ import annotations

import click
from rich.table import Table

from milo_bench.core.units import number, seconds, share
from milo_bench.operator.play.bench import EpisodeEnded, Playing
from milo_bench.operator.play.recorded import FinishedOperatorRun
from milo_bench.operator.totals import OperatorTotal
from milo_bench.operator.trials import episode_kind
from milo_bench.operator.worlds.selftest import Selftest
from milo_bench.report.terminal.console import stdout_console

_KINDS = ("passed", "judgement", "minefield", "protocol", "limit", "runtime", "void")


def print_episode_event(event: EpisodeEnded | Playing) -> None:
    """A line an episode, on standard error: they take long enough to be read one by one."""
    if isinstance(event, Playing):
        for name, chosen in event.protocols.items():
            click.echo(f"{name}: protocol {chosen.protocol} ({chosen.why}).", err=True)
        for message in event.messages:
            click.echo(message, err=True)
        return
    episode = event.episode
    answers = sum(turn.failure is None for turn in episode.turns)
    took_s = episode.ended_s - episode.started_s
    # The same word as in the table below: what could not be read or run has failed, void or not.
    kind = episode_kind(episode)
    void = ", void" if kind == "void" else f", {kind}, its fault never fired" if episode.void else ""
    click.echo(
        f"{event.done:>4}/{event.planned} {episode.key.target} {episode.key.fixture} seed {episode.seed}: "
        f"{episode.points} points, {episode.ending} after {answers} answers, {seconds(took_s)}{void}",
        err=True,
    )


def print_operator_total(total: OperatorTotal, finished: FinishedOperatorRun) -> None:
    points = total.points
    chosen = finished.protocols.get(total.target)
    click.echo(
        f"{total.target}: {number(points.value, 4)} of {points.of} points ({chosen.protocol if chosen else 'mcp'})."
    )
    click.echo(total.headline)
    table = Table(box=None, pad_edge=False)
    table.add_column("behaviour", no_wrap=True)
    for title in ("points", "of", "passed", "judgement", "minefield", "protocol", "limit", "runtime", "void"):
        table.add_column(title, justify="right")
    for group in total.groups:
        kinds = [group.kinds[kind] for kind in _KINDS]
        table.add_row(group.group, number(group.points.value, 4), str(group.points.of), *map(_count, kinds))
    table.add_section()
    kinds = [total.kinds[kind] for kind in _KINDS]
    table.add_row("all", f"{number(points.value, 4)}", str(points.of), *map(_count, kinds))
    stdout_console().print(table)
    for note in total.notes:
        click.echo(f"note: {note}")


def _count(number: int) -> str:
    return str(number) if number else "·"


def print_selftest(result: Selftest) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("task", no_wrap=True)
    for total in result.totals:
        table.add_column(total.policy.replace("-", "\n"), justify="right")
    for row in result.rows:
        table.add_row(str(row.number), row.task, *[str(row.scores[total.policy]) for total in result.totals])
    table.add_section()
    table.add_row("", f"of {result.totals[0].of}", *[str(total.points) for total in result.totals])
    table.add_row("", "share", *[share(total.share) for total in result.totals])
    stdout_console().print(table)
    for fault in result.faults:
        click.echo(f"Fault: {fault}.")
    if not result.faults:
        count = len(result.rows)
        click.echo(f"Sound on {count} tasks and {len(result.seeds)} seeds: no trivial strategy is above its ceiling.")
