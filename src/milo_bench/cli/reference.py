"""The commands and what api says of settings, checks and measures in, the reference pages of docs/ out."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from milo_bench import api
from milo_bench.cli.case_timeline import command as case_timeline
from milo_bench.cli.draft_guard import draft_guard
from milo_bench.cli.main import milo_bench
from milo_bench.core.files import PUBLIC, write_folder
from milo_bench.core.text import table_cell


def reference_pages() -> dict[str, str]:
    """File name under docs/reference to Markdown text."""
    return {"commands.md": commands_page(), **api.reference_pages()}


def commands_page() -> str:
    parts = ["Data goes to standard output, progress and hints to standard error."]
    root = click.Context(milo_bench, info_name="milo-bench")
    for name in milo_bench.list_commands(root):
        command = milo_bench.get_command(root, name)
        assert command is not None
        parts += _command(command, f"milo-bench {name}")
    parts += _command(case_timeline, "case-timeline")
    parts += _command(draft_guard, "draft-guard")
    return api.reference_page("Commands", *parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    yield f"## `{path}`"
    context = click.Context(command, info_name=path)
    yield "```\n" + command.get_usage(context) + "\n```"
    if command.help:
        yield inspect.cleandoc(command.help.replace("\b\n", ""))
    rows = [_option(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if rows:
        yield "\n".join(["| flag | default | meaning |", "|---|---|---|", *rows])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            if sub is not None:
                yield from _command(sub, f"{path} {name}")


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if isinstance(option.type, click.Choice):
        names += " " + " \\| ".join(str(choice) for choice in option.type.choices)
    elif not option.is_flag:
        names += f" {(option.metavar or option.type.name).upper()}"
    default = option.default
    plain = default if isinstance(default, (str, int, float, Path)) and not isinstance(default, bool) else ""
    return f"| {names} | {table_cell(str(plain))} | {table_cell(option.help or '')} |"


def write_pages(folder: Path) -> None:
    """Write the pages into ``folder``, and the schemas beside the code that checks those files."""
    write_folder(folder, reference_pages(), mode=PUBLIC)
    api.write_schemas()


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
