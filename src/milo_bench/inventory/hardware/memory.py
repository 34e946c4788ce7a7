"""/proc/meminfo and /proc/pressure, or sysctl, in; memory, swap and pressure out."""

from __future__ import annotations

import platform
import re
from typing import Literal

from milo_bench.inventory.hardware.cgroup import group_files
from milo_bench.inventory.reading import Commands, Reader, parse_pairs, parse_whole, run_command
from milo_bench.inventory.records import Memory, Pressure

_RESOURCES: tuple[Literal["memory", "cpu", "io"], ...] = ("memory", "cpu", "io")
_NO_LIMIT = 1 << 60  # cgroup v1 writes a figure near 2^63 where there is no limit


def read_memory(reader: Reader, commands: Commands = run_command, *, system: str = "") -> Memory:
    """Bytes; pressure as shares of time (Linux PSI, Documentation/accounting/psi.rst)."""
    system = system or platform.system()
    if system == "Darwin":
        return _apple(commands)
    if system != "Linux":
        return Memory(unknown={"memory": f"not read on {system or 'this system'}"})
    unknown: dict[str, str] = {}
    info = reader.read("/proc/meminfo")
    facts = parse_pairs(info.text, ":")
    if info.why:
        unknown["memory"] = unknown["swap"] = info.why

    def kib(name: str) -> int | None:
        found = re.match(r"(\d{1,15}) kB$", facts.get(name, ""))
        return int(found.group(1)) * 1024 if found else None

    pressure = []
    for resource in _RESOURCES:
        got = reader.read(f"/proc/pressure/{resource}")
        read = parse_pressure(resource, got.text)
        if read is not None:
            pressure.append(read)
        else:
            unknown[f"pressure of {resource}"] = got.why or f"/proc/pressure/{resource} has an unknown format"
    total, free = kib("SwapTotal"), kib("SwapFree")
    huge = re.search(r"\[(\w+)\]", reader.read("/sys/kernel/mm/transparent_hugepage/enabled").text)
    return Memory(
        total_bytes=kib("MemTotal"),
        available_bytes=kib("MemAvailable"),
        limit_bytes=_limit(reader),
        swap_total_bytes=total,
        swap_used_bytes=total - free if total is not None and free is not None else None,
        swappiness=parse_whole(reader.read("/proc/sys/vm/swappiness").text),
        huge_pages=huge.group(1) if huge else "",
        pressure=tuple(pressure),
        unknown=unknown,
    )


def parse_pressure(resource: str, text: str) -> Pressure | None:
    """One file of /proc/pressure: percentages become shares."""
    lines: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        try:
            lines[kind] = {
                key: round(float(value) / 100, 6) for key, _, value in (word.partition("=") for word in rest.split())
            }
        except ValueError:
            return None
    some, full = lines.get("some", {}), lines.get("full", {})
    if "avg10" not in some or "avg60" not in some:
        return None
    return Pressure(resource, some["avg10"], some["avg60"], full.get("avg10"), full.get("avg60"))


def _limit(reader: Reader) -> int | None:
    texts = group_files(reader, "memory.max", "memory", "memory.limit_in_bytes")
    limits = [limit for limit in map(parse_whole, texts) if limit is not None and limit < _NO_LIMIT]
    return min(limits, default=None)


def _apple(commands: Commands) -> Memory:
    unknown = {}
    total = commands(["sysctl", "-n", "hw.memsize"], 3.0)
    swap = commands(["sysctl", "-n", "vm.swapusage"], 3.0)
    level = commands(["sysctl", "-n", "kern.memorystatus_level"], 3.0)
    sizes = dict(re.findall(r"(\w+) = ([\d.]+)M", swap.output))
    if parse_whole(total.output) is None:
        unknown["memory"] = total.why or "sysctl gives no hw.memsize"
    if not sizes:
        unknown["swap"] = swap.why or "sysctl gives no vm.swapusage"
    memory = parse_whole(total.output)
    free_per_cent = parse_whole(level.output)
    if free_per_cent is None:
        unknown["available"] = level.why or "sysctl gives no kern.memorystatus_level"
    unknown["pressure"] = "macOS gives no shares of time"
    available = memory * free_per_cent // 100 if memory is not None and free_per_cent is not None else None
    return Memory(
        total_bytes=memory,
        available_bytes=available,
        swap_total_bytes=round(float(sizes["total"]) * (1 << 20)) if "total" in sizes else None,
        swap_used_bytes=round(float(sizes["used"]) * (1 << 20)) if "used" in sizes else None,
        unknown=unknown,
    )
