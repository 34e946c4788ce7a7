"""Live model servers and a way to ask them in; versions, served models and their context windows out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from milo_bench.core.text import one_line
from milo_bench.inventory.records import Endpoint, ServedModel
from milo_bench.inventory.runtimes.listeners import KeyAnswer

_MODELS_SHOWN = 64


@dataclass(frozen=True)
class ListedServer:
    """A server that answered a listing. ``root`` is its address without path."""

    kind: str
    api: Literal["openai", "ollama"]
    root: str
    base_url: str


@dataclass(frozen=True)
class EndpointAnswer:
    """``status`` is None where nothing came; ``data`` is the parsed JSON where it is any."""

    status: int | None = None
    data: Any = None

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.data if self.status == 200 and isinstance(self.data, dict) else {}


Fetch: TypeAlias = Callable[[str, str, str, bytes], Awaitable[EndpointAnswer]]
"""Takes root, method, path and body; never raises for a server that does not answer, never sends a key."""


async def look_at(root: str, fetch: Fetch) -> ListedServer | None:
    """Which API the server at ``root`` speaks, or None where it lists no models to us."""
    listed, tags = await asyncio.gather(fetch(root, "GET", "/v1/models", b""), fetch(root, "GET", "/api/version", b""))
    if "version" in tags.fields and (await fetch(root, "GET", "/api/tags", b"")).fields:
        return ListedServer("Ollama", "ollama", root, root)
    return ListedServer("OpenAI-compatible", "openai", root, f"{root}/v1") if listed.fields else None


async def check_key_needed(root: str, fetch: Fetch) -> KeyAnswer:
    """Whether the server answers without a key, by what it lets anybody read.

    llama-server lists its models to everybody even where it wants a key, so /props decides there.
    """
    props, models = await asyncio.gather(fetch(root, "GET", "/props", b""), fetch(root, "GET", "/v1/models", b""))
    for path, answer in (("/props", props), ("/v1/models", models)):
        if answer.status in (401, 403):
            return KeyAnswer("required", f"GET {path} without a key: {answer.status}")
    if props.status == 200:
        return KeyAnswer("not required", "GET /props without a key: 200")
    if models.status == 200 and not _is_llama(models):
        return KeyAnswer("not required", "GET /v1/models without a key: 200")
    if models.status is None and props.status is None:
        return KeyAnswer("unknown", "it did not answer")
    return KeyAnswer("unknown", f"GET /v1/models: {models.status}, GET /props: {props.status}")


def _is_llama(models: EndpointAnswer) -> bool:
    return any(entry.get("owned_by") == "llamacpp" for entry in _entries(models.fields.get("data")))


async def read_endpoint(found: ListedServer, fetch: Fetch) -> Endpoint:
    """All that the server tells of itself without a key."""
    if found.api == "ollama":
        return await _ollama(found, fetch)
    models, props, version, studio, server = await asyncio.gather(
        *(fetch(found.root, "GET", path, b"") for path in ("/v1/models", "/props", "/version", "/api/v0/models")),
        fetch(found.root, "GET", "/get_server_info", b""),
    )
    entries = _entries(models.fields.get("data"))
    by_id = {entry.get("id"): entry for entry in _entries(studio.fields.get("data"))}
    said = props.fields.get("build_info") or version.fields.get("version") or server.fields.get("version")
    unknown = {} if said else {"version": "the server does not report it"}
    if models.status != 200:
        unknown["models"] = f"GET /v1/models: {models.status or 'no answer'}"
    kind = _kind(found.kind, entries, props, by_id, server)
    served = tuple(_openai_model(entry, by_id.get(entry.get("id"), {}), props.fields) for entry in entries)
    return Endpoint(
        kind, found.base_url, show_server_value(said), served, _count(props.fields.get("total_slots")), unknown
    )


def _kind(
    kind: str,
    entries: Sequence[Mapping[str, Any]],
    props: EndpointAnswer,
    studio: Mapping[Any, Any],
    server: EndpointAnswer,
) -> str:
    if "build_info" in props.fields:
        return "llama-server"
    owners = {str(entry.get("owned_by", "")).lower() for entry in entries}
    for owner, name in (("vllm", "vLLM"), ("sglang", "SGLang"), ("llamacpp", "llama-server")):
        if owner in owners:
            return name
    if studio:
        return "LM Studio"
    return "SGLang" if "version" in server.fields else kind


def _openai_model(entry: Mapping[str, Any], studio: Mapping[str, Any], props: Mapping[str, Any]) -> ServedModel:
    raw_meta, raw_settings = entry.get("meta"), props.get("default_generation_settings")
    meta: Mapping[str, Any] = raw_meta if isinstance(raw_meta, dict) else {}
    settings: Mapping[str, Any] = raw_settings if isinstance(raw_settings, dict) else {}
    window = (
        _count(entry.get("max_model_len"))
        or _count(settings.get("n_ctx"))
        or _count(studio.get("loaded_context_length"))
        or _count(entry.get("context_window"))
    )
    state = studio.get("state")
    return ServedModel(
        name=show_server_value(entry.get("id")),
        context_window=window,
        trained_context=_count(meta.get("n_ctx_train")) or _count(studio.get("max_context_length")),
        loaded=state == "loaded" if isinstance(state, str) else None,
        architecture=show_server_value(studio.get("arch")),
        quantisation=show_server_value(studio.get("quantization")),
        size_bytes=_count(meta.get("size")),
        unknown="" if window else "the server does not report it",
    )


async def _ollama(found: ListedServer, fetch: Fetch) -> Endpoint:
    version, tags, running = await asyncio.gather(
        *(fetch(found.root, "GET", path, b"") for path in ("/api/version", "/api/tags", "/api/ps"))
    )
    unknown = {} if version.fields.get("version") else {"version": "the server does not report it"}
    entries = _entries(tags.fields.get("models"))
    if tags.status != 200:
        unknown["models"] = f"GET /api/tags: {tags.status or 'no answer'}"
    if len(entries) > _MODELS_SHOWN:
        unknown["context windows"] = f"queried only for the first {_MODELS_SHOWN} of {len(entries)} models"
    loaded = {str(entry.get("name")): entry for entry in _entries(running.fields.get("models"))}
    # One after the other: showing a model makes Ollama read its file.
    models = []
    for position, entry in enumerate(entries):
        shown = EndpointAnswer()
        if position < _MODELS_SHOWN:
            body = msgspec.json.encode({"model": str(entry.get("name"))})
            shown = await fetch(found.root, "POST", "/api/show", body)
        knows = running.status == 200
        models.append(_ollama_model(entry, loaded.get(str(entry.get("name"))), shown.fields, knows_loaded=knows))
    return Endpoint(
        "Ollama", found.base_url, show_server_value(version.fields.get("version")), tuple(models), None, unknown
    )


def _ollama_model(
    entry: Mapping[str, Any], running: Mapping[str, Any] | None, shown: Mapping[str, Any], *, knows_loaded: bool
) -> ServedModel:
    raw_details, raw_info = entry.get("details"), shown.get("model_info")
    details: Mapping[str, Any] = raw_details if isinstance(raw_details, dict) else {}
    info: Mapping[str, Any] = raw_info if isinstance(raw_info, dict) else {}
    architecture = show_server_value(info.get("general.architecture"))
    asked = re.search(r"^num_ctx\s+(\d{1,12})\s*$", str(shown.get("parameters") or ""), flags=re.MULTILINE)
    window = _count((running or {}).get("context_length")) or (int(asked[1]) if asked else None)
    digest = show_server_value(entry.get("digest"))
    return ServedModel(
        name=show_server_value(entry.get("name")),
        context_window=window,
        trained_context=_count(info.get(f"{architecture}.context_length")),
        loaded=running is not None if knows_loaded else None,
        architecture=architecture or show_server_value(details.get("family")),
        quantisation=show_server_value(details.get("quantization_level")),
        digest=f"sha256:{digest}" if re.fullmatch(r"[0-9a-f]{64}", digest) else digest,
        size_bytes=_count(entry.get("size")),
        unknown="" if window else "set when the model loads, by OLLAMA_CONTEXT_LENGTH or num_ctx",
    )


def _entries(listed: object) -> list[dict[str, Any]]:
    return [entry for entry in listed if isinstance(entry, dict)][:1000] if isinstance(listed, list) else []


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 53 else None


def show_server_value(value: object) -> str:
    """Printable text of at most 300 characters; a server can say anything."""
    if not isinstance(value, str):
        return ""
    return one_line(value, 300)
