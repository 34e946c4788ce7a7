"""llama-server's arguments and variables in, those that change answers or speed out, by one name each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from milo_bench.core.hiding import shown_value

# Short and older names, as `llama-server --help` lists them.
_LONG: Final[Mapping[str, str]] = {
    "c": "ctx-size", "n": "predict", "n-predict": "predict", "b": "batch-size", "ub": "ubatch-size",
    "fa": "flash-attn", "ctk": "cache-type-k", "ctv": "cache-type-v", "np": "parallel", "cb": "cont-batching",
    "nocb": "no-cont-batching", "ngl": "gpu-layers", "n-gpu-layers": "gpu-layers", "sm": "split-mode",
    "ts": "tensor-split", "mg": "main-gpu", "t": "threads", "tb": "threads-batch", "nkvo": "no-kv-offload",
    "kvo": "kv-offload", "nr": "no-repack", "dev": "device", "ot": "override-tensor", "cmoe": "cpu-moe",
    "ncmoe": "n-cpu-moe", "m": "model", "mu": "model-url", "hf": "hf-repo", "hfr": "hf-repo", "hff": "hf-file",
    "s": "seed", "temperature": "temp", "md": "model-draft", "spec-draft-model": "model-draft", "mm": "mmproj",
    "a": "alias", "v": "verbose", "lv": "verbosity", "sps": "slot-prompt-similarity", "to": "timeout",
    "r": "reverse-prompt", "sp": "special", "l": "logit-bias", "j": "json-schema", "jf": "json-schema-file",
    "bs": "backend-sampling", "kvu": "kv-unified", "no-kvu": "no-kv-unified", "cram": "cache-ram",
    "ctxcp": "ctx-checkpoints", "swa-checkpoints": "ctx-checkpoints", "rea": "reasoning", "hft": "hf-token",
    "ctkd": "cache-type-k-draft", "spec-draft-type-k": "cache-type-k-draft", "ctvd": "cache-type-v-draft",
    "spec-draft-type-v": "cache-type-v-draft", "e": "escape", "fit": "fit", "fitt": "fit-target", "fitc": "fit-ctx",
    "webui": "ui", "no-webui": "no-ui", "ag": "agent", "dio": "direct-io", "ndio": "no-direct-io",
    "top-nsigma": "top-n-sigma", "typical": "typical-p", "C": "cpu-mask", "cl": "cache-list",
}  # fmt: skip
# Where it listens, what it writes and shows, and what has a part of its own in the identity.
_LEFT_OUT: Final = frozenset(
    {
        "host", "port", "reuse-port", "path", "alias", "tags", "api-key", "api-key-file", "hf-token", "timeout",
        "metrics", "slots", "no-slots", "props", "ui", "no-ui", "verbose", "verbosity", "offline", "threads-http",
        "sse-ping-interval", "slot-save-path", "media-path", "agent", "no-agent", "model", "model-url", "hf-repo",
        "hf-file", "docker-repo", "lora", "lora-scaled", "chat-template", "chat-template-file", "cache-type-k",
        "cache-type-v", "api-prefix", "warmup", "no-warmup", "perf", "no-perf",
    }
)  # fmt: skip
_LEFT_OUT_STARTS: Final = ("log-", "no-log-", "ssl-", "cors-", "no-cors-", "models-", "no-models-", "ui-", "no-ui-")
_VARIABLE: Final = "LLAMA_ARG_"


def read_flags(argv: Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
    """Every flag by its long name; "on" for one without a value. An argument wins over a variable."""
    found = {
        name.removeprefix(_VARIABLE).lower().replace("_", "-"): value
        for name, value in variables.items()
        if name.startswith(_VARIABLE)
    }
    found = {_LONG.get(name, name): value for name, value in found.items()}
    flag = ""
    for word in argv[1:]:
        if word.startswith("-") and not _is_number(word):
            name, has_value, value = word.lstrip("-").partition("=")
            flag = _LONG.get(name, name)
            found[flag] = value if has_value else "on"
            flag = "" if has_value else flag
        elif flag:
            found[flag] = word
            flag = ""
    return found


def cache_types(flags: Mapping[str, str]) -> str:
    """The types of keys and values in the cache; f16 is llama.cpp's default."""
    return f"k={flags.get('cache-type-k', 'f16')}, v={flags.get('cache-type-v', 'f16')}"


def shown_flags(flags: Mapping[str, str]) -> dict[str, str]:
    """Those that may change answers or speed, sorted; values that look secret hidden."""
    return {
        name: shown_value(name, value)
        for name, value in sorted(flags.items())
        if name not in _LEFT_OUT and not name.startswith(_LEFT_OUT_STARTS)
    }


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
