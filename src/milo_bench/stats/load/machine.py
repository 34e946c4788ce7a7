"""Telemetry of a window in, processor, memory, GPU, power and energy figures out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from milo_bench.core.records import Telemetry
from milo_bench.run.load.rows import WindowRows
from milo_bench.stats.load.samples import used_between


class MachineFigures(TypedDict):
    """The figures of ``LoadFigures`` that come from meters."""

    server_memory_max_bytes: int | None
    server_cpu_cores: float | None
    server_gpu_memory_max_bytes: int | None
    gpu_memory_max_bytes: int | None
    gpu_utilisation_mean: float | None
    power_mean_w: float | None
    energy_per_thousand_j: float | None
    others_requests_max: int | None
    machine_notes: tuple[str, ...]


def machine_figures(
    target: str,
    window: WindowRows,
    samples: Sequence[Telemetry],
    *,
    requests_per_s: float | None,
) -> MachineFigures:
    """What the server's process tree and the machine used in the measured part; a figure nobody could read is None.

    ``energy_per_thousand_j`` is mean power over answered requests a second, for a thousand requests.
    The meters are the machine's: they count everything that runs on it.
    """
    inside = [s for s in samples if window.from_s <= s.at_s <= window.to_s]
    of_server = [s for s in inside if s.target == target]
    memory = [s.memory_bytes for s in of_server if s.memory_bytes is not None]
    gpu_memory = [s.gpu_memory_bytes for s in inside if s.gpu_memory_bytes is not None and not s.target]
    held = [s.gpu_memory_bytes for s in of_server if s.gpu_memory_bytes is not None]
    busy = [s.gpu_utilisation for s in inside if s.gpu_utilisation is not None]
    power = [s.power_w for s in inside if s.power_w is not None]
    cpu = used_between(of_server, window.from_s, window.to_s, "cpu_s", target=target)
    power_w = _mean(power)
    beside = [s.others_requests for s in of_server if s.others_requests]
    notes = []
    if beside:
        count = "1 request" if max(beside) == 1 else f"up to {max(beside):,} requests"
        notes.append(f"the server also worked on {count} of others, so these times are longer than ours alone would be")
    if not memory:
        notes.append("the server's processes are not visible from here")
    if power_w is None:
        notes.append("no readable power meter")
    return MachineFigures(
        server_memory_max_bytes=max(memory, default=None),
        server_cpu_cores=None if cpu is None else round(cpu, 4),
        server_gpu_memory_max_bytes=max(held, default=None),
        gpu_memory_max_bytes=max(gpu_memory, default=None),
        gpu_utilisation_mean=_mean(busy),
        power_mean_w=None if power_w is None else round(power_w, 3),
        energy_per_thousand_j=round(power_w / requests_per_s * 1000, 3) if power_w and requests_per_s else None,
        others_requests_max=max(beside, default=None),
        machine_notes=tuple(notes),
    )


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
