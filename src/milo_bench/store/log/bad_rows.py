"""Rows of one log that cannot be read in, each named once out; what rests on them is left out, and never guessed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from msgspec import Struct, field

from milo_bench.core.errors import DataError, RowLeftOut


class BadRows(Struct):
    """The rows of a log that are no records, by the number of their line.

    A reader that may not go on without them is ``strict``: the first one is then its DataError.
    ``attempts`` counts those among them that are attempts by the start of their line.
    """

    strict: bool = False
    attempts: int = 0
    _errors: dict[int, DataError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._errors)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """The line of each and a sentence on it, in order."""
        for number, error in sorted(self._errors.items()):
            yield number, _said(error)

    def leave_out(self, number: int, error: DataError, *, attempt: bool = False) -> None:
        """Keep that line ``number`` is no record, and tell it once. Raises ``error`` where the reader is strict."""
        if self.strict:
            raise error
        if number not in self._errors:
            self._errors[number] = error
            self.attempts += attempt
            warnings.warn(_said(error), RowLeftOut, stacklevel=2)


def _said(error: DataError) -> str:
    return f"{error.message.rstrip('.')}, so this row is left out."
