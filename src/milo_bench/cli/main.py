"""The command ``milo-bench``: finds the file of a subcommand and imports only that one."""

from __future__ import annotations

import importlib
import sys

import click

from milo_bench.cli.entry import run_command
from milo_bench.core.errors import UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.core.version import __version__

# Name, module under milo_bench.cli.commands, one line of help. The line stands here so that --help imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Measure a small model on this machine and decide what it may do."),
    "init": ("init", "Write a bench.yaml with the models served on this machine."),
    "targets": ("targets", "List the targets in bench.yaml and the model servers found here."),
    "inventory": ("inventory", "Describe this machine and its model runtimes."),
    "probe": ("probe", "Test whether a runtime does what it claims."),
    "suite": ("suite", "Check, list, show, import, redact and regenerate suites."),
    "run": ("run", "Run a suite against targets and write a run log."),
    "load": ("load", "Load a target with the suite's prompts and measure response times."),
    "grade": ("grade", "Grade the answers in run logs. No model is called."),
    "score": ("score", "Turn run logs into a scorecard of measures with intervals."),
    "compare": ("compare", "Compare targets or runs fixture by fixture."),
    "review": ("review", "Let people score a sample and estimate the scores of all answers."),
    "decide": ("decide", "Turn recorded evidence into keep, fix, defer or reject, and routing."),
    "report": ("report", "Write a decision's package: pages, tables, routing, runbook."),
    "verify": ("verify", "Recompute every figure in a package and list differences."),
    "gate": ("gate", "Check new runs against a decision. Exits 1 on a regression."),
    "infer": ("infer", "Send standard input to one target through a prompt template."),
    "operator": ("operator", "Run, validate and permit proof-gated operator tasks."),
    "fake-server": ("fake_server", "Serve scripted answers and faults for your own tests."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = COMMANDS[cmd_name][0]
        module = importlib.import_module(f"milo_bench.cli.commands.{name}")
        command: click.Command = getattr(module, name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            message = f"Unknown command '{args[0]}'."
            raise UsageError(message, hint=hint_for(args[0], COMMANDS, noun="commands"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="milo-bench")
def milo_bench() -> None:
    """Decides what work you can give a language model, and shows why.

    \b
    Exit codes: 0 done, 1 a gate failed, 2 usage or configuration,
    3 a prerequisite or target is missing, 4 the run is incomplete, 130 interrupted.
    """


def main() -> None:
    sys.exit(run_command(milo_bench, "milo-bench"))


if __name__ == "__main__":
    main()
