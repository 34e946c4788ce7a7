"""The command ``milo-bench``: finds the file of a subcommand and imports only that one."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import NoReturn

import click

from milo_bench.cli.entry import run_command
from milo_bench.cli.folder import CommandFolder
from milo_bench.core.version import __version__

# They write whole files and leave no thread, process or file behind; taking apart what they read from logs would cost
# a twentieth of their time.
_LEAVE_NOTHING_OPEN = frozenset({"decide", "report", "verify"})


class _Commands(CommandFolder):
    package = "milo_bench.cli.commands"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="milo-bench")
def milo_bench() -> None:
    """Decides what work you can give a language model, and shows why.

    \b
    Exit codes: 0 done, 1 a gate failed, 2 usage or configuration,
    3 a prerequisite or target is missing, 4 the run is incomplete,
    5 undecided (gate), 130 interrupted.
    """


def main() -> None:
    code = run_command(milo_bench, "milo-bench")
    fleet = sys.modules.get("milo_bench.fleet.cluster")
    if fleet is not None and fleet.is_left_in_ray():
        _leave(code)
    if sys.argv[1:2] and sys.argv[1] in _LEAVE_NOTHING_OPEN:
        atexit._run_exitfuncs()
        _leave(code)
    sys.exit(code)


def _leave(code: int) -> NoReturn:
    """End the process without taking its objects apart one by one."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # who read it has left, or it is closed
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
