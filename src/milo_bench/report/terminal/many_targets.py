"""Measures of more targets than a screen has room for as columns in; a table with a line for each target out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from milo_bench.config.policy.measures import known_measures
from milo_bench.core.records import Measure
from milo_bench.core.units import figure, interval_text, unit_written

MOST_COLUMNS: Final = 6  # targets side by side; more become lines
MOST_LINES: Final = 40
_MEASURES: Final = 6
_NEVER_FIRST: Final = frozenset({"cut_at_max_tokens_rate", "flagged_rate", "bypass_rate"})


def targets_table(workload: str, measures: Sequence[Measure]) -> tuple[Table, int]:
    """The targets by pass rate, best first, with the measures that tell most; and how many are left out."""
    by_target: dict[tuple[str, str], dict[tuple[str, str], Measure]] = {}
    for measure in measures:
        by_target.setdefault((measure.target, measure.decoding), {})[(measure.name, measure.slice)] = measure
    columns = _columns(measures)
    ranked = sorted(by_target, key=lambda key: -_value(by_target[key].get(("pass_rate", ""))))
    table = Table(title=Text(workload, style="bold"), title_justify="left", pad_edge=False, box=None, padding=(0, 2))
    table.add_column("target")
    for name, slice in columns:
        title = known_measures()[name].title
        table.add_column(f"{title}, {slice.partition('=')[2]}" if slice else title, justify="right")
    both = len({decoding for _, decoding in by_target}) > 1
    for key in ranked[:MOST_LINES]:
        target, decoding = key
        cells = [_cell(by_target[key].get(column), whole=place == 0) for place, column in enumerate(columns)]
        table.add_row(Text(f"{target}, {decoding}" if both else target), *cells)
    return table, max(0, len(ranked) - MOST_LINES)


def _columns(measures: Sequence[Measure]) -> list[tuple[str, str]]:
    """Rates of answers in the order of a scorecard, recall of at most three classes among them."""
    there = dict.fromkeys((measure.name, measure.slice) for measure in measures if measure.value is not None)
    found: list[tuple[str, str]] = []
    for name, known in known_measures().items():
        if not known.at_terminal or known.kind != "rate" or name in _NEVER_FIRST or name == "pass_rate_of_answers":
            continue
        slices = [slice for other, slice in there if other == name and (not slice or slice.startswith("class="))]
        found += [(name, slice) for slice in slices[:3]]
    return found[:_MEASURES]


def _value(measure: Measure | None) -> float:
    return -1.0 if measure is None or measure.value is None else measure.value


def _cell(measure: Measure | None, *, whole: bool) -> Text:
    if measure is None or measure.value is None:
        return Text("·", style="dim")
    text = Text(figure(measure.value, measure.unit), style="bold")
    if whole:
        interval = interval_text(measure.interval, measure.unit).removesuffix(unit_written(measure.value, measure.unit))
        text.append(f"  {interval}", style="dim not bold")
    return text
