"""A target's settings in, the target that speaks its API out; only that API's file is imported."""

from __future__ import annotations

from collections.abc import Mapping

from milo_bench.config.settings import TargetConfig
from milo_bench.targets.base import TARGET_APIS, SendsCold, Target


def open_target(config: TargetConfig, env: Mapping[str, str], *, cold: bool = False) -> Target:
    """The target for ``config``, not yet started. Keys are taken from ``env``.

    ``cold`` asks the server not to answer out of its cache of prompts, where it lets a client ask for that.
    Raises UsageError for an API that is not there, ConfigError for settings that its API does not
    know, TargetError for a key that is missing.
    """
    target = TARGET_APIS.get(config.api)(config, env)
    if cold and isinstance(target, SendsCold):
        target.send_cold()
    return target
