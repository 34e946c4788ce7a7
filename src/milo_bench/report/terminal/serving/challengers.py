"""Challengers on live work in, for each its measures beside the incumbent's and what a promotion needs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape

from milo_bench.core import units
from milo_bench.core.text import visible
from milo_bench.decide.promotion.records import LiveTrial

_COLOURS: Final = {"promote": "green", "hold": "yellow", "reject": "red", "retire": "red"}
_LIVE: Final = {"not_worse": "not worse", "undecided": "undecided", "worse": "worse"}


def print_challengers(trials: Sequence[LiveTrial], console: Console) -> None:
    """The verdict on each challenger first, then why."""
    for number, one in enumerate(trials):
        if number:
            console.print()
        _print(one, console)


def _print(one: LiveTrial, console: Console) -> None:
    def line(text: str) -> None:
        console.print(escape(visible(text)), soft_wrap=True, highlight=False)

    place = f"role {one.role}, rule {one.rule}" if one.role else f"rule {one.rule}"
    said = escape(visible(f"{one.challenger} beside {one.incumbent or 'no incumbent'}"))
    where = escape(visible(f"({one.mode}, {place})"))
    console.print(f"[{_COLOURS[one.verdict]}]{one.verdict}[/] [bold]{said}[/] {where}", soft_wrap=True, highlight=False)
    pairs = "1 pair" if one.pairs == 1 else f"{one.pairs:,} pairs"
    line(f"  answers: {one.answers:,} beside {one.others:,}, compared in {pairs}")
    if one.checks:
        line(f"  checked by: {', '.join(one.checks)}")
    if one.unchecked:
        line(f"  without a check of the answer: {one.unchecked:,}, so only whether they came is compared")
    more = f" About {one.further:,} more pairs would decide it." if one.further else ""
    line(f"  live work: {_LIVE[one.live]}" + (f": {'; '.join(one.reasons)}." if one.reasons else ".") + more)
    for name, (mine, theirs) in one.failed.items():
        line(f"  {name}: {_of(mine, one.answers)} beside {_of(theirs, one.others)}")
    if one.queued is not None:
        line(f"  sent to a person: {_of(one.queued[0], one.answers)} beside {_of(one.queued[1], one.others)}")
    if None not in one.p50_s:
        mine_s, theirs_s = (units.seconds(value or 0.0) for value in one.p50_s)
        line(f"  median time: {mine_s} beside {theirs_s}")
    for what in one.missing:
        line(f"  missing: {what}")
    if not one.missing:
        line("  missing: nothing. Apply it with 'milo-bench roles promote LOG --apply'.")


def _of(count: int, n: int) -> str:
    return f"{count:,} of {n:,} ({units.share(count / n)})" if n else "none"
