"""Mining reports and selftests of roles in, tables for a terminal or a pipe out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milo_bench.core import units
from milo_bench.core.records.roles import EscalationReport, MiningEvent, MiningSummary, ReviewLabel, RolesSelftest
from milo_bench.core.text import file_lines, one_line, visible
from milo_bench.decide.promotion.escalation import WAY_HEAD, escalation_sentences, escalation_ways, way_cells
from milo_bench.decide.promotion.records import PromotionRecord, RegistryChange
from milo_bench.decide.promotion.wording import changed_value, compared, people_cells, shown, still_needed

_SHOWN = 10
# Reasons that most commits of any repository have: told at the end, not one by one.
_QUIET = (
    "no later fix leads to it",
    "a later fix leads to it",
    "the diff is too long to show",
    "no test changed",
    "no source changed",
    "merge commit",
    "no test module changed",
)


class MiningProgress:
    """One line for each commit that was tried, on a terminal or in a pipe alike."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._cases: dict[str, int] = {}

    def listen(self, event: MiningEvent) -> None:
        self._cases[event.role] = self._cases.get(event.role, 0) + event.cases
        if event.reason in _QUIET:
            return
        what = event.reason or f"case {self._cases[event.role]}"
        print(f"{event.role} {event.commit[:10]} {what}: {one_line(event.subject, 60)}", file=self._stream, flush=True)


class SelftestProgress:
    """A counter on one line of a terminal; nothing in a pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = False

    def done(self, kind: str, fixture: str) -> None:
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{kind}: {fixture[:60]}")
            self._stream.flush()
            self._shown = True

    def close(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def print_mining(report: MiningSummary, console: Console) -> None:
    """Cases by role, then what was rejected and why."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, right in (("role", False), ("result", False), ("commits", True)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for role, count in report.cases.items():
        table.add_row(role, "cases", f"{count:,}", style="green")
    for role, reasons in report.rejected.items():
        for reason, count in list(reasons.items())[:_SHOWN]:
            table.add_row(role, escape(reason), f"{count:,}")
    console.print(table)
    ended = "" if report.why == "done" else f" Mining {report.why}."
    console.print(
        f"{report.examined:,} {units.things(report.examined, 'commit')} examined in {units.seconds(report.wall_s)}, "
        f"{report.new:,} new {units.things(report.new, 'case')}.{ended} "
        "rejected.jsonl lists every rejected commit.",
        soft_wrap=True,
    )
    for note in report.notes:
        console.print(escape(f"{note}."), soft_wrap=True)
    if not report.cases:
        why = "see the reasons above" if report.examined else "no commit is left by --since, --until, --path and --role"
        console.print(f"No case was found: {why}.", soft_wrap=True)


def print_roles_selftest(result: RolesSelftest, console: Console) -> None:
    """One row for each kind of answer, and what is wrong below."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("workload", "answer", "passed", "required", "caught by"):
        table.add_column(name, justify="right" if name in ("passed", "required") else "left", overflow="fold")
    for row in result.rows:
        caught = ", ".join(f"{name} {count}" for name, count in row.caught_by.items())
        wanted = f"{'≤ ' if row.upper else ''}{units.share(row.wanted)}"
        share = f"{units.share(row.passed / row.answers)} of {row.answers}" if row.answers else "none of 0"
        style = "" if row.ok else "red"
        table.add_row(row.workload, escape(row.kind), share, wanted, escape(caught), style=style)
    console.print(table)
    for row in result.rows:
        for name in row.fooled[:_SHOWN] if not row.ok else ():
            console.print(escape(f"wrong: {row.kind}: {name}"), soft_wrap=True)
    if result.note:
        console.print(escape(f"note: {result.note}."), soft_wrap=True)
    console.print("Every row is as required." if result.ok else "Some rows are not as required.")


def print_label(label: ReviewLabel, fixes: Sequence[str], console: Console) -> None:
    """A change with its mended lines marked, and what mended them."""
    console.rule(escape(label.fixture))
    path = ""
    for line in file_lines(label.diff):
        if line.startswith("+++ "):
            path = line[4:].removeprefix("b/")
        number = line.split(maxsplit=1)[0] if line.split() else ""
        marked = number.isdecimal() and int(number) in label.lines.get(path, ())
        console.print(
            escape(f"{'>' if marked else ' '} {visible(line)}"), style="bold" if marked else "", soft_wrap=True
        )
    for fix in fixes:
        console.print("[bold]A later fix[/]")
        console.print(escape(visible(fix)), soft_wrap=True)
    if not fixes:
        console.print(escape(f"Fixed by {', '.join(one[:12] for one in label.fixes)}."), soft_wrap=True)


def print_labels(labels: Sequence[ReviewLabel], precision: str, console: Console) -> None:
    """The sample with what was said of each label."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("fixture", "lines", "fix", "confirmed"):
        table.add_column(name, overflow="fold")
    for one in labels:
        lines = "; ".join(f"{path}:{','.join(map(str, numbers))}" for path, numbers in one.lines.items())
        fixes = ", ".join(fix[:12] for fix in one.fixes)
        table.add_row(escape(one.fixture), escape(one_line(lines, 60)), escape(fixes), one.confirmed or "open")
    console.print(table)
    if precision:
        console.print(escape(f"{precision[:1].upper()}{precision[1:]}."), soft_wrap=True)


def print_escalations(reports: Sequence[EscalationReport], console: Console) -> None:
    """What each step of each chain bought."""
    for sentence in escalation_sentences(reports):
        console.print(escape(sentence), soft_wrap=True)
    for report in reports:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in (f"{report.role}: {WAY_HEAD[0]}", *WAY_HEAD[1:]):
            table.add_column(name, overflow="fold")
        for way in escalation_ways(report):
            table.add_row(*map(escape, way_cells(way)))
        if table.row_count:
            console.print(table)


_VERDICTS = {"promote": "green", "hold": "yellow", "reject": "red", "retire": "red"}


def print_promotion(record: PromotionRecord, applied: Sequence[RegistryChange], console: Console) -> None:
    """Each role with its figures, then the verdict on each challenger with its reasons."""
    for role in record.roles:
        console.print(f"[bold]{escape(role.role)}[/] ({compared(role.cases, role.looks)})")
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("target", "family", "cost", "acceptance", "review pain", "hard failures"):
            table.add_column(name, overflow="fold")
        for one in role.figures:
            name = f"{one.target} (incumbent)" if one.target == role.before else one.target
            cells = (shown(one.acceptance_rate), shown(one.review_pain), shown(one.hard_failure_rate))
            table.add_row(escape(name), escape(one.family or "unknown"), one.tier, *cells)
        console.print(table)
        for one in role.figures:
            for name, score in people_cells(one).items():
                console.print(f"  {escape(one.target)}: {escape(name)} {score}", soft_wrap=True)
        for decision in role.decisions:
            style = _VERDICTS[decision.verdict]
            reasons = escape("; ".join(decision.reasons))
            verdict = f"  [{style}]{decision.verdict}[/] {escape(decision.target)}: {reasons}. {still_needed(decision)}"
            console.print(verdict.rstrip(), soft_wrap=True)
        if not role.decisions:
            console.print("  no active challengers")
        for note in role.notes:
            console.print(f"  note: {escape(note)}.", soft_wrap=True)
    for change in applied:
        where = ".".join(str(key) for key in change.keys)
        after = changed_value(change.after)
        console.print(escape(f"{change.file}: {where} is now {after}"), soft_wrap=True)
