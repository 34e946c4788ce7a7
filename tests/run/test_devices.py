"""The GPU is a fake with NVML's functions, as its documentation words them; it has not been held against hardware."""

# ruff: noqa: N802  the functions are called as NVML calls them

import importlib
import inspect
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from milo_bench.run.machine.devices import Devices, Rapl
from milo_bench.run.machine.telemetry import Sampler

GIB = 1 << 30


class NVMLError(Exception):
    """As pynvml's: every refusal of the driver is one."""


@dataclass
class FakeNvml:
    """Two GPUs. What is named in ``refused`` is answered with an NVMLError, on the second GPU only."""

    refused: frozenset[str] = frozenset()
    no_driver: bool = False
    energy_mj: list[int] = field(default_factory=lambda: [5_000_000, 9_000_000])
    drawn_mw: tuple[int, int] = (300_000, 200_000)
    running: tuple[dict[int, int | None], ...] = ({}, {})
    calls: list[str] = field(default_factory=list)
    NVMLError: type[NVMLError] = NVMLError

    def nvmlInit(self) -> None:
        self.calls.append("init")
        if self.no_driver:
            raise NVMLError("Driver Not Loaded")

    def nvmlShutdown(self) -> None:
        self.calls.append("shutdown")

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetMemoryInfo(self, gpu: int) -> Any:
        return self._told(gpu, "memory", SimpleNamespace(used=(gpu + 1) * GIB, total=80 * GIB))

    def nvmlDeviceGetUtilizationRates(self, gpu: int) -> Any:
        return self._told(gpu, "utilisation", SimpleNamespace(gpu=(100, 50)[gpu], memory=7))

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu: int) -> Any:
        return self._told(gpu, "energy", self.energy_mj[gpu])

    def nvmlDeviceGetPowerUsage(self, gpu: int) -> Any:
        return self._told(gpu, "power", self.drawn_mw[gpu])

    def nvmlDeviceGetComputeRunningProcesses(self, gpu: int) -> Any:
        found = [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in self.running[gpu].items()]
        return self._told(gpu, "processes", found)

    def _told(self, gpu: int, name: str, value: Any) -> Any:
        if name in self.refused and gpu == 1:
            raise NVMLError("Not Supported")
        return value


def zone(root: Path, name: str, energy_uj: int, span_uj: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text(f"{span_uj}\n")
    return folder


def test_power_is_the_gain_of_the_packages_counters(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 0, 10**9)
    zone(tmp_path, "intel-rapl:0:0", 0, 10**9)  # a part of the package, not to be counted twice
    rapl = Rapl(tmp_path)
    assert rapl.power_w(0.0) is None
    zone(tmp_path, "intel-rapl:0", 30_000_000, 10**9)
    zone(tmp_path, "intel-rapl:0:0", 20_000_000, 10**9)
    assert rapl.power_w(2.0) == pytest.approx(15.0)


def test_a_counter_that_wraps_round_goes_on(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 900_000)
    rapl = Rapl(tmp_path)
    rapl.power_w(0.0)
    zone(tmp_path, "intel-rapl:0", 100_000)
    assert rapl.power_w(1.0) == pytest.approx(0.2)


def test_without_a_readable_counter_there_is_no_power(tmp_path: Path) -> None:
    assert Rapl(tmp_path).power_w(1.0) is None
    (zone(tmp_path, "intel-rapl:0", 5) / "energy_uj").write_text("?")
    rapl = Rapl(tmp_path)
    assert rapl.power_w(1.0) is None and rapl.power_w(2.0) is None


def test_the_fake_has_the_names_and_arguments_of_the_installed_library() -> None:
    pynvml = importlib.import_module("pynvml")
    functions = [name for name in vars(FakeNvml) if name.startswith("nvml")]
    assert len(functions) == 9
    for name in functions:
        wanted = [p for p in inspect.signature(getattr(pynvml, name)).parameters.values() if p.default is p.empty]
        assert len(wanted) == len(inspect.signature(getattr(FakeNvml, name)).parameters) - 1, name
    assert issubclass(pynvml.NVMLError, Exception)
    assert {"used", "total"} <= {field[0] for field in pynvml.c_nvmlMemory_t._fields_}
    assert {"gpu", "memory"} <= {field[0] for field in pynvml.c_nvmlUtilization_t._fields_}
    assert {"pid", "usedGpuMemory"} <= {field[0] for field in pynvml.c_nvmlProcessInfo_v2_t._fields_}


def test_memory_is_summed_and_use_averaged_over_all_gpus(tmp_path: Path) -> None:
    reading = Devices(nvml=FakeNvml(), powercap=tmp_path).read(0.0)
    assert reading.gpu_memory_bytes == 3 * GIB
    assert reading.gpu_utilisation == 0.75


def test_power_is_the_gain_of_the_energy_counters_once_there_are_two_readings(tmp_path: Path) -> None:
    nvml = FakeNvml()
    devices = Devices(nvml=nvml, powercap=tmp_path)
    assert devices.read(10.0).power_w == pytest.approx(500.0)  # what is drawn now; no gain is known yet
    nvml.energy_mj[0] += 600_000
    nvml.energy_mj[1] += 100_000
    assert devices.read(12.0).power_w == pytest.approx(350.0)


def test_counters_that_begin_anew_are_no_negative_power(tmp_path: Path) -> None:
    nvml = FakeNvml()
    devices = Devices(nvml=nvml, powercap=tmp_path)
    devices.read(0.0)
    nvml.energy_mj[:] = [0, 0]
    assert devices.read(1.0).power_w == pytest.approx(500.0)


def test_an_old_gpu_without_an_energy_counter_tells_what_it_draws(tmp_path: Path) -> None:
    devices = Devices(nvml=FakeNvml(refused=frozenset({"energy"})), powercap=tmp_path)
    devices.read(0.0)
    assert devices.read(1.0).power_w == pytest.approx(500.0)


def test_what_one_gpu_does_not_tell_is_told_of_none(tmp_path: Path) -> None:
    refused = frozenset({"memory", "utilisation", "energy", "power", "processes"})
    reading = Devices(nvml=FakeNvml(refused=refused, running=({1: GIB}, {})), powercap=tmp_path).read(0.0)
    assert reading.gpu_memory_bytes is None and reading.gpu_utilisation is None and reading.power_w is None
    assert reading.gpu_memory_by_pid == {}


def test_power_of_gpus_and_packages_is_added(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 0, 10**9)
    nvml = FakeNvml()
    devices = Devices(nvml=nvml, powercap=tmp_path)
    devices.read(0.0)
    nvml.energy_mj[0] += 100_000
    zone(tmp_path, "intel-rapl:0", 30_000_000, 10**9)
    assert devices.read(1.0).power_w == pytest.approx(130.0)


@pytest.mark.parametrize("nvml", [None, FakeNvml(no_driver=True), SimpleNamespace()])
def test_no_library_no_driver_or_a_strange_library_give_no_figure_and_no_error(nvml: Any, tmp_path: Path) -> None:
    devices = Devices(nvml=nvml, powercap=tmp_path)
    reading = devices.read(0.0)
    devices.close()
    assert (reading.gpu_memory_bytes, reading.gpu_utilisation, reading.power_w) == (None, None, None)
    assert "shutdown" not in getattr(nvml, "calls", [])  # what was never opened is not closed


def test_the_installed_library_is_asked_without_a_gpu_too(tmp_path: Path) -> None:
    devices = Devices(powercap=tmp_path)
    devices.read(0.0)
    devices.close()
    devices.close()


def test_the_samples_hold_the_devices_and_the_memory_of_the_server_on_them(tmp_path: Path) -> None:
    nvml = FakeNvml(running=({os.getpid(): GIB, 1: GIB}, {os.getpid(): 2 * GIB}))
    sampler = Sampler({"t": (os.getpid(),)}, Devices(nvml=nvml, powercap=tmp_path))
    server, machine = sampler.sample(0.0)
    sampler.close()
    assert server.target == "t" and server.gpu_memory_bytes == 3 * GIB
    assert (machine.gpu_memory_bytes, machine.gpu_utilisation, machine.power_w) == (3 * GIB, 0.75, 500.0)
    assert nvml.calls == ["init", "shutdown"]


def test_a_server_that_the_driver_does_not_name_has_no_gpu_memory_of_its_own(tmp_path: Path) -> None:
    nvml = FakeNvml(running=({1: GIB}, {os.getpid(): None}))
    server, _ = Sampler({"t": (os.getpid(),)}, Devices(nvml=nvml, powercap=tmp_path)).sample(0.0)
    assert server.gpu_memory_bytes is None


def test_a_machine_sample_has_memory_of_the_server_and_nothing_that_cannot_be_read(tmp_path: Path) -> None:
    server, machine = Sampler({"t": (os.getpid(),)}, Devices(nvml=None, powercap=tmp_path)).sample(0.0)
    assert server.target == "t" and (server.memory_bytes or 0) > 1_000_000
    assert machine.power_w is None and machine.gpu_memory_bytes is None


def test_processes_that_nobody_may_see_give_no_figure_and_no_error(tmp_path: Path) -> None:
    sampler = Sampler({"t": (2**22 + 1,)}, Devices(nvml=None, powercap=tmp_path))
    assert [sample.target for sample in sampler.sample(0.0)] == [""]
