"""Ollama, vLLM and llama-server: what answers and processes prove, on recorded shapes and own folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from milo_bench.core.records import Adapter
from milo_bench.core.weights.digests import DigestBook
from milo_bench.targets.identity.llama_server import identify_llama_server
from milo_bench.targets.identity.ollama import identify_ollama
from milo_bench.targets.identity.processes import ServingProcess
from milo_bench.targets.identity.vllm import identify_snapshot

BLOB = "ab" * 32
SHOWN = {
    "modelfile": f"FROM /models/blobs/sha256-{BLOB}\nADAPTER /models/blobs/sha256-{BLOB}\nTEMPLATE x",
    "template": "{{ .Prompt }}",
    "parameters": "num_ctx 4096",
    "license": "Apache License\nVersion 2.0",
    "model_info": {},
}


def test_ollama_tells_template_adapters_parameters_and_licence() -> None:
    server = ServingProcess(1, ("/usr/bin/ollama", "serve"), variables={"OLLAMA_KV_CACHE_TYPE": "q8_0"})
    known = identify_ollama(SHOWN, [server], has_digest=True)
    assert known.adapters == (Adapter(f"sha256-{BLOB}", f"sha256:{BLOB}"),)
    assert known.cache == "k=q8_0, v=q8_0" and known.licence == "Apache License"
    assert known.chat_template.startswith("sha256:") and not known.unknown
    other = identify_ollama(SHOWN | {"parameters": "num_ctx 2048"}, [server], has_digest=True)
    assert other.parameters != known.parameters


def test_what_ollama_does_not_say_is_unknown_and_never_a_default() -> None:
    known = identify_ollama({}, [], has_digest=False)
    assert set(known.unknown) == {"weights", "chat template", "adapters", "licence", "cache", "flags"}
    assert (known.cache, known.parameters, known.adapters) == ("", "", None)


def test_vllms_snapshot_is_found_by_its_arguments_and_hashed(tmp_path: Path) -> None:
    stored = tmp_path / "hub" / "models--org--small"
    snapshot = stored / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text("0123abc")
    (snapshot / "model.safetensors").write_bytes(b"weights")
    (snapshot / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Small\n")
    (snapshot / "tokenizer_config.json").write_text("{}")
    argv = ("python", "/bin/vllm", "serve", "org/small", "--kv-cache-dtype", "fp8", "--api-key", "sk-secret123")
    server = ServingProcess(1, argv, variables={"HF_HOME": str(tmp_path)})

    def identify() -> tuple[str, str]:
        book = DigestBook(None, budget_s=None, largest_bytes=None)
        found = identify_snapshot("org/small", [server], book, programs=("vllm",))
        assert (found.identity.cache, found.identity.licence) == ("k=fp8, v=fp8", "apache-2.0")
        assert "sk-secret123" not in str(found.identity)
        return found.digest, found.identity.chat_template

    digest, template = identify()
    assert digest.startswith("sha256:") and template.startswith("sha256:")
    (snapshot / "model.safetensors").write_bytes(b"another")
    assert identify()[0] != digest


def test_a_snapshot_of_another_machine_is_unknown() -> None:
    found = identify_snapshot("org/small", [], None, programs=("vllm",))
    assert found.digest == "" and "weights" in found.identity.unknown


@pytest.mark.parametrize(
    ("settings", "window"), [({"n_ctx": 0}, None), ({}, None), ({"n_ctx": -1}, None), ({"n_ctx": 4096}, 4096)]
)
async def test_a_llama_server_that_gives_zero_tokens_of_window_gives_none(
    settings: dict[str, int], window: int | None
) -> None:
    async def get_json(path: str) -> Any:
        router = {"role": "router", "default_generation_settings": {"n_ctx": 0}}
        return {"/props": router, "/props?model=a%2Fb": {"default_generation_settings": settings}}.get(path)

    found = await identify_llama_server(get_json, "a/b", [], lambda: DigestBook(None))
    assert (found.window, found.is_router) == (window, True)
