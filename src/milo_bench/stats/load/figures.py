"""The rows and samples of a load window in, its figures out: plain data for a ``LoadWindow``. Pure.

A failed, cut or never sent request has infinite latency in every distribution, so that no failure
makes a tail look better. Latency and time to first token count from the intended start.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from milo_bench.core.records import LoadWindow, Telemetry
from milo_bench.run.load.rows import LoadRow, WindowRows
from milo_bench.run.load.service_level import ServiceLevel
from milo_bench.stats.intervals import wilson
from milo_bench.stats.load.client_limit import client_figures
from milo_bench.stats.load.distribution import describe
from milo_bench.stats.load.machine import machine_figures
from milo_bench.stats.load.rates import tokens_in, tokens_out, work_done
from milo_bench.stats.load.steady import SUB_WINDOWS, find_drift, together
from milo_bench.stats.load.token_times import time_per_token_s, token_gaps, worst_stall_s

_LEAST_A_SUB_WINDOW = 2.0
_SERVER_KEYS = 24


def load_window(target: str, window: WindowRows, *, level: ServiceLevel, samples: Sequence[Telemetry]) -> LoadWindow:
    """The record of ``window``; ``samples`` are those taken while it lasted."""
    figures = window_figures(window, level=level)
    figures.update(machine_figures(target, window, samples, requests_per_s=figures["requests_per_s"]))
    client = client_figures(window, samples)
    figures["client"] = client
    return LoadWindow(
        target=target,
        mode=window.mode,
        level=window.level,
        started_s=round(window.began_s, 6),
        ended_s=round(window.ended_s, 6),
        figures=figures,
        client_bound=bool(client["bound_by"]),
    )


def window_figures(window: WindowRows, *, level: ServiceLevel) -> dict[str, Any]:
    """Everything that follows from the rows alone; times in seconds, rates per second."""
    measured = window.measured
    kept = {id(row) for row in measured}
    answered = [row for row in window.rows if row.failure is None]
    length_s = window.to_s - window.from_s
    ends = np.array([window.from_s, max(window.to_s, window.from_s + 1e-9)])
    per_token = {id(row): time_per_token_s(row) for row in answered}
    met = [row for row in measured if level.met_by(row, per_token.get(id(row)))]
    failures = Counter(str(row.failure) for row in measured if row.failure is not None)
    figures: dict[str, Any] = {
        "measured_s": round(length_s, 6),
        "requests": len(measured),
        "answered": len(measured) - failures.total(),
        "failures": dict(failures.most_common()),
        "failure_share": round(failures.total() / len(measured), 6) if measured else None,
        "requests_per_s": _rate(float(work_done(answered, ends)[0]), length_s),
        "output_tokens_per_s": _rate_of(tokens_out(window.rows, ends), length_s),
        "input_tokens_per_s": _rate_of(tokens_in(window.rows, ends), length_s),
        "in_flight_max": window.most_in_flight,
        "left_out": {
            "warmup_s": round(window.from_s - window.began_s, 6),
            "warmup_requests": sum(row.intended_s < window.from_s for row in window.rows if id(row) not in kept),
            "warmup_rule": window.warmup_rule,
            "cooldown_s": round(window.ended_s - window.to_s, 6),
            "cooldown_requests": sum(row.intended_s >= window.to_s for row in window.rows),
            "cooldown_rule": window.cooldown_rule,
        },
        "distinct_prompts": len({row.fixture for row in measured}),
    }
    if window.ended_early:
        figures["ended_early"] = window.ended_early
    if window.scheduled is not None:
        figures["scheduled"] = window.scheduled
        figures["scheduled_per_s"] = _rate(window.scheduled, length_s)
        figures["held_back"] = window.held_back
    figures.update(_distributions(measured))
    figures["server_timings"] = _server_timings(measured)
    if level.is_set:
        figures.update(_service(level, measured, met, answered, ends, length_s))
    figures["steady"] = _steady(window, answered, measured)
    return figures


def _distributions(measured: Sequence[LoadRow]) -> dict[str, Any]:
    """Flat figures by name, ``ttft_p95_s`` and so on, and the sketches under ``distributions``."""
    per_token = [value for row in measured if (value := time_per_token_s(row)) is not None]
    gaps = [found for row in measured if (found := token_gaps(row)) is not None]
    stalls = [value for row in measured if (value := worst_stall_s(row)) is not None]
    chunk_gaps = [np.asarray(row.gaps_s) for row in measured if row.gaps_s]
    sketches = {
        "ttft": describe([_ttft_s(row) for row in measured]),
        "latency": describe([math.inf if row.failure else row.ended_s - row.intended_s for row in measured]),
        "queue": describe(
            [math.inf if row.failure == "unsent" else max(0.0, row.started_s - row.intended_s) for row in measured]
        ),
        "time_per_token": describe(per_token),
        "token_gap": describe(
            np.concatenate([gap for gap, _ in gaps]) if gaps else [],
            np.concatenate([held for _, held in gaps]) if gaps else None,
        ),
        "chunk_gap": describe(np.concatenate(chunk_gaps) if chunk_gaps else []),
        "stall": describe(stalls),
    }
    flat: dict[str, Any] = {}
    for name, sketch in sketches.items():
        for part in ("mean", "p50", "p90", "p95", "p99", "max"):
            flat[f"{name}_{part}_s"] = sketch.get(part)
    notes = []
    if measured and not gaps and any(row.gaps_s for row in measured):
        notes.append("the server reports no token counts, so gaps are between chunks")
    if notes:
        flat["notes"] = notes
    return {**flat, "distributions": sketches}


def _ttft_s(row: LoadRow) -> float:
    if row.failure is not None or row.first_content_s is None:
        return math.inf
    return row.first_content_s - row.intended_s


def _service(
    level: ServiceLevel,
    measured: Sequence[LoadRow],
    met: Sequence[LoadRow],
    answered: Sequence[LoadRow],
    ends: Any,
    length_s: float,
) -> dict[str, Any]:
    good = [row for row in answered if level.met_by(row, time_per_token_s(row))]
    interval = wilson(len(met), len(measured))
    return {
        "service_level": level.text(),
        "service_level_share": level.share,
        "met": len(met),
        "met_share": round(len(met) / len(measured), 6) if measured else None,
        "met_share_interval": None if interval is None else [interval.low, interval.high],
        "goodput_per_s": _rate(float(work_done(good, ends)[0]), length_s),
    }


def _steady(window: WindowRows, answered: Sequence[LoadRow], measured: Sequence[LoadRow]) -> dict[str, Any]:
    """Requests a second and median latency over ten equal parts of the measured time, and their drift."""
    length_s = window.to_s - window.from_s
    if length_s <= 0:
        return {"state": "undecided", "note": "nothing was measured"}
    edges = np.linspace(window.from_s, window.to_s, SUB_WINDOWS + 1)
    rates = (work_done(answered, edges) / (length_s / SUB_WINDOWS)).round(6).tolist()
    found: dict[str, Any] = {"sub_windows": SUB_WINDOWS, "requests_per_s": rates}
    if len(measured) < SUB_WINDOWS * _LEAST_A_SUB_WINDOW:
        need = int(SUB_WINDOWS * _LEAST_A_SUB_WINDOW)
        found.update(state="undecided", note=f"{len(measured)} requests of {need} needed: give a longer --duration")
        return found
    by_part: list[list[float]] = [[] for _ in range(SUB_WINDOWS)]
    for row in measured:
        part = int((row.intended_s - window.from_s) / length_s * SUB_WINDOWS)
        part = max(0, min(SUB_WINDOWS - 1, part))
        by_part[part].append(math.inf if row.failure else row.ended_s - row.intended_s)
    medians = [float(np.quantile(part, 0.5, method="inverted_cdf")) for part in by_part if part]
    finite = [value for value in medians if math.isfinite(value)]
    drifts = {"requests_per_s": find_drift(rates), "latency": find_drift(finite)}
    found["latency_p50_s"] = [round(value, 6) if math.isfinite(value) else None for value in medians]
    found["state"] = together(tuple(drifts.values())) if len(finite) == len(medians) else "undecided"
    for name, drift in drifts.items():
        found[f"{name}_change"] = None if drift.change is None else round(drift.change, 4)
        if drift.note:
            found[f"{name}_note"] = drift.note
    return found


def _server_timings(measured: Sequence[LoadRow]) -> dict[str, Any]:
    """The server's own figures, as it names them, beside ours and never mixed with them."""
    values: dict[str, list[float]] = {}
    for row in measured:
        for name, value in row.server_timings.items():
            if name in values or len(values) < _SERVER_KEYS:
                values.setdefault(name, []).append(value)
    return {name: _short(found) for name, found in sorted(values.items())}


def _short(values: Sequence[float]) -> Mapping[str, float | int]:
    p50, p95 = np.quantile(values, [0.5, 0.95], method="inverted_cdf")
    return {"n": len(values), "p50": round(float(p50), 6), "p95": round(float(p95), 6)}


def _rate(count: float, length_s: float) -> float | None:
    return round(count / length_s, 6) if length_s > 0 else None


def _rate_of(counts: Any, length_s: float) -> float | None:
    return None if counts is None else _rate(float(counts[0]), length_s)
