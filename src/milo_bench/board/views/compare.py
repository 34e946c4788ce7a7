"""Two runs in, what differs between them out: paired on the same fixtures, with intervals."""

from __future__ import annotations

from typing import Any, Final

from milo_bench.board.gates.size import MOST_BYTES
from milo_bench.board.index.catalog import BoardLog
from milo_bench.board.parts import BoardParts
from milo_bench.board.server.requests import NotThere, PageRequest, Shown
from milo_bench.core import units
from milo_bench.core.errors import DataError, MiloError
from milo_bench.core.records import Interval
from milo_bench.evidence.comparing import SideRef, compare_logs
from milo_bench.stats.compare import Comparison

_MOST_NAMED: Final = 12
_CHANCE: Final = 0.05
_NAMES: Final = {"latency_s": "time to the whole answer", "ttft_s": "time to the first token"}


def show_compare(board: BoardParts, asked: PageRequest) -> Shown | NotThere:
    """``/compare?run=…&run=…``; one run with several targets is compared within itself."""
    ids = list(dict.fromkeys(asked.request.query_params.getlist("run")))[:2]
    chosen = [board.log(id) for id in ids]
    logs = [log for log in chosen if log is not None]
    if len(logs) < len(ids):
        return NotThere("There is no run with this address.", "choose two from the list of runs.")
    choices = [
        {"id": log.id, "title": index.title, "created_at": index.created_at, "name": log.name}
        for log in board.catalog.logs()
        if (index := log.index) is not None and index.attempts
    ]
    comparisons: list[dict[str, Any]] = []
    problem = ""
    if logs:
        try:
            comparisons = [comparison_data(one, _titles(logs)) for one in _compared(logs)]
        except MiloError as error:
            problem = f"{error.message} {error.hint[:1].upper()}{error.hint[1:]}"
    sides = [
        {"id": log.id, "title": index.title if (index := log.index) else log.name, "name": log.name} for log in logs
    ]
    data = {"sides": sides, "choices": choices, "comparisons": comparisons, "problem": problem}
    return Shown("compare.html.jinja", "Compare runs", data, "runs")


def _compared(logs: list[BoardLog]) -> tuple[Comparison, ...]:
    if any(log.size > MOST_BYTES for log in logs):
        message = "These runs are too large to compare in the board."
        raise DataError(message, hint=f"milo-bench compare {' '.join(log.name for log in logs)}")
    return compare_logs([SideRef(log.path) for log in logs])


def _titles(logs: list[BoardLog]) -> dict[str, str]:
    """Workloads and what they are called."""
    return {name: title for log in logs if (index := log.index) for name, title in index.workloads.items() if title}


def comparison_data(one: Comparison, titles: dict[str, str]) -> dict[str, Any]:
    """The differences of two sides, in words and figures."""

    def work(workload: str, decoding: str) -> str:
        title = titles.get(workload, workload)
        return title if decoding == "free" else f"{title}, {decoding} decoding"

    rates = [
        {
            "workload": rate.workload,
            "work": work(rate.workload, rate.decoding),
            "pairs": rate.pairs,
            "first": units.share(rate.first_rate),
            "second": units.share(rate.second_rate),
            "difference": _difference(rate.difference, rate.interval, "share"),
            "only_first": list(rate.only_first[:_MOST_NAMED]),
            "only_second": list(rate.only_second[:_MOST_NAMED]),
            "only_first_n": len(rate.only_first),
            "only_second_n": len(rate.only_second),
            "outcome": _outcome(one, rate.difference, rate.p_adjusted),
        }
        for rate in one.rates
    ]
    means = [
        {
            "name": _NAMES.get(mean.name, mean.name.replace("_", " ")),
            "workload": mean.workload,
            "work": work(mean.workload, mean.decoding),
            "pairs": mean.pairs,
            "first": units.figure(mean.first_mean, mean.unit),
            "second": units.figure(mean.second_mean, mean.unit),
            "difference": _difference(mean.difference, mean.interval, mean.unit),
        }
        for mean in one.means
    ]
    return {
        "first": one.first,
        "second": one.second,
        "sentence": _sentence(one, rates),
        "rates": rates,
        "means": means,
        "differs": list(one.differs),
        "only_in_first": one.only_in_first,
        "only_in_second": one.only_in_second,
    }


def _difference(value: float, interval: Interval | None, unit: str) -> str:
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return units.change_text(value, low, high, unit)


def _outcome(one: Comparison, difference: float, p: float) -> str:
    """Whether a difference is more than chance, over all that are compared here."""
    if p >= _CHANCE:
        return "undecided"
    return f"{one.first if difference > 0 else one.second} is better"


def _sentence(one: Comparison, rates: list[dict[str, Any]]) -> str:
    """What is known, in a sentence."""
    decided = [rate for rate in rates if rate["outcome"] != "undecided"]
    if not decided:
        return f"No difference between {one.first} and {one.second} is more than chance, on these fixtures."
    return " ".join(f"{rate['work']}: {rate['outcome']}." for rate in decided)
