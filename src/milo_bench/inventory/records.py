"""The records of an inventory: what this machine is, what runs on it, and what could not be read."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

INVENTORY_SCHEMA = "milo-bench.inventory/1"


RuntimeName: TypeAlias = Literal["ollama", "llama.cpp", "vllm", "lm-studio", "sglang", "mlx", "xllamacpp"]
KeyNeeded: TypeAlias = Literal["required", "not required", "unknown"]


class InventorySection(msgspec.Struct, frozen=True):
    """Base of every section. ``unknown`` maps what could not be read to why; an empty list with
    nothing unknown was looked for and is absent."""


class Machine(InventorySection, frozen=True):
    """``machine_class`` is laptop, desktop, server, virtual machine, container …, as the firmware tells."""

    machine_class: str = ""
    vendor: str = ""
    product: str = ""
    virtualisation: str = ""
    container: str = ""
    unknown: dict[str, str] = {}


class Cpu(InventorySection, frozen=True):
    """``instruction_sets`` are those that model runtimes are built for, in the kernel's spelling."""

    model: str = ""
    vendor: str = ""
    architecture: str = ""
    sockets: int | None = None
    physical_cores: int | None = None
    logical_cores: int | None = None
    usable_cores: int | None = None  # by affinity
    quota_cores: float | None = None  # by cgroup; None where there is no limit
    max_mhz: float | None = None
    governor: str = ""
    microcode: str = ""
    instruction_sets: tuple[str, ...] = ()
    unknown: dict[str, str] = {}


class Pressure(msgspec.Struct, frozen=True):
    """Linux PSI: share of time (0..1) in which some, or all, tasks waited for the resource."""

    resource: str
    some_10s: float
    some_60s: float
    full_10s: float | None = None
    full_60s: float | None = None


class Memory(InventorySection, frozen=True):
    """``limit_bytes`` is the cgroup's, where there is one."""

    total_bytes: int | None = None
    available_bytes: int | None = None
    limit_bytes: int | None = None
    swap_total_bytes: int | None = None
    swap_used_bytes: int | None = None
    swappiness: int | None = None
    huge_pages: str = ""
    pressure: tuple[Pressure, ...] = ()
    unknown: dict[str, str] = {}


class Gpu(msgspec.Struct, frozen=True):
    """One device. Units as the names say; empty or None where the driver does not tell."""

    vendor: str
    name: str
    bus: str = ""
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    driver: str = ""
    compute: str = ""  # CUDA of the driver and compute capability, ROCm's gfx target, Metal
    power_limit_w: float | None = None
    mig: str = ""
    ecc: str = ""
    cores: int | None = None


class Gpus(InventorySection, frozen=True):
    devices: tuple[Gpu, ...] = ()
    unknown: dict[str, str] = {}


class Volume(msgspec.Struct, frozen=True):
    """A file system that holds models, and which of the folders looked at lie on it."""

    mount: str
    device: str = ""
    filesystem: str = ""
    total_bytes: int | None = None
    free_bytes: int | None = None
    rotational: bool | None = None
    folders: tuple[str, ...] = ()


class Disks(InventorySection, frozen=True):
    volumes: tuple[Volume, ...] = ()
    unknown: dict[str, str] = {}


class System(InventorySection, frozen=True):
    """``clock_synchronised`` is what the kernel or the time daemon says of NTP."""

    name: str = ""
    version: str = ""
    kernel: str = ""
    kernel_version: str = ""
    libc: str = ""
    python: str = ""
    clock_source: str = ""
    clock_synchronised: bool | None = None
    unknown: dict[str, str] = {}


class Runtime(msgspec.Struct, frozen=True):
    """A runtime and where it was found. ``identity`` of a program: bytes and a hash of its ends."""

    name: RuntimeName
    found_as: Literal["program", "package", "endpoint", "application"]
    where: str
    version: str = ""
    identity: str = ""
    unknown: str = ""


class Runtimes(InventorySection, frozen=True):
    found: tuple[Runtime, ...] = ()
    unknown: dict[str, str] = {}


class ModelFile(msgspec.Struct, frozen=True):
    """A file of weights. ``digest_from`` says whether ``sha256`` was computed here or is only told by
    the store's own file name. ``problem`` says what is wrong with the file, or why a part is unknown."""

    path: str
    format: Literal["gguf", "safetensors"]
    size_bytes: int
    name: str = ""
    sha256: str = ""
    digest_from: Literal["computed", "file name", ""] = ""
    architecture: str = ""
    quantisation: str = ""
    context_length: int | None = None
    problem: str = ""
    licence: str = ""
    licence_from: str = ""


class ModelFiles(InventorySection, frozen=True):
    """``folders`` are those that were there and were searched."""

    files: tuple[ModelFile, ...] = ()
    folders: tuple[str, ...] = ()
    unknown: dict[str, str] = {}


class ServedModel(msgspec.Struct, frozen=True):
    """``context_window`` is what a request may fill as served; ``trained_context`` what the weights allow;
    ``unknown`` says why the window is not known."""

    name: str
    context_window: int | None = None
    trained_context: int | None = None
    loaded: bool | None = None
    architecture: str = ""
    quantisation: str = ""
    digest: str = ""
    size_bytes: int | None = None
    unknown: str = ""


class Endpoint(msgspec.Struct, frozen=True):
    """A live model server. No key was sent: what it lists, it lists to anybody who reaches it."""

    kind: str
    base_url: str
    version: str = ""
    models: tuple[ServedModel, ...] = ()
    slots: int | None = None
    unknown: dict[str, str] = {}


class Endpoints(InventorySection, frozen=True):
    servers: tuple[Endpoint, ...] = ()
    unknown: dict[str, str] = {}


class ServiceUnit(msgspec.Struct, frozen=True):
    """What starts a model server: a unit, an agent, a container, a line of a crontab."""

    manager: Literal["systemd", "systemd --user", "launchd", "docker", "cron"]
    name: str
    command: str = ""
    state: str = ""
    enabled: str = ""
    file: str = ""
    environment: dict[str, str] = {}


class Services(InventorySection, frozen=True):
    units: tuple[ServiceUnit, ...] = ()
    unknown: dict[str, str] = {}


class Process(msgspec.Struct, frozen=True):
    """A running model server. Secrets in ``argv`` and ``environment`` are hidden."""

    runtime: RuntimeName
    argv: tuple[str, ...]
    pid: int = 0
    program: str = ""
    user: str = ""
    environment: dict[str, str] = {}
    unknown: dict[str, str] = {}


class Processes(InventorySection, frozen=True):
    servers: tuple[Process, ...] = ()
    unknown: dict[str, str] = {}


class ListeningPort(msgspec.Struct, frozen=True):
    """A listening port of a model server. ``beyond_loopback``: other machines can reach the socket
    as far as firewalls let them; ``key`` is what a listing without a key was answered with."""

    address: str
    port: int
    beyond_loopback: bool
    runtime: str = ""
    pid: int | None = None
    key: KeyNeeded = "unknown"
    key_reason: str = ""


class Listeners(InventorySection, frozen=True):
    ports: tuple[ListeningPort, ...] = ()
    unknown: dict[str, str] = {}


class Environment(InventorySection, frozen=True):
    """Variables of our own environment that change how runtimes behave; secrets hidden."""

    variables: dict[str, str] = {}
    unknown: dict[str, str] = {}


class Inventory(msgspec.Struct, frozen=True):
    """Everything, in the order in which it is shown."""

    taken_at: str
    tool_version: str
    machine: Machine
    cpu: Cpu
    memory: Memory
    gpus: Gpus
    disks: Disks
    system: System
    runtimes: Runtimes
    model_files: ModelFiles
    endpoints: Endpoints
    processes: Processes
    services: Services
    listeners: Listeners
    environment: Environment
    fingerprint: str = ""
    quick_fingerprint: str = ""
    schema: str = INVENTORY_SCHEMA
