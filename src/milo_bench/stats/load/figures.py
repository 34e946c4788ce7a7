"""The rows and samples of a load window in, its figures out, as a ``LoadWindow``. Pure.

A failed, cut or never sent request has infinite latency in every distribution, so that no failure
makes a tail look better. Latency and time to first token count from the intended start.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from milo_bench.core.load_records import (
    LeftOut,
    LoadDistribution,
    LoadDistributions,
    LoadFigures,
    ServerTiming,
    SteadyFigures,
    flat_times,
)
from milo_bench.core.records import LoadRows, LoadWindow, Telemetry
from milo_bench.core.records.buffering import SAID as BUFFERED
from milo_bench.core.units import figure
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.stats.intervals import wilson
from milo_bench.stats.load.client_limit import client_figures
from milo_bench.stats.load.distribution import describe
from milo_bench.stats.load.failing import mostly_failed
from milo_bench.stats.load.machine import machine_figures
from milo_bench.stats.load.quality import first_outcomes
from milo_bench.stats.load.rates import tokens_in, tokens_out, work_done
from milo_bench.stats.load.steady import SUB_WINDOWS, find_drift, together
from milo_bench.stats.load.token_times import mostly_in_blocks, time_per_token_s, token_gaps, worst_stall_s

# By which figures follow from rows; a log says by which its own do. Since 1, empty answers are counted and meet no
# service level, and a window says that most of its requests failed.
RULES = 1
_LEAST_A_SUB_WINDOW = 2.0
_SERVER_KEYS = 24


def load_window(
    target: str, window: WindowRows, *, level: ServiceLevel, samples: Sequence[Telemetry], rows: LoadRows | None = None
) -> LoadWindow:
    """The record of ``window``; ``samples`` are those taken while it lasted, ``rows`` what it says of its lines."""
    figures = window_figures(window, level=level)
    client = client_figures(window, samples)
    machine = machine_figures(target, window, samples, requests_per_s=figures.requests_per_s)
    return LoadWindow(
        target=target,
        mode=window.mode,
        level=window.level,
        started_s=round(window.began_s, 6),
        ended_s=round(window.ended_s, 6),
        figures=msgspec.structs.replace(figures, client=client, **machine),
        client_bound=bool(client.bound_by),
        rows=rows,
    )


def window_figures(window: WindowRows, *, level: ServiceLevel, rules: int = RULES) -> LoadFigures:
    """Everything that follows from the rows alone, by the ``rules`` of their log."""
    measured = window.measured
    answered = [row for row in window.rows if row.failure is None]
    length_s = window.to_s - window.from_s
    ends = np.array([window.from_s, max(window.to_s, window.from_s + 1e-9)])
    failures = Counter(str(row.failure) for row in measured if row.failure is not None)
    # A document that the server had before is not timed as if it were new.
    cold = [row for row in measured if not row.is_warm]
    distributions = _distributions(cold)
    scheduled = window.scheduled
    figures = LoadFigures(
        measured_s=round(length_s, 6),
        requests=len(measured),
        answered=len(measured) - failures.total(),
        empty=sum(row.is_empty for row in measured) if rules else 0,
        failures=dict(failures.most_common()),
        failure_share=round(failures.total() / len(measured), 6) if measured else None,
        requests_per_s=_rate(float(work_done(answered, ends)[0]), length_s),
        output_tokens_per_s=_rate_of(tokens_out(window.rows, ends), length_s),
        input_tokens_per_s=_rate_of(tokens_in(window.rows, ends), length_s),
        in_flight_max=window.most_in_flight,
        left_out=_left_out(window),
        distinct_prompts=len({row.fixture for row in measured if row.failure != "unsent"}),
        ended_early=window.ended_early,
        scheduled=scheduled,
        scheduled_per_s=None if scheduled is None else _rate(scheduled, length_s),
        held_back=window.held_back,
        **_cache_figures(measured),
        **_quality_figures(measured),
        notes=(*(_own_notes(window, measured) if rules else ()), *_notes(measured)),
        distributions=distributions,
        server_timings=_server_timings(measured),
        steady=_steady(window, answered, measured),
    )
    if level.is_set:
        figures = _with_service_level(figures, level, window, answered, empty_meets=not rules)
    return msgspec.structs.replace(figures, **flat_times(distributions))


def _left_out(window: WindowRows) -> LeftOut:
    kept = {id(row) for row in window.measured}
    return LeftOut(
        warmup_s=round(window.from_s - window.began_s, 6),
        warmup_requests=sum(row.intended_s < window.from_s for row in window.rows if id(row) not in kept),
        warmup_rule=window.warmup_rule,
        cooldown_s=round(window.ended_s - window.to_s, 6),
        cooldown_requests=sum(row.intended_s >= window.to_s for row in window.rows),
        cooldown_rule=window.cooldown_rule,
    )


def _distributions(measured: Sequence[LoadRow]) -> LoadDistributions:
    return LoadDistributions(
        ttft=describe([_ttft_s(row) for row in measured]),
        latency=describe([_latency_s(row) for row in measured]),
        queue=describe(
            [math.inf if row.failure == "unsent" else max(0.0, row.started_s - row.intended_s) for row in measured]
        ),
        time_per_token=describe([value for row in measured if (value := time_per_token_s(row)) is not None]),
        token_gap=_describe_token_gaps(measured),
        chunk_gap=_describe_chunk_gaps(measured),
        stall=describe([value for row in measured if (value := worst_stall_s(row)) is not None]),
    )


def _describe_token_gaps(measured: Sequence[LoadRow]) -> LoadDistribution:
    most = sum(len(row.gaps_s) for row in measured)
    values, tokens, at = np.empty(most), np.empty(most), 0
    for row in measured:
        if (found := token_gaps(row)) is not None:
            ended = at + len(found[0])
            values[at:ended], tokens[at:ended] = found
            at = ended
    return describe(values[:at], tokens[:at])


def _describe_chunk_gaps(measured: Sequence[LoadRow]) -> LoadDistribution:
    gaps = [np.asarray(row.gaps_s) for row in measured if row.gaps_s]
    return describe(np.concatenate(gaps) if gaps else [])


def _own_notes(window: WindowRows, measured: Sequence[LoadRow]) -> tuple[str, ...]:
    """What comes before every figure: that there are hardly any answers, or that there is nothing in them."""
    found = [failed] if (failed := mostly_failed(window)) else []
    if empty := sum(row.is_empty for row in measured):
        answered = sum(row.failure is None for row in measured)
        found.append(f"{empty:,} of {figure(answered, 'answers')} were empty: they meet no service level")
    return tuple(found)


def _notes(measured: Sequence[LoadRow]) -> tuple[str, ...]:
    if mostly_in_blocks(measured):
        return (f"{BUFFERED}: first-token times are those of blocks, and times per token are unknown",)
    untold = any(row.gaps_s for row in measured) and all(token_gaps(row) is None for row in measured)
    found = ["the server reports no token counts, so gaps are between chunks"] if untold else []
    warm = [row for row in measured if row.is_warm and row.failure is None]
    if warm:
        said = all(row.cached_tokens is not None for row in warm)
        what = "documents were in the server's cache" if said else "documents were sent again and may have been cached"
        found.append(
            f"{len(warm):,} of {len(measured):,} {what}. Their times are listed separately, "
            "but they make requests per second higher than new documents would"
        )
    return tuple(found)


def _cache_figures(measured: Sequence[LoadRow]) -> dict[str, Any]:
    """What was repeated, what came out of the server's cache, and the times of that."""
    warm = [row for row in measured if row.is_warm]
    answered = sum(row.failure is None for row in warm)
    shares = [
        min(1.0, row.cached_tokens / row.prompt_tokens)
        for row in measured
        if row.cached_tokens is not None and row.prompt_tokens
    ]
    found: dict[str, Any] = {"repeated": sum(row.is_repeated for row in measured), "warm": answered}
    if shares:
        found["cached_share"] = round(float(np.mean(shares)), 6)
    if answered:
        found["warm_ttft_p50_s"] = describe([_ttft_s(row) for row in warm]).p50
        found["warm_latency_p50_s"] = describe([_latency_s(row) for row in warm]).p50
    return found


def _quality_figures(measured: Sequence[LoadRow]) -> dict[str, Any]:
    """How many documents pass by their first answer; {} where no answer was graded."""
    outcomes = first_outcomes(measured)
    if not any(row.outcome for row in measured):
        return {}
    passed, graded = sum(outcomes.values()), len(outcomes)
    interval = wilson(passed, graded)
    return {
        "graded": graded,
        "passed": passed,
        "pass_share": round(passed / graded, 6) if graded else None,
        "pass_interval": None if interval is None else (interval.low, interval.high),
    }


def _ttft_s(row: LoadRow) -> float:
    if row.failure is not None or row.first_content_s is None:
        return math.inf
    return row.first_content_s - row.intended_s


def _latency_s(row: LoadRow) -> float:
    return math.inf if row.failure is not None else row.ended_s - row.intended_s


def _with_service_level(
    figures: LoadFigures, level: ServiceLevel, window: WindowRows, answered: Sequence[LoadRow], *, empty_meets: bool
) -> LoadFigures:
    measured, length_s = [row for row in window.measured if not row.is_warm], window.to_s - window.from_s
    ends = np.array([window.from_s, max(window.to_s, window.from_s + 1e-9)])
    met = sum(
        level.met_by(row, None if row.failure else time_per_token_s(row), empty_meets=empty_meets) for row in measured
    )
    good = [row for row in answered if level.met_by(row, time_per_token_s(row), empty_meets=empty_meets)]
    interval = wilson(met, len(measured))
    return msgspec.structs.replace(
        figures,
        service_level=level.text(),
        service_level_share=level.share,
        met=met,
        met_share=round(met / len(measured), 6) if measured else None,
        met_share_interval=None if interval is None else (interval.low, interval.high),
        goodput_per_s=_rate(float(work_done(good, ends)[0]), length_s),
    )


def _steady(window: WindowRows, answered: Sequence[LoadRow], measured: Sequence[LoadRow]) -> SteadyFigures:
    """Requests per second and median latency over ten equal parts of the measured time, and their drift."""
    length_s = window.to_s - window.from_s
    if length_s <= 0:
        return SteadyFigures(note="nothing was measured")
    edges = np.linspace(window.from_s, window.to_s, SUB_WINDOWS + 1)
    rates = tuple((work_done(answered, edges) / (length_s / SUB_WINDOWS)).round(6).tolist())
    need = int(SUB_WINDOWS * _LEAST_A_SUB_WINDOW)
    if len(measured) < need:
        note = f"{len(measured)} of {need} requests needed: give a longer --duration"
        return SteadyFigures(sub_windows=SUB_WINDOWS, requests_per_s=rates, note=note)
    by_part: list[list[float]] = [[] for _ in range(SUB_WINDOWS)]
    for row in measured:
        part = int((row.intended_s - window.from_s) / length_s * SUB_WINDOWS)
        part = max(0, min(SUB_WINDOWS - 1, part))
        by_part[part].append(_latency_s(row))
    medians = [float(np.quantile(part, 0.5, method="inverted_cdf")) for part in by_part if part]
    finite = [value for value in medians if math.isfinite(value)]
    of_rate, of_latency = find_drift(rates), find_drift(finite)
    return SteadyFigures(
        state=together((of_rate, of_latency)) if len(finite) == len(medians) else "undecided",
        sub_windows=SUB_WINDOWS,
        requests_per_s=rates,
        latency_p50_s=tuple(round(value, 6) if math.isfinite(value) else None for value in medians),
        requests_per_s_change=None if of_rate.change is None else round(of_rate.change, 4),
        requests_per_s_note=of_rate.note,
        latency_change=None if of_latency.change is None else round(of_latency.change, 4),
        latency_note=of_latency.note,
    )


def _server_timings(measured: Sequence[LoadRow]) -> dict[str, ServerTiming]:
    """The server's own figures, as it names them, beside ours and never mixed with them."""
    values: dict[str, list[float]] = {}
    for row in measured:
        for name, value in row.server_timings.items():
            if name in values or len(values) < _SERVER_KEYS:
                values.setdefault(name, []).append(value)
    return {name: _short(found) for name, found in sorted(values.items())}


def _short(values: Sequence[float]) -> ServerTiming:
    p50, p95 = np.quantile(values, [0.5, 0.95], method="inverted_cdf")
    return ServerTiming(len(values), round(float(p50), 6), round(float(p95), 6))


def _rate(count: float, length_s: float) -> float | None:
    return round(count / length_s, 6) if length_s > 0 else None


def _rate_of(counts: Any, length_s: float) -> float | None:
    return None if counts is None else _rate(float(counts[0]), length_s)
