"""Load windows in, a table for a terminal and what to know about it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from milo_bench.core.load_records import LoadFigures, QualityUnderLoad, Quantile, TimeName
from milo_bench.core.records import LoadWindow, Measure
from milo_bench.core.units import NOTHING, change, change_text, figure, interval_text, number, p_value, seconds
from milo_bench.run.load.capacity import CapacityResult

_Cell: TypeAlias = Callable[[LoadFigures], str]


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
    if window.mode == "single":
        return "alone"
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
        if any(value not in (NOTHING, "") for value in cells):
            table.add_row(name, *cells)
    return table


def _times(name: TimeName, *quantiles: Quantile) -> _Cell:
    def cell(figures: LoadFigures) -> str:
        found = figures.distributions.of(name)
        return " / ".join(_time(found.quantile(one)) for one in quantiles) if found.n else NOTHING

    return cell


def _worst_stall(figures: LoadFigures) -> str:
    found = figures.distributions.stall
    return _time(found.max) if found.n else NOTHING


def _time(value: float | None) -> str:
    return "never" if value is None else seconds(value)


def _failures(figures: LoadFigures) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in figures.failures.items()) or "0"


def _passed(figures: LoadFigures) -> str:
    return NOTHING if figures.graded is None else f"{figures.passed:,} of {figures.graded:,}"


ROWS: tuple[tuple[str, _Cell], ...] = (
    ("requests measured", lambda f: f"{f.requests:,}"),
    ("failures", _failures),
    ("empty answers", lambda f: f"{f.empty:,}" if f.empty else NOTHING),
    ("requests per second", lambda f: figure(f.requests_per_s, "")),
    ("tokens out per second", lambda f: figure(f.output_tokens_per_s, "")),
    ("tokens in per second", lambda f: figure(f.input_tokens_per_s, "")),
    ("first token p50 / p95", _times("ttft", "p50", "p95")),
    ("first token p99", _times("ttft", "p99")),
    ("answer p50 / p95", _times("latency", "p50", "p95")),
    ("answer p99", _times("latency", "p99")),
    ("documents sent again", lambda f: f"{f.repeated:,}" if f.repeated else NOTHING),
    ("answers set aside as cached", lambda f: f"{f.warm:,}" if f.warm else NOTHING),
    ("prompt from cache", lambda f: figure(f.cached_share, "share")),
    ("first token p50, warm", lambda f: _time(f.warm_ttft_p50_s) if f.warm else NOTHING),
    ("answer p50, warm", lambda f: _time(f.warm_latency_p50_s) if f.warm else NOTHING),
    ("time per token p50 / p95", _times("time_per_token", "p50", "p95")),
    ("gap between tokens p50 / p99", _times("token_gap", "p50", "p99")),
    ("worst stall in an answer", _worst_stall),
    ("wait before sending p50 / p99", _times("queue", "p50", "p99")),
    ("within service level", lambda f: figure(f.met_share, "share")),
    ("goodput per second", lambda f: figure(f.goodput_per_s, "")),
    ("documents that pass", _passed),
    ("peak server memory", lambda f: figure(f.server_memory_max_bytes, "bytes")),
    ("server processor cores", lambda f: figure(f.server_cpu_cores, "")),
    ("peak server GPU memory", lambda f: figure(f.server_gpu_memory_max_bytes, "bytes")),
    ("peak GPU memory", lambda f: figure(f.gpu_memory_max_bytes, "bytes")),
    ("GPU busy", lambda f: figure(f.gpu_utilisation_mean, "share")),
    ("power", lambda f: figure(f.power_mean_w, "W")),
    ("energy for 1,000 requests", lambda f: figure(f.energy_per_thousand_j, "J")),
    ("steady", lambda f: f.steady.state),
    ("client read delay p50", lambda f: figure(f.client.read_lag_p50_s, "s")),
    ("client read delay p99", lambda f: figure(f.client.read_lag_p99_s, "s")),
    ("client send delay p99", lambda f: figure(f.client.send_lag_p99_s, "s")),
    ("delivered of requested", lambda f: figure(f.client.delivered_share, "share")),
    ("client processes", lambda f: f"{f.client.workers}" if f.client.workers > 1 else NOTHING),
    ("client's processor core", lambda f: figure(f.client.cpu_share_of_core, "share")),
    ("processor used by others", lambda f: figure(f.client.others_cpu_share, "share")),
    ("limited by the client", lambda f: "YES" if f.client.bound_by else "no"),
)


def _notes(windows: Sequence[LoadWindow]) -> list[str]:
    first = next((window for window in windows if window.mode != "single"), windows[0]).figures
    lines = [f"Left out as warm-up: {first.left_out.warmup_rule}. After it: {first.left_out.cooldown_rule}."]
    if first.service_level:
        lines.append(f"Service level: {first.service_level}.")
    for window in windows:
        level, figures = level_text(window), window.figures
        if figures.ended_early:
            lines.append(f"{level}: ended early, {figures.ended_early}.")
        for reason in figures.client.bound_by:
            lines.append(f"{level}: limited by the client: {reason}. This window is not used.")
        steady = figures.steady
        for said, moved in (
            ("requests per second", steady.requests_per_s_change),
            ("latency", steady.latency_change),
        ):
            if steady.state == "drifting" and moved is not None:
                lines.append(f"{level}: {said} changed by {change(moved * 100, 'percent')} over the window.")
        if not figures.measured_s and figures.ended_early:
            lines.append(f"{level}: nothing was measured.")
        elif steady.note:
            lines.append(f"{level}: steady state undecided, {steady.note}.")
        if figures.quality is not None:
            lines.append(f"{level}: {quality_text(figures.quality)}")
        if figures.held_back:
            lines.append(f"{level}: {figures.held_back} requests waited at the in-flight cap.")
    for note in dict.fromkeys(note for window in windows for note in window.figures.notes):
        levels = [level_text(window) for window in windows if note in window.figures.notes]
        said = f"{note[0].upper()}{note[1:]}" if len(levels) == len(windows) else f"{', '.join(levels)}: {note}"
        lines.append(f"{said}.")
    lines += dict.fromkeys(f"{note[0].upper()}{note[1:]}." for w in windows for note in w.figures.machine_notes)
    return lines


def quality_text(quality: QualityUnderLoad) -> str:
    """Whether answers are worse under load, with the counts that it rests on."""
    if not quality.documents:
        return "no document was graded both alone and under load."
    alone = f"{quality.passed_alone:,} of {quality.documents:,} documents pass alone"
    low, high = quality.interval or (None, None)
    said = f"{alone}, {quality.passed:,} under load: {change_text(quality.difference, low, high, 'share')}"
    if not quality.beyond_chance:
        return f"{said}. No difference beyond chance ({p_value(quality.p_value)})."
    verdict = "Answers are worse under load" if quality.lost > quality.gained else "Answers change under load"
    return f"{said}. {verdict} ({p_value(quality.p_value)})."


def _degradation_line(measure: Measure) -> str:
    name = {"knee_streams": "Knee", "latency_slope_s": "Median latency per additional stream"}.get(
        measure.name, measure.name
    )
    between = interval_text(measure.interval, measure.unit)
    value = figure(measure.value, measure.unit) if measure.value is not None else "not found"
    note = f" {measure.note[0].upper()}{measure.note[1:]}." if measure.note else ""
    return f"{name}: {value}{f' ({between})' if between else ''}.{note}"


def _capacity_line(found: CapacityResult, windows: Sequence[LoadWindow]) -> str:
    closed = bool(windows) and windows[0].mode == "closed"

    def level_of(value: float | None) -> str:
        if value is None:
            return ""
        return figure(value, "streams") if closed else f"{number(value)} requests per second"

    level = level_of(found.missed_at)
    if found.capacity is None:
        if found.limit == "client":
            return f"Capacity: not known. Even at {level} this client was the limit. Run it on another machine."
        return f"Capacity: none, because even {level} missed the service level."
    text = f"Capacity: {level_of(found.capacity)}"
    if found.limit == "highest_level":
        return f"{text}, the highest level tried. The true capacity may be higher."
    if found.limit == "client":
        return f"{text}. At {level} this client was the limit, so the true capacity may be higher."
    return f"{text}. At {level} the service level was missed."
