"""The environment variables that milo-bench reads, with their meaning."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES: Mapping[str, str] = {
    "MILO_BENCH_CONFIG": "Path of bench.yaml where --config does not name one.",
    "OPENAI_BASE_URL": "An OpenAI-compatible server that `targets` and `init` look at besides the usual local ports.",
    "OPENAI_API_KEY": "Its key. Sent only there, or to a target whose api_key_env names it.",
    "OLLAMA_HOST": "Where Ollama listens. A bind address is understood: 0.0.0.0 is asked at 127.0.0.1.",
    "XDG_CACHE_HOME": "Where re-quantised weights and digests of model files are kept, in milo-bench/; else ~/.cache.",
    "OLLAMA_MODELS": "Where Ollama keeps its models; `inventory` looks there.",
    "HF_HOME": "Where the Hugging Face cache is; `inventory` looks there.",
    "HF_HUB_CACHE": "The same, for the hub's part of it.",
    "LLAMA_CACHE": "Where llama.cpp keeps downloaded models; `inventory` looks there.",
    "NO_COLOR": "No colours.",
}
