"""What Ollama tells of a model and its own process's variables in, the model's identity out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from milo_bench.core.hashing import sha256_text
from milo_bench.core.records import Adapter, Identity
from milo_bench.core.text import one_line
from milo_bench.targets.identity.processes import ServingProcess

# Variables of `ollama serve` that change answers or speed, by the names that the record has.
_VARIABLES: Final = ("FLASH_ATTENTION", "NUM_PARALLEL", "CONTEXT_LENGTH", "KV_CACHE_TYPE", "NEW_ENGINE", "LLM_LIBRARY")
_ADAPTER = re.compile(r"^ADAPTER\s+(\S+)", re.IGNORECASE | re.MULTILINE)
_BLOB = re.compile(r"sha256[-:]([0-9a-f]{64})")
_ELSEWHERE: Final = "the server's process is not on this machine, or belongs to another user"


def identify_ollama(shown: Mapping[str, Any], processes: Sequence[ServingProcess], *, has_digest: bool) -> Identity:
    """``shown`` is the answer of /api/show. The digest of the manifest covers weights, template and parameters."""
    unknown = {} if has_digest else {"weights": "the server does not list a digest"}
    template, modelfile = shown.get("template"), shown.get("modelfile")
    if not isinstance(template, str) or not template:
        unknown["chat template"] = "the server does not show it"
    if not isinstance(modelfile, str):
        unknown["adapters"] = "the server does not show its Modelfile"
    licence, source = _licence(shown)
    if not licence:
        unknown["licence"] = "the server does not show one"
    served = next((process for process in processes if any("ollama" in word for word in process.argv[:1])), None)
    if served is None:
        unknown["cache"] = unknown["flags"] = _ELSEWHERE
    variables = served.variables if served is not None else {}
    kinds = variables.get("OLLAMA_KV_CACHE_TYPE", "f16")
    parameters = shown.get("parameters")
    return Identity(
        weights_from="manifest that Ollama lists" if has_digest else "",
        adapters=_adapters(modelfile) if isinstance(modelfile, str) else None,
        chat_template=f"sha256:{sha256_text(template)}" if isinstance(template, str) and template else "",
        cache=f"k={kinds}, v={kinds}" if served is not None else "",
        flags={
            name.lower().replace("_", "-"): one_line(variables[f"OLLAMA_{name}"], 100)
            for name in _VARIABLES
            if f"OLLAMA_{name}" in variables and name != "KV_CACHE_TYPE"
        },
        # No parameters are parameters too: the model has none of its own.
        parameters=f"sha256:{sha256_text(parameters if isinstance(parameters, str) else '')}" if shown else "",
        licence=licence,
        licence_from=source,
        unknown=unknown,
    )


def _adapters(modelfile: str) -> tuple[Adapter, ...]:
    found = []
    for match in _ADAPTER.finditer(modelfile):
        blob = _BLOB.search(match[1])
        found.append(Adapter(one_line(match[1].rpartition("/")[2], 100), f"sha256:{blob[1]}" if blob else ""))
    return tuple(found)


def _licence(shown: Mapping[str, Any]) -> tuple[str, str]:
    info = shown.get("model_info")
    said = info.get("general.license") if isinstance(info, Mapping) else None
    if isinstance(said, str) and said.strip():
        return one_line(said, 100), "general.license of the model's metadata"
    text = shown.get("license")
    text = text[0] if isinstance(text, list) and text else text
    if not isinstance(text, str):
        return "", ""
    title = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return (one_line(title, 100), "first line of the licence that Ollama shows") if title else ("", "")
