"""How good the rules of checks are in, lines for a terminal out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from milo_bench.core.units import figure
from milo_bench.guards.languages.names import language_name
from milo_bench.stats.check_rules import CheckRules


def print_rules(rules: Sequence[CheckRules], console: Console) -> None:
    """How good the rules are that checks look for faults with: one line for each check and language."""
    if not rules:
        return
    console.print()
    said = "Pass rates and rates of faults are as good as the rules behind them. In labelled texts of others:"
    console.print(Text(said, style="dim"), soft_wrap=True)
    for one in {(one.check, one.language): one for one in rules}.values():
        recall, precision = figure(one.recall, "share"), figure(one.precision, "share")
        found = f"{recall} ({_range(one.recall_interval)}) of such faults"
        right = f"{precision} ({_range(one.precision_interval)})"
        text = f"  {one.check}, {language_name(one.language)}: finds {found}, right in {right}"
        console.print(Text(text, style="dim"), soft_wrap=True)


def _range(ends: tuple[float, float]) -> str:
    return "–".join(figure(end, "share") for end in ends)
