"""Nothing in, the programs of servers that live in an environment of their own (``make peers``, ``make vllm``) out.

LiteLLM pins packages that the bench uses in other versions, and vLLM brings torch; so neither lives beside the bench.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_BUILD = Path(__file__).resolve().parents[2] / "build"


def litellm() -> str:
    """The program of LiteLLM's proxy, "" where there is none."""
    return _program("peers", "litellm") or shutil.which("litellm") or ""


def vllm() -> str:
    """The Python that has vLLM, "" where there is none."""
    python = _program("vllm", "python")
    return python if python and any((_BUILD / "vllm").glob("lib/python3*/site-packages/vllm/__init__.py")) else ""


def transformers() -> str:
    """The program of Hugging Face's transformers, "" where there is none."""
    return _program("vllm", "transformers") or shutil.which("transformers") or ""


def offline(folder: Path) -> dict[str, str]:
    """This process's variables, with a home in ``folder`` and nothing asked of a hub."""
    (folder / "hub" / "hub").mkdir(parents=True, exist_ok=True)  # without it transformers' list of models is a 500
    own = {"HOME": str(folder), "HF_HOME": str(folder / "hub"), "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    return {**os.environ, **own, "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}


def _program(environment: str, name: str) -> str:
    path = _BUILD / environment / "bin" / name
    return str(path) if path.exists() else ""
