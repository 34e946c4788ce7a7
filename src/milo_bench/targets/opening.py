"""A target's settings in, the target that speaks its API out; every API is registered here, by import."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from milo_bench.config.settings import TargetConfig
from milo_bench.targets.base import TARGET_APIS, Target

# One module for each API; it registers itself. Imported on first use: a run against one server needs no other.
_MODULES = {
    "openai": "milo_bench.targets.openai",
    "ollama": "milo_bench.targets.ollama",
    "llamacpp": "milo_bench.targets.llamacpp.target",
    "fake": "milo_bench.targets.fake.target",
}


def open_target(config: TargetConfig, env: Mapping[str, str]) -> Target:
    """The target for ``config``, not yet started. Keys are taken from ``env``.

    Raises ConfigError for settings that its API does not know, TargetError for a key that is missing.
    """
    if config.api in _MODULES and config.api not in TARGET_APIS:
        importlib.import_module(_MODULES[config.api])
    return TARGET_APIS.get(config.api)(config, env)
