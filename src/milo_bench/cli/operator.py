"""``milo-bench operator``: operator tasks in; the table that proves the bench sound, and the tasks there are, out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from milo_bench.cli.entry import say_next

if TYPE_CHECKING:
    from milo_bench.worlds.selftest import Selftest


class _TaskGroup(click.Group):
    """A group whose help lists the tasks as they are registered, so that the list cannot be wrong."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from milo_bench.worlds.tasks import all_tasks

        with formatter.section("Tasks that exist"):
            formatter.write_dl([(f"{task.number:>2} {task.name}", task.title) for task in all_tasks()])


@click.group(cls=_TaskGroup)
def operator() -> None:
    """Proof-gated operator work: failed tools, stale sources, dirty gates, and DONE that needs evidence."""


@operator.command("tasks")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def tasks_command(as_json: bool) -> None:
    """List the tasks, with group, variants and tools."""
    from milo_bench.worlds.tasks import describe_tasks

    described = describe_tasks()
    if as_json:
        click.echo(json.dumps(described, ensure_ascii=False))
    else:
        group = ""
        for task in described:
            if task["group"] != group:
                group = str(task["group"])
                click.echo(group)
            twin = "  (with a clean twin)" if task["variants"] == ["trap", "clean"] else ""
            click.echo(f"  {task['number']:>2}  {task['name']}: {task['title']}{twin}")
    say_next("milo-bench operator selftest")


@operator.command("selftest")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--seeds", default=8, show_default=True, type=click.IntRange(1, 200), help="Seeds to play each task at.")
def selftest_command(as_json: bool, seeds: int) -> int:
    """Prove that the bench is sound: an oracle scores 25 on each task, and no thoughtless habit wins.

    Shows the oracle's lowest score over the seeds, and for each habit the highest over seeds and
    endings. Exit code 1 where the oracle misses points or a habit has more than its stated ceiling.
    """
    from milo_bench.worlds.selftest import selftest
    from milo_bench.worlds.tasks import all_tasks

    result = selftest(all_tasks(), range(seeds))
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(result), ensure_ascii=False))
    else:
        _print_table(result)
    say_next("milo-bench operator tasks")
    return 1 if result.faults else 0


def _print_table(result: Selftest) -> None:
    from rich.table import Table

    from milo_bench.cli.console import stdout_console

    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("task", no_wrap=True)
    for total in result.totals:
        table.add_column(total.policy.replace("-", "\n"), justify="right")
    for row in result.rows:
        table.add_row(str(row.number), row.task, *[str(row.scores[total.policy]) for total in result.totals])
    table.add_section()
    table.add_row("", f"of {result.totals[0].of}", *[str(total.points) for total in result.totals])
    table.add_row("", "share", *[f"{total.share:.0%}" for total in result.totals])
    stdout_console().print(table)
    for fault in result.faults:
        click.echo(f"not sound: {fault}.")
    if not result.faults:
        count = len(result.rows)
        click.echo(f"Sound over {count} tasks and {len(result.seeds)} seeds: no habit has more than its ceiling.")
