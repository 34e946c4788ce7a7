"""A window's rows and samples in, the client's own error and whether it was itself the limit out. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from milo_bench.core.load_records import ClientFigures
from milo_bench.core.records import Telemetry
from milo_bench.core.units import number, seconds, share
from milo_bench.run.load.rows import WindowRows
from milo_bench.stats.load.failing import mostly_failed
from milo_bench.stats.load.samples import used_between
from milo_bench.stats.load.token_times import in_blocks

READ_FLOOR_S = 0.0005
READ_SHARE = 0.10  # of the median gap between chunks
SEND_FLOOR_S = 0.005
SEND_SHARE = 0.05  # of the median time to first token
DELIVERED_LEAST = 0.98
CPU_MOST = 0.90

RULE = (
    "client_bound if one of these is true, unless most requests failed. Reading: the 99th percentile of the client's "
    f"delay (request means by kernel receive stamps) exceeds {seconds(READ_FLOOR_S)} and {share(READ_SHARE)} of the "
    "median gap between chunks. "
    f"Sending: the 99th percentile of its delay, or the 95th of its timers', exceeds {seconds(SEND_FLOOR_S)} and "
    f"{share(SEND_SHARE)} of the median time to first token. Delivery: it sent under {share(DELIVERED_LEAST)} of due "
    "requests with places free, or kept streams busy for under that share of the time. "
    f"Processor: it used over {share(CPU_MOST)} of a core"
)


def client_figures(window: WindowRows, samples: Sequence[Telemetry]) -> ClientFigures:
    """The client's delays, its processor use, what others used, and ``bound_by``: the reasons, empty for none."""
    measured = window.measured
    # Percentiles of nothing are none; a window without an answer is bounded by nothing of ours.
    means = [row.lag_mean_s for row in measured if row.lag_mean_s is not None]
    worst = [row.lag_max_s for row in measured if row.lag_max_s is not None]
    late = [row.late_s for row in measured if row.failure != "unsent"]
    ttft = [row.first_content_s - row.intended_s for row in measured if row.first_content_s is not None]
    # Without a single first token there is nothing that a delay of ours could have moved.
    send_limit_s = max(SEND_FLOOR_S, SEND_SHARE * float(np.median(ttft))) if ttft else float("inf")
    gaps = np.concatenate(
        [np.asarray(row.gaps_s) for row in measured if row.gaps_s and not in_blocks(row)] or [np.empty(0)]
    )
    read_limit_s = max(READ_FLOOR_S, READ_SHARE * float(np.median(gaps))) if len(gaps) else send_limit_s
    client_cpu = window.worker_cpu_share
    if client_cpu is None:
        client_cpu = used_between(samples, window.from_s, window.to_s, "client_cpu_s", target="")
    # Samples take the processes that send for others.
    alone = () if window.workers > 1 else samples
    others = [s.others_cpu_share for s in alone if s.others_cpu_share is not None and _inside(s, window)]
    sent = sum(row.failure != "unsent" for row in measured)
    read_lag_s, send_lag_s = _quantile(means, 0.99), _quantile(late, 0.99)
    timer_lag_s = _quantile(window.loop_lags_s, 0.95)
    delivered: float | None = None
    bound_by = []
    for name, lag_s, limit_s in (
        ("reading", read_lag_s, read_limit_s),
        ("sending", send_lag_s, send_limit_s),
        ("timers", timer_lag_s, send_limit_s),
    ):
        if lag_s is not None and lag_s > limit_s:
            bound_by.append(f"{name} {seconds(lag_s)} late, limit {seconds(limit_s)}")
    if window.scheduled:
        delivered = round(min(1.0, sent / window.scheduled), 6)
        if not window.held_back and not window.ended_early and sent < DELIVERED_LEAST * window.scheduled:
            bound_by.append(f"sent {sent} of {window.scheduled} requests due")
    if window.mode == "closed" and not window.ended_early:
        delivered = busy = _busy_share(window)
        if busy is not None and busy < DELIVERED_LEAST:
            bound_by.append(f"kept {number(busy * window.level)} of {number(window.level)} streams busy")
    if client_cpu is not None and client_cpu > CPU_MOST:
        bound_by.append(f"used {share(client_cpu)} of a processor core")
    if mostly_failed(window):  # then that is the limit, whatever else there is
        bound_by = []
    return ClientFigures(
        read_lag_p50_s=_quantile(means, 0.5),
        read_lag_p99_s=read_lag_s,
        read_lag_max_s=max(worst, default=None),
        send_lag_p99_s=send_lag_s,
        timer_lag_p95_s=timer_lag_s,
        timer_lag_p99_s=_quantile(window.loop_lags_s, 0.99),
        read_lag_limit_s=round(read_limit_s, 6) if ttft else None,
        send_lag_limit_s=round(send_limit_s, 6) if ttft else None,
        cpu_share_of_core=None if client_cpu is None else round(client_cpu, 4),
        others_cpu_share=round(sum(others) / len(others), 4) if others else None,
        delivered_share=delivered,
        workers=window.workers,
        rule=RULE,
        bound_by=tuple(bound_by),
    )


def _busy_share(window: WindowRows) -> float | None:
    """Share of the measured time in which a closed loop's streams had a request out, 1 for all of them always.

    A stream that waits because the server failed it is not one that we kept idle.
    """
    length_s = (window.to_s - window.from_s) * window.level
    if length_s <= 0 or not window.rows:
        return None
    times = np.array([(row.started_s, row.ended_s) for row in window.rows])
    inside = np.clip(times, window.from_s, window.to_s)
    busy_s = float((inside[:, 1] - inside[:, 0]).sum()) + window.paused_s
    return round(min(1.0, busy_s / length_s), 6)


def _inside(sample: Telemetry, window: WindowRows) -> bool:
    return window.from_s <= sample.at_s <= max(window.to_s, window.ended_s)


def _quantile(values: Sequence[float], q: float) -> float | None:
    if not len(values):
        return None
    return round(float(np.quantile(values, q, method="inverted_cdf")), 9)
