"""Names and numbers of an event in, one JSON line for it on standard error or in a file out; never a text."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import msgspec

from milo_bench.core.files import write_errors

STDERR: Final = "-"
WriteEvent: TypeAlias = Callable[..., None]
"""``write(event, **fields)``: fields are names, numbers and booleans."""


def event_line(event: str, fields: dict[str, Any]) -> str:
    """One line with ``at``, in seconds since 1970; the same for the gateway, runs and loads."""
    return msgspec.json.encode({"at": round(time.time(), 3), "event": event, **fields}).decode() + "\n"


def write_stderr(event: str, **fields: Any) -> None:
    """One line on standard error. A full disk or a reader that has gone loses the line and stops nothing."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(event_line(event, fields))
        sys.stderr.flush()


@contextlib.contextmanager
def opened_events(place: str) -> Iterator[WriteEvent | None]:
    """Writes events to ``place`` while the block runs: a file that lines are added to, "-" for standard error.

    Yields None for "". A full disk loses lines and stops nothing. Raises an error where the file cannot be opened.
    """
    if not place:
        yield None
    elif place == STDERR:
        yield write_stderr
    else:
        with write_errors(Path(place)):
            file = Path(place).open("a", encoding="utf-8")  # noqa: SIM115  # closed below, whatever happens
        with file:
            yield _writer(file)


def _writer(file: IO[str]) -> WriteEvent:
    def write(event: str, **fields: Any) -> None:
        with contextlib.suppress(OSError):
            file.write(event_line(event, fields))
            file.flush()

    return write
