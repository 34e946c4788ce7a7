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
    "demo": ("demo", "Measure two quantisations of a small model here, and decide what they may do."),
    "init": ("init", "Write a bench.yaml with the models that answer on this machine."),
    "targets": ("targets", "List the targets of bench.yaml and the model servers found here."),
    "inventory": ("inventory", "Say what this machine is and what runs models on it."),
    "probe": ("probe", "Find out by measurement whether a runtime does what it says."),
    "suite": ("suite", "Check, list, show, import, redact and regenerate suites."),
    "run": ("run", "Ask targets everything in a suite; write a run log."),
    "load": ("load", "Put load on a target with the suite's own prompts; measure what its users would feel."),
    "grade": ("grade", "Judge the answers in run logs; no model is called."),
    "score": ("score", "Turn run logs into a scorecard: measures with n and interval."),
    "compare": ("compare", "Compare targets or runs fixture by fixture."),
    "review": ("review", "Let people score a sample of the answers; weight their scores back to all of them."),
    "decide": ("decide", "Decide on recorded evidence: keep, fix, defer or reject, with a routing table."),
    "report": ("report", "Write the package of a decision: pages, tables, routing table, runbook."),
    "verify": ("verify", "Work each figure of a package out again; name what differs."),
    "gate": ("gate", "Hold new runs against a decision; exit code 1 with what regressed."),
    "infer": ("infer", "Put standard input through a prompt template and one target."),
    "operator": ("operator", "Proof-gated operator tasks: play them, prove them sound, permit what was earned."),
    "fake-server": ("fake_server", "Serve scripted answers and faults, for tests of your own."),
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
    """Decides what work a language model may be given, and proves why.

    \b
    Exit codes: 0 done, 1 a gate failed, 2 usage or configuration,
    3 a prerequisite or target is missing, 4 the run is incomplete, 130 interrupted.
    """


def main() -> None:
    sys.exit(run_command(milo_bench, "milo-bench"))


if __name__ == "__main__":
    main()
