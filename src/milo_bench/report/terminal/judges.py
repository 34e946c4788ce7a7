"""A judge's calibration in, what a person reads of it on a terminal out: its error rates, biases, and its licence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from milo_bench.core.records import JudgeLicence
from milo_bench.core.units import NOTHING, between, figure, share
from milo_bench.stats.judge_licence import Bias, JudgeFigures, MeasuredShare

_EVERY_S: Final = 5.0
_LIVE_EVERY_S: Final = 0.2


def print_licence(calibration: JudgeLicence, figures: JudgeFigures, console: Console) -> None:
    """Whether the judge is licensed, and each figure with its interval."""
    licence = figures.licence
    state = f"[green]licensed[/] until {calibration.expires}" if licence.granted else "[red]no licence[/]"
    console.print(f"{escape(calibration.target)} as judge '{escape(calibration.name)}': {state}")
    console.print(
        f"  {figures.labelled.n:,} labels of people, {figures.labelled.yes:,} yes and {figures.labelled.no:,} no"
    )
    if calibration.copies:
        console.print(f"  {calibration.copies:,} more repeat an earlier answer to the same case and were left out")
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for title in ("", "measured", "each end at 95%", "n", "required"):
        table.add_column(title, justify="right" if title in ("measured", "n") else "left")
    terms = licence.terms
    rows: list[tuple[str, MeasuredShare, str]] = [
        ("agreement with people", figures.agreement, ""),
        ("accepts what people accept", figures.sensitivity, f"at least {share(terms.sensitivity)} proven"),
        ("rejects what people reject", figures.specificity, f"at least {share(terms.specificity)} proven"),
        ("changes with the order", figures.flips, f"at most {share(terms.most_flips)} proven"),
        ("changes on the same request", figures.unrepeated, f"at most {share(terms.most_unrepeated)} proven"),
    ]
    most = f"at most {share(terms.most_raised)} proven"
    rows += [(f"passes after attack {name}", raised, most) for name, raised in figures.attacks.items()]
    rows += [(f"agreement on {name}", of, "") for name, of in figures.by_workload.items() if name]
    for title, of, required in rows:
        ends = between(*of.ends, "share") if of.n else ""
        table.add_row(escape(title), figure(of.value, "share") if of.n else NOTHING, ends, f"{of.n:,}", required)
    console.print(table)
    order = figures.order
    if order.toward_first is not None:
        where = "first answer" if calibration.form == "pairwise" else "first choice"
        chosen = f"{order.first:,} of {order.pairs:,} for the {where} in both orders, {order.second:,} for the second"
        console.print(f"  position bias: {chosen}")
    for title, bias in (("longer answers", figures.toward_longer), ("its own family", figures.toward_own)):
        console.print(f"  bias toward {title}: {_bias_text(bias)}")
    for missing in licence.missing:
        console.print(f"  missing: {escape(missing)}", soft_wrap=True)


def _bias_text(bias: Bias) -> str:
    if bias.value is None:
        return "not measured"
    ends = f" ({between(bias.interval.low, bias.interval.high, 'share')})" if bias.interval else ""
    return f"{figure(bias.value, 'share')}{ends} against people, n = {bias.n:,}"


def licence_record(calibration: JudgeLicence, figures: JudgeFigures) -> dict[str, Any]:
    """The same as plain data: the calibration without its rows, its figures, and the licence."""
    rest = msgspec.to_builtins(calibration)
    rest.pop("rows", None)
    rest.pop("attacks", None)
    shares = ("agreement", "sensitivity", "specificity", "flips", "unrepeated")
    return {
        "licensed": figures.licence.granted,
        "missing": list(figures.licence.missing),
        "labels": figures.labelled.n,
        **{name: _share_record(getattr(figures, name)) for name in shares},
        "attacks": {name: _share_record(of) for name, of in figures.attacks.items()},
        "toward_first": figures.order.toward_first,
        "toward_longer": msgspec.to_builtins(figures.toward_longer),
        "toward_own": msgspec.to_builtins(figures.toward_own),
        "calibration": rest,
    }


def _share_record(of: MeasuredShare) -> dict[str, Any]:
    low, high = of.ends if of.n else (None, None)
    return {"value": of.value, "low": low, "high": high, "k": of.k, "n": of.n}


@contextmanager
def counting(stream: TextIO, noun: str) -> Iterator[Callable[[int, int], None]]:
    """How many of how many are done, as one live line on a terminal, as a line now and then anywhere else."""
    live, last_s, shown = stream.isatty(), 0.0, False

    def show(done: int, total: int) -> None:
        nonlocal last_s, shown
        now_s = time.monotonic()
        if now_s - last_s < (_LIVE_EVERY_S if live else _EVERY_S) and done < total:
            return
        last_s, shown = now_s, True
        stream.write(f"\r{done:,} of {total:,} {noun}" if live else f"{done:,} of {total:,} {noun}\n")
        stream.flush()

    try:
        yield show
    finally:
        if live and shown:
            stream.write("\n")
