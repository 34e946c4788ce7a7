"""What to look at in, one whole inventory out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from milo_bench.core.text import visible
from milo_bench.core.version import __version__
from milo_bench.core.weights.digests import DigestBook
from milo_bench.inventory.environment import read_environment
from milo_bench.inventory.fingerprint import fingerprint, quick_fingerprint
from milo_bench.inventory.hardware.cpu import read_cpu
from milo_bench.inventory.hardware.disks import read_disks
from milo_bench.inventory.hardware.gpu import read_gpus
from milo_bench.inventory.hardware.machine import read_machine
from milo_bench.inventory.hardware.memory import read_memory
from milo_bench.inventory.hardware.system import read_system
from milo_bench.inventory.models.files import read_model_files
from milo_bench.inventory.models.places import WeightsPlace
from milo_bench.inventory.reading import Commands, Reader, run_command
from milo_bench.inventory.records import Endpoint, Endpoints, Inventory, Processes, Runtime, RuntimeName, Runtimes
from milo_bench.inventory.runtimes.endpoints import Fetch, ListedServer, check_key_needed, look_at, read_endpoint
from milo_bench.inventory.runtimes.installed import read_runtimes
from milo_bench.inventory.runtimes.listeners import (
    KeyAnswer,
    Socket,
    listening_sockets,
    local_port,
    read_listeners,
)
from milo_bench.inventory.runtimes.listeners import (
    server_sockets as sockets_of,
)
from milo_bench.inventory.runtimes.processes import read_processes, server_programs
from milo_bench.inventory.runtimes.services import read_services

Discover: TypeAlias = Callable[[], Awaitable[Sequence[ListedServer]]]

_KINDS: Mapping[str, RuntimeName] = {
    "Ollama": "ollama",
    "llama-server": "llama.cpp",
    "vLLM": "vllm",
    "LM Studio": "lm-studio",
    "SGLang": "sglang",
}


@dataclass(frozen=True)
class Survey:
    """What an inventory looks at. ``verify_told`` hashes files whose digest their store already tells."""

    env: Mapping[str, str]
    home: Path
    places: Sequence[WeightsPlace]
    model_files: Sequence[Path]
    book: DigestBook
    discover: Discover
    fetch: Fetch
    now: datetime
    verify_told: bool = False
    reader: Reader = field(default_factory=Reader)
    commands: Commands = run_command


async def take_inventory(survey: Survey) -> Inventory:
    """Read everything, one source after the other. Raises nothing for what cannot be read: it is said."""
    reader, commands = survey.reader, survey.commands
    processes = read_processes()
    sockets, why = listening_sockets(reader)
    own = sockets_of(sockets, processes)
    endpoints, keys = await _ask_servers(survey, own)
    runtimes = read_runtimes(survey.env, commands=commands, extra_programs=server_programs(processes))
    runtimes = Runtimes((*runtimes.found, *_served(endpoints, own, processes)), runtimes.unknown)
    folders = [place.path for place in survey.places] + [path.parent for path in survey.model_files]
    inventory = Inventory(
        taken_at=survey.now.isoformat(timespec="seconds"),
        tool_version=__version__,
        machine=read_machine(reader, commands),
        cpu=read_cpu(reader, commands),
        memory=read_memory(reader, commands),
        gpus=read_gpus(reader, commands),
        disks=read_disks(folders, reader),
        system=read_system(reader, commands),
        runtimes=runtimes,
        model_files=read_model_files(survey.places, survey.model_files, survey.book, verify_told=survey.verify_told),
        endpoints=endpoints,
        processes=processes,
        services=read_services(reader, survey.home, commands),
        listeners=read_listeners(sockets, why, processes, endpoints.servers, keys),
        environment=read_environment(survey.env),
        quick_fingerprint=quick_fingerprint(survey.env, reader),
    )
    inventory = msgspec.convert(_printable(msgspec.to_builtins(inventory)), type=Inventory)
    return replace(inventory, fingerprint=fingerprint(inventory))


def _printable(data: Any) -> Any:
    """Names of files, servers and variables come from anywhere; none may act on a terminal or break the JSON."""
    match data:
        case str():
            return visible(data, keep="")
        case list() | tuple():
            return [_printable(item) for item in data]
        case dict():
            return {_printable(key): _printable(value) for key, value in data.items()}
        case _:
            return data


async def _ask_servers(survey: Survey, own: Sequence[Socket]) -> tuple[Endpoints, dict[int, KeyAnswer]]:
    """Servers found by discovery, and those whose process listens on a port of its own choosing."""
    found = {item.root: item for item in await survey.discover()}
    known = {local_port(root) for root in found}
    keys: dict[int, KeyAnswer] = {}
    unknown: dict[str, str] = {}
    for item in own:
        if item.port in known:
            continue
        known.add(item.port)
        root = _root(item)
        server = await look_at(root, survey.fetch)
        if server is not None:
            found[root] = server
            continue
        keys[item.port] = answer = await check_key_needed(root, survey.fetch)
        unknown[f"server at {root}"] = f"lists no models without a key ({answer.reason})"
    servers: list[Endpoint] = []
    for root, server in sorted(found.items()):
        servers.append(await read_endpoint(server, survey.fetch))
        port = local_port(root)
        if port is not None:
            keys[port] = await _key(server, survey.fetch)
    return Endpoints(tuple(servers), unknown), keys


async def _key(server: ListedServer, fetch: Fetch) -> KeyAnswer:
    if server.api == "ollama":
        return KeyAnswer("not required", "GET /api/tags without a key: 200")
    return await check_key_needed(server.root, fetch)


def _root(item: Socket) -> str:
    """Where to reach a socket from this machine: a bind to every interface is asked on the loopback."""
    host = item.address
    if host == "0.0.0.0":  # noqa: S104  # compared with, not bound
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{item.port}" if ":" in host else f"http://{host}:{item.port}"


def _served(endpoints: Endpoints, own: Sequence[Socket], processes: Processes) -> list[Runtime]:
    """Runtimes known by an answering server. Embedded ones are left out: they are there only while a run
    lasts, and their package tells the version."""
    embedded = {server.pid for server in processes.servers if server.runtime == "xllamacpp"}
    passing = {item.port for item in own if item.pid in embedded}
    found = []
    for server in endpoints.servers:
        name = _KINDS.get(server.kind)
        if name is not None and local_port(server.base_url) not in passing:
            why = server.unknown.get("version", "")
            found.append(Runtime(name, "endpoint", server.base_url, server.version, unknown=why))
    return found
