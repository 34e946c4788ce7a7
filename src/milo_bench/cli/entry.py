"""A click command and an argument list in, an exit code out; every error is one line, a hint and the right code."""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import click

from milo_bench.cli.next_command import with_options
from milo_bench.cli.plain_terminal import accept_every_character, outlive_standard_error
from milo_bench.core.errors import MiloError, PrerequisiteError, RowLeftOut, UsageError
from milo_bench.core.suggest import hint_for
from milo_bench.core.text import visible

INTERRUPTED = 130
_MOST_SHOWN = 20
# Objects between two looks for garbage. Records and rows refer to each other in no circle, and reading a log makes
# many: at Python's own 700 a twentieth of a command's time goes into finding nothing.
_NEW_OBJECTS = 50_000
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run_command(command: click.Command, name: str, arguments: Sequence[str] | None = None) -> int:
    """Run ``command`` as the program ``name``; what it prints on errors goes to standard error.

    With ``--json`` among the arguments an error is one JSON document on standard output.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    _open_closed_streams()
    outlive_standard_error()
    accept_every_character(sys.stdout, exactly=as_json)
    accept_every_character(sys.stderr, exactly=False)
    try:
        with _told_of_rows():
            result: Any = command.main(args=given, prog_name=name, standalone_mode=False, obj=tuple(given))
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        return _show(_from_click(error), as_json)
    except MiloError as error:
        error.hint = with_options(error.hint, command, given)
        return _show(error, as_json)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; that is no error of ours. Keep the interpreter from
        # flushing into the closed pipe on its way out.
        _drop_stdout()
        return 0
    except OSError as error:
        if error.filename is None and error.errno not in _FULL:
            raise
        _drop_stdout()
        return _show(_from_system(error), as_json=False)
    return result if isinstance(result, int) else 0


def _open_closed_streams() -> None:
    """Where who started us closed them (``>&-``, some service managers), the next file would get their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            given = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
            if given != number:
                os.dup2(given, number)
                os.close(given)
            os.set_inheritable(number, True)
            raw = io.FileIO(number, "rb" if number == 0 else "wb")
            buffered = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
            setattr(sys, name, io.TextIOWrapper(buffered, encoding="utf-8"))


@contextlib.contextmanager
def _told_of_rows() -> Iterator[None]:
    """Rows of logs that are left out are told on standard error, each once; other warnings as they were."""
    told: set[str] = set()
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not issubclass(category, RowLeftOut):
                others(message, category, filename, lineno, file, line)
            elif str(message) not in told:
                told.add(str(message))
                click.echo(click.style("note: ", bold=True) + visible(str(message)), err=True)

        warnings.simplefilter("always", RowLeftOut)
        warnings.showwarning = show
        yield


def _drop_stdout() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _from_system(error: OSError) -> MiloError:
    """What the system refused, where no command knew better: a full disk, a folder that may not be entered."""
    place = f" {error.filename}" if error.filename else " all output"
    reason = error.strerror or str(error)
    full = error.errno in _FULL
    message = f"Cannot {'write' if full else 'use'}{place}: {reason}."
    return PrerequisiteError(message, hint="free some space." if full else "check the path and its permissions.")


def _from_click(error: click.ClickException) -> MiloError:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    helpful = f"see '{context.command_path} --help'." if context is not None else ""
    if isinstance(error, click.NoSuchOption):
        options = [p for p in context.command.params if isinstance(p, click.Option)] if context is not None else []
        known = [name for option in options for name in option.opts]
        return UsageError(f"Unknown flag '{error.option_name}'.", hint=hint_for(error.option_name, known, noun="flags"))
    if isinstance(error, click.BadParameter) and message.endswith("is not readable."):
        return PrerequisiteError(message, hint="check its owner and permissions.")
    return UsageError(message if message.endswith(".") else f"{message}.", hint=helpful)


def _show(error: MiloError, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(error.as_record(), ensure_ascii=False))
    else:
        click.echo(click.style("error: ", fg="red", bold=True) + _line(error.message), err=True)
        if error.hint:
            click.echo(click.style("hint: ", bold=True) + _line(error.hint), err=True)
        for other in error.also[:_MOST_SHOWN]:
            click.echo(
                click.style("also: ", bold=True) + _line(f"{other.message} {as_sentence(other.hint)}".rstrip()),
                err=True,
            )
        if len(error.also) > _MOST_SHOWN:
            click.echo(f"      {len(error.also) - _MOST_SHOWN} more after these.", err=True)
    return error.exit_code


def _line(text: str) -> str:
    """One line: a name in it that has several could write lines of its own."""
    return visible(" ".join(text.splitlines()), keep="\t")


def as_sentence(hint: str) -> str:
    """A hint as a sentence of its own."""
    return hint[:1].upper() + hint[1:]


def say_next(*commands: str) -> None:
    """Name the command that comes next, on standard error, with the options of this one that it needs too."""
    context = click.get_current_context(silent=True)
    for position, command in enumerate(commands):
        if context is not None and isinstance(context.obj, tuple):
            command = with_options(command, context.find_root().command, context.obj)
        lead = "next: " if position == 0 else "  or: "
        click.echo(click.style(lead, bold=True) + command, err=True)
