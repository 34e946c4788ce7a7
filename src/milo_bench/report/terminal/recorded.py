"""The account of an import in, what a person reads on a terminal out: attempts, guesses, what was left and broken."""

from __future__ import annotations

from typing import Final, Protocol

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milo_bench.config.written import Problem
from milo_bench.core.text import one_line, visible

_LISTED: Final = 10


class _Written(Protocol):
    @property
    def attempts(self) -> dict[str, int]: ...
    @property
    def failures(self) -> int: ...
    @property
    def missing(self) -> int: ...
    @property
    def fixtures(self) -> int: ...


class RecordedAccount(Protocol):
    """What came of an import; ``recorded.importing.RecordedReport`` is one."""

    @property
    def suite(self) -> str: ...
    @property
    def out(self) -> object: ...
    @property
    def written(self) -> _Written: ...
    @property
    def guesses(self) -> tuple[str, ...]: ...
    @property
    def left(self) -> tuple[tuple[int, Problem], ...]: ...
    @property
    def broken(self) -> tuple[Problem, ...]: ...
    @property
    def broken_count(self) -> int: ...


def print_recorded(report: RecordedAccount, console: Console) -> None:
    """Attempts by target, then everything that the person has to know about them."""
    written = report.written
    if report.guesses:
        console.print(f"guessed: {escape(visible('  '.join(report.guesses)))}", highlight=False)
    attempts = sum(written.attempts.values())
    console.print(
        f"{escape(visible(str(report.out)))}: {_counted(attempts, 'attempt')} of "
        f"{_counted(len(written.attempts), 'target')} on {_counted(written.fixtures, 'fixture')} of "
        f"{escape(visible(report.suite))}",
        highlight=False,
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    table.add_column("target")
    table.add_column("attempts", justify="right")
    for target, number in list(written.attempts.items())[:_LISTED]:
        table.add_row(escape(one_line(target)), f"{number:,}")
    console.print(table)
    if len(written.attempts) > _LISTED:
        console.print(f"… and {len(written.attempts) - _LISTED} more targets", highlight=False)
    if written.failures:
        console.print(f"failed in the recording: {written.failures:,}", highlight=False)
    if written.missing:
        console.print(
            f"not recorded: {_counted(written.missing, 'attempt')}, as targets answered different fixtures or repeats",
            highlight=False,
        )
    if report.left:
        console.print("not imported:", highlight=False)
        for count, problem in report.left[: 2 * _LISTED]:
            console.print(
                f"  {count:,} × {escape(visible(problem.what))}, first in {escape(visible(problem.where))}. "
                f"{escape(visible(_sentence(problem.hint)))}",
                highlight=False,
            )
        if len(report.left) > 2 * _LISTED:
            console.print(f"  … and {len(report.left) - 2 * _LISTED} more kinds", highlight=False)
    if report.broken_count:
        console.print(f"broken: {report.broken_count:,}", highlight=False)
        for problem in report.broken[:_LISTED]:
            console.print(
                f"  {escape(visible(str(problem)))}. {escape(visible(_sentence(problem.hint)))}", highlight=False
            )
        if report.broken_count > _LISTED:
            console.print(f"  … and {report.broken_count - _LISTED:,} more", highlight=False)
    console.print("times and verdicts of the other tool are kept as its own, and no gate uses them", highlight=False)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _sentence(hint: str) -> str:
    return hint[:1].upper() + hint[1:]
