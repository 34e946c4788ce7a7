"""Paths and command lines in, bounded text or the reason why there is none out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from milo_bench.core.units import seconds

_TEXT_LIMIT = 4 << 20
_OUTPUT_LIMIT = 4 << 20


@dataclass(frozen=True)
class ReadText:
    """What was read; ``why`` is empty where it was, else says why not."""

    text: str = ""
    why: str = ""
    missing: bool = False

    @property
    def stripped(self) -> str:
        return self.text.strip().strip("\0")


@dataclass(frozen=True)
class Reader:
    """Reads files under ``root``; tests point it at a folder of their own."""

    root: Path = Path("/")

    def path(self, absolute: str) -> Path:
        return self.root / absolute.lstrip("/")

    def read(self, absolute: str) -> ReadText:
        """Up to 4 MiB of a text file. Never raises; bytes that are no UTF-8 are replaced."""
        return read_text(self.path(absolute))

    def names(self, absolute: str) -> tuple[str, ...]:
        """Names in a folder, sorted; none where it cannot be listed."""
        try:
            return tuple(sorted(entry.name for entry in self.path(absolute).iterdir()))
        except OSError:
            return ()


def read_text(path: Path) -> ReadText:
    """Up to 4 MiB of ``path``, which may be a file of /proc or /sys."""
    try:
        if path.is_fifo():
            return ReadText(why=f"{path} is a pipe")
        with path.open("rb") as file:
            data = file.read(_TEXT_LIMIT)
    except OSError as error:
        return ReadText(
            why=explain_error(error, path), missing=isinstance(error, FileNotFoundError | NotADirectoryError)
        )
    except ValueError as error:  # a null byte in a name
        return ReadText(why=str(error))
    return ReadText(data.decode("utf-8", "replace"))


def explain_error(error: OSError, path: Path | str = "") -> str:
    """``no permission to read /x``, ``/x is missing``, else what the system says."""
    if isinstance(error, PermissionError):
        return f"no permission to read {path}"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return f"{path} is missing"
    return f"{path}: {error.strerror or error}"


@dataclass(frozen=True)
class Ran:
    """A command's result. ``why`` is empty where it ended with 0; output is kept either way."""

    output: str = ""
    errors: str = ""
    why: str = ""


Commands: TypeAlias = Callable[[Sequence[str], float], Ran]
"""Takes an argument list and a time limit in seconds; never raises, never uses a shell."""


def run_command(argv: Sequence[str], timeout_s: float) -> Ran:
    """Run ``argv`` without a shell and without standard input; say why where it did not work."""
    name = Path(argv[0]).name
    # No pager, no colours, and messages in the language that the parsers know.
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "NO_COLOR": "1"}
    try:
        done = subprocess.run(  # noqa: S603  # fixed command lines, or programs found on PATH by a fixed name
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        return Ran(why=f"{name} is not installed")
    except subprocess.TimeoutExpired:
        return Ran(why=f"{name} did not answer within {seconds(timeout_s)}")
    except OSError as error:
        return Ran(why=f"{name}: {error.strerror or error}")
    output = done.stdout[:_OUTPUT_LIMIT].decode("utf-8", "replace")
    errors = done.stderr[:_OUTPUT_LIMIT].decode("utf-8", "replace")
    why = ""
    if done.returncode != 0:
        lines = (errors or output).strip().splitlines()
        why = f"{name} said: {lines[0][:200]}" if lines else f"{name} exited with {done.returncode}"
    return Ran(output, errors, why)


def parse_pairs(text: str, separator: str) -> Mapping[str, str]:
    """``key<separator>value`` lines as a mapping; the first one of a key counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, mark, value = line.partition(separator)
        if mark:
            found.setdefault(key.strip(), value.strip())
    return found


def parse_whole(text: str) -> int | None:
    """A whole number, or None."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
