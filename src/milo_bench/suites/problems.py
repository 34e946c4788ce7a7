"""What is wrong with a suite, one problem at a time, in; one clear error out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from milo_bench.core.errors import ConfigError, DataError, MiloError
from milo_bench.core.records import Frozen


class Problem(Frozen, frozen=True):
    """One thing that is wrong: where (``file:line`` as far as known), what, and what instead.

    A ``warning`` does not keep the suite from being used.
    """

    where: str
    what: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
    kind: Literal["config", "data"] = "config"

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def place(file: Path | str, line: int | None = None) -> str:
    """``file:line``, the form that editors and terminals open."""
    return f"{file}:{line}" if line else str(file)


def as_error(problems: Sequence[Problem]) -> MiloError:
    """The first error as a MiloError; the hint says how many more there are and how to see them."""
    errors = [problem for problem in problems if problem.severity == "error"]
    first = errors[0]
    hint = first.hint
    if len(errors) > 1:
        more = f"{len(errors) - 1} more after this one; 'milo-bench suite check' lists them all."
        hint = f"{hint} {more}".strip()
    return (ConfigError if first.kind == "config" else DataError)(f"{first}.", hint=hint)
