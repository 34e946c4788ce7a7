"""What went wrong, in one sentence, with a hint and the exit code that belongs to it.

MiloError
├── UsageError            2  bad flags, bad arguments, bad input on standard input
│   └── ConfigError       2  bench.yaml, suite.yaml, policy files, environment
├── DataError             2  a run log, a fixture file or a label file that cannot be used as it is
├── PrerequisiteError     3  a target, program, package, file or permission that is missing
│   └── TargetError       3  a target that cannot be reached, started or logged in to
├── GateFailed            1  the evidence is in, and it says no
├── IncompleteRun         4  the run ended before its plan did
├── IncompleteImport      4  part of an import could not be read; the rest was written
└── Interrupted         130  Ctrl-C
"""

from __future__ import annotations

from typing import ClassVar

from milo_bench.core.text import MOST_SAID, shorten_middle


class MiloError(Exception):
    """An error meant for the person at the terminal: message, then hint, never a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        message = shorten_middle(message, MOST_SAID)
        super().__init__(message)
        self.message = message
        self.hint = shorten_middle(hint, MOST_SAID)
        self.also: tuple[MiloError, ...] = ()  # further mistakes in the same file, all of them to be mended

    def as_record(self) -> dict[str, object]:
        """The one JSON shape of an error: ``{"error": {"kind", "message", "hint", "exit_code"}}``.

        Further mistakes in the same file are listed as ``also``, each with its message and hint.
        """
        also = [{"message": other.message, "hint": other.hint} for other in self.also]
        return {
            "error": {
                "kind": type(self).__name__,
                "message": self.message,
                "hint": self.hint,
                "exit_code": self.exit_code,
                **({"also": also} if also else {}),
            }
        }


class UsageError(MiloError):
    """The command line or the standard input asks for something that does not exist."""

    exit_code = 2


class ConfigError(UsageError):
    """A file that a person wrote does not say what it must."""


class DataError(MiloError):
    """A run log, fixture file or label file that cannot be used as it is."""

    exit_code = 2


class PrerequisiteError(MiloError):
    """A program, package, file or permission that the command needs is missing."""

    exit_code = 3


class TargetError(PrerequisiteError):
    """A target cannot be reached, started or logged in to."""


class RowLeftOut(UserWarning):
    """A row of a log cannot be read, and everything else goes on without it. The message names its line."""


class GateFailed(MiloError):
    """The evidence is in, and it says no."""

    exit_code = 1


class IncompleteRun(MiloError):
    """The run ended before its plan did; what was written is kept."""

    exit_code = 4


class IncompleteImport(MiloError):
    """Rows, documents or answers of an import could not be read; the rest was written."""

    exit_code = 4


class Interrupted(MiloError):
    """The person pressed Ctrl-C; what was written is kept."""

    exit_code = 130
