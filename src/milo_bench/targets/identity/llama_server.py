"""What llama-server tells of itself and the processes behind its port in, its identity out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from milo_bench.core.hashing import sha256_data, sha256_text
from milo_bench.core.records import Adapter, Identity
from milo_bench.core.text import one_line
from milo_bench.core.weights.digests import DigestBook
from milo_bench.core.weights.gguf_header import Header
from milo_bench.targets.http.answer import finite_number
from milo_bench.targets.identity.files import LoadedFiles
from milo_bench.targets.identity.llama_flags import cache_types, read_flags, shown_flags
from milo_bench.targets.identity.processes import ServingProcess, read_processes

GetJson: TypeAlias = Callable[[str], Awaitable[Any]]

_ELSEWHERE: Final = "the server's process is not on this machine, or belongs to another user"
_FILES_IN_FLAGS: Final = ("mmproj", "model-draft", "control-vector")
_MOST_ADAPTERS: Final = 64


@dataclass(frozen=True)
class LlamaServer:
    """``identity`` and what else the server tells. ``window`` is None where it does not say, or says 0."""

    identity: Identity
    model_digest: str = ""
    quantisation: str = ""
    family: str = ""
    build: str = ""
    window: int | None = None
    is_router: bool = False


async def identify_llama_server(
    get_json: GetJson, model: str, pids: Sequence[int], open_book: Callable[[], DigestBook]
) -> LlamaServer:
    """Ask /props and /lora-adapters, of this model where the server is a router of several.

    The weights are those that a process of the server has loaded; a path alone proves nothing.
    """
    props = _mapping(await get_json("/props"))
    of_model = ""
    if is_router := props.get("role") == "router":
        of_model = f"?model={quote(model, safe='')}"
        props = {**_mapping(await get_json(f"/props{of_model}")), "build_info": props.get("build_info")}
    adapters = await get_json(f"/lora-adapters{of_model}")
    processes = await asyncio.to_thread(read_processes, pids)
    return await asyncio.to_thread(_identify, props, adapters, processes, open_book, is_router)


def _identify(
    props: Mapping[str, Any],
    adapters: Any,
    processes: Sequence[ServingProcess],
    open_book: Callable[[], DigestBook],
    is_router: bool,
) -> LlamaServer:
    unknown: dict[str, str] = {}
    path = props.get("model_path")
    owner = _owner(processes, path if isinstance(path, str) else "")
    files = LoadedFiles(processes, open_book()) if processes else None
    digest, header = "", Header()
    if files is None:
        unknown["weights"] = unknown["licence"] = _ELSEWHERE
    elif not isinstance(path, str) or not path:
        unknown["weights"] = unknown["licence"] = "the server does not name its file"
    else:
        loaded = files.find(path)
        digest, header = loaded.digest, loaded.header
        if not digest:
            unknown["weights"] = unknown["licence"] = loaded.why
        elif not header.licence:
            unknown["licence"] = "the metadata of the weights does not name one"
    flags: dict[str, str] = {}
    if owner is None:
        unknown["cache"] = unknown["flags"] = _ELSEWHERE
    else:
        flags = read_flags(owner.argv, owner.variables)
    template = props.get("chat_template")
    if not isinstance(template, str) or not template:
        unknown["chat template"] = "the server does not show it"
    settings = _mapping(props.get("default_generation_settings"))
    params = settings.get("params")
    if not isinstance(params, Mapping):
        unknown["parameters"] = "the server does not show them"
    return LlamaServer(
        Identity(
            weights_from="file that the server's process has loaded" if digest else "",
            adapters=_adapters(adapters, files, unknown),
            chat_template=f"sha256:{sha256_text(template)}" if isinstance(template, str) and template else "",
            cache=cache_types(flags) if owner is not None else "",
            flags=_with_digests(shown_flags(flags), flags, files),
            parameters=f"sha256:{sha256_data(_stable(params))}" if isinstance(params, Mapping) else "",
            licence=header.licence,
            licence_from="general.license of the GGUF file" if header.licence else "",
            unknown=unknown,
        ),
        model_digest=digest,
        quantisation=_said(props.get("model_ftype")) or header.quantisation,
        family=header.architecture,
        build=_said(props.get("build_info")),
        window=_window(settings.get("n_ctx")),
        is_router=is_router,
    )


def _owner(processes: Sequence[ServingProcess], path: str) -> ServingProcess | None:
    """The process that has the weights: of a router's family that is a child."""
    holds = [process for process in processes if path and (path in process.mapped or path in process.argv)]
    named = holds or [process for process in processes if "llama" in (process.argv[:1] or ("",))[0]]
    return named[-1] if named else None


def _adapters(said: Any, files: LoadedFiles | None, unknown: dict[str, str]) -> tuple[Adapter, ...] | None:
    if not isinstance(said, list):
        unknown["adapters"] = "the server does not list them"
        return None
    found = []
    for entry in [entry for entry in said if isinstance(entry, Mapping)][:_MOST_ADAPTERS]:
        path, scale = entry.get("path"), entry.get("scale")
        loaded = files.find(path) if files is not None and isinstance(path, str) else None
        if loaded is None or not loaded.digest:
            unknown["adapters"] = f"digest unknown: {loaded.why if loaded else _ELSEWHERE}"
        name = one_line(str(path).replace("\\", "/").rpartition("/")[2], 100)
        found.append(Adapter(name, loaded.digest if loaded else "", finite_number(scale) or 0.0))
    return tuple(found)


def _with_digests(shown: dict[str, str], flags: Mapping[str, str], files: LoadedFiles | None) -> dict[str, str]:
    """Files that flags name, by their digests: a name says nothing of what is in them."""
    for name in _FILES_IN_FLAGS:
        if name in flags and files is not None:
            shown[name] = files.find(flags[name]).digest or "unknown"
    return shown


def _stable(params: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults that a request without settings of its own gets; a random seed is none of them."""
    return {name: value for name, value in params.items() if name not in ("seed", "lora")}


def _window(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 53 else None


def _said(value: object) -> str:
    return one_line(value, 100) if isinstance(value, str) else ""


def _mapping(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}
