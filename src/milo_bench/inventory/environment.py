"""Environment variables in, those that change how a model runtime behaves out, secrets hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping

from milo_bench.core.hiding import shown_environment
from milo_bench.inventory.records import Environment

# By prefix: the runtimes, the libraries under them, and what steers threads, memory and devices.
_CHANGES = re.compile(
    r"(?:OLLAMA|LLAMA|GGML|CUDA|HIP|HSA|ROCR|ROCM|GPU|VLLM|SGLANG|SGL|MLX|LMS|LMSTUDIO|OMP|GOMP|KMP|MKL|OPENBLAS|BLIS"
    r"|NCCL|NVIDIA|PYTORCH|TORCH|TORCHINDUCTOR|TRITON|FLASHINFER|XLA|METAL|MTL|HF|HUGGINGFACE|TRANSFORMERS|TOKENIZERS"
    r"|RAY|LD|DYLD|MALLOC|GLIBC|GOMAXPROCS|GOMEMLIMIT|GOGC)(?:_\w*)?$"
)


def changes_behaviour(name: str) -> bool:
    """Whether a variable of that name is one that runtimes or their libraries read."""
    return bool(_CHANGES.match(name))


def read_environment(env: Mapping[str, str]) -> Environment:
    return Environment(shown_environment(env, filter(changes_behaviour, env)))
