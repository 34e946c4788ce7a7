"""Servers that mislead a careless client, each with its true answer, in; what ``milo-bench load`` says out."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load.runs import Row, close_to, closed, figures_of, first_window, milo_load, paced_server, within

STALL_S, STALL_AT_S, RATE, CAP, SERVICE_S = 2.0, 8.05, 10.0, 6, 0.095
CAPACITY_SLOTS = 8
BURNERS = 4


def trap_rows(folder: Path) -> Iterator[Row]:
    yield from four_tokens_a_chunk(folder)
    yield from role_first(folder)
    yield from stalled_queue(folder)
    yield from failing(folder)
    yield from frozen_stream(folder)
    yield from starved(folder)
    yield from dying(folder)
    yield from capacity(folder)


def four_tokens_a_chunk(folder: Path) -> Iterator[Row]:
    with paced_server("--first-ms", "50", "--gap-ms", "20", "--chunks", "16", "--tokens", "4") as server:
        figures = figures_of(milo_load(folder, server, *closed(8, 4)))
    yield close_to("four tokens a chunk: gap a token", figures["token_gap_mean_s"], 0.005, 0.00005)
    yield close_to("four tokens a chunk: time per token", figures["time_per_token_p50_s"], 0.005, 0.00005)


def role_first(folder: Path) -> Iterator[Row]:
    with paced_server("--role", "--first-ms", "50", "--gap-ms", "5", "--chunks", "64") as server:
        figures = figures_of(milo_load(folder, server, *closed(8, 4)))
    yield close_to("role-only first chunk: first token", figures["ttft_p50_s"], 0.050, 0.0005)


def true_stall_latencies(start_s: float, seconds: float) -> list[float]:
    """Latencies from the intended start of a constant load on ``CAP`` places that stop for ``STALL_S``.

    The stall counts from the first arrival of the load, ``1 / RATE`` after its beginning.
    """
    from_s = 1 / RATE + STALL_AT_S
    to_s = from_s + STALL_S
    free_s = [0.0] * CAP
    latencies = []
    for number in range(1, math.ceil((start_s + seconds) * RATE)):
        due_s = number / RATE
        place = min(range(CAP), key=free_s.__getitem__)
        sent_s = max(due_s, free_s[place])
        read_s = to_s if from_s <= sent_s < to_s else sent_s
        end_s = read_s + SERVICE_S
        free_s[place] = to_s if from_s <= end_s < to_s else end_s
        if due_s >= start_s:
            latencies.append(free_s[place] - due_s)
    return sorted(latencies)


def stalled_queue(folder: Path) -> Iterator[Row]:
    # The first request asks for one token, to see that the server is up, before the load begins.
    freeze = ("--freeze-at-ms", str(STALL_AT_S * 1e3), "--freeze-ms", str(STALL_S * 1e3), "--freeze-skip", "1")
    open_loop = (
        "--rate",
        str(RATE),
        "--arrivals",
        "constant",
        "--max-in-flight",
        str(CAP),
        "--duration",
        "20s",
        "--warmup",
        "1s",
    )
    with paced_server("--first-ms", "50", "--gap-ms", "5", "--chunks", "10", *freeze) as server:
        figures = figures_of(milo_load(folder, server, *open_loop))
    true = true_stall_latencies(1.0, 20.0)
    for name, q in (("p95", 0.95), ("p99", 0.99)):
        true_s = true[math.ceil(q * len(true)) - 1]
        yield close_to(f"one 2 s stall, 10 a second, cap 6: answer {name}", figures[f"latency_{name}_s"], true_s, 0.010)
    yield within("one 2 s stall: requests sent of those due", figures["client"]["delivered_share"], least=1.0)


def failing(folder: Path) -> Iterator[Row]:
    with paced_server("--first-ms", "50", "--gap-ms", "5", "--chunks", "10", "--fail-of-100", "37") as server:
        figures = figures_of(milo_load(folder, server, *closed(8, 6)))
    yield within("37% failed: share of failures", figures["failure_share"], least=0.36, most=0.38)
    tail = figures["latency_p95_s"]
    said = "never" if tail is None else f"{tail:.3f} s"
    yield Row("37% failed: answer p95", said, "never", tail is None)
    yield close_to("37% failed: answer p50", figures["latency_p50_s"], 0.095, 0.002)


def frozen_stream(folder: Path) -> Iterator[Row]:
    freeze = ("--freeze-at-ms", "3000", "--freeze-ms", "2000", "--freeze-skip", "1")
    with paced_server("--first-ms", "50", "--gap-ms", "5", "--chunks", "64", *freeze) as server:
        figures = figures_of(milo_load(folder, server, *closed(4, 8)))
    yield close_to("2 s freeze in a stream: worst stall", figures["stall_max_s"], 2.0, 0.010)
    yield Row("2 s freeze in a stream: mean gap beside it", f"{figures['token_gap_mean_s'] * 1e3:.2f} ms")


@contextmanager
def burning(processor: int) -> Iterator[None]:
    """Programs that do nothing but compute on one processor, at a higher share than anybody else there."""
    code = f"import os\nos.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    programs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(BURNERS)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def starved(folder: Path) -> Iterator[Row]:
    """The client alone on a processor with ``BURNERS`` others; the server on another where there is one."""
    processors = sorted(os.sched_getaffinity(0))
    ours = processors[-1]
    pin = [sys.executable, "-c", f"import os,sys;os.sched_setaffinity(0,{{{ours}}});os.execv(sys.argv[1],sys.argv[1:])"]
    with paced_server("--first-ms", "50", "--gap-ms", "5", "--chunks", "64") as server:
        os.sched_setaffinity(server.pid, {processors[0]})
        with burning(ours):
            run = milo_load(folder, server, *closed(16, 5), before=pin)
    window = first_window(run)
    said = "; ".join(window["figures"]["client"]["bound_by"]) or "not marked"
    yield Row("a starved client: marked client_bound", said[:70], "marked", window["client_bound"])


def dying(folder: Path) -> Iterator[Row]:
    # It dies at a request, not at a time: 80 of them take 3.3 s at the least, and a busy machine has a minute for them.
    with paced_server("--first-ms", "50", "--gap-ms", "5", "--chunks", "64", "--die-at", "80") as server:
        run = milo_load(folder, server, *closed(8, 60), "--warmup", "1s", expect=4)
    figures = figures_of(run)
    kept = figures["answered"] > 0 and bool(figures["ended_early"])
    yield Row("the endpoint dies: window kept, reason said", figures.get("ended_early", "")[:60], "kept, exit 4", kept)


def capacity(folder: Path) -> Iterator[Row]:
    with paced_server("--first-ms", "50", "--gap-ms", "5", "--chunks", "64", "--slots", str(CAPACITY_SLOTS)) as server:
        run = milo_load(folder, server, "--find-capacity", "--slo-ttft", "60ms", "--duration", "4s")
    found = run.report["capacity"]["capacity"]
    tried = " ".join(f"{step['level']:g}{'+' if step['outcome'] == 'met' else '-'}" for step in run.report["search"])
    yield Row(
        "capacity search, true answer 8",
        f"{'none' if found is None else format(found, 'g')} (tried {tried})",
        "8",
        found == CAPACITY_SLOTS,
    )
    load_s = sum(window["ended_s"] - window["started_s"] for window in run.report["windows"])
    yield within("capacity search: load it took", load_s, most=60, unit="s")
    yield Row("capacity search: wall time of the command", f"{run.cost.wall_s:.1f} s")
