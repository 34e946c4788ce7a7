"""bench.yaml in, checked settings out, with the APIs that targets can be served over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from milo_bench.config.settings import Settings
from milo_bench.config.settings import load_settings as _load
from milo_bench.targets.base import TARGET_APIS


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read ``path``, else ``$MILO_BENCH_CONFIG``, else ./bench.yaml, else the built-in targets alone.

    Raises ConfigError naming file, line and fix.
    """
    return _load(path, env, apis=TARGET_APIS.names())
