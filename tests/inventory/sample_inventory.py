"""What a server with one GPU, one runtime and one model file is found to be."""

from __future__ import annotations

from msgspec.structs import replace

from milo_bench.inventory.fingerprint import fingerprint
from milo_bench.inventory.records import (
    Cpu,
    Disks,
    Endpoint,
    Endpoints,
    Environment,
    Gpu,
    Gpus,
    Inventory,
    Listeners,
    Machine,
    Memory,
    ModelFile,
    ModelFiles,
    Processes,
    Runtime,
    Runtimes,
    ServedModel,
    Services,
    System,
    Volume,
)

GIB = 1 << 30


def inventory() -> Inventory:
    taken = Inventory(
        taken_at="2026-01-01T00:00:00+00:00",
        tool_version="0.1.0",
        machine=Machine("server", "ACME", "R1"),
        cpu=Cpu("CPU 1", "ACME", "x86_64", 1, 8, 16, 16, governor="powersave", instruction_sets=("avx2",)),
        memory=Memory(64 * GIB, 10 * GIB, None, 0, 0),
        gpus=Gpus((Gpu("NVIDIA", "H1", "0:1", 80 * GIB, 5, "550.1", "CUDA 12.4"),)),
        disks=Disks((Volume("/", "/dev/sda", "ext4", 100, 50),)),
        system=System("Linux", "12", "6.1.0", "#1"),
        runtimes=Runtimes((Runtime("ollama", "program", "/usr/bin/ollama", "0.5.1"),)),
        model_files=ModelFiles((ModelFile("/m/a.gguf", "gguf", 5, sha256="aa", quantisation="Q4_0"),)),
        endpoints=Endpoints((Endpoint("Ollama", "http://127.0.0.1:11434", "0.5.1", (ServedModel("a", 8192),)),)),
        processes=Processes(),
        services=Services(),
        listeners=Listeners(),
        environment=Environment({"OLLAMA_NUM_PARALLEL": "1"}),
    )
    return replace(taken, fingerprint=fingerprint(taken))
