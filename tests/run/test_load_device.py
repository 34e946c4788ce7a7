import os
from pathlib import Path

import pytest

from milo_bench.run.load_device import MachineSampler, Rapl


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


def test_a_machine_sample_has_memory_of_the_server_and_nothing_that_cannot_be_read(tmp_path: Path) -> None:
    sampler = MachineSampler("t", (os.getpid(),), powercap=tmp_path, nvml=False)
    server, machine = sampler.sample(0.0)
    sampler.close()
    assert server.target == "t" and (server.memory_bytes or 0) > 1_000_000
    assert machine.power_w is None and machine.gpu_memory_bytes is None


def test_processes_that_nobody_may_see_give_no_figure_and_no_error(tmp_path: Path) -> None:
    sampler = MachineSampler("t", (2**22 + 1,), powercap=tmp_path, nvml=False)
    assert [sample.target for sample in sampler.sample(0.0)] == [""]
