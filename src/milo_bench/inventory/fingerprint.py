"""What changes results in, a SHA-256 over it out; free space, load and paths are no part of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from milo_bench.core.hashing import sha256_data
from milo_bench.inventory.hardware.cpu import read_cpu
from milo_bench.inventory.hardware.gpu import read_gpus
from milo_bench.inventory.hardware.machine import read_machine
from milo_bench.inventory.hardware.memory import read_memory
from milo_bench.inventory.reading import Reader
from milo_bench.inventory.records import Cpu, Gpu, Gpus, Inventory, Machine, Memory
from milo_bench.inventory.runtimes.installed import program_identity, programs_on_path, python_packages

# What the firmware and the kernel keep for themselves differs by some hundred KiB from boot to boot.
_MEMORY_STEP = 128 << 20


def fingerprint(inventory: Inventory) -> str:
    """Hash of machine, processor, memory size, GPUs with driver, kernel, runtimes' versions and the digests
    of model files where they are known. 64 hexadecimal digits."""
    system = inventory.system
    return sha256_data(
        {
            **_hardware(inventory.machine, inventory.cpu, inventory.memory, inventory.gpus),
            "system": [system.name, system.version, system.kernel, system.kernel_version],
            "runtimes": sorted({(item.name, item.version, item.identity) for item in inventory.runtimes.found}),
            "models": sorted({file.sha256 for file in inventory.model_files.files if file.sha256}),
        }
    )


def quick_fingerprint(env: Mapping[str, str] | None = None, reader: Reader | None = None) -> str:
    """The fingerprint that every run log carries: no command is run, no server asked, no model file read.

    Covers the same hardware, the kernel, the runtimes among this Python's packages by version and
    the runtimes on PATH by ``program_identity``. Takes some tens of milliseconds.
    """
    env = os.environ if env is None else env
    reader = Reader() if reader is None else reader
    on_linux = platform.system() == "Linux"
    # On macOS the GPU is part of the processor, and asking for it takes seconds.
    gpus = read_gpus(reader) if on_linux else Gpus()
    return sha256_data(
        {
            **_hardware(read_machine(reader), read_cpu(reader), read_memory(reader), gpus),
            "kernel": [platform.system(), platform.release(), platform.version()],
            "packages": sorted((item.name, item.where.split(" ")[0], item.version) for item in python_packages()),
            "programs": sorted((path.name, program_identity(path)) for _, path in programs_on_path(env)),
        }
    )


def _hardware(machine: Machine, cpu: Cpu, memory: Memory, gpus: Gpus) -> dict[str, object]:
    return {
        "machine": [machine.machine_class, machine.vendor, machine.product, machine.virtualisation],
        "cpu": [
            cpu.model,
            cpu.architecture,
            cpu.microcode,
            cpu.governor,
            cpu.sockets,
            cpu.physical_cores,
            cpu.logical_cores,
            cpu.usable_cores,
            cpu.quota_cores,
            cpu.max_mhz,
            sorted(cpu.instruction_sets),
        ],
        "memory": [_stepped(memory.total_bytes), memory.limit_bytes, _stepped(memory.swap_total_bytes)],
        "gpus": sorted((_gpu(gpu) for gpu in gpus.devices), key=repr),
    }


def _gpu(gpu: Gpu) -> list[object]:
    return [gpu.vendor, gpu.name, gpu.memory_total_bytes, gpu.driver, gpu.compute, gpu.power_limit_w, gpu.mig, gpu.ecc]


def _stepped(size: int | None) -> int | None:
    return None if size is None else round(size / _MEMORY_STEP)
