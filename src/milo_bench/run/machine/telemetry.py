"""Process ids in, samples of memory, processor time and devices out: of servers, this client, everybody else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from milo_bench.core.records import Telemetry
from milo_bench.run.machine.devices import DeviceReading, Devices

# Walking all processes of a machine costs milliseconds; children of a server change seldom.
_SAMPLES_A_WALK = 10
_BUSY = ("user", "system", "nice", "irq", "softirq", "steal")


class Sampler:
    """Samples what runs on this machine. ``sample`` may be called in another thread, one call at a time."""

    def __init__(self, pids: Mapping[str, Sequence[int]], devices: Devices | None = None) -> None:
        """``pids``: target to the process ids of its server on this machine; targets without any are not sampled.

        ``devices`` are closed with the sampler; without them no GPU and no power meter is read.
        """
        self._devices = devices
        self._roots = {target: tuple(roots) for target, roots in pids.items() if roots}
        self._trees: dict[str, list[psutil.Process]] = {}
        self._calls = 0
        self._last_cpu: dict[int, float] = {}
        self._cpu_by_target: dict[str, float] = dict.fromkeys(self._roots, 0.0)
        self._last_client_s = _client_cpu_s()
        self._last_busy_s, self._last_total_s = _machine_s()

    def sample(self, at_s: float) -> tuple[Telemetry, ...]:
        """One sample a target, and one without a target for the client and everybody else.

        ``cpu_s`` counts from the first sample and survives children that end; ``others_cpu_share``
        is 0 to 1 of all processors since the sample before. GPU memory of a target is what its processes hold.
        """
        reading = self._devices.read(at_s) if self._devices is not None else None
        if self._calls % _SAMPLES_A_WALK == 0:
            self._trees = {target: _tree(roots) for target, roots in self._roots.items()}
        self._calls += 1
        samples = []
        servers_s = 0.0
        for target, tree in self._trees.items():
            memory_bytes, used_s = self._read(tree)
            self._cpu_by_target[target] += used_s
            servers_s += used_s
            cpu_s = round(self._cpu_by_target[target], 4)
            if memory_bytes:
                held = _held_on_gpus(tree, reading)
                sample = Telemetry(at_s=at_s, target=target, memory_bytes=memory_bytes, cpu_s=cpu_s)
                samples.append(msgspec.structs.replace(sample, gpu_memory_bytes=held))
        everybody = self._everybody(at_s, servers_s)
        if reading is not None:
            everybody = msgspec.structs.replace(
                everybody,
                gpu_memory_bytes=reading.gpu_memory_bytes,
                gpu_utilisation=reading.gpu_utilisation,
                power_w=reading.power_w,
            )
        return (*samples, everybody)

    def close(self) -> None:
        if self._devices is not None:
            self._devices.close()

    def _read(self, tree: Sequence[psutil.Process]) -> tuple[int, float]:
        memory_bytes, used_s = 0, 0.0
        for process in tree:
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    memory_bytes += process.memory_info().rss
            except psutil.Error:
                continue  # it ended between two samples
            now_s = times.user + times.system
            used_s += now_s - self._last_cpu.get(process.pid, now_s)
            self._last_cpu[process.pid] = now_s
        return memory_bytes, used_s

    def _everybody(self, at_s: float, servers_s: float) -> Telemetry:
        client_s = _client_cpu_s()
        busy_s, total_s = _machine_s()
        passed_s = total_s - self._last_total_s
        ours_s = servers_s + client_s - self._last_client_s
        share = None
        if passed_s > 0:
            share = round(min(1.0, max(0.0, (busy_s - self._last_busy_s - ours_s) / passed_s)), 4)
        self._last_client_s, self._last_busy_s, self._last_total_s = client_s, busy_s, total_s
        return Telemetry(at_s=at_s, client_cpu_s=round(client_s, 4), others_cpu_share=share)


def _held_on_gpus(tree: Sequence[psutil.Process], reading: DeviceReading | None) -> int | None:
    if reading is None:
        return None
    held = [reading.gpu_memory_by_pid[process.pid] for process in tree if process.pid in reading.gpu_memory_by_pid]
    return sum(held) if held else None


def _tree(roots: Sequence[int]) -> list[psutil.Process]:
    found: dict[int, psutil.Process] = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in found:
            continue
        try:
            found[pid] = process = psutil.Process(pid)
            waiting += _children(process)
        except psutil.Error:
            continue  # it ended, or belongs to somebody whose processes we may not see
    return list(found.values())


def _children(process: psutil.Process) -> list[int]:
    """As Linux lists them for each thread. psutil reads every process of the machine: 30 ms in which others wait."""
    try:
        threads = list(Path(f"/proc/{process.pid}/task").iterdir())
        return [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    except FileNotFoundError:  # another system, or a kernel without these lists
        return [child.pid for child in process.children()]
    except OSError:
        return []


def _client_cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def _machine_s() -> tuple[float, float]:
    """Busy and all processor seconds of the machine since it started."""
    times = psutil.cpu_times()
    busy_s = sum(getattr(times, name, 0.0) for name in _BUSY)
    return busy_s, busy_s + times.idle + getattr(times, "iowait", 0.0)
