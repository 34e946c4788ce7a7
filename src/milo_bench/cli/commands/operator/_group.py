"""``milo-bench operator``: operator tasks in; the table that proves the bench sound, and the tasks there are, out."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING

import click

from milo_bench.cli.entry import say_next
from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for

if TYPE_CHECKING:
    from milo_bench.operator.worlds.selftest import Selftest

# Name, module of this package, one line of help. A module holds a click command called operator_NAME.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Run the operator tasks with models and write a log of episodes."),
    "serve": ("serve", "Serve one task to your own agent over MCP. Writes the same log."),
    "report": ("report", "Write the operator board: scores, permits, failures, episodes."),
    "permit": ("permit", "Decide each model's permission level for each kind of work."),
}


class _TaskGroup(click.Group):
    """A group that imports its larger commands when they are called, and whose help lists the tasks there are."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *SUBCOMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBCOMMANDS:
            return super().get_command(ctx, cmd_name)
        name = SUBCOMMANDS[cmd_name][0]
        command: click.Command = getattr(
            importlib.import_module(f"milo_bench.cli.commands.operator.{name}"), f"operator_{name}"
        )
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            message = f"Unknown command 'operator {args[0]}'."
            raise UsageError(message, hint=hint_for(args[0], known, noun="commands"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [(name, command.get_short_help_str(90)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*own, *((name, text) for name, (_, text) in SUBCOMMANDS.items())])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from milo_bench.operator.worlds.tasks import all_tasks

        with formatter.section("Tasks"):
            formatter.write_dl([(f"{task.number:>2} {task.name}", task.title) for task in all_tasks()])


@click.group(cls=_TaskGroup)
def operator() -> None:
    """Proof-gated operator work: failed tools, stale sources, and DONE that needs evidence."""


@operator.command("tasks")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def tasks_command(as_json: bool) -> None:
    """List the tasks with their group, variants and tools."""
    from milo_bench.operator.worlds.tasks import describe_tasks

    described = describe_tasks()
    if as_json:
        click.echo(json.dumps(described, ensure_ascii=False))
    else:
        group = ""
        for task in described:
            if task["group"] != group:
                group = str(task["group"])
                click.echo(group)
            twin = "  (with a clean variant)" if task["variants"] == ["trap", "clean"] else ""
            click.echo(f"  {task['number']:>2}  {task['name']}: {task['title']}{twin}")
    say_next("milo-bench operator selftest")


@operator.command("selftest")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--seeds", default=8, show_default=True, type=click.IntRange(1, 200), help="Seeds to run each task with.")
def selftest_command(as_json: bool, seeds: int) -> int:
    """Validate the bench: an oracle scores 25 on each task, and no trivial strategy wins.

    Shows the oracle's lowest score over the seeds, and each trivial strategy's highest over seeds and
    endings. Exits 1 if the oracle misses points or a strategy exceeds its stated ceiling.
    """
    from milo_bench.operator.worlds.selftest import selftest
    from milo_bench.operator.worlds.tasks import all_tasks

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
        click.echo(f"Fault: {fault}.")
    if not result.faults:
        count = len(result.rows)
        click.echo(f"Sound on {count} tasks and {len(result.seeds)} seeds: no trivial strategy is above its ceiling.")
