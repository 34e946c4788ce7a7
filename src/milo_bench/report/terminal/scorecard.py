"""A scorecard in, tables for a terminal out; rows are measures, columns are targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.config.policy.measures import known_measures
from milo_bench.core.records import Measure
from milo_bench.core.records.buffering import SAID as BUFFERED
from milo_bench.core.text import one_line
from milo_bench.core.units import figure, interval_text, sample, unit_written
from milo_bench.decide.gates.flagged import detector_counts
from milo_bench.decide.wording import sentence_case
from milo_bench.guards.languages.names import language_name
from milo_bench.report.terminal.many_targets import MOST_COLUMNS, targets_table
from milo_bench.stats.check_rules import CheckRules
from milo_bench.stats.scorecard import Confusion, ErrorCategory, Scorecard

SLICES_SHOWN = frozenset({"field", "class", "kind"})
CATEGORIES_SHOWN = 6
MOST_LABELS = 8  # a matrix of more is listed line by line
LABELS_SHOWN = 20
LABEL_WIDTH = 32


def print_scorecard(card: Scorecard, console: Console) -> None:
    """One table for each workload, then how it fails, with attempts that show it."""
    variants = "".join(f", {workload} as {variant}" for workload, variant in card.variants.items())
    console.print(
        Text(f"{card.suite.name} {card.suite.version}", style="bold"),
        Text(f"({card.suite.hash[:12]}{variants}): {card.attempted:,} of {card.planned:,} planned attempts"),
    )
    for problem in card.set_up:
        where = f"{problem.workload} on {problem.target}"
        console.print(
            Text(f"set-up problem, {where}: {problem.said} ({problem.count:,} of {problem.of:,}).", style="yellow")
        )
        console.print(Text(f"hint: {problem.hint}", style="yellow"))
    for work in card.stopped:
        console.print(
            Text(f"{work} was run until decided: intervals hold at every look, so they are wide.", style="dim")
        )
    for said in (*card.others, *card.unjudged):
        console.print(Text(f"{said}.", style="yellow"))
    for target in card.buffered:
        said = f"{target}: {BUFFERED}: its first-token times and decoding speeds are unknown."
        console.print(Text(said, style="yellow"))
    for workload in dict.fromkeys(measure.workload for measure in card.measures):
        console.print()
        measures = [m for m in card.measures if m.workload == workload]
        silver = card.silver.get(workload, "")
        if len({(measure.target, measure.decoding) for measure in measures}) > MOST_COLUMNS:
            table, left = targets_table(workload, measures)
            console.print(table)
            more = f"{left} more targets, " if left else ""
            said = f"{more}every measure, confusion and kind of error: --json or --format csv"
            console.print(Text(said, style="dim"))
            _print_silver(silver, console)
            continue
        console.print(_table(workload, measures))
        _print_silver(silver, console)
        for confusion in card.confusions:
            if confusion.workload == workload:
                console.print(_confusion(confusion))
        _print_categories([c for c in card.categories if c.workload == workload], console)
    sure = dict.fromkeys(one.interval.confidence for one in card.measures if one.interval is not None)
    if sure:
        console.print()
        levels = " or ".join(figure(level, "share") for level in sure)
        console.print(Text(f"Intervals are two-sided, at {levels}. A gate judges by one end of its own.", style="dim"))
    for name in dict.fromkeys(measure.name for measure in card.measures if known_measures()[measure.name].settled):
        console.print()
        console.print(Text(f"{known_measures()[name].title}: {_how_good()}.", style="dim"))
    print_rules(card.rules, console)
    _print_judges(card.judges, console)


def print_rules(rules: Sequence[CheckRules], console: Console) -> None:
    """How good the rules are that checks look for faults with: one line for each check and language."""
    if not rules:
        return
    console.print()
    said = "Pass rates and rates of faults are as good as the rules behind them. In labelled texts of others:"
    console.print(Text(said, style="dim"))
    for one in {(one.check, one.language): one for one in rules}.values():
        recall, precision = figure(one.recall, "share"), figure(one.precision, "share")
        found = f"{recall} ({_range(one.recall_interval)}) of such faults"
        right = f"{precision} ({_range(one.precision_interval)})"
        text = f"  {one.check}, {language_name(one.language)}: finds {found}, right in {right}"
        console.print(Text(text, style="dim"))


def _range(ends: tuple[float, float]) -> str:
    return "–".join(figure(end, "share") for end in ends)


def _print_silver(said: str, console: Console) -> None:
    """How far the labels can be trusted that the rates of a table rest on."""
    if said:
        console.print(Text(f"{sentence_case(said)}.", style="yellow"), soft_wrap=True)


def _print_judges(said: Sequence[str], console: Console) -> None:
    if not said:
        return
    console.print()
    for sentence in said:
        console.print(Text(f"{sentence}."), soft_wrap=True)
    rule = "These counts are uncorrected. A decision uses a judge only under a licence, corrected for its errors."
    console.print(Text(rule, style="dim"), soft_wrap=True)


def _how_good() -> str:
    """What flags of unsupported claims are worth, as measured."""
    counts = detector_counts()
    caught, false = counts.caught / counts.wrong, counts.false / counts.right
    return (
        f"of labelled e-mail summaries, rules flag {figure(caught, 'share')} of the wrong ones and "
        f"{figure(false, 'share')} of the right ones, so people have to label answers before a safety gate can pass"
    )


def _table(workload: str, measures: list[Measure]) -> Table:
    table = Table(title=Text(workload, style="bold"), title_justify="left", pad_edge=False, box=None, padding=(0, 2))
    table.add_column("measure")
    columns = list(dict.fromkeys((measure.target, measure.decoding) for measure in measures))
    both = len({decoding for _, decoding in columns}) > 1
    for target, decoding in columns:
        table.add_column(f"{target}, {decoding}" if both else target, justify="right")
    by_row: dict[tuple[str, str], dict[tuple[str, str], Measure]] = {}
    for measure in measures:
        by_row.setdefault((measure.name, measure.slice), {})[(measure.target, measure.decoding)] = measure
    for name, known in known_measures().items():
        if not known.at_terminal:
            continue  # JSON and CSV have it
        if name == "pass_rate_of_answers" and _says_no_more(by_row):
            continue
        for slice in _slices(name, by_row):
            row = by_row[(name, slice)]
            title = f"  {slice.partition('=')[2]}" if slice else known.title
            table.add_row(
                Text(title, style="dim" if slice else ""),
                *(_cell(row.get(column)) for column in columns),
            )
    return table


def _says_no_more(rows: Mapping[tuple[str, str], Mapping[tuple[str, str], Measure]]) -> bool:
    """Whether the pass rate of the answers is that of all attempts: nothing failed, no rail took a case."""
    every, answers = rows.get(("pass_rate", ""), {}), rows.get(("pass_rate_of_answers", ""), {})
    return all(column in answers and answers[column].n == measure.n for column, measure in every.items())


def _slices(name: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    found = [slice for row, slice in rows if row == name]
    return [slice for slice in found if slice == "" or slice.partition("=")[0] in SLICES_SHOWN]


def _cell(measure: Measure | None) -> Text:
    if measure is None:
        return Text("·", style="dim")
    if measure.value is None:
        return Text(measure.note or "no data", style="dim")
    unit = unit_written(measure.value, measure.unit)
    interval = interval_text(measure.interval, measure.unit).removesuffix(unit)
    n = sample(measure.n) if measure.name not in ("peak_memory_bytes",) else ""
    unjudged = measure.note if measure.note.endswith(" unjudged") else ""
    inside = ", ".join(part for part in (interval, n, unjudged) if part)
    text = Text(figure(measure.value, measure.unit), style="bold")
    if inside:
        text.append(f"  {inside}", style="dim not bold")
    return text


def _confusion(confusion: Confusion) -> Table:
    if len(confusion.labels) > MOST_LABELS:
        return _confusion_list(confusion)
    decoding = f", {confusion.decoding}" if confusion.decoding == "constrained" else ""
    table = Table(
        title=Text(f"{confusion.target}{decoding}: expected down, answered across", style="dim"),
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 2),
    )
    table.add_column("")
    for label in confusion.labels:
        table.add_column(Text(_label(label)), justify="right")
    for label, counts in zip(confusion.labels, confusion.counts, strict=True):
        table.add_row(Text(_label(label)), *(str(count) if count else "·" for count in counts))
    return table


def _label(label: str) -> str:
    """A label in one short line: what a model answers instead of one may be a paragraph."""
    return one_line(label, LABEL_WIDTH) or "(none)"


def _confusion_list(confusion: Confusion) -> Table:
    """A line for each expected label, those with the most errors first: a matrix of many labels fits no screen."""
    decoding = f", {confusion.decoding}" if confusion.decoding == "constrained" else ""
    title = Text(f"{confusion.target}{decoding}: correct answers by expected label, most errors first", style="dim")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2))
    for name, justify in (("expected", "left"), ("correct", "right"), ("answered instead", "left")):
        table.add_column(name, justify="right" if justify == "right" else "left", overflow="fold")
    lines = []
    for row, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        wrong = sorted(
            ((count, other) for other, count in zip(confusion.labels, counts, strict=True) if count and other != label),
            key=lambda one: (-one[0], one[1]),
        )
        if sum(counts):
            lines.append((sum(count for count, _ in wrong), label, counts[row], sum(counts), wrong))
    lines.sort(key=lambda line: (-line[0], line[1]))
    faulty = [line for line in lines if line[0]]
    for _, label, right, total, wrong in faulty[:LABELS_SHOWN]:
        said = ", ".join(f"{_label(other)} {count}" for count, other in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        table.add_row(Text(_label(label)), f"{right} of {total}", Text(said + more))
    rest = len(faulty) - LABELS_SHOWN
    if rest > 0:
        table.add_row(Text(f"and {rest} more labels with errors; --json has them all", style="dim"), "", "")
    without = len(lines) - len(faulty)
    if without:
        table.add_row(Text(f"{without} labels without an error", style="dim"), "", "")
    return table


def _print_categories(categories: list[ErrorCategory], console: Console) -> None:
    if not categories:
        return
    console.print(Text("how it fails", style="dim"))
    by_target: dict[tuple[str, str], list[ErrorCategory]] = {}
    for category in categories:
        by_target.setdefault((category.target, category.decoding), []).append(category)
    for (target, decoding), found in by_target.items():
        title = f"{target}, {decoding}" if len({d for _, d in by_target}) > 1 else target
        table = Table(box=None, pad_edge=False, padding=(0, 2), show_header=False)
        table.add_column(justify="right")
        table.add_column()
        table.add_column(style="dim", overflow="fold")
        for category in found[:CATEGORIES_SHOWN]:
            table.add_row(
                f"{category.attempts} of {category.of}",
                Text(f"{category.category}  ({category.check})"),
                Text("e.g. " + ", ".join(key.split("/")[0] for key in category.examples)),
            )
        console.print(Text(f"  {title}"))
        console.print(table)
        if len(found) > CATEGORIES_SHOWN:
            more = len(found) - CATEGORIES_SHOWN
            kinds = "1 more kind" if more == 1 else f"{more} more kinds"
            console.print(Text(f"  and {kinds}; --json has them all", style="dim"))
