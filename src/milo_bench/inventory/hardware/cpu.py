"""/proc/cpuinfo and /sys, or sysctl, in; the processor as runtimes see it out."""

from __future__ import annotations

import os
import platform
import re

from milo_bench.inventory.hardware.cgroup import group_files
from milo_bench.inventory.reading import Commands, Reader, parse_pairs, parse_whole, run_command
from milo_bench.inventory.records import Cpu

# What llama.cpp, vLLM and their kernels are compiled for or choose at start; x86 then ARM.
_SETS = (
    "sse3", "ssse3", "sse4_1", "sse4_2", "avx", "avx2", "avx_vnni", "f16c", "fma", "bmi2", "avx512f", "avx512bw",
    "avx512cd", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vbmi2", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "amx_tile", "amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "fphp", "sve", "sve2", "i8mm", "svei8mm",
    "bf16", "svebf16", "sme", "sme2",
)  # fmt: skip
_ARM_IMPLEMENTERS = {
    "0x41": "ARM",
    "0x46": "Fujitsu",
    "0x4e": "NVIDIA",
    "0x51": "Qualcomm",
    "0x61": "Apple",
    "0xc0": "Ampere",
}


def read_cpu(reader: Reader, commands: Commands = run_command, *, system: str = "") -> Cpu:
    """``system`` is what ``platform.system`` says."""
    system = system or platform.system()
    if system == "Darwin":
        return _apple(commands)
    if system != "Linux":
        return Cpu(architecture=platform.machine(), unknown={"cpu": f"not read on {system or 'this system'}"})
    unknown: dict[str, str] = {}
    info = reader.read("/proc/cpuinfo")
    if info.why:
        unknown["model"] = unknown["instruction_sets"] = info.why
    blocks = [dict(parse_pairs(block, ":")) for block in info.text.split("\n\n") if block.strip()]
    first = blocks[0] if blocks else {}
    processors = [block for block in blocks if "processor" in block]
    flags = set((first.get("flags") or first.get("Features") or "").split())
    if "pni" in flags:
        flags.add("sse3")  # Linux calls it by its working name, Prescott New Instructions
    model = first.get("model name", "")
    if not model and "CPU part" in first:
        model = f"implementer {first.get('CPU implementer', '?')} part {first['CPU part']}"
    if not model and not info.why:
        unknown["model"] = "/proc/cpuinfo does not name it"
    cores = {(b.get("physical id", "0"), b["core id"]) for b in processors if "core id" in b}
    if not cores:
        unknown["physical_cores"] = "/proc/cpuinfo gives no core ids"
    khz = parse_whole(reader.read("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq").text)
    governor = reader.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if khz is None or governor.why:
        unknown["frequency"] = "the kernel shows no frequency scaling"
    vendor = first.get("vendor_id") or _ARM_IMPLEMENTERS.get(first.get("CPU implementer", ""), "")
    return Cpu(
        model=re.sub(r"\s+", " ", model),
        vendor=vendor,
        architecture=platform.machine(),
        sockets=len({socket for socket, _ in cores}) or None,
        physical_cores=len(cores) or None,
        logical_cores=len(processors) or os.cpu_count(),
        usable_cores=_usable(),
        quota_cores=_quota(reader),
        max_mhz=khz / 1000 if khz else None,
        governor=governor.stripped,
        microcode=first.get("microcode", ""),
        instruction_sets=tuple(name for name in _SETS if name in flags),
        unknown=unknown,
    )


def _usable() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _quota(reader: Reader) -> float | None:
    """Processors that the cgroup allows (v2 cpu.max, v1 cfs quota), None without a limit."""
    limits = []
    for text in group_files(reader, "cpu.max"):
        words = text.split()
        if len(words) == 2 and (quota := parse_whole(words[0])) and (period := parse_whole(words[1])):
            limits.append(quota / period)
    quota = parse_whole(reader.read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").text)
    period = parse_whole(reader.read("/sys/fs/cgroup/cpu/cpu.cfs_period_us").text)
    if quota and period:
        limits.append(quota / period)
    return min(limits, default=None)


def _apple(commands: Commands) -> Cpu:
    ran = commands(["sysctl", "machdep.cpu", "hw"], 3.0)
    facts = parse_pairs(ran.output, ":")
    model = facts.get("machdep.cpu.brand_string", "")
    unknown = {} if model else {"model": ran.why or "sysctl does not name it"}
    arm = sorted(
        key.removeprefix("hw.optional.arm.").removeprefix("FEAT_").lower()
        for key, value in facts.items()
        if key.startswith("hw.optional.arm.FEAT_") and value == "1"
    )
    intel = f"{facts.get('machdep.cpu.features', '')} {facts.get('machdep.cpu.leaf7_features', '')}".lower().split()
    wanted = {*_SETS, "dotprod", "fp16", "sme_f32f32", "bf16", "i8mm"}
    return Cpu(
        model=model,
        vendor=facts.get("machdep.cpu.vendor", "Apple"),
        architecture=platform.machine(),
        sockets=parse_whole(facts.get("hw.packages", "")),
        physical_cores=parse_whole(facts.get("hw.physicalcpu", "")),
        logical_cores=parse_whole(facts.get("hw.logicalcpu", "")),
        usable_cores=parse_whole(facts.get("hw.activecpu", "")),
        instruction_sets=tuple(name for name in (*arm, *intel) if name in wanted),
        unknown=unknown,
    )
