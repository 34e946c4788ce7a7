"""This machine in, the truth and cost of ``milo-bench load`` out: figure, bound, ok or over, beside peers.

``python -m benchmarks.load [truth] [wire] [cost] [traps] [peers]``. The server is the C reference server with
known timing: first token 50.0 ms after it read the request, 5.00 ms between tokens, 64 tokens. Every
client runs as a process of its own. Peers (guidellm, aiperf) run where they are installed, beside this
interpreter or in the folder that PEERS_BIN names.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.load.peers import bare_run, peer_rows
from benchmarks.load.runs import (
    LoadRun,
    Row,
    close_to,
    closed,
    figures_of,
    first_window,
    instant_server,
    milo_load,
    paced_server,
    stamped_load,
    within,
)
from benchmarks.load.traps import trap_rows
from benchmarks.sections import wanted_sections

PACED = ("--first-ms", "50", "--gap-ms", "5", "--chunks", "64")
FIRST_S, CYCLE_S = 0.050, 0.365
WINDOW_S = 10
WIRE_TURNS = 3


def truth_rows(folder: Path) -> Iterator[Row]:
    """Known timing at 16, 64 and 256 streams: what is said of it, and how much of the load was delivered.

    Each time is held against the server's own stamps; what it is off the ideal schedule stands beside, and is
    the client's fault only as far as the server kept to that schedule itself.
    """
    for streams, mean_ms, least_per_s, p99_ms in (
        (16, 0.2, 43.5, None),
        (64, 0.3, 173.0, 1.0),
        (256, 1.0, 670.0, 15.0),
    ):
        with paced_server(*PACED, "--stamps") as server:
            run = stamped_load(folder, server, *closed(streams, WINDOW_S))
        yield from _one_truth(run, streams, mean_ms / 1e3, least_per_s, None if p99_ms is None else p99_ms / 1e3)
    with instant_server("--chunks", "1") as server:
        run = milo_load(folder, server, *closed(64, WINDOW_S))
    yield within("instant server, 64 streams: requests a second", figures_of(run)["requests_per_s"], least=8000)


def _one_truth(run: LoadRun, streams: int, mean_s: float, least_per_s: float, p99_s: float | None) -> Iterator[Row]:
    name = f"{streams} streams"
    figures, window, stamps = figures_of(run), first_window(run), run.stamps
    if not stamps["requests"]:  # on a machine that gave us or the server no turn
        yield Row(f"{name}: answers beside the server's stamps", "none came whole in the window", "at least 1", False)
        return
    yield Row(
        f"{name}: first token, mean and p99, off the ideal 50 ms",
        f"{_ms(figures['ttft_mean_s'] - FIRST_S)}, {_ms(figures['ttft_p99_s'] - FIRST_S)}; the server itself: "
        f"{_ms(stamps['ttft_server_mean_s'] - FIRST_S)}, {_ms(stamps['ttft_server_p99_s'] - FIRST_S)}",
    )
    yield close_to(f"{name}: first token, mean, off the server's stamps", stamps["ttft_off_mean_s"], 0.0, mean_s)
    if p99_s is not None:
        row = close_to(f"{name}: first token, p99, off the server's stamps", stamps["ttft_off_p99_s"], 0.0, p99_s)
        if not row.ok and window["client_bound"] and streams > 64:
            row = replace(row, figure=f"{row.figure}, marked client_bound", ok=True)
        yield row
    yield close_to(f"{name}: gap between tokens, mean", figures["token_gap_mean_s"], 0.005, 0.00005)
    # What the server's own times allow: where it answered late, no client can have had more out of it.
    could_per_s = min(streams / CYCLE_S, streams / stamps["answer_server_mean_s"])
    least = least_per_s * could_per_s * CYCLE_S / streams
    yield within(f"{name}: requests a second ({could_per_s:.1f} possible)", figures["requests_per_s"], least=least)
    client = figures["client"]
    said = f"reads {_ms(stamps['read_late_mean_s'])} after the write, p99 {_ms(stamps['read_late_p99_s'])}; "
    said += f"a gap is {_ms(stamps['gap_off_p99_s'])} off, p99; "
    said += f"others used {client['others_cpu_share'] or 0:.0%} of the processors; "
    yield Row(f"{name}: the client's own error", said + f"bound: {'; '.join(client['bound_by']) or 'no'}")


def _ms(value_s: float) -> str:
    return f"{value_s * 1e3:.2f} ms"


def cost_rows(folder: Path) -> Iterator[Row]:
    """The whole command, start-up, report and log included."""
    with paced_server(*PACED) as server:
        milo_load(folder, server, *closed(1, 1))  # the bytecode of what is imported is there from now on
    with paced_server(*PACED) as server:
        run = milo_load(folder, server, *closed(16, 10))
    yield within("16 streams, 10 s: processor time", run.cost.cpu_s, most=3.0, unit="s")
    yield within("16 streams, 10 s: peak memory", run.cost.peak_memory_mib, most=100, unit="MiB")


def wire_rows(folder: Path) -> Iterator[Row]:
    """The client of a measured window beside the least that a client in Python can do, on the same server in turn.

    Medians of ``WIRE_TURNS`` turns: how many wake-ups a turn takes depends on which streams happen to be in step.
    """
    for streams in (16, 64, 256):
        ours_s, ours_per_s, bare_s, bare_per_s, woken = [], [], [], [], []
        for _ in range(WIRE_TURNS):
            with paced_server(*PACED) as server:
                bare = bare_run(server, streams)
            with paced_server(*PACED) as server:
                figures = figures_of(milo_load(folder, server, *closed(streams, WINDOW_S)))
            share_of_core = figures["client"]["cpu_share_of_core"]
            if share_of_core is None:  # on a machine that gave us or the server no turn
                yield Row(
                    f"{streams} streams: processor time", "no request was measured in the window", "at least 1", False
                )
                break
            ours_s.append(share_of_core * WINDOW_S)
            ours_per_s.append(figures["requests_per_s"])
            bare_s.append(bare.cpu_s)
            bare_per_s.append(bare.per_s)
            woken.append(bare.wakeups_per_s)
        else:
            name = f"{streams} streams: processor time"
            yield Row(name, f"{_each(ours_s)} s in the window; bare client {_each(bare_s)} s")
            yield Row(f"{streams} streams: wake-ups of the bare client", f"{median(woken):,.0f} a second")
            yield within(f"{name} / bare client's", median(ours_s) / median(bare_s), most=2.0)
            share = median(ours_per_s) / median(bare_per_s)
            yield within(f"{streams} streams: rate / bare client's", share, least=0.97 if streams == 256 else None)


def _each(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


SECTIONS: dict[str, tuple[str, Callable[[Path], Iterator[Row]]]] = {
    "truth": ("Truth: a server with known timing", truth_rows),
    "wire": ("The client beside a bare one", wire_rows),
    "cost": ("Cost of the client", cost_rows),
    "traps": ("Traps, each with its true answer", trap_rows),
    "peers": ("Peers on the same server", peer_rows),
}


def main() -> int:
    wanted = wanted_sections("benchmarks.load", __doc__, {name: title for name, (title, _) in SECTIONS.items()})
    over = 0
    for name in wanted:
        title, rows = SECTIONS[name]
        print(f"\n{title}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for row in rows(Path(folder)):
                said = "" if row.ok is None else "ok" if row.ok else "OVER"
                over += row.ok is False
                print(f"  {row.what:<58} {row.figure:<48} {row.bound:<24} {said}".rstrip(), flush=True)
    print(f"\n{over} over their bound." if over else "\nEvery figure is within its bound.")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
