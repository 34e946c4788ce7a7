"""Inventories and their differences in, Markdown, JSON and lines of text out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from milo_bench.core.text import visible
from milo_bench.core.units import byte_count, figure, number, share
from milo_bench.inventory.diff import InventoryDifference
from milo_bench.inventory.records import Endpoints, Inventory, ModelFiles

DIFFERENCE_SCHEMA = "milo-bench.inventory-difference/1"


def inventory_json(inventory: Inventory) -> str:
    """One document; every field is there, also those that are unknown."""
    return msgspec.json.format(msgspec.json.encode(inventory), indent=2).decode() + "\n"


def difference_json(difference: InventoryDifference) -> str:
    document = {"schema": DIFFERENCE_SCHEMA, **msgspec.structs.asdict(difference)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def difference_text(difference: InventoryDifference) -> str:
    """One sentence a line, then what it means for the fingerprint."""
    lines = [visible(change.sentence, keep="") for change in difference.changes] or ["Nothing changed."]
    before, after = difference.before_fingerprint[:12], difference.after_fingerprint[:12]
    if difference.fingerprint_changed:
        lines.append(f"fingerprint: {before} → {after}")
    else:
        lines.append(f"fingerprint: {after}, the same")
    return "\n".join(lines) + "\n"


def inventory_markdown(inventory: Inventory) -> str:
    """A page for a person: sections in a fixed order, each with its facts or with why they are unknown."""
    parts = [
        "# Inventory",
        f"Taken {inventory.taken_at} by milo-bench {inventory.tool_version}.",
        f"Fingerprint `{inventory.fingerprint}`  \nof run logs `{inventory.quick_fingerprint}`",
        *_machine(inventory),
        *_things(inventory),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(inventory: Inventory) -> list[str]:
    machine, cpu, memory, system = inventory.machine, inventory.cpu, inventory.memory, inventory.system
    pressure = [
        f"{item.resource} some {share(item.some_60s)}"
        + (f", all {share(item.full_60s)}" if item.full_60s is not None else "")
        for item in memory.pressure
    ]
    clock = {True: "by NTP", False: "no", None: ""}[system.clock_synchronised]
    gpus = [
        [
            f"{gpu.vendor} {gpu.name}".strip(),
            _bytes(gpu.memory_total_bytes),
            _bytes(gpu.memory_used_bytes),
            gpu.driver,
            gpu.compute,
            figure(gpu.power_limit_w, "W") if gpu.power_limit_w is not None else "",
            ", ".join(part for part in (gpu.mig and f"MIG {gpu.mig}", gpu.ecc and f"ECC {gpu.ecc}") if part),
        ]
        for gpu in inventory.gpus.devices
    ]
    volumes = [
        [
            volume.mount,
            volume.device,
            volume.filesystem,
            _bytes(volume.total_bytes),
            _bytes(volume.free_bytes),
            {True: "turning", False: "solid state", None: ""}[volume.rotational],
            "<br>".join(map(_cell, volume.folders)),
        ]
        for volume in inventory.disks.volumes
    ]
    return [
        _section(
            "Machine",
            _facts(
                ("Class", machine.machine_class),
                ("Vendor", machine.vendor),
                ("Product", machine.product),
                ("Virtualised by", machine.virtualisation),
                ("Container", machine.container),
            ),
            machine.unknown,
        ),
        _section(
            "Processor",
            _facts(
                ("Model", cpu.model),
                ("Architecture", cpu.architecture),
                ("Cores", _cores(inventory)),
                ("Highest frequency", figure(cpu.max_mhz, "MHz") if cpu.max_mhz else ""),
                ("Governor", cpu.governor),
                ("Microcode", cpu.microcode),
                ("Instruction sets", " ".join(cpu.instruction_sets)),
            ),
            cpu.unknown,
        ),
        _section(
            "Memory",
            _facts(
                ("Total", _bytes(memory.total_bytes)),
                ("Available", _bytes(memory.available_bytes)),
                ("Limit of the control group", _bytes(memory.limit_bytes)),
                ("Swap", _bytes(memory.swap_total_bytes)),
                ("Swap in use", _bytes(memory.swap_used_bytes)),
                ("Transparent huge pages", memory.huge_pages),
                ("Time waited in the last 60 s", "; ".join(pressure)),
            ),
            memory.unknown,
        ),
        _section(
            "GPUs",
            _table(("GPU", "memory", "in use", "driver", "compute", "power limit", "modes"), gpus),
            inventory.gpus.unknown,
        ),
        _section(
            "Disks with models",
            _table(("mount", "device", "file system", "size", "free", "kind", "folders"), volumes, markup=(6,)),
            inventory.disks.unknown,
        ),
        _section(
            "Operating system",
            _facts(
                ("System", f"{system.name} {system.version}".strip()),
                ("Kernel", f"{system.kernel} {system.kernel_version}".strip()),
                ("C library", system.libc),
                ("Python", system.python),
                ("Clock source", system.clock_source),
                ("Clock synchronised", clock),
            ),
            system.unknown,
        ),
    ]


def _things(inventory: Inventory) -> list[str]:
    runtimes = [
        [item.name, item.version or _why(item.unknown), item.found_as, item.where] for item in inventory.runtimes.found
    ]
    processes = [
        [server.runtime, str(server.pid), server.user, _code(" ".join(server.argv)), _pairs(server.environment)]
        for server in inventory.processes.servers
    ]
    process_unknown = dict(inventory.processes.unknown)
    for server in inventory.processes.servers:
        process_unknown |= {f"{part} of {server.pid}": why for part, why in server.unknown.items()}
    units = [
        [unit.manager, unit.name, unit.state, unit.enabled, _code(unit.command), _pairs(unit.environment), unit.file]
        for unit in inventory.services.units
    ]
    ports = [
        [
            f"{item.address}:{item.port}",
            item.runtime,
            "yes" if item.beyond_loopback else "no",
            f"{item.key} ({item.key_reason})" if item.key_reason else item.key,
        ]
        for item in inventory.listeners.ports
    ]
    variables = [[name, _code(value)] for name, value in inventory.environment.variables.items()]
    return [
        _section("Runtimes", _table(("runtime", "version", "found as", "where"), runtimes), inventory.runtimes.unknown),
        _section("Model files", _model_files(inventory.model_files), inventory.model_files.unknown),
        _section("Live servers", _endpoints(inventory.endpoints), _endpoint_unknown(inventory.endpoints)),
        _section(
            "Server processes",
            _table(("runtime", "process", "user", "start command", "environment"), processes, markup=(3, 4)),
            process_unknown,
        ),
        _section(
            "What starts them",
            _table(("manager", "name", "state", "enabled", "command", "environment", "file"), units, markup=(4, 5)),
            inventory.services.unknown,
        ),
        _section(
            "Listeners",
            _table(("address", "server", "beyond loopback", "key"), ports),
            inventory.listeners.unknown,
        ),
        _section("Environment", _table(("variable", "value"), variables, markup=(1,)), inventory.environment.unknown),
    ]


def _model_files(files: ModelFiles) -> str:
    rows = [
        [
            _cell(file.path) + (f"<br>{_cell(file.name)}" if file.name else ""),
            _bytes(file.size_bytes),
            file.architecture or "unknown",
            file.quantisation or "unknown",
            f"{file.context_length:,}" if file.context_length else "unknown",
            _code(file.sha256) + (" by file name" if file.digest_from == "file name" else ""),
            f"{file.licence} ({file.licence_from})" if file.licence else "unknown",
            file.problem,
        ]
        for file in files.files
    ]
    searched = "Folders searched: " + ", ".join(_code(folder) for folder in files.folders) if files.folders else ""
    header = ("file", "size", "architecture", "quantisation", "context", "sha256", "licence", "problem")
    return "\n\n".join(part for part in (_table(header, rows, markup=(0, 5)), searched) if part)


def _endpoints(endpoints: Endpoints) -> str:
    rows = [
        [
            server.base_url,
            f"{server.kind} {server.version}".strip(),
            str(server.slots or ""),
            model.name,
            f"{model.context_window:,}" if model.context_window else _why(model.unknown),
            f"{model.trained_context:,}" if model.trained_context else "",
            model.quantisation,
            model.digest,
        ]
        for server in endpoints.servers
        for model in server.models or ()
    ]
    empty = [
        f"{server.kind} at {server.base_url} lists no models." for server in endpoints.servers if not server.models
    ]
    header = ("address", "server", "slots", "model", "context window", "trained context", "quantisation", "digest")
    return "\n\n".join([_table(header, rows), *empty]).strip()


def _endpoint_unknown(endpoints: Endpoints) -> dict[str, str]:
    unknown = dict(endpoints.unknown)
    for server in endpoints.servers:
        unknown |= {f"{part} of {server.base_url}": why for part, why in server.unknown.items()}
    return unknown


def _cores(inventory: Inventory) -> str:
    cpu = inventory.cpu
    counts = (
        (cpu.sockets, "socket", "sockets"),
        (cpu.physical_cores, "core", "cores"),
        (cpu.logical_cores, "thread", "threads"),
        (cpu.usable_cores, "usable", "usable"),
        (cpu.quota_cores, "by quota", "by quota"),
    )
    return ", ".join(
        f"{number(count)} {one if count == 1 else many}" for count, one, many in counts if count is not None
    )


def _section(title: str, body: str, unknown: Mapping[str, str]) -> str:
    """Never empty: facts, or that none were found, and what is unknown with its reason."""
    lines = [f"- unknown: {_cell(part)}: {_cell(why)}" for part, why in unknown.items()]
    said = body or ("" if lines else "None found.")
    return "\n\n".join(part for part in (f"## {title}", said, "\n".join(lines)) if part)


def _facts(*facts: tuple[str, str]) -> str:
    return "\n".join(f"- {name}: {_cell(value)}" for name, value in facts if value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], markup: Iterable[int] = ()) -> str:
    """A Markdown table; the cells of the columns in ``markup`` are Markdown already, all others plain text."""
    if not rows:
        return ""
    done = set(markup)
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for row in rows:
        cells = [cell if column in done else _cell(cell) for column, cell in enumerate(row)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text from anywhere, as text: no markup, no second cell, no second line."""
    flat = re.sub(r"([\\`*\[\]<>|])", r"\\\1", " ".join(text.split()))
    # Within a word an underscore is only that; at its edge it would begin emphasis.
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", flat)


def _code(text: str) -> str:
    flat = " ".join(text.replace("`", "'").replace("|", "\\|").split())
    return f"`{flat}`" if flat else ""


def _pairs(environment: Mapping[str, str]) -> str:
    return _code(" ".join(f"{name}={value}" for name, value in environment.items()))


def _bytes(value: int | None) -> str:
    return "" if value is None else byte_count(value)


def _why(reason: str) -> str:
    return f"unknown: {reason}" if reason else "unknown"
