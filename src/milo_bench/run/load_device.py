"""NVML and RAPL counters in; GPU memory, utilisation and the machine's metered power out, None where unreadable."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from milo_bench.core.records import Telemetry
from milo_bench.run.telemetry import Sampler

POWERCAP = Path("/sys/class/powercap")


class MachineSampler:
    """``run.telemetry.Sampler`` with the GPU and power of the machine in the sample that has no target."""

    def __init__(self, target: str, pids: Sequence[int], *, powercap: Path = POWERCAP, nvml: bool = True) -> None:
        self._sampler = Sampler({target: pids})
        self._gpus = _Gpus() if nvml else None
        self._rapl = Rapl(powercap)

    def sample(self, at_s: float) -> tuple[Telemetry, ...]:
        """One sample of the server's tree where it is visible, one of the machine. May run in a thread."""
        *of_servers, machine = self._sampler.sample(at_s)
        gpus = self._gpus.read() if self._gpus is not None else {}
        rapl_w = self._rapl.power_w(at_s)
        parts = [watts for watts in (gpus.pop("power_w", None), rapl_w) if watts is not None]
        power_w = round(sum(parts), 3) if parts else None
        return (*of_servers, msgspec.structs.replace(machine, power_w=power_w, **gpus))

    def close(self) -> None:
        if self._gpus is not None:
            self._gpus.close()


class Rapl:
    """Power of the processor packages by the kernel's energy counters (``/sys/class/powercap``).

    Since the side channel of 2020 most systems let only root read them; then there is no figure.
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self._zones: dict[Path, tuple[int, int]] = {}  # zone to its last counter and its range, in microjoules
        self._last_s: float | None = None
        # Top zones only: "intel-rapl:0" is a package, "intel-rapl:0:0" a part of it.
        for zone in sorted(root.glob("intel-rapl:*")):
            counter = _whole(zone / "energy_uj")
            if zone.name.count(":") == 1 and counter is not None:
                self._zones[zone] = (counter, _whole(zone / "max_energy_range_uj") or 0)

    def power_w(self, at_s: float) -> float | None:
        """Mean power since the call before; None for the first one, and where nothing can be read."""
        gained_uj = 0
        for zone, (last, span) in self._zones.items():
            counter = _whole(zone / "energy_uj")
            if counter is None:
                return None
            gained_uj += counter - last if counter >= last else counter + span - last
            self._zones[zone] = (counter, span)
        last_s, self._last_s = self._last_s, at_s
        if not self._zones or last_s is None or at_s <= last_s:
            return None
        return gained_uj / 1e6 / (at_s - last_s)


class _Gpus:
    """All NVIDIA GPUs that NVML shows, together."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            nvml: Any = importlib.import_module("pynvml")
            nvml.nvmlInit()
        except Exception:  # the package or the driver's library is missing, or refuses: all the same to us
            return
        self._nvml = nvml
        self._handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]

    def read(self) -> dict[str, Any]:
        """Memory summed, utilisation averaged (0..1), power summed; what a GPU does not tell is left out."""
        found: dict[str, Any] = {}
        nvml = self._nvml
        memory = self._each(lambda gpu: int(nvml.nvmlDeviceGetMemoryInfo(gpu).used))
        busy = self._each(lambda gpu: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu / 100)
        power = self._each(lambda gpu: nvml.nvmlDeviceGetPowerUsage(gpu) / 1000)
        if memory:
            found["gpu_memory_bytes"] = sum(memory)
        if busy:
            found["gpu_utilisation"] = round(sum(busy) / len(busy), 4)
        if power:
            found["power_w"] = sum(power)
        return found

    def _each(self, ask: Any) -> list[Any]:
        values = []
        for handle in self._handles:
            try:
                values.append(ask(handle))
            except self._nvml.NVMLError:
                return []  # a sum without one of them would be wrong
        return values

    def close(self) -> None:
        if self._nvml is not None:
            self._nvml.nvmlShutdown()
            self._nvml, self._handles = None, []


def _whole(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
