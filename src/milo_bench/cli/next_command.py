"""A command that comes next and the arguments of this one in; the command with the options that it needs again out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

import click

# Where the work is and who does it: what the next command would otherwise look for elsewhere.
_CARRIED: Final = ("--state", "--as")


def with_options(line: str, root: click.Command, arguments: Sequence[str]) -> str:
    """``line`` with each carried option of ``arguments`` that its command takes and does not have.

    ``root`` is the program. What is not one of its commands is left as it is.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        return line
    command = _named(root, words[1:]) if words[:1] == ["milo-bench"] else None
    if command is None:
        return line
    takes = {name for param in command.params for name in param.opts}
    more = [f"{name} {value}" for name, value in _given(arguments) if name in takes and name not in words]
    return " ".join([line, *more])


def _named(root: click.Command, words: Sequence[str]) -> click.Command | None:
    command: click.Command | None = root
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
    return command


def _given(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    for position, word in enumerate(arguments):
        name, equals, value = word.partition("=")
        if name in _CARRIED:
            said = value if equals else "".join(arguments[position + 1 : position + 2])
            yield name, "URL" if _has_password(said) else shlex.quote(said)


def _has_password(place: str) -> bool:
    try:
        return urlsplit(place).password is not None
    except ValueError:
        return True
