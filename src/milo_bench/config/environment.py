"""The environment variables that milo-bench reads, with their meaning."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES: Mapping[str, str] = {
    "MILO_BENCH_CONFIG": "Path of bench.yaml if --config is not given.",
    "MILO_BENCH_BOARD_TOKEN": "Token that `board` takes in place of a new one at each start.",
    "OPENAI_BASE_URL": "An OpenAI-compatible server that `targets` and `init` check besides the usual local ports.",
    "OPENAI_API_KEY": "Its key. Sent only there, or to a target whose api_key_env names it.",
    "OLLAMA_HOST": "Where Ollama listens. A bind address such as 0.0.0.0 is reached at 127.0.0.1.",
    "XDG_CONFIG_HOME": "Folder whose milo-bench/ keeps which suites' Python you trust. Default ~/.config.",
    "XDG_CACHE_HOME": "Folder whose milo-bench/ keeps weights, digests, environments and tables. Default ~/.cache.",
    "OLLAMA_MODELS": "Where Ollama keeps its models. `inventory` searches it.",
    "HF_HOME": "Where the Hugging Face cache is. `inventory` searches it.",
    "HF_HUB_CACHE": "The same, for its hub part.",
    "LLAMA_CACHE": "Where llama.cpp keeps downloaded models. `inventory` searches it.",
    "SSL_CERT_FILE": "Certificate authorities to trust in place of the system's. A target's ca_file adds to them.",
    "HTTPS_PROXY": "Proxy for https targets that set none. HTTP_PROXY counts too, in capitals or not.",
    "NO_PROXY": "Hosts and networks that are reached without a proxy.",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "OpenTelemetry collector that spans go to. OTEL_EXPORTER_OTLP_TRACES_ENDPOINT too.",
    "OTEL_SDK_DISABLED": "`true`: no spans.",
    "OTEL_SERVICE_NAME": "Service name of spans. Default milo-bench-run, -load or -gateway.",
    "NO_COLOR": "No colours.",
}
