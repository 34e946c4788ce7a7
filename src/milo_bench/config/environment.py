"""The environment variables that milo-bench reads, with their meaning."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES: Mapping[str, str] = {
    "MILO_BENCH_CONFIG": "Path of bench.yaml where --config does not name one.",
    "OPENAI_BASE_URL": "An OpenAI-compatible server that `targets` and `init` look at besides the usual local ports.",
    "OPENAI_API_KEY": "Its key. Sent only there, or to a target whose api_key_env names it.",
    "OLLAMA_HOST": "Where Ollama listens. A bind address is understood: 0.0.0.0 is asked at 127.0.0.1.",
    "XDG_CACHE_HOME": "Where re-quantised weights are kept, in milo-bench/; ~/.cache where it is not set.",
    "NO_COLOR": "No colours.",
}
