"""The usual local ports and two variables of the environment in, the model servers that answer there out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from milo_bench.core.errors import ConfigError
from milo_bench.core.records import Timeouts
from milo_bench.targets.http.address import Address, ollama_url, parse_address
from milo_bench.targets.http.answer import decode_json
from milo_bench.targets.http.plain import open_plain
from milo_bench.targets.http.reply import Wire
from milo_bench.targets.listening import model_server_ports

# Together under a second: connecting to a local port takes microseconds, and a listing is short.
_LIMITS = Timeouts(connect_s=0.3, first_token_s=0.6, total_s=0.6)
_USUAL: tuple[tuple[str, int], ...] = (
    ("Ollama", 11434),
    ("llama-server", 8080),
    ("LM Studio", 1234),
    ("vLLM", 8000),
    ("SGLang", 30000),
)
_OWNERS = {"llamacpp": "llama-server", "vllm": "vLLM", "sglang": "SGLang", "organization_owner": "LM Studio"}


@dataclass(frozen=True)
class DiscoveredServer:
    """A server that answered. ``base_url`` is what bench.yaml wants; ``source`` is "port", "process" or a
    variable's name.
    """

    kind: str
    api: Literal["openai", "ollama"]
    base_url: str
    models: tuple[str, ...]
    source: str


async def discover_local(env: Mapping[str, str]) -> list[DiscoveredServer]:
    """Ask all places at once; under a second in all.

    No key is ever sent: a port that we guessed may be anybody's, and a server that wants one is
    left out. ``OPENAI_BASE_URL`` and ``OLLAMA_HOST`` are asked as well, where they are no https
    address of somebody else's.
    """
    places: dict[tuple[str, int, str], tuple[str, Address, str, bool]] = {}

    def consider(kind: str, url: str, source: str, *, ollama: bool) -> None:
        try:
            address = parse_address(url)
        except ConfigError:
            return
        if not address.tls:
            host = "127.0.0.1" if address.host == "localhost" else address.host
            places.setdefault((host, address.port, "" if ollama else "/v1"), (kind, address, source, ollama))

    if env.get("OLLAMA_HOST"):
        consider("Ollama", ollama_url(env["OLLAMA_HOST"]), "OLLAMA_HOST", ollama=True)
    if env.get("OPENAI_BASE_URL"):
        consider("", env["OPENAI_BASE_URL"], "OPENAI_BASE_URL", ollama=False)
    for kind, port in _USUAL:
        base = f"http://127.0.0.1:{port}"
        consider(kind, base if kind == "Ollama" else f"{base}/v1", "port", ollama=kind == "Ollama")
    for port in await asyncio.to_thread(model_server_ports):
        consider("", f"http://127.0.0.1:{port}/v1", "process", ollama=False)
    found = await asyncio.gather(*(_ask(*place) for place in places.values()))
    return [server for server in found if server is not None]


async def _ask(kind: str, address: Address, source: str, ollama: bool) -> DiscoveredServer | None:
    wire = open_plain(address)
    try:
        if ollama:
            entries = await _list(wire, f"{address.path}/api/tags", "models", "name")
            if entries is None:
                return None
            return DiscoveredServer(
                "Ollama", "ollama", f"{address.shown}{address.path}", _names(entries, "name"), source
            )
        entries = await _list(wire, f"{address.path}/models", "data", "id")
        if entries is None:
            return None
        owner = str(entries[0].get("owned_by", "")).lower() if entries else ""
        # A port alone names nobody: what does not say what it is has no name.
        kind = _OWNERS.get(owner, "OpenAI-compatible")
        return DiscoveredServer(kind, "openai", f"{address.shown}{address.path}", _names(entries, "id"), source)
    finally:
        await wire.close()


async def _list(wire: Wire, path: str, field: str, key: str) -> list[dict[str, Any]] | None:
    reply = await wire.fetch("GET", path, timeouts=_LIMITS)
    if reply.broken is not None or reply.status != 200:
        return None
    try:
        data = decode_json(reply.body())
    except ValueError:
        return None
    entries = data.get(field) if isinstance(data, Mapping) else None
    if not isinstance(entries, list):
        return None
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get(key), str)]


def _names(entries: list[dict[str, Any]], key: str) -> tuple[str, ...]:
    """Names as a server lists them, of those that can be printed and written into a file."""
    return tuple(entry[key] for entry in entries if entry[key].isprintable() and len(entry[key]) <= 300)
