"""NVML, /sys/class/drm and system_profiler in; the graphics processors that models can run on out."""

from __future__ import annotations

import importlib
import platform
import re
from typing import Any

import msgspec

from milo_bench.inventory.reading import Commands, Reader, parse_whole, run_command
from milo_bench.inventory.records import Gpu, Gpus

_AMD, _INTEL = "0x1002", "0x8086"
_APPLE_TIMEOUT_S = 15.0  # system_profiler takes seconds on a cold cache


def read_gpus(reader: Reader, commands: Commands = run_command, *, system: str = "", nvml: bool = True) -> Gpus:
    """NVIDIA by NVML, AMD and Intel by /sys, Apple by system_profiler. What cannot be asked is said."""
    system = system or platform.system()
    if system == "Darwin":
        return _apple(commands)
    devices: list[Gpu] = []
    unknown: dict[str, str] = {}
    if nvml:
        found, why = _nvidia()
        devices += found
        if why:
            unknown["NVIDIA"] = why
    if system == "Linux":
        devices += _drm(reader, unknown)
    else:
        unknown["AMD and Intel"] = f"not read on {system or 'this system'}"
    return Gpus(tuple(devices), unknown)


def _nvidia() -> tuple[list[Gpu], str]:
    try:
        # nvidia-ml-py; loads no library until nvmlInit.
        pynvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return [], "the package nvidia-ml-py is not installed"
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return [], f"NVML: {error}"
    try:
        driver = str(pynvml.nvmlSystemGetDriverVersion())
        cuda = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())
        version = f"CUDA {cuda // 1000}.{cuda % 1000 // 10}"
        count = int(pynvml.nvmlDeviceGetCount())
        return [_device(pynvml, index, driver, version) for index in range(count)], ""
    except pynvml.NVMLError as error:
        return [], f"NVML: {error}"
    finally:
        pynvml.nvmlShutdown()


def _device(pynvml: Any, index: int, driver: str, version: str) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)

    def ask(name: str) -> Any:
        """None where this device or driver does not know the question."""
        try:
            return getattr(pynvml, name)(handle)
        except (pynvml.NVMLError, AttributeError):
            return None

    memory, capability = ask("nvmlDeviceGetMemoryInfo"), ask("nvmlDeviceGetCudaComputeCapability")
    limit, mig, ecc = ask("nvmlDeviceGetEnforcedPowerLimit"), ask("nvmlDeviceGetMigMode"), ask("nvmlDeviceGetEccMode")
    bus = ask("nvmlDeviceGetPciInfo")
    return Gpu(
        vendor="NVIDIA",
        name=str(ask("nvmlDeviceGetName") or ""),
        bus=_text(bus.busId) if bus else "",
        memory_total_bytes=int(memory.total) if memory else None,
        memory_used_bytes=int(memory.used) if memory else None,
        driver=driver,
        compute=f"{version}, compute capability {capability[0]}.{capability[1]}" if capability else version,
        power_limit_w=limit / 1000 if limit else None,
        mig=("on" if mig[0] else "off") if mig else "",
        ecc=("on" if ecc[0] else "off") if ecc else "",
        cores=ask("nvmlDeviceGetNumGpuCores"),
    )


def _text(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _drm(reader: Reader, unknown: dict[str, str]) -> list[Gpu]:
    """AMD and Intel devices by the kernel's own files (Documentation/gpu/amdgpu, driver-misc)."""
    found = []
    for card in reader.names("/sys/class/drm"):
        if not re.fullmatch(r"card\d+", card):
            continue
        place = f"/sys/class/drm/{card}/device"
        vendor = reader.read(f"{place}/vendor").stripped
        if vendor not in (_AMD, _INTEL):
            continue
        device = reader.read(f"{place}/device").stripped
        event = dict(line.partition("=")[::2] for line in reader.read(f"{place}/uevent").text.splitlines())
        driver = event.get("DRIVER", "")
        module = reader.read(f"/sys/module/{driver}/version").stripped if driver.isidentifier() else ""
        name = reader.read(f"{place}/product_name").stripped or f"PCI device {vendor[2:]}:{device[2:]}"
        total = parse_whole(reader.read(f"{place}/mem_info_vram_total").text)
        if vendor == _AMD and total is None:
            unknown[f"memory of {card}"] = f"{place}/mem_info_vram_total is unreadable"
        cap = parse_whole(reader.read(f"{place}/hwmon/{_first(reader, place)}/power1_cap").text)
        found.append(
            Gpu(
                vendor="AMD" if vendor == _AMD else "Intel",
                name=name,
                bus=event.get("PCI_SLOT_NAME", ""),
                memory_total_bytes=total,
                memory_used_bytes=parse_whole(reader.read(f"{place}/mem_info_vram_used").text),
                driver=f"{driver} {module or _kernel(reader)}".strip(),
                compute=_gfx_target(reader, event.get("PCI_SLOT_NAME", "")) if vendor == _AMD else "",
                power_limit_w=cap / 1e6 if cap else None,
            )
        )
    return found


def _first(reader: Reader, place: str) -> str:
    return next(iter(reader.names(f"{place}/hwmon")), "none")


def _kernel(reader: Reader) -> str:
    release = reader.read("/proc/sys/kernel/osrelease").stripped
    return f"of kernel {release}" if release else ""


def _gfx_target(reader: Reader, bus: str) -> str:
    """ROCm's name of the instruction set, from the KFD topology: 110000 is gfx1100, 90010 gfx90a."""
    nodes = "/sys/class/kfd/kfd/topology/nodes"
    found = re.fullmatch(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", bus.lower())
    location = (int(found[2], 16) << 8 | int(found[3], 16) << 3 | int(found[4])) if found else None
    for node in reader.names(nodes):
        facts = dict(line.partition(" ")[::2] for line in reader.read(f"{nodes}/{node}/properties").text.splitlines())
        target = parse_whole(facts.get("gfx_target_version", ""))
        if target and (location is None or parse_whole(facts.get("location_id", "")) == location):
            major, minor, step = target // 10000, target // 100 % 100, target % 100
            rocm = reader.read("/opt/rocm/.info/version").stripped
            return f"gfx{major}{minor:x}{step:x}" + (f", ROCm {rocm}" if rocm else "")
    return ""


def _apple(commands: Commands) -> Gpus:
    ran = commands(["system_profiler", "SPDisplaysDataType", "-json"], _APPLE_TIMEOUT_S)
    try:
        listed = msgspec.json.decode(ran.output, type=dict[str, Any]).get("SPDisplaysDataType", [])
    except msgspec.DecodeError:
        return Gpus(unknown={"GPUs": ran.why or "system_profiler did not return JSON"})
    devices = []
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict):
            devices.append(
                Gpu(
                    vendor=str(entry.get("spdisplays_vendor", "")).removeprefix("sppci_vendor_"),
                    name=str(entry.get("sppci_model") or entry.get("_name", "")),
                    compute=str(entry.get("spdisplays_mtlgpufamilysupport", "")).removeprefix("spdisplays_"),
                    cores=parse_whole(str(entry.get("sppci_cores", ""))),
                )
            )
    unknown = {"memory": "Apple's GPUs share the machine's memory"} if devices else {}
    return Gpus(tuple(devices), unknown)
