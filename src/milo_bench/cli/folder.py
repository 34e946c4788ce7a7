"""A package of command files in, a click group out that reads one line of help in each and imports the one called."""

from __future__ import annotations

import importlib
import importlib.util
import re
from typing import Any, ClassVar

import click
from msgspec import Struct

from milo_bench.core.errors import UsageError
from milo_bench.core.modules import modules_of
from milo_bench.core.suggest import hint_for

# Sections of a group's help, in order. A file says its own: SECTION = "Measure".
SECTIONS = ("Start", "Work", "Measure", "Judge", "Decide", "Serve", "Tools")
_SECTION = re.compile(r'^SECTION = "(\w+)"$', re.MULTILINE)
_HELP = re.compile(r'^@click\.(?:command|group)\(.*?^    """(.+?)(?:"""|$)', re.MULTILINE | re.DOTALL)


class CommandLine(Struct, frozen=True):
    """What a group's help shows of one command, read from its file as text: importing them all would take a second."""

    name: str
    module: str
    section: str
    help: str


def command_lines(package: str) -> tuple[CommandLine, ...]:
    """The commands in the folder of ``package``, by section and name. ``fake_server.py`` is called "fake-server"."""
    lines = [_line(name.replace("_", "-"), module) for name, module in modules_of(package).items()]
    return tuple(sorted(lines, key=lambda line: (_place(line.section), line.name)))


def _place(section: str) -> int:
    return SECTIONS.index(section) if section in SECTIONS else len(SECTIONS)


def _line(name: str, module: str) -> CommandLine:
    spec = importlib.util.find_spec(module)
    loader: Any = spec.loader if spec is not None else None  # its type would take eight milliseconds to import
    source = (loader.get_source(module) if loader is not None else None) or ""
    section, text = _SECTION.search(source), _HELP.search(source)
    return CommandLine(name, module, section[1] if section else "", text[1] if text else "")


class CommandFolder(click.Group):
    """A group whose commands are the files of a folder: adding the file adds the command.

    Each module holds one click command, or a group with its commands; it is imported when it is
    called. Its help line is the first line of the docstring.
    """

    package: ClassVar[str]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [line.name for line in command_lines(self.package)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = modules_of(self.package).get(cmd_name.replace("-", "_"))
        if path is None:
            return None
        own = [
            thing
            for thing in vars(importlib.import_module(path)).values()
            if isinstance(thing, click.Command) and thing.callback is not None and thing.callback.__module__ == path
        ]
        below = [command for group in own if isinstance(group, click.Group) for command in group.commands.values()]
        [command] = [thing for thing in own if thing not in below]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            path = " ".join([*ctx.command_path.split()[1:], args[0]])
            message = f"Unknown command '{path}'."
            raise UsageError(message, hint=hint_for(args[0], names, noun="commands"))
        name, command, rest = super().resolve_command(ctx, args)
        return args[0] if command is not None else name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = command_lines(self.package)
        for section in dict.fromkeys(line.section for line in lines):
            with formatter.section(section or "Commands"):
                formatter.write_dl([(line.name, line.help) for line in lines if line.section == section])
