"""Load windows in, a table for a terminal and what to know about it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core.records import LoadWindow, Measure
from milo_bench.core.units import NOTHING, byte_count, change, figure, interval_text, number, seconds, share
from milo_bench.run.load.capacity import CapacityResult

_Cell: TypeAlias = Callable[[dict[str, Any]], str]
_NEVER, _NONE = "never", NOTHING


def print_load(
    windows: Sequence[LoadWindow],
    console: Console,
    *,
    degradation: Sequence[Measure] = (),
    capacity: CapacityResult | None = None,
) -> None:
    """One column a window, one row a figure; then steady state, limits of the client, knee and capacity."""
    for target in dict.fromkeys(window.target for window in windows):
        mine = [window for window in windows if window.target == target]
        console.print(_table(target, mine))
        for line in _notes(mine):
            console.print(Text(line))
    for measure in degradation:
        console.print(Text(_degradation_line(measure)))
    if capacity is not None:
        console.print(Text(_capacity_line(capacity, windows), style="bold"))


def level_text(window: LoadWindow) -> str:
    """``4 streams``, ``5/s`` or ``trace 2.1/s``."""
    if window.mode == "closed":
        return figure(window.level, "streams")
    return f"{'trace ' if window.mode == 'trace' else ''}{number(window.level)}/s"


def _table(target: str, windows: Sequence[LoadWindow]) -> Table:
    table = Table(title=Text(target, style="bold"), title_justify="left", pad_edge=False, box=None, padding=(0, 2))
    table.add_column("")
    for window in windows:
        table.add_column(level_text(window), justify="right")
    for name, cell in ROWS:
        cells = [cell(window.figures) for window in windows]
        if any(value not in (_NONE, "") for value in cells):
            table.add_row(name, *cells)
    return table


def _time(name: str, *parts: str) -> _Cell:
    sketch = name

    def cell(figures: dict[str, Any]) -> str:
        found = figures.get("distributions", {}).get(sketch, {})
        if not found.get("n"):
            return _NONE
        values = [figures.get(f"{name}_{part}_s") for part in parts]
        return " / ".join(_NEVER if value is None else seconds(value) for value in values)

    return cell


def _figure(name: str, unit: str) -> _Cell:
    return lambda figures: figure(figures.get(name), unit)


def _number(name: str) -> _Cell:
    return lambda figures: figure(figures.get(name), "")


def _failures(figures: dict[str, Any]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in figures.get("failures", {}).items()) or "0"


def _client(name: str) -> _Cell:
    def cell(figures: dict[str, Any]) -> str:
        value = figures.get("client", {}).get(name)
        if value is None:
            return _NONE
        return share(value) if name.endswith(("share", "core")) else seconds(value)

    return cell


def _bytes(name: str) -> _Cell:
    return lambda figures: _NONE if figures.get(name) is None else byte_count(figures[name])


ROWS: tuple[tuple[str, _Cell], ...] = (
    ("requests measured", lambda figures: f"{figures['requests']:,}"),
    ("failures", _failures),
    ("requests per second", _number("requests_per_s")),
    ("tokens out per second", _number("output_tokens_per_s")),
    ("tokens in per second", _number("input_tokens_per_s")),
    ("first token p50 / p95", _time("ttft", "p50", "p95")),
    ("first token p99", _time("ttft", "p99")),
    ("answer p50 / p95", _time("latency", "p50", "p95")),
    ("answer p99", _time("latency", "p99")),
    ("time per token p50 / p95", _time("time_per_token", "p50", "p95")),
    ("gap between tokens p50 / p99", _time("token_gap", "p50", "p99")),
    ("worst stall in an answer", _time("stall", "max")),
    ("wait before sending p50 / p99", _time("queue", "p50", "p99")),
    ("within service level", _figure("met_share", "share")),
    ("goodput per second", _number("goodput_per_s")),
    ("peak server memory", _bytes("server_memory_max_bytes")),
    ("server processor cores", _number("server_cpu_cores")),
    ("peak server GPU memory", _bytes("server_gpu_memory_max_bytes")),
    ("peak GPU memory", _bytes("gpu_memory_max_bytes")),
    ("GPU busy", _figure("gpu_utilisation_mean", "share")),
    ("power", _figure("power_mean_w", "W")),
    ("energy for 1,000 requests", _figure("energy_per_thousand_j", "J")),
    ("steady", lambda figures: str(figures.get("steady", {}).get("state", _NONE))),
    ("client read delay p50", _client("read_lag_p50_s")),
    ("client read delay p99", _client("read_lag_p99_s")),
    ("client send delay p99", _client("send_lag_p99_s")),
    ("delivered of requested", _client("delivered_share")),
    ("client's processor core", _client("cpu_share_of_core")),
    ("processor used by others", _client("others_cpu_share")),
    ("limited by the client", lambda figures: "YES" if figures.get("client", {}).get("bound_by") else "no"),
)


def _notes(windows: Sequence[LoadWindow]) -> list[str]:
    lines = []
    left = windows[0].figures["left_out"]
    lines.append(f"Left out as warm-up: {left['warmup_rule']}. After it: {left['cooldown_rule']}.")
    if windows[0].figures.get("service_level"):
        lines.append(f"Service level: {windows[0].figures['service_level']}.")
    for window in windows:
        level, figures = level_text(window), window.figures
        if figures.get("ended_early"):
            lines.append(f"{level}: ended early, {figures['ended_early']}.")
        for reason in figures["client"]["bound_by"]:
            lines.append(f"{level}: limited by the client: {reason}. This window is not used.")
        steady = figures["steady"]
        for name in ("requests_per_s", "latency"):
            moved = steady.get(f"{name}_change")
            if steady.get("state") == "drifting" and moved is not None:
                said = "requests per second" if name == "requests_per_s" else "latency"
                lines.append(f"{level}: {said} changed by {change(moved * 100, 'percent')} over the window.")
        if steady.get("note"):
            lines.append(f"{level}: steady state undecided, {steady['note']}.")
        if figures.get("held_back"):
            lines.append(f"{level}: {figures['held_back']} requests waited at the in-flight cap.")
    lines += dict.fromkeys(f"{note[0].upper()}{note[1:]}." for w in windows for note in w.figures.get("notes", ()))
    lines += dict.fromkeys(f"{n[0].upper()}{n[1:]}." for w in windows for n in w.figures.get("machine_notes", ()))
    return lines


def _degradation_line(measure: Measure) -> str:
    name = {"knee_streams": "Knee", "latency_slope_s": "Median latency per additional stream"}.get(
        measure.name, measure.name
    )
    between = interval_text(measure.interval, measure.unit)
    value = figure(measure.value, measure.unit) if measure.value is not None else "not found"
    note = f" {measure.note[0].upper()}{measure.note[1:]}." if measure.note else ""
    return f"{name}: {value}{f' ({between})' if between else ''}.{note}"


def _capacity_line(found: CapacityResult, windows: Sequence[LoadWindow]) -> str:
    unit = "streams" if windows and windows[0].mode == "closed" else "requests per second"
    missed_at = figure(found.missed_at, "")
    if found.capacity is None:
        return f"Capacity: none, because even {missed_at} {unit} missed the service level."
    text = f"Capacity: {number(found.capacity)} {unit}"
    if found.limit == "highest_level":
        return f"{text}, the highest level tried. The true capacity may be higher."
    if found.limit == "client":
        return f"{text}. At {missed_at} this client was the limit, so the true capacity may be higher."
    return f"{text}. At {missed_at} the service level was missed."
