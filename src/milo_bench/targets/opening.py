"""A target's settings in, the target that speaks its API out; only that API's file is imported."""

from __future__ import annotations

from collections.abc import Mapping

from milo_bench.config.settings import TargetConfig
from milo_bench.targets.base import TARGET_APIS, Target


def open_target(config: TargetConfig, env: Mapping[str, str]) -> Target:
    """The target for ``config``, not yet started. Keys are taken from ``env``.

    Raises UsageError for an API that is not there, ConfigError for settings that its API does not
    know, TargetError for a key that is missing.
    """
    return TARGET_APIS.get(config.api)(config, env)
