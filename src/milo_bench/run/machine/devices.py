"""NVML and RAPL counters in; GPU memory, utilisation and the machine's metered power out, None where unreadable."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

POWERCAP: Final = Path("/sys/class/powercap")
T = TypeVar("T")


@dataclass(frozen=True)
class DeviceReading:
    """All devices together at one time; None for what nobody tells.

    ``gpu_memory_bytes`` is in use on all GPUs, ``gpu_utilisation`` their mean (0 to 1), ``power_w`` the mean since the
    reading before: GPUs by NVML, and processor packages by RAPL where they can be read. ``gpu_memory_by_pid`` is in
    bytes, and empty where the driver names no processes, as in most containers.
    """

    gpu_memory_bytes: int | None
    gpu_utilisation: float | None
    power_w: float | None
    gpu_memory_by_pid: Mapping[int, int]


class Devices:
    """The meters of this machine. Without a driver, a library or the right to read them it is silent."""

    def __init__(self, *, nvml: Any | Literal["installed"] | None = "installed", powercap: Path = POWERCAP) -> None:
        """``nvml`` is a module with NVML's functions, "installed" for pynvml if it is there, None for no GPU at all."""
        self._gpus = NvidiaGpus(_installed_nvml() if nvml == "installed" else nvml)
        self._rapl = Rapl(powercap)

    def read(self, at_s: float) -> DeviceReading:
        """May be called in another thread, one call at a time; ``at_s`` on any clock that goes forward."""
        parts = [watts for watts in (self._gpus.power_w(at_s), self._rapl.power_w(at_s)) if watts is not None]
        return DeviceReading(
            gpu_memory_bytes=self._gpus.memory_bytes(),
            gpu_utilisation=self._gpus.utilisation(),
            power_w=round(sum(parts), 3) if parts else None,
            gpu_memory_by_pid=self._gpus.memory_by_pid(),
        )

    def close(self) -> None:
        self._gpus.close()


class NvidiaGpus:
    """All NVIDIA GPUs that NVML shows, together. A figure that one of them does not tell is told of none."""

    def __init__(self, nvml: Any | None) -> None:
        self._nvml = nvml
        self._handles: list[Any] = []
        self._energy: tuple[float, list[int]] | None = None  # when, and each GPU's counter in millijoules
        if nvml is None:
            return
        try:
            nvml.nvmlInit()
            self._handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        except Exception:  # no driver, or one that refuses: NVML's own error, or the loader's
            self._nvml = None

    def memory_bytes(self) -> int | None:
        found = self._each(lambda nvml, gpu: int(nvml.nvmlDeviceGetMemoryInfo(gpu).used))
        return sum(found) if found else None

    def utilisation(self) -> float | None:
        """0 to 1: share of the driver's last sample period in which a kernel ran."""
        found = self._each(lambda nvml, gpu: float(nvml.nvmlDeviceGetUtilizationRates(gpu).gpu) / 100)
        return round(sum(found) / len(found), 4) if found else None

    def power_w(self, at_s: float) -> float | None:
        """Mean since the call before by the energy counters (Volta and later); what is drawn now without them."""
        counters = self._each(lambda nvml, gpu: int(nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)))
        if counters:
            before, self._energy = self._energy, (at_s, counters)
            if before is not None and at_s > before[0]:
                gained_mj = sum(counters) - sum(before[1])
                if gained_mj >= 0:  # a driver that was loaded anew begins at nought
                    return gained_mj / 1000 / (at_s - before[0])
        drawn_mw = self._each(lambda nvml, gpu: int(nvml.nvmlDeviceGetPowerUsage(gpu)))
        return sum(drawn_mw) / 1000 if drawn_mw else None

    def memory_by_pid(self) -> dict[int, int]:
        """Bytes that each computing process holds on all GPUs."""
        found: dict[int, int] = {}
        for running in self._each(lambda nvml, gpu: list(nvml.nvmlDeviceGetComputeRunningProcesses(gpu))):
            for process in running:
                if process.usedGpuMemory is not None:
                    found[int(process.pid)] = found.get(int(process.pid), 0) + int(process.usedGpuMemory)
        return found

    def close(self) -> None:
        nvml, self._nvml = self._nvml, None
        if nvml is not None:
            nvml.nvmlShutdown()

    def _each(self, ask: Callable[[Any, Any], T]) -> list[T]:
        nvml = self._nvml
        if nvml is None:
            return []
        try:
            return [ask(nvml, handle) for handle in self._handles]
        except (nvml.NVMLError, AttributeError):  # not told by this device, or not known to this library
            return []  # a sum without one of them would be wrong


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


def _installed_nvml() -> Any | None:
    try:
        return importlib.import_module("pynvml")  # nvidia-ml-py; loads no driver until nvmlInit
    except ImportError:
        return None


def _whole(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
