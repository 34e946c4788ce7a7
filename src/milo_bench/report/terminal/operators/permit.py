"""A permit in, what it grants and what it does not on a terminal out."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core.units import dollars, estimate, interval_text, number, share
from milo_bench.decide.wording import join_words
from milo_bench.operator.cost import Amounts
from milo_bench.operator.permit.records import LEVEL_NAMES, KindPermission, OperatorPermit


def print_permit(permit: OperatorPermit, console: Console, *, why: bool = False) -> None:
    """The permission of one target: who it is, the score, a line a kind of work, reasons, cost and end."""
    console.print(Text(permit.target, style="bold"))
    console.print(Text(f"  {identity(permit)}"))
    console.print(Text(f"  {score_line(permit)}"))
    console.print(Text(f"  {permit.total.headline}"))
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("kind of work", "permission", "next level", "trials", "rules out"):
        table.add_column(name, justify="right" if name in ("trials", "rules out") else "left")
    for kind in permit.kinds:
        shows = f"over {share(kind.supports)}" if kind.trials else "nothing"
        row = (kind.title, LEVEL_NAMES[kind.level], next_text(kind), str(kind.trials), shows)
        table.add_row(*[Text(cell) for cell in row])
    console.print(table)
    console.print(Text("rules out: the failure rates that this many trials exclude if none fails.", style="dim"))
    everywhere = set.intersection(*[set(kind.reasons) for kind in permit.kinds]) if len(permit.kinds) > 1 else set()
    for reason in (reason for reason in permit.kinds[0].reasons if reason in everywhere):
        console.print(Text(f"all kinds: {_begun(reason)}."))
    for kind in permit.kinds:
        if own := [reason for reason in kind.reasons if reason not in everywhere]:
            console.print(Text(f"{kind.title}: {'. '.join(_begun(reason) for reason in own)}."))
        if why:
            _print_rules(kind, console)
    for note in (*permit.total.notes, *permit.notes):
        console.print(Text(f"note: {note}"))
    for line in cost_lines(permit):
        console.print(Text(line))
    void = join_words(permit.void_when[:-1], "or")
    console.print(Text(f"Valid until {permit.expires}. Void if {void}."))


def _begun(text: str) -> str:
    return text[0].upper() + text[1:]


def identity(permit: OperatorPermit) -> str:
    """``small-8b · Q4_K_M · llama.cpp b6700 · sha256:abab…``, as far as it is known."""
    digest = permit.model_digest[:19] + "…" if len(permit.model_digest) > 19 else permit.model_digest
    runtime = f"{permit.runtime} {permit.runtime_version}".strip()
    return " · ".join(part for part in (permit.model, permit.quantisation, runtime, digest or "no digest") if part)


def score_line(permit: OperatorPermit) -> str:
    """``185.5 of 225 points (140–212), 7 of 9 full passes``."""
    points, passes = permit.total.points, permit.total.passes
    ends = interval_text(points.interval, "")
    interval = f" ({ends})" if ends else ""
    return f"{number(points.value, 4)} of {points.of} points{interval}, {passes.k} of {passes.n} full passes"


def next_text(kind: KindPermission) -> str:
    """Why there is no more: ``operator with verifier: undecided (12 more if all pass, 40 at this rate)``."""
    if not kind.next_level:
        return "—"
    name = LEVEL_NAMES[kind.next_level]
    if kind.next_outcome == "fails":
        return f"{name}: refused"
    if not kind.more:
        return f"{name}: undecided"
    if not kind.trials:
        return f"{name}: undecided (not tried, at least {kind.more:,} trials)"
    at_rate = "never at this rate" if kind.more_at_this_rate is None else f"{kind.more_at_this_rate:,} at this rate"
    return f"{name}: undecided ({kind.more:,} more if all pass, {at_rate})"


def cost_lines(permit: OperatorPermit) -> list[str]:
    """What a trusted point costs, as a range, and what it is made of."""
    cost = permit.cost
    lines = [f"note: {note}" for note in cost.notes]
    if cost.total_usd is not None and cost.usd_per_trusted_point is not None:
        lines.insert(
            0,
            f"A trusted point costs {amounts_text(cost.usd_per_trusted_point)}. All trials cost "
            f"{amounts_text(cost.total_usd)}, including clean-up of {amounts_text(cost.clean_up_usd)} (assumptions).",
        )
    return lines


def amounts_text(amounts: Amounts) -> str:
    """``$0.31 ($0.11–$0.90)``; words where an end has no bound."""
    if amounts.base is None:
        return "no limit" if amounts.low is None else f"at least {usd(amounts.low)}, no upper limit"
    if amounts.low == amounts.high:
        return usd(amounts.base)
    return estimate(amounts.base, amounts.low, amounts.high, "USD")


def usd(value: float | None) -> str:
    """Dollars; words where there is no bound."""
    return "no limit" if value is None else dollars(value)


def _print_rules(kind: KindPermission, console: Console) -> None:
    for result in kind.results:
        console.print(Text(f"  {LEVEL_NAMES[result.level]}: {result.outcome}"))
        for item in result.criteria:
            more = f" ({item.more:,} more at least" if item.more else ""
            if more and item.more_at_this_rate and item.more_at_this_rate != item.more:
                more += f", {item.more_at_this_rate:,} at this rate"
            console.print(Text(f"    {item.outcome}: {item.text}{more + ')' if more else ''}"))
